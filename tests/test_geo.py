"""The county layer under the codes of 2021, its projection, and borders of a reader's own."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box

from laoqu import geo, paths
from laoqu.errors import DataError, LaoquError

BOWTIE = Polygon([(110, 30), (111, 31), (111, 30), (110, 31)])


@pytest.fixture(scope="module")
def counties():
    return geo.load()


@pytest.fixture(scope="module")
def by_code(counties):
    return counties.set_index("adcode")


def test_one_row_per_unit(counties):
    assert list(counties.columns) == geo.COLUMNS
    assert counties.crs == "EPSG:4326"
    assert counties["adcode"].is_unique
    assert counties["adcode"].is_monotonic_increasing
    assert not (counties.drop(columns="geometry") == "").any(axis=None)
    assert counties["province"].nunique() == 34
    assert shapely.coverage_is_valid(counties.geometry.to_numpy())


def test_frames_come_out_fresh(counties):
    geo.load()["name"] = "x"
    assert (geo.load()["name"] == counties["name"]).all()


def test_every_member_county_has_a_border_and_the_same_name(plan, by_code):
    members = plan.membership().drop_duplicates("adcode").set_index("adcode")
    assert len(members) == 505
    found = by_code.loc[members.index]
    assert (found["name"] == members["name"]).all()
    assert (found["province"] == members["province"]).all()


def test_every_listed_county_has_a_border_except_one(plan, by_code):
    units = plan.gazetteer()
    listed = set(units.loc[units["level"] == "county", "adcode"])
    assert listed - set(by_code.index) == {"659011"}
    extra = set(by_code.index) - listed
    assert extra == {
        "232718", "632825", "441900", "442000", "460400", "620200", "710000", "810000", "820000"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("adcode", "name", "point"),
    [
        ("610981", "旬阳市", (109.36, 32.83)),
        ("460302", "西沙区", (112.34, 16.83)),
        ("460303", "南沙区", (114.37, 10.38)),
        ("350404", "三元区", (117.61, 26.23)),
        ("350405", "沙县区", (117.79, 26.40)),
        ("810000", "香港特别行政区", (114.15, 22.37)),
        ("820000", "澳门特别行政区", (113.556, 22.16)),
    ],
)
def test_units_of_2021_are_where_they_should_be(by_code, adcode, name, point):
    assert by_code.loc[adcode, "name"] == name
    # The layer's reefs are small, so a point near one is enough.
    assert by_code.loc[adcode, "geometry"].distance(Point(point)) < 0.05


def test_old_and_foreign_codes_are_gone(by_code):
    assert not set(by_code.index) & {"610928", "460301", "350402", "350403", "350427", "810001"}
    raw = gpd.read_parquet(paths.data() / "built" / "counties.parquet")
    districts = raw[raw["province"] == "香港特别行政区"]
    assert len(districts) == 18
    parts = shapely.area(districts.geometry.to_numpy())
    assert np.isclose(by_code.geometry["810000"].area, parts.sum())


def test_the_projection_is_equal_area(counties):
    areas = pd.read_csv(paths.data() / "built" / "county_areas.csv", dtype={"adcode": str})
    areas = areas.set_index("adcode")["area_km2_source"]
    measured = geo.project(counties).set_index("adcode").area / 1e6
    known = ["360734", "650502", "232721", "460105", "350404", "653125", "371322"]
    assert np.allclose(measured[known], areas[known], rtol=0.01)
    assert measured.sum() == pytest.approx(areas.sum(), rel=1e-3)


def test_project_leaves_a_projected_frame_alone(counties):
    frame = geo.projected().counties
    assert geo.project(frame) is frame
    assert geo.projected().counties is frame
    assert counties.crs == "EPSG:4326"


@pytest.mark.parametrize("x", [-2e6, 0, 1.2e6])
def test_ground_agrees_with_the_ellipsoid(x):
    scale, north = geo.ground(x, 4e6)
    lon, lat = pyproj.Transformer.from_crs(geo.CRS_CHINA, 4326, always_xy=True).transform(
        [x - 1e3, x + 1e3], [4e6, 4e6]
    )
    azimuth, _, length = pyproj.Geod(ellps="GRS80").inv(lon[0], lat[0], lon[1], lat[1])
    assert scale == pytest.approx(2e3 / length, rel=1e-3)
    # East of the middle meridian north leans to the left, so the map's right points south of east.
    assert np.sign(round(north, 6)) == np.sign(x)
    assert azimuth - 90 == pytest.approx(north, abs=0.5)


def test_the_layers_of_maps_keep_every_province_and_the_coast():
    frame, outline, provinces = geo.projected()
    assert frame.crs == outline.crs == provinces.crs == geo.CRS_CHINA
    assert sorted(provinces["adcode"]) == sorted(frame["adcode"].str[:2].unique() + "0000")
    for row in provinces.itertuples():
        assert set(frame.loc[frame["province"] == row.province, "adcode"].str[:2]) == {
            row.adcode[:2]
        }
    whole = geo.project(geo.outline())
    assert outline["kind"].tolist() == whole["kind"].tolist()
    coast = outline["kind"] == "land"
    assert outline[~coast].geom_equals(whole[~coast]).all()
    drawn, shapes = outline[coast].geometry.item(), whole[coast].geometry.item()
    assert len(drawn.geoms) == len(shapes.geoms)  # no island is lost
    assert 0 < drawn.hausdorff_distance(shapes) < 2 * geo.DETAIL


def test_dissolve_keeps_the_area():
    frame = geo.projected().counties
    provinces = geo.dissolve(frame, "province")
    assert len(provinces) == 34
    assert provinces.area.sum() == pytest.approx(frame.area.sum(), rel=1e-9)
    prefectures = geo.dissolve(frame, ["province", "prefecture"])
    assert prefectures.area.sum() == pytest.approx(frame.area.sum(), rel=1e-9)
    assert len(frame) > len(prefectures) > 300


def test_dissolve_is_right_where_neighbours_do_not_fit():
    overlapping = gpd.GeoDataFrame(
        {"area": ["a", "a", "b"]}, geometry=[box(0, 0, 2, 1), box(1, 0, 3, 1), box(9, 0, 10, 1)]
    )
    assert geo.dissolve(overlapping, "area").area.tolist() == [3, 1]


def test_area_counties_says_how_sure(plan, counties):
    found = geo.area_counties(counties, plan.membership(), "taihang")
    assert len(found) == 26
    assert found["documented"].sum() == plan.region("taihang").documented == 17
    with pytest.raises(LaoquError, match="no border for these counties of taihang: 130131"):
        geo.area_counties(counties[counties["adcode"] != "130131"], plan.membership(), "taihang")
    others = plan.membership("yimeng")
    with pytest.raises(LaoquError, match="the membership table has no county of taihang"):
        geo.area_counties(counties, others, "taihang")


def test_names_fit_a_map(plan):
    for lang in ("zh", "en"):
        known = geo.names(lang)
        assert set(plan.membership()["adcode"]) <= set(known)
        assert all(known.values())
    assert geo.names("zh")["422800"] == "恩施州"
    assert geo.names("zh")["450000"] == "广西"
    assert geo.names("en")["610528"] == "Fuping"


def own(**changes):
    data = {
        "adcode": ["371302", "371311", "371312"],
        "geometry": [box(118, 35, 119, 36), box(119, 35, 120, 36), box(120, 35, 121, 36)],
    }
    crs = changes.pop("crs", "EPSG:4490")
    return gpd.GeoDataFrame(data | changes, crs=crs)


def write(frame, path):
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
    return path


@pytest.mark.parametrize("suffix", ["parquet", "gpkg", "geojson", "shp"])
def test_a_readers_own_borders_load(tmp_path, suffix):
    crs = "EPSG:4326" if suffix == "geojson" else "EPSG:4490"
    found = geo.load(path=write(own(crs=crs), tmp_path / f"own.{suffix}"))
    assert list(found.columns) == geo.COLUMNS
    assert found.crs == "EPSG:4326"
    assert found["name"].tolist() == ["兰山区", "罗庄区", "河东区"]
    assert found.total_bounds.round(6).tolist() == [118, 35, 121, 36]


def test_own_names_projected_coordinates_and_numbers_as_codes(tmp_path):
    frame = own(adcode=[371302, 371311, 371312], name=["甲", "乙", "丙"]).to_crs(geo.CRS_CHINA)
    found = geo.load(path=write(frame, tmp_path / "own.gpkg"))
    assert found["adcode"].tolist() == ["371302", "371311", "371312"]
    assert found["name"].tolist() == ["甲", "乙", "丙"]
    assert found["province"].tolist() == ["山东省", "山东省", "山东省"]
    assert np.allclose(found.total_bounds, [118, 35, 121, 36], atol=1e-6)


SQUARES = own().geometry.tolist()
BAD = {
    "no crs": ({"crs": None}, 1, "no CRS is declared"),
    "missing code": ({"adcode": ["371302", None, "371312"]}, 2, "adcode is '', expected six"),
    "short code": ({"adcode": ["371302", "371311", "3713"]}, 3, "adcode is '3713', expected six"),
    "unknown code": (
        {"adcode": ["371302", "999999", "371312"]}, 2, "adcode 999999 is no county of the end"
    ),
    "old code": ({"adcode": ["451025", "371311", "371312"]}, 1, "451025 is no county"),
    "full width": ({"adcode": ["３７１３０２", "371311", "371312"]}, 1, "expected six digits"),
    "twice": ({"adcode": ["371302", "371311", "371302"]}, 3, "duplicate adcode 371302, first"),
    "empty": ({"geometry": [Polygon(), *SQUARES[1:]]}, 1, "the geometry is empty"),
    "none": ({"geometry": [*SQUARES[:2], None]}, 3, "the geometry is empty"),
    "bowtie": ({"geometry": [SQUARES[0], BOWTIE, SQUARES[2]]}, 2, r"not valid: Self-inter.*\["),
    "point": ({"geometry": [*SQUARES[:2], Point(118, 35)]}, 3, "found a Point, expected a polyg"),
    "metres": (
        {"geometry": [SQUARES[0], SQUARES[1], box(5e5, 4e6, 6e5, 5e6)], "crs": "EPSG:4326"},
        3, "not longitude and latitude",
    ),
    "swapped": (
        {"geometry": [box(35, 118, 36, 119), *SQUARES[1:]], "crs": "EPSG:4326"},
        1, "not longitude and latitude",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_borders_are_refused_with_row_and_reason(tmp_path, case):
    changes, row, message = BAD[case]
    path = write(own(**changes), tmp_path / "own.parquet")
    with pytest.raises(DataError, match=message) as caught:
        geo.load(path=path)
    assert (caught.value.line, caught.value.column) == (row, 1)
    assert caught.value.file.endswith("own.parquet")
    assert len(caught.value.problems) == 1


def test_every_bad_row_is_reported_at_once(tmp_path):
    frame = own(adcode=["1", "2", "371312"], geometry=[BOWTIE, SQUARES[1], MultiPolygon()])
    with pytest.raises(DataError) as caught:
        geo.load(path=write(frame, tmp_path / "own.parquet"))
    assert [problem.line for problem in caught.value.problems] == [1, 1, 2, 3]


def test_files_that_are_no_borders_are_refused(tmp_path):
    (tmp_path / "text.geojson").write_text("{", encoding="utf-8")
    write(own().rename(columns={"adcode": "code"}), tmp_path / "code.gpkg")
    write(own().head(0), tmp_path / "empty.parquet")
    pd.DataFrame({"adcode": ["371302"]}).to_parquet(tmp_path / "plain.parquet")
    for name in ("text.geojson", "code.gpkg", "empty.parquet", "plain.parquet", "absent.gpkg"):
        with pytest.raises(DataError, match=f"{name}:1:1: cannot be used as borders"):
            geo.load(path=tmp_path / name)
