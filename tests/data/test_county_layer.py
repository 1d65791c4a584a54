"""What the county layer promises, tested on the built files alone."""

import csv
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "data" / "built"
COUNTIES = BUILT / "counties.parquet"
OUTLINE = BUILT / "outline.parquet"
JOIN = ROOT / "data" / "curated" / "county_layer_join.csv"
KINDS = {"same", "recoded", "renamed", "merged", "split", "missing"}


@pytest.fixture(scope="module")
def spec():
    path = ROOT / "tools" / "county_layer_sources.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def counties():
    return gpd.read_parquet(COUNTIES)


@pytest.fixture(scope="module")
def geoms(counties):
    return counties.geometry.to_numpy()


@pytest.fixture(scope="module")
def union(geoms):
    return shapely.coverage_union_all(geoms)


@pytest.fixture(scope="module")
def outline():
    return gpd.read_parquet(OUTLINE)


@pytest.fixture(scope="module")
def areas():
    return pd.read_csv(BUILT / "county_areas.csv", dtype={"adcode": str})


@pytest.fixture(scope="module")
def join():
    with JOIN.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_columns_and_crs(counties, spec):
    names = ["adcode", "name", "prefecture", "province", "code_vintage", "geometry"]
    assert list(counties.columns) == names
    assert counties.crs == spec["layer"]["crs"]
    text = counties.drop(columns="geometry")
    assert not text.isna().any(axis=None)
    assert not text.eq("").any(axis=None)
    # 梅列区, the old 三元区, 沙县 and the codes later given up or given are not in the layer.
    assert not set(counties["adcode"]) & {"350402", "350403", "350427", "610981", "659011"}
    assert set(counties["code_vintage"]) == {"2021", "2020", "amap"}


def test_no_unit_is_lost(counties, areas, spec):
    assert len(counties) == spec["layer"]["units"]
    assert list(counties["adcode"]) == list(areas["adcode"])
    assert counties["province"].nunique() == 34


def test_shapes_and_coverage_are_valid(geoms):
    assert set(shapely.get_type_id(geoms)) == {shapely.GeometryType.MULTIPOLYGON}
    assert shapely.is_valid(geoms).all() and (shapely.area(geoms) > 0).all()
    assert shapely.coverage_is_valid(geoms)


def test_neighbours_share_their_edges(counties):
    around = counties.set_index("adcode").geometry
    xunwu, pingyuan, huichang = (around[code] for code in ("360734", "441426", "360733"))
    for neighbour in (pingyuan, huichang):
        shared = shapely.intersection(xunwu, neighbour)
        assert shared.length > 0.1 and shared.area == 0


def test_the_only_gap_is_the_known_one(union, spec):
    holes = [shapely.Polygon(ring) for part in union.geoms for ring in part.interiors]
    assert len(holes) == 1
    assert holes[0].centroid.distance(shapely.Point(113.549, 22.125)) < 0.01
    hole = gpd.GeoSeries(holes, crs=spec["layer"]["crs"]).to_crs(spec["layer"]["area_crs"])
    assert hole.area.iloc[0] / 1e6 < 2


def test_areas(counties, areas, spec):
    layer = spec["layer"]
    measured = counties.to_crs(layer["area_crs"]).area.to_numpy() / 1e6
    assert np.allclose(measured, areas["area_km2_layer"], rtol=1e-6, atol=2e-3)
    large = areas[areas["area_km2_source"] > layer["large_unit_km2"]]
    deviation = (large["area_km2_layer"] / large["area_km2_source"] - 1).abs()
    assert len(large) > 2300
    assert deviation.max() < layer["max_area_deviation"]
    total = areas["area_km2_layer"].sum() / areas["area_km2_source"].sum()
    assert abs(total - 1) < 1e-4


def test_outline_follows_the_layer(outline, union, counties):
    assert outline.crs == counties.crs
    assert list(outline["kind"]) == ["land"] + ["maritime"] * 10
    land = outline.geometry.iloc[0]
    assert land.is_valid
    assert len(land.geoms) == len(union.geoms)
    assert shapely.difference(union, land).area == 0
    assert shapely.difference(land, union).area < 2e-4  # the filled hole, in square degrees


def test_national_extent(outline):
    """钓鱼岛 and the South China Sea islands are in the layer."""
    land = outline.geometry.iloc[0]
    assert land.distance(shapely.Point(123.475, 25.745)) < 0.01  # 钓鱼岛
    assert land.distance(shapely.Point(112.28, 3.97)) < 0.1  # 曾母暗沙
    assert land.bounds[1] < 4 and land.bounds[3] > 53.5
    lines = outline[outline["kind"] == "maritime"]
    assert set(lines.geom_type) == {"LineString"}
    assert lines.total_bounds[1] < 3.5


def test_join_table(join, counties):
    names = dict(zip(counties["adcode"], counties["name"], strict=True))
    seen = [row["layer_adcode"] for row in join if row["layer_adcode"]]
    assert len(seen) == len(set(seen))
    for row in join:
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


def test_vintage_agrees_with_the_join_table(counties, join):
    kinds = {row["layer_adcode"]: row["kind"] for row in join}
    for code, vintage in zip(counties["adcode"], counties["code_vintage"], strict=True):
        kind = kinds.get(code, "same")
        allowed = {"2021": {"same"}, "2020": {"recoded"}, "amap": {"recoded", "split", "missing"}}
        assert kind in allowed[vintage], code
