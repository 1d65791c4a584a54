"""Membership and borders of a reader's own: read as they are saved, converted aloud, or refused."""

from __future__ import annotations

import contextlib

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import MultiPolygon, Point, Polygon, box

import laoqu as lq
from laoqu import borders, geo, own

PLAN = lq.load()
SHIPPED = PLAN.membership()


@pytest.fixture
def load(tmp_path):
    """Write a table of text, bytes or a frame and load a plan with it."""

    def loaded(table, name="own.csv", encoding="utf-8", **kwargs):
        path = tmp_path / name
        if isinstance(table, pd.DataFrame) and name.endswith(".xlsx"):
            table.to_excel(path, index=False)
        elif isinstance(table, pd.DataFrame):
            table.to_csv(path, index=False, encoding=encoding, lineterminator="\r\n")
        else:
            path.write_bytes(table if isinstance(table, bytes) else table.encode(encoding))
        warned = pytest.warns(UserWarning, match="no county of")
        with warned if kwargs.pop("warns", False) else contextlib.nullcontext():
            return lq.load(membership=path, **kwargs)

    return loaded


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("gbk.csv", "gbk"), ("bom.csv", "utf-8-sig"), ("lf.csv", "utf-8"), ("own.xlsx", "")],
)
def test_the_shipped_table_comes_back_from_whatever_a_spreadsheet_saves(load, name, encoding):
    # Two characters of our notes are not in GBK, and are replaced there by whoever saves it.
    table = SHIPPED.sample(frac=1, random_state=3).drop(columns="note")
    plan = load(table.map(lambda v: v.encode("gbk", "ignore").decode("gbk")), name, encoding)
    columns = ["region_id", "adcode", "name", "prefecture", "province", "confidence", "code_date"]
    pd.testing.assert_frame_equal(plan.membership()[columns], SHIPPED[columns])
    assert plan.regions()["documented"].tolist() == PLAN.regions()["documented"].tolist()


def test_chinese_heads_names_and_dates_are_understood_and_reported(load):
    text = "老区,县（市、区）,市,代码日期,多余\n"
    text += "沂蒙革命老区,兰山区,临沂市,2021/12/31,x\n左右江,靖西,,,\n"
    plan = load(text, encoding="gbk", warns=True)
    found = plan.membership()
    assert found["adcode"].tolist() == ["371302", "451081"]
    assert found["name"].tolist() == ["兰山区", "靖西市"]
    assert found["province"].tolist() == ["山东省", "广西壮族自治区"]
    assert set(found["code_date"]) == {"2021-12-31"}
    told = plan.conversions.set_index(["row", "found"])["used"].to_dict()
    expected = {(1, "老区"): "region_id", (1, "多余"): "", (2, "沂蒙革命老区"): "yimeng"}
    expected |= {(2, "2021/12/31"): "2021", (3, "靖西"): "靖西市"}
    assert expected.items() <= told.items()


def test_an_old_code_is_followed_by_the_date_of_its_row_or_where_one_unit_had_it(load):
    for written in ("2010-12-31", "2010/12/31", "20101231", "2010年", "40543", "2010"):
        plan = load(f"region,code,date\n左右江,451025,{written}\n", warns=True)
        assert plan.membership()["adcode"].tolist() == ["451081"], written
        assert plan.conversions["why"].str.contains("靖西县 .* became 靖西市 451081").any()
    for code in ("451025", "451025.0", "451025000000"):
        plan = load(f"region,adcode\nzuoyoujiang,{code}\n", warns=True)
        assert plan.membership()["name"].tolist() == ["靖西市"], code


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("左右江,130999,", r"own.csv:2:2: 130999 is no unit of the end of 2021: .*in no list"),
        ("沂蒙,371302,罗庄区", "own.csv:2:3: the code 371302 is 兰山区 .* the name says '罗庄区'"),
        ("沂蒙,3713,", "adcode is '3713', expected six digits"),
        ("沂蒙,３７１３０２,", "expected six digits"),
        ("沂蒙,371300,", "临沂市 .* is no county: list its counties"),
        ("火星,371302,", "own.csv:2:1: unknown area '火星'"),
        ("赣闽粤,350402,", "350402 is no unit .*merged into 三元区 350404 in 2021"),
        ("太行,330322,", "330322 .* was 永嘉县 .*; 洞头县"),
        ("沂蒙,,", "neither a code nor a name"),
        ("沂蒙,,无此县", "无此县"),
        ("太行,,桥东区", "is the name of several places: .*130502.*130103"),
        ("沂蒙,371302,\n沂蒙,371302,", "own.csv:3:2: yimeng has 兰山区 twice, first in row 2"),
    ],
)
def test_what_is_ambiguous_or_wrong_is_refused_with_row_and_column(load, rows, message):
    with pytest.raises(lq.DataError, match=message):
        load(f"region,code,name\n{rows}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no columns; expected the column 'region_id'"),
        ("a,b\n1,2\n", "found a, b"),
        (b"\xff\xfe\x00\x81\xff", ""),
        ("region,code\n", "has no rows below the head"),
        ("region,code,note\n沂蒙,371302,a,b\n", "row 2 has more cells than the head"),
        ("region\n沂蒙\n", "the column 'adcode' or 'name'"),
        ("region,老区,code\n沂蒙,沂蒙,371302\n", "'老区' is a second column for region_id"),
        ("region,code\n沂蒙," + 200_000 * "x", "larger than field limit"),
        ("region,code\n" + 6_000_000 * "沂蒙,371302\n", "more than 20,000,000 bytes"),
    ],
    ids=str,
)
def test_a_file_that_is_no_membership_is_refused(load, text, message):
    with pytest.raises(lq.DataError, match=rf"own.csv:1:\d+: .*{message}"):
        load(text)


def test_a_large_file_of_faults_is_read_no_further_than_tells_something(load):
    rows = "".join(f"火星,{number}\n" for number in range(90_000))
    with pytest.raises(lq.DataError) as caught:
        load("region,code\n" + rows)
    assert "unknown area '火星'" in str(caught.value)
    assert f"so in {own.MOST} rows, of which the first {own.SHOWN} are named" in str(caught.value)


def test_areas_without_a_row_are_empty_and_said_or_keep_the_shipped_rows(load):
    text = "region,code\n沂蒙,371302\n"
    only = load(text, warns=True)
    assert only.regions().query("documented > 0")["region_id"].tolist() == ["yimeng"]
    assert only.regions()["documented"].sum() == 1
    assert "areas without a row" in only.conversions["why"].iloc[-1]
    both = load(text, membership_mode="complete")
    assert len(both.membership("yimeng")) == 1
    assert len(both.membership()) == len(SHIPPED) - len(PLAN.membership("yimeng")) + 1
    with pytest.raises(lq.UnknownId, match="membership_mode"):
        load(text, membership_mode="half")


def test_a_county_far_from_its_area_is_said_and_a_mode_must_exist(load):
    plan = load("region,code\n沂蒙,460105\n沂蒙,371302\n", warns=True)
    far = plan.conversions[plan.conversions["why"].str.contains("no province in which")]
    assert far[["row", "found"]].values.tolist() == [[2, "沂蒙 秀英区"]]
    with pytest.raises(lq.UnknownId, match="membership_mode 'complet'; nearest: only, complete"):
        lq.load(membership_mode="complet")


def test_reach_follows_the_own_table(load):
    plan = load(SHIPPED[SHIPPED["prefecture"] != "临沂市"])
    assert plan.region("yimeng").documented < PLAN.region("yimeng").documented
    assert "c07.s03" not in set(plan.directives("yimeng")["unit_id"])


def test_check_covers_the_files_that_the_environment_names(tmp_path, monkeypatch):
    path = tmp_path / "own.csv"
    path.write_text("region,code\n沂蒙,371399\n", encoding="utf-8")
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(path))
    monkeypatch.setenv("LAOQU_BOUNDARIES", str(tmp_path / "nowhere.gpkg"))
    monkeypatch.setenv("LAOQU_CODING", str(path))
    found = "\n".join(lq.check())
    assert "own.csv:2:2: 371399 is no unit" in found
    assert "nowhere.gpkg:1:1: there is no such file" in found
    assert "own.csv:1:1: the column 'measure_id' is missing" in found


# Borders

BOWTIE = Polygon([(110, 30), (111, 31), (111, 30), (110, 31)])
SPIKE = Polygon([(118, 35), (119, 35), (119, 36), (119.5, 36), (119, 36), (118, 36)])
SQUARES = [box(118, 35, 119, 36), box(119, 35, 120, 36), box(120, 35, 121, 36)]


@pytest.fixture
def file(tmp_path):
    """Write a file of three counties with borders, changed as wanted."""

    def written(name, **changes):
        data = {"adcode": ["371302", "371311", "371312"], "geometry": SQUARES}
        frame = gpd.GeoDataFrame(data | changes, crs=changes.pop("crs", "EPSG:4490"))
        frame = frame.drop(columns="crs", errors="ignore")
        path = tmp_path / name
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
        return path

    return written


@pytest.mark.parametrize("suffix", ["parquet", "gpkg", "geojson", "shp"])
def test_own_borders_load(file, suffix):
    crs = "EPSG:4326" if suffix == "geojson" else "EPSG:4490"
    plan = lq.load(boundaries=file(f"own.{suffix}", crs=crs))
    found = plan.counties()
    assert list(found.columns) == geo.COLUMNS
    assert found.crs == "EPSG:4326"
    assert found["name"].tolist() == ["兰山区", "罗庄区", "河东区"]
    assert found.total_bounds.round(6).tolist() == [118, 35, 121, 36]
    assert plan.conversions.empty


@pytest.mark.parametrize(
    "head", ["ADCODE", "PAC", "code", "区划代码", "行政区划代码", "\ufeffadcode"]
)
def test_the_column_of_codes_is_found_by_its_name(tmp_path, head):
    frame = gpd.GeoDataFrame({head: [371302, 371311]}, geometry=SQUARES[:2], crs="EPSG:4490")
    frame.to_crs(geo.CRS_CHINA).to_file(tmp_path / "own.gpkg")
    found, told = borders.read(tmp_path / "own.gpkg")
    assert found["adcode"].tolist() == ["371302", "371311"]
    assert (told["why"] == "the column with the codes").sum() == 1


def test_old_codes_are_followed_rings_repaired_and_names_compared_aloud(tmp_path, file):
    shapes = [SPIKE, SQUARES[1], box(106, 23, 107, 24)]
    codes = ["371302000000", "371311", "451025"]
    found, told = borders.read(file("own.parquet", adcode=codes, geometry=shapes))
    assert found["adcode"].tolist() == ["371302", "371311", "451081"]
    assert found.geometry.is_valid.all()
    assert told["row"].tolist() == [1, 3, 1]
    assert told["why"].str.contains("12 digits|靖西市 451081 in 2015|was not valid").all()
    # A Shapefile in GBK that does not say so; names that are those of other codes.
    names = {"NAME": ["冷湖行委", "马山县", "隆安县"], "adcode": ["630104", "450123", "450124"]}
    gpd.GeoDataFrame(names, geometry=SQUARES, crs=4326).to_file(tmp_path / "a.shp", encoding="gbk")
    (tmp_path / "a.cpg").unlink()
    found, told = borders.read(tmp_path / "a.shp")
    assert found["name"].tolist() == names["NAME"]
    told = told[told["why"].str.startswith("the name contradicts the code")]
    assert told[["row", "found", "used"]].to_numpy().tolist() == [
        [1, "冷湖行委", "630104"], [2, "马山县", "450123"], [3, "隆安县", "450124"]
    ]  # fmt: skip


def test_a_file_of_three_provinces_is_enough_for_the_areas_inside_it(tmp_path):
    inside = PLAN.counties().query("province in ['陕西省', '甘肃省', '宁夏回族自治区']")
    inside.to_parquet(tmp_path / "own.parquet")
    plan = lq.load(boundaries=tmp_path / "own.parquet")
    assert plan.counties().geom_equals(inside.reset_index(drop=True)).all()
    assert len(plan.counties("陕甘宁")) == len(plan.membership("陕甘宁"))
    assert len(plan.layers.provinces) == 3
    for name, count in {"沂蒙": "18 of 18", "川陕": "38 of 66"}.items():
        with pytest.raises(lq.LaoquError, match=f"no border for {count} counties: .* more"):
            plan.counties(name)


BAD = {
    "no crs": ({"crs": None}, 1, "no CRS is declared"),
    "missing": ({"adcode": ["371302", None, "371312"]}, 2, "adcode is '', expected six"),
    "short": ({"adcode": ["371302", "371311", "3713"]}, 3, "adcode is '3713', expected six"),
    "unknown": ({"adcode": ["371302", "999999", "371312"]}, 2, "999999 .* no county of the end"),
    "merged": ({"adcode": ["350402", "371311", "371312"]}, 1, "merged into 三元区 350404"),
    "full width": ({"adcode": ["３７１３０２", "371311", "371312"]}, 1, "expected six digits"),
    "twice": ({"adcode": ["371302", "371311", "371302"]}, 3, "duplicate adcode 371302, first"),
    "empty": ({"geometry": [Polygon(), *SQUARES[1:]]}, 1, "the geometry is empty"),
    "none": ({"geometry": [*SQUARES[:2], None]}, 3, "the geometry is empty"),
    "bowtie": ({"geometry": [SQUARES[0], BOWTIE, SQUARES[2]]}, 2, r"not valid.*Self-inter.*\["),
    "point": ({"geometry": [*SQUARES[:2], Point(118, 35)]}, 3, "found a Point, expected a polyg"),
    "metres": ({"geometry": [*SQUARES[:2], box(5e5, 4e6, 6e5, 5e6)], "crs": "EPSG:4326"}, 3,
               "not longitude and latitude"),
    "swapped": ({"geometry": [box(35, 118, 36, 119), *SQUARES[1:]], "crs": "EPSG:4326"}, 1,
                "not longitude and latitude"),
    "cities": ({"adcode": ["371300", "371100", "371312"]}, 1, "2 cities in 3 rows"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_borders_are_refused_with_row_and_reason(file, case):
    changes, row, message = BAD[case]
    with pytest.raises(lq.DataError, match=message) as caught:
        lq.load(boundaries=file("own.parquet", **changes)).counties()
    assert (caught.value.line, caught.value.column) == (row, 1)
    assert caught.value.file.endswith("own.parquet")
    assert len(caught.value.problems) == 1


def test_every_bad_row_is_reported_at_once_and_one_kind_once(file):
    shapes = [BOWTIE, SQUARES[1], MultiPolygon()]
    with pytest.raises(lq.DataError) as caught:
        borders.read(file("own.parquet", adcode=["1", "2", "371312"], geometry=shapes))
    assert [problem.line for problem in caught.value.problems] == [1, 1, 2, 3]
    with pytest.raises(lq.DataError) as caught:
        borders.read(file("many.parquet", adcode="x", geometry=SQUARES * 900))
    assert len(caught.value.problems) == 6
    assert "in 2,700 rows" in str(caught.value)


def test_files_that_are_no_borders_are_refused(tmp_path, file):
    (tmp_path / "text.geojson").write_text("{", encoding="utf-8")
    gpd.GeoDataFrame({"id": ["371302"]}, geometry=SQUARES[:1], crs=4326).to_file(
        tmp_path / "code.gpkg"
    )
    file("empty.parquet", adcode=[], geometry=[])
    pd.DataFrame({"adcode": ["371302"]}).to_parquet(tmp_path / "plain.parquet")
    for name in ("text.geojson", "code.gpkg", "empty.parquet", "plain.parquet", "absent.gpkg"):
        with pytest.raises(lq.DataError, match=f"{name}:1:1: cannot be used as borders"):
            borders.read(tmp_path / name)
