"""What the county layer promises, tested on the built files alone."""

import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "data" / "built"
JOIN = ROOT / "data" / "curated" / "county_layer_join.csv"
KINDS = {"same", "recoded", "renamed", "merged", "split", "missing"}
SPEC = tomllib.loads((ROOT / "tools" / "county_layer_sources.toml").read_text(encoding="utf-8"))
LAYER = SPEC["layer"]
COUNTIES, OUTLINE = (
    gpd.read_parquet(BUILT / f"{name}.parquet") for name in ("counties", "outline")
)
GEOMS = COUNTIES.geometry.to_numpy()
UNION = shapely.coverage_union_all(GEOMS)
AREAS = pd.read_csv(BUILT / "county_areas.csv", dtype={"adcode": str})
JOINED = pd.read_csv(JOIN, dtype=str, keep_default_na=False).to_dict("records")


def test_columns_and_crs():
    names = ["adcode", "name", "prefecture", "province", "code_vintage", "geometry"]
    assert list(COUNTIES.columns) == names
    assert COUNTIES.crs == LAYER["crs"]
    text = COUNTIES.drop(columns="geometry")
    assert not text.isna().any(axis=None)
    assert not text.eq("").any(axis=None)
    # 梅列区, the old 三元区, 沙县 and the codes later given up or given are not in the layer.
    assert not set(COUNTIES["adcode"]) & {"350402", "350403", "350427", "610981", "659011"}
    assert set(COUNTIES["code_vintage"]) == {"2021", "2020", "amap"}


def test_no_unit_is_lost():
    assert len(COUNTIES) == LAYER["units"]
    assert list(COUNTIES["adcode"]) == list(AREAS["adcode"])
    assert COUNTIES["province"].nunique() == 34


def test_shapes_and_coverage_are_valid():
    assert set(shapely.get_type_id(GEOMS)) == {shapely.GeometryType.MULTIPOLYGON}
    assert shapely.is_valid(GEOMS).all() and (shapely.area(GEOMS) > 0).all()
    assert shapely.coverage_is_valid(GEOMS)


def test_neighbours_share_their_edges():
    around = COUNTIES.set_index("adcode").geometry
    xunwu, pingyuan, huichang = (around[code] for code in ("360734", "441426", "360733"))
    for neighbour in (pingyuan, huichang):
        shared = shapely.intersection(xunwu, neighbour)
        assert shared.length > 0.1 and shared.area == 0


def test_the_only_gap_is_the_known_one():
    holes = [shapely.Polygon(ring) for part in UNION.geoms for ring in part.interiors]
    assert len(holes) == 1
    assert holes[0].centroid.distance(shapely.Point(113.549, 22.125)) < 0.01
    hole = gpd.GeoSeries(holes, crs=LAYER["crs"]).to_crs(LAYER["area_crs"])
    assert hole.area.iloc[0] / 1e6 < 2


def test_areas():
    measured = COUNTIES.to_crs(LAYER["area_crs"]).area.to_numpy() / 1e6
    assert np.allclose(measured, AREAS["area_km2_layer"], rtol=1e-6, atol=2e-3)
    large = AREAS[AREAS["area_km2_source"] > LAYER["large_unit_km2"]]
    deviation = (large["area_km2_layer"] / large["area_km2_source"] - 1).abs()
    assert len(large) > 2300
    assert deviation.max() < LAYER["max_area_deviation"]
    total = AREAS["area_km2_layer"].sum() / AREAS["area_km2_source"].sum()
    assert abs(total - 1) < 1e-4


def test_outline_follows_the_layer():
    assert OUTLINE.crs == COUNTIES.crs
    assert list(OUTLINE["kind"]) == ["land"] + ["maritime"] * 10
    land = OUTLINE.geometry.iloc[0]
    assert land.is_valid
    assert len(land.geoms) == len(UNION.geoms)
    assert shapely.difference(UNION, land).area == 0
    assert shapely.difference(land, UNION).area < 2e-4  # the filled hole, in square degrees


def test_national_extent():
    """钓鱼岛 and the South China Sea islands are in the layer."""
    land = OUTLINE.geometry.iloc[0]
    assert land.distance(shapely.Point(123.475, 25.745)) < 0.01  # 钓鱼岛
    assert land.distance(shapely.Point(112.28, 3.97)) < 0.1  # 曾母暗沙
    assert land.bounds[1] < 4 and land.bounds[3] > 53.5
    lines = OUTLINE[OUTLINE["kind"] == "maritime"]
    assert set(lines.geom_type) == {"LineString"}
    assert lines.total_bounds[1] < 3.5


def test_join_table():
    names = dict(zip(COUNTIES["adcode"], COUNTIES["name"], strict=True))
    seen = [row["layer_adcode"] for row in JOINED if row["layer_adcode"]]
    assert len(seen) == len(set(seen))
    for row in JOINED:
        assert row["kind"] in KINDS
        assert row["reason"] and row["source"]
        if row["layer_adcode"]:
            assert names[row["layer_adcode"]] == row["layer_name"]
        assert (row["kind"] == "missing") == (not row["layer_adcode"] or not row["adcode_2021"])
        if row["adcode_2021"]:
            assert row["adcode_2021"].isdigit() and len(row["adcode_2021"]) == 6
        if row["kind"] == "same":
            assert row["adcode_2021"] == row["layer_adcode"]
        if row["kind"] == "recoded":
            assert row["adcode_2021"] != row["layer_adcode"]
            assert row["name_2021"] == row["layer_name"]


def test_vintage_agrees_with_the_join_table():
    kinds = {row["layer_adcode"]: row["kind"] for row in JOINED}
    for code, vintage in zip(COUNTIES["adcode"], COUNTIES["code_vintage"], strict=True):
        kind = kinds.get(code, "same")
        allowed = {"2021": {"same"}, "2020": {"recoded"}, "amap": {"recoded", "split", "missing"}}
        assert kind in allowed[vintage], code
