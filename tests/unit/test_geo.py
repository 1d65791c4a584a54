"""The county layer under the codes of 2021, its projection, and how it is joined."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from shapely.geometry import Point, box

from laoqu import geo, paths
from laoqu.errors import LaoquError


@pytest.fixture(scope="module")
def counties():
    return geo.load()


def test_one_row_per_unit_with_a_border_and_its_name(plan, counties):
    assert list(counties.columns) == geo.COLUMNS and counties.crs == "EPSG:4326"
    assert counties["adcode"].is_unique and counties["adcode"].is_monotonic_increasing
    assert counties["province"].nunique() == 34
    # `Plan.layers` relies on it.
    assert shapely.coverage_is_valid(counties.geometry.to_numpy())
    members = plan.membership().drop_duplicates("adcode").set_index("adcode")
    found = counties.set_index("adcode").loc[members.index]
    assert len(found) == 505
    assert (found[["name", "province"]] == members[["name", "province"]]).all(axis=None)
    listed = set(plan.gazetteer().query("level == 'county'")["adcode"])
    assert listed - set(counties["adcode"]) == {"659011"}
    assert set(counties["adcode"]) - listed == {
        "232718", "632825", "441900", "442000", "460400", "620200", "710000", "810000", "820000"
    }  # fmt: skip


def test_units_of_2021_are_where_they_should_be(counties):
    by_code = counties.set_index("adcode")
    for adcode, name, point in [
        ("610981", "旬阳市", (109.36, 32.83)), ("460302", "西沙区", (112.34, 16.83)),
        ("460303", "南沙区", (114.37, 10.38)), ("350404", "三元区", (117.61, 26.23)),
        ("350405", "沙县区", (117.79, 26.40)), ("810000", "香港特别行政区", (114.15, 22.37)),
        ("820000", "澳门特别行政区", (113.556, 22.16)), ("710000", "台湾省", (121.0, 23.8)),
    ]:  # fmt: skip
        assert by_code.loc[adcode, "name"] == name
        # The layer's reefs are small, so a point near one is enough.
        assert by_code.loc[adcode, "geometry"].distance(Point(point)) < 0.05


def test_the_projection_is_equal_area_and_true_to_the_ellipsoid(plan):
    areas = pd.read_csv(paths.data() / "built" / "county_areas.csv", dtype={"adcode": str})
    areas = areas.set_index("adcode")["area_km2_source"]
    measured = plan.layers.counties.set_index("adcode").area / 1e6
    known = ["360734", "650502", "232721", "460105", "350404", "653125", "371322"]
    assert np.allclose(measured[known], areas[known], rtol=0.01)
    assert measured.sum() == pytest.approx(areas.sum(), rel=1e-3)
    to_degrees = pyproj.Transformer.from_crs(geo.CRS_CHINA, 4326, always_xy=True)
    for x in (-2e6, 0, 1.2e6):
        scale, north = geo.ground(x, 4e6)
        lon, lat = to_degrees.transform([x - 1e3, x + 1e3], [4e6, 4e6])
        azimuth, _, length = pyproj.Geod(ellps="GRS80").inv(lon[0], lat[0], lon[1], lat[1])
        assert scale == pytest.approx(2e3 / length, rel=1e-5)
        # East of the middle meridian north leans to the left: right on the map is south of east.
        assert np.sign(round(north, 6)) == np.sign(x)
        assert azimuth - 90 == pytest.approx(north, abs=0.5)


def test_the_layers_of_maps_keep_every_province_and_the_coast(plan):
    frame, outline, provinces, _ = plan.layers
    assert frame.crs == outline.crs == provinces.crs == geo.CRS_CHINA
    codes = dict(zip(provinces["province"], provinces["adcode"].str[:2], strict=True))
    assert (frame["province"].map(codes) == frame["adcode"].str[:2]).all() and len(codes) == 34
    whole, coast = geo.outline().to_crs(geo.CRS_CHINA), outline["kind"] == "land"
    assert outline["kind"].tolist() == whole["kind"].tolist()
    assert outline[~coast].geom_equals(whole[~coast]).all()
    drawn, shapes = outline[coast].geometry.item(), whole[coast].geometry.item()
    assert len(drawn.geoms) == len(shapes.geoms)  # no island is lost
    shapely.prepare(drawn.boundary)  # what is drawn has no point of its own: it left some out
    points = shapely.points(shapely.get_coordinates(shapes))
    assert len(points) > len(shapely.get_coordinates(drawn))
    assert shapely.dwithin(drawn.boundary, points, 2 * geo.DETAIL).all()


def test_dissolve_keeps_the_area_and_is_right_where_neighbours_do_not_fit(plan):
    frame = plan.layers.counties
    made = geo.dissolve(frame, ["province", "prefecture"], shared=True)
    assert len(made) == 370 and made.area.sum() == pytest.approx(frame.area.sum(), rel=1e-9)
    shapes = [box(0, 0, 2, 1), box(1, 0, 3, 1), box(9, 0, 10, 1)]
    overlapping = gpd.GeoDataFrame({"area": ["a", "a", "b"]}, geometry=shapes)
    assert geo.dissolve(overlapping, "area", shared=False).area.tolist() == [3, 1]


def test_area_counties_says_how_sure(plan, counties):
    found = geo.area_counties(counties, plan.membership(), "taihang")
    assert len(found) == 26
    assert found["documented"].sum() == plan.region("taihang").documented < 26
    with pytest.raises(LaoquError, match="no border for 1 of 26 counties: 130131"):
        geo.area_counties(counties[counties["adcode"] != "130131"], plan.membership(), "taihang")
    with pytest.raises(LaoquError, match="the membership table has no county of taihang"):
        geo.area_counties(counties, plan.membership("yimeng"), "taihang")
