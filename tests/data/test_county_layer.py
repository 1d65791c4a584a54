"""What the county layer promises, tested on the built files alone."""

import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "data" / "built"
SPEC = tomllib.loads((ROOT / "tools" / "county_layer_sources.toml").read_text(encoding="utf-8"))
LAYER = SPEC["layer"]
COUNTIES, OUTLINE = (gpd.read_parquet(BUILT / f"{x}.parquet") for x in ("counties", "outline"))
GEOMS = COUNTIES.geometry.to_numpy()
UNION = shapely.coverage_union_all(GEOMS)
AREAS = pd.read_csv(BUILT / "county_areas.csv", dtype={"adcode": str})
JOINED = pd.read_csv(ROOT / "data/curated/county_layer_join.csv", dtype=str, na_filter=False)


def test_no_unit_is_lost_and_each_has_its_columns():
    names = ["adcode", "name", "prefecture", "province", "code_vintage", "geometry"]
    assert list(COUNTIES.columns) == names and COUNTIES.crs == LAYER["crs"]
    text = COUNTIES.drop(columns="geometry")
    assert not (text.isna() | text.eq("")).any(axis=None)
    assert len(COUNTIES) == LAYER["units"] and list(COUNTIES["adcode"]) == list(AREAS["adcode"])
    # 梅列区, the old 三元区, 沙县 and the codes later given up or given are not in the layer.
    assert not set(COUNTIES["adcode"]) & {"350402", "350403", "350427", "610981", "659011"}


def test_shapes_are_one_coverage_with_one_known_gap():
    assert set(shapely.get_type_id(GEOMS)) == {shapely.GeometryType.MULTIPOLYGON}
    assert shapely.is_valid(GEOMS).all() and (shapely.area(GEOMS) > 0).all()
    assert shapely.coverage_is_valid(GEOMS)
    around = COUNTIES.set_index("adcode").geometry
    for neighbour in ("441426", "360733"):  # of 寻乌县: 平远县, 会昌县
        shared = shapely.intersection(around["360734"], around[neighbour])
        assert shared.length > 0.1 and shared.area == 0
    holes = [shapely.Polygon(ring) for part in UNION.geoms for ring in part.interiors]
    assert len(holes) == 1
    assert holes[0].centroid.distance(shapely.Point(113.549, 22.125)) < 0.01
    assert gpd.GeoSeries(holes, crs=LAYER["crs"]).to_crs(LAYER["area_crs"]).area.iloc[0] / 1e6 < 2


def test_areas():
    measured = COUNTIES.to_crs(LAYER["area_crs"]).area.to_numpy() / 1e6
    assert np.allclose(measured, AREAS["area_km2_layer"], rtol=1e-6, atol=2e-3)
    large = AREAS[AREAS["area_km2_source"] > LAYER["large_unit_km2"]]
    deviation = (large["area_km2_layer"] / large["area_km2_source"] - 1).abs()
    assert len(large) > 2300 and deviation.max() < LAYER["max_area_deviation"]
    assert abs(AREAS["area_km2_layer"].sum() / AREAS["area_km2_source"].sum() - 1) < 1e-4


def test_outline_follows_the_layer_and_holds_all_of_the_country():
    """钓鱼岛 and the South China Sea islands are in the layer."""
    assert OUTLINE.crs == COUNTIES.crs
    assert list(OUTLINE["kind"]) == ["land"] + ["maritime"] * 10
    land, lines = OUTLINE.geometry.iloc[0], OUTLINE[OUTLINE["kind"] == "maritime"]
    assert land.is_valid and len(land.geoms) == len(UNION.geoms)
    assert shapely.difference(UNION, land).area == 0
    assert shapely.difference(land, UNION).area < 2e-4  # the filled hole, in square degrees
    assert land.distance(shapely.Point(123.475, 25.745)) < 0.01  # 钓鱼岛
    assert land.distance(shapely.Point(112.28, 3.97)) < 0.1  # 曾母暗沙
    assert land.bounds[1] < 4 and land.bounds[3] > 53.5
    assert set(lines.geom_type) == {"LineString"} and lines.total_bounds[1] < 3.5


def test_the_join_table_agrees_with_the_layer_and_its_vintages():
    names = COUNTIES.set_index("adcode")["name"]
    layer, code, kind = (JOINED[each] for each in ("layer_adcode", "adcode_2021", "kind"))
    here, coded = layer.ne(""), code.ne("")
    wrong = {
        "kind": ~kind.isin(["same", "recoded", "renamed", "merged", "split", "missing"]),
        "no reason or source": JOINED["reason"].eq("") | JOINED["source"].eq(""),
        "twice": here & layer.duplicated(),
        "another name": here & layer.map(names).ne(JOINED["layer_name"]),
        "missing": kind.eq("missing") == (here & coded),
        "no code": coded & ~code.str.fullmatch(r"\d{6}"),
        "same": kind.eq("same") & code.ne(layer),
        "recoded": kind.eq("recoded")
        & (code.eq(layer) | JOINED["name_2021"].ne(JOINED["layer_name"])),
    }
    assert {
        name: JOINED[rows].to_dict("records") for name, rows in wrong.items() if rows.any()
    } == {}
    kinds = COUNTIES["adcode"].map(JOINED[here].set_index("layer_adcode")["kind"]).fillna("same")
    found = set(zip(COUNTIES["code_vintage"], kinds, strict=True))
    allowed = {("2021", "same"), ("2020", "recoded")}
    assert found <= allowed | {("amap", each) for each in ("recoded", "split", "missing")}
