"""Membership and borders of a reader's own: read as they are saved, converted aloud, or refused."""

import contextlib
import re

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from fixture import PLAN, cells_of, printed, refuses, squeezed
from shapely.affinity import scale
from shapely.geometry import MultiPolygon, Point, Polygon, box

import laoqu as lq
from laoqu import borders, geo, own, reports
from laoqu.analysis import naming

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


def test_the_shipped_table_comes_back_from_whatever_a_spreadsheet_saves(load):
    # Two characters of our notes are not in GBK, and are replaced there by whoever saves it.
    table = SHIPPED.sample(frac=1, random_state=3).drop(columns="note")
    table = table.map(lambda v: v.encode("gbk", "ignore").decode("gbk"))
    columns = ["region_id", "adcode", "name", "prefecture", "province", "confidence", "code_date"]
    for name in ("gbk.csv", "utf-8-sig.csv", "utf-16.csv", "own.xlsx"):
        plan = load(table, name, name.removesuffix(".csv"))
        pd.testing.assert_frame_equal(plan.membership()[columns], SHIPPED[columns], obj=name)
        assert plan.regions()["documented"].tolist() == PLAN.regions()["documented"].tolist()


def test_chinese_heads_names_and_dates_are_understood_and_reported(load):
    text = "老区,县（市、区）,市,代码日期,多余,GDP\n"
    text += "沂蒙革命老区,兰山区,临沂市,2021/12/31,x,1\n左右江,靖西,,,,\n"
    plan = load(text, encoding="gbk", warns=True)
    found = plan.membership()
    assert found[["adcode", "name", "province", "code_date"]].to_numpy().tolist() == [
        ["371302", "兰山区", "山东省", "2021-12-31"],
        ["451081", "靖西市", "广西壮族自治区", "2021-12-31"],
    ]
    told = plan.conversions.set_index(["row", "found"])["used"].to_dict()
    assert "a column that is not used" in plan.conversions.query("found == 'GDP'")["why"].tolist()
    expected = {(1, "老区"): "region_id", (1, "多余"): "", (2, "沂蒙革命老区"): "yimeng"}
    expected |= {(2, "2021/12/31"): "2021", (3, "靖西"): "451081"}
    assert expected.items() <= told.items()


def test_an_old_code_is_followed_by_the_date_of_its_row_or_where_one_unit_had_it(load):
    dates = ("2010-12-31", "2010/12/31", "20101231", "2010年", "40543", "2010")
    rows = {f"451025,{date}": "became 靖西市 451081" for date in dates}
    rows |= {f"{code},": "became 靖西市" for code in ("451025", "451025.0", "451025000000")}
    for row, why in rows.items():
        plan = load(f"region,code,date\n左右江,{row}\n", warns=True)
        assert plan.membership()["adcode"].tolist() == ["451081"], row
        assert plan.conversions["why"].str.contains(f"靖西县 .* {why}").any(), row


def test_a_name_that_only_the_provinces_of_its_area_settle_is_told(load):
    table = "region,name,city\n太行,鼓楼区,\n陕甘宁,城关区,\n陕甘宁,环县,\n川陕,朝天区,广元市\n"
    told = load(table, warns=True).conversions.set_index("found")[["used", "why"]].T
    for name, code, why in (
        ("鼓楼区", "410204", "河南省开封市); the only one of 4 in the provinces of 太行"),
        ("城关区", "620102", "甘肃省兰州市); the only one of 3 in the provinces of 陕甘宁"),
        ("环县", "621022", "甘肃省庆阳市)"),
        ("朝天区", "510812", "四川省广元市)"),
    ):
        assert told[name].tolist() == [code, f"{name} ({code}, {why}"]


def test_rows_of_units_that_became_one_are_one_row_of_the_whole(load):
    merged = "梅列区 (350402, 1983–2020) was merged into 三元区 350404 in 2021"
    for names in (["三元区"], ["梅列区"], ["三元区", "梅列区"], ["梅列区", "三元区"]):
        rows = "".join(f"赣闽粤,{each},{'高低'[n]}\n" for n, each in enumerate(names))
        plan = load(f"region,name,可信度\n{rows}", warns=True)
        found = plan.membership()[["adcode", "confidence"]].to_numpy().tolist()
        assert found == [["350404", ["high", "low"][len(names) - 1]]], names
        told = plan.conversions[plan.conversions["why"].str.contains(merged, regex=False)]
        assert ("row 2" in told["used"].tolist()) == (len(names) == 2)
        assert told["why"].str.endswith("the whole of 三元区 is then in the area").sum() == (
            "梅列区" in names
        )
    table = "region,name,date\n赣闽粤,三元区,2010\n太行,北市区,\n太行,南市区,\n"
    plan = load(table, warns=True)
    assert plan.membership()["adcode"].tolist() == ["350404", "130606"]
    assert plan.conversions["why"].str.contains("三元区 (350403, 1983–2020) was", regex=False).any()
    # A unit that took in another under a code that it kept: 东城区 of 2005 is without 崇文区.
    table = "region,name,province,date\n太行,东城区,北京,2005\n太行,崇文区,北京,2005\n"
    plan = load(table, warns=True)
    assert plan.membership()["adcode"].tolist() == ["110101"]
    assert plan.conversions["why"].str.contains("took in 崇文区 .* in 2010").sum() == 1


def test_codes_with_the_number_of_china_in_front_are_those_of_counties():
    for value in ("156621022", 156621022, 156621022.0):
        assert own.code_of(value)[0] == "621022"
        assert own.code_of(value)[1].startswith("156, the number of China, taken away")
    assert own.code_of("150621022") == ("", own.TOWNSHIP)
    for cells in (["350102 鼓楼区", "350103 台江区"], ["621022-环县", "621027-镇原县"]):
        panel = pd.DataFrame({"area": cells, "year": [2019, 2020], "gdp": [1.5, 2.5]})
        said = "area holds codes and names in one cell: put them into two columns"
        refuses(lq.LaoquError, said, lq.panel, panel)
        refuses(lq.LaoquError, said, lq.panel, panel, code="area")


def test_a_shape_of_another_size_is_named(tmp_path):
    shapes = PLAN.counties().set_index("adcode")
    here = shapes.loc[PLAN.membership("沂蒙")["adcode"], ["name", "geometry"]].reset_index()
    at, whole = here.index[here["adcode"] == "370323"][0], shapes.geometry["370323"]
    apart = shapely.union(whole, shapes.geometry["621022"])
    for shape, said in (
        (whole, []),
        (scale(whole, 0.1, 0.1), ["has 1% of the area"]),
        (apart, ["has 667% of the area", "954.8 km outside .* with a part elsewhere"]),
    ):
        here.loc[at, "geometry"] = shape
        here.to_file(tmp_path / "own.gpkg")
        plan = lq.load(boundaries=tmp_path / "own.gpkg")
        told = plan.conversions  # which needs no map to be drawn first
        assert len(plan.counties()) == 18
        assert told["row"].tolist() == [at + 1] * len(said)
        assert all(map(re.search, said, told["why"]))


def test_a_total_that_is_the_list_itself_is_that_of_ones_own_list(load):
    """Nor is a county of three areas two of two."""
    table = (
        "region,code\n赣闽粤,360881\n湘赣边,360881\n大别山,360881\n大别山,421122\n浙西南,331121\n"
    )
    plan = load(table, warns=True)
    row = plan.regions().set_index("region_id").loc["zhexinan"]
    assert (row["official_total"], row["documented"], row["complete"]) == (1, 1, True)
    assert lq.plot_overview("en", plan).title == (
        "The 4 areas have 3 documented counties, 1 of them in more than one area"
    )


def test_the_urban_districts_of_a_city_are_no_county_of_it(load):
    """Nor does a page say of a place that it lies in no area, where the own list has it."""
    for code, found in (("350421", None), ("350404", (1, 2, True)), ("350404\n赣闽粤,350405", 2)):
        plan = load(f"region,code\n赣闽粤,{code}\n湘赣边,430382\n", warns=True)
        rows = naming.standings(plan).query("level == 'urban_area'")[["counties", "of", "part"]]
        found = (2, 2, False) if found == 2 else found
        assert [*rows.itertuples(index=False, name=None)] == [found] * bool(found)
        assert "韶山" not in plan.corrections()["quote"].tolist()
        assert "own.csv" in lq.plot_overview("zh", plan).caption
    assert "韶山" in PLAN.corrections()["quote"].tolist()


def test_a_source_of_ones_own_is_no_link(load):
    plan = load(
        "region,code,source,note\n沂蒙,371302,书 [点](http://e),[点](http://e)\n", warns=True
    )
    row = plan.membership().iloc[0]
    assert (row["source"], row["note"]) == ("书 ［点］(http://e)", "［点］(http://e)")
    assert plan.conversions["why"].tolist().count("or it might be a link") == 2


ROWS = [
    ("左右江,130999,", r"own.csv:2:2: 130999 is no unit of the end of 2021: .*in no list"),
    ("沂蒙,371302,罗庄区", "own.csv:2:3: the code 371302 is 兰山区 .* the name says '罗庄区'"),
    # The code was that of 湘潭县 in 1983.
    ("沂蒙,430421,湘潭县", "the code 430421 is 衡阳县 .* the name says '湘潭县'"),
    ("沂蒙,320411,郊区", "the code 320411 is 新北区 .* the name says '郊区'"),
    ("沂蒙,3713,", "adcode is '3713', expected six digits"),
    ("沂蒙," + 200_000 * "x", "expected six digits"),
    ("沂蒙,371300,", "临沂市 .* is no county: list its counties"),
    ("火星,371302,", "own.csv:2:1: unknown area '火星'"),
    ("赣闽粤,350402,", "350402 is no unit .*350404 in 2021; .*list it once in its place: 三元区"),
    ("太行,330322,", "330322 .* was 永嘉县 .*; 洞头县"),
    ("沂蒙,,", "neither a code nor a name"),
    ("沂蒙,,兰山区\n,,罗庄区", "own.csv:3:1: no area: write it into every row .merged cells"),
    ("沂蒙,,无此县", "无此县"),
    (
        "川陕,,环县",
        "'环县' is not in 四川省, 陕西省, 重庆市; it is: 环县 .*, or its province in a column 省",
    ),
    ("太行,,桥东区", "is the name of several places: .*130502.*130103"),
    ("沂蒙,371302,\n沂蒙,371302,", "own.csv:3:2: yimeng has 兰山区 twice, first in row 2: delete"),
    (
        "左右江,451025,\n左右江,451081,",
        r"twice, first in row 2 \(靖西县 .* became 靖西市 451081 in",
    ),
    ("赣闽粤,,梅列区\n赣闽粤,,梅列区", r"twice, first in row 2 \(梅列区 .* merged into 三元区"),
    ("沂蒙,371302,a,b", r"own.csv:2:4: has 4 cells, expected 3: .*quotation marks"),
]
FILES = [
    ("", "no columns; expected the column 'region_id'"),
    ("a,b\n1,2\n", "found a, b[^\n]*$"),  # rows are not read without their head
    ("regn,code\n沂蒙,371302\n", "found regn, code[^\n]*$"),
    (b"\xff\xfe\x00\x81\xff", "neither UTF-8 nor GBK: save it as"),
    ("region,code\n", "has no rows below the head"),
    ("region\n沂蒙\n", "the column 'adcode' or 'name'"),
    ("region,老区,code\n沂蒙,沂蒙,371302\n", "'老区' is a second column for region_id"),
    ("region,code,date\n沂蒙,371302,2021-13-45\n", "expected a date since 1949 such as 2021-12-31"),
    ("region,code\n" + 1_600_000 * "沂蒙,371302\n", "has 22 MB, expected at most 20"),
    ("region,code\n" + "".join(f"火星,{n}\n" for n in range(90_000)),
     f"unknown area '火星'(?s:.)*so in {own.MOST} rows, of which the first {own.SHOWN} are named"),
]  # fmt: skip


def test_what_is_ambiguous_or_wrong_is_refused_with_row_and_column(load):
    for text, message in [(f"region,code,name\n{row}\n", said) for row, said in ROWS] + FILES:
        with pytest.raises(lq.DataError, match=message) as caught:
            load(text)
        assert caught.value.file.endswith("own.csv"), message


def test_a_cell_far_from_the_table_and_a_head_of_two_rows_are_refused(tmp_path):
    path, head = tmp_path / "own.xlsx", ["region", "code", "name"]
    two = [["老区", "代码", 2019], [None, None, "gdp", "人口"], ["沂蒙", "371302", 0, 1]]
    for cell in ("XFD1048576", "D1048576", "Z3", ""):
        book = openpyxl.Workbook()
        for row in [head, ["沂蒙", "371302", "兰山区"]] if cell else two:
            book.active.append(row)
        for merged in () if cell else ("A1:A2", "B1:B2", "C1:D1"):
            book.active.merge_cells(merged)
        if cell:
            book.active[cell] = "note"
        book.save(path)
        said = (
            f"the cell {cell} has no head above it: delete it"
            if cell
            else r"own.xlsx:2:4: the head has two rows \(2019 over"
        )
        refuses(lq.DataError, said, lq.load, membership=path)


def test_a_table_on_a_later_sheet_is_refused_with_the_sheet_that_was_read(tmp_path):
    path = tmp_path / "own.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame([["说明文字"]]).to_excel(book, sheet_name="说明", index=False, header=False)
        table = pd.DataFrame({"老区": ["陕甘宁"], "县": ["环县"]})
        table.to_excel(book, sheet_name="数据", index=False)
    said = "only one sheet was read: 说明, not 数据: move the sheet that is meant to the front"
    refuses(lq.DataError, said, lq.load, membership=path)
    refuses(lq.DataError, said, lq.load, coding=path)


def test_areas_without_a_row_are_empty_and_said_or_keep_the_shipped_rows(load):
    text = "region,code\n沂蒙,460105\n沂蒙,371302\n"
    only = load(text, warns=True)
    assert only.regions().query("documented > 0")["region_id"].tolist() == ["yimeng"]
    assert only.regions()["documented"].sum() == 2
    assert "areas without a row" in only.conversions["why"].iloc[-1]
    far = only.conversions[only.conversions["why"].str.contains("no province in which")]
    assert far[["row", "found"]].values.tolist() == [[2, "沂蒙 秀英区"]]
    both = load(text, membership_mode="complete")
    assert len(both.membership("yimeng")) == 2
    assert len(both.membership()) == len(SHIPPED) - len(PLAN.membership("yimeng")) + 2
    with pytest.raises(lq.UnknownId, match="membership_mode 'complet'; nearest: only, complete"):
        load(text, membership_mode="complet")


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
    monkeypatch.setenv("LAOQU_MEMBERSHIP_MODE", "x")
    found = "\n".join(lq.check())
    assert "own.csv:2:2: 371399 is no unit" in found
    assert "nowhere.gpkg:1:1: there is no such file" in found
    assert "own.csv:1:1: the column 'measure_id' is missing" in found
    assert "LAOQU_MEMBERSHIP_MODE:1:1: unknown value 'x', expected one of only, complete" in found


@pytest.mark.filterwarnings("ignore:own.csv has no county")
def test_a_table_that_is_mended_counts_for_new_panels_and_texts(tmp_path, monkeypatch):
    path = tmp_path / "own.csv"
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(path))
    frame = pd.DataFrame({"adcode": SHIPPED["adcode"].unique(), "year": 2021, "y": 1.0})
    for rows in (5, 50):
        own = SHIPPED[SHIPPED["region_id"] == "zuoyoujiang"].head(rows)
        own.to_csv(path, index=False)
        covered = lq.panel(frame).coverage().set_index("group")["of"]
        assert covered["zuoyoujiang"] == rows
        text = lq.read(f"某省某方案\n一、任务\n支持广西{own['name'].iloc[0]}、环县发展。\n")
        known = text.areas().set_index("adcode")["known"]
        assert known.to_dict() == {own["adcode"].iloc[0]: True, "621022": False}


@pytest.mark.filterwarnings("ignore:own.csv has no county")
def test_opened_notebooks_run_on_without_what_own_files_lack(tmp_path, monkeypatch, capsys):
    """Notebooks draw and compare what a membership of one area and borders of two counties have."""
    SHIPPED[SHIPPED["region_id"] == "yimeng"].to_csv(tmp_path / "own.csv", index=False)
    PLAN.counties().query("adcode in ['371302', '640522']").to_file(tmp_path / "own.gpkg")
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(tmp_path / "own.csv"))
    names: dict = {}
    cells = cells_of("04_places")
    for cell in (cells[0], *(cell for cell in cells if "members" in cell)):
        exec(cell, names)
    assert names["areas"] == ["yimeng"] and "陕甘宁: no county" in capsys.readouterr().out
    names = {}
    for cell in cells_of("07_treatment")[:4]:
        exec(cell, names)
    assert (names["usable"], names["ready"]) == (["areas"], None)
    with pytest.raises(lq.LaoquError, match="nor does a membership without other counties"):
        names["treated"].for_estimator("sunab", "income")
    monkeypatch.setenv("LAOQU_BOUNDARIES", str(tmp_path / "own.gpkg"))
    with pytest.raises(lq.LaoquError, match=r"own.gpkg: no border for 17 of 18 .*: add their"):
        lq.plot_region("沂蒙")


# Borders

BOWTIE = Polygon([(110, 30), (111, 31), (111, 30), (110, 31)])
COUNTIES = PLAN.counties().set_index("adcode").geometry
SHAPES = COUNTIES[["371302", "371311", "371312"]].tolist()
RING = list(shapely.get_parts(SHAPES[0])[0].exterior.coords)
EAST = RING.index(max(RING))
SPIKE = Polygon([*RING[: EAST + 1], (RING[EAST][0] + 0.3, RING[EAST][1]), *RING[EAST:]])


@pytest.fixture
def file(tmp_path):
    """Write a file of three counties with borders, changed as wanted."""

    def written(name="own.parquet", **changes):
        data = {"adcode": ["371302", "371311", "371312"], "geometry": SHAPES}
        frame = gpd.GeoDataFrame(data | changes, crs=changes.pop("crs", "EPSG:4490"))
        frame = frame.drop(columns="crs", errors="ignore")
        path = tmp_path / name
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
        return path

    return written


def test_own_borders_load(file):
    for suffix in ("parquet", "gpkg", "geojson", "shp"):
        crs = "EPSG:4326" if suffix == "geojson" else "EPSG:4490"
        plan = lq.load(boundaries=file(f"own.{suffix}", crs=crs))
        found = plan.counties()
        assert (list(found.columns), found.crs) == (geo.COLUMNS, "EPSG:4326"), suffix
        assert found["name"].tolist() == ["兰山区", "罗庄区", "河东区"]
        off = shapely.symmetric_difference(found.geometry.to_numpy(), SHAPES)
        assert shapely.area(off).max() < 1e-9, suffix
        assert plan.conversions.empty


def test_the_column_of_codes_is_found_by_its_name(tmp_path):
    for head in ("ADCODE", "PAC", "code", "区划代码", "行政区划代码", "\ufeffadcode"):
        frame = gpd.GeoDataFrame({head: [371302, 371311]}, geometry=SHAPES[:2], crs="EPSG:4490")
        frame.to_crs(geo.CRS_CHINA).to_file(tmp_path / "own.gpkg")
        found, told = borders.read(tmp_path / "own.gpkg")
        assert found["adcode"].tolist() == ["371302", "371311"], head
        assert (told["why"] == "the column with the codes").sum() == 1


def test_old_codes_are_followed_rings_repaired_and_names_compared_aloud(tmp_path, file):
    shapes = [SPIKE, SHAPES[1], COUNTIES["451081"]]
    codes = ["371302000000", "３７１３１１", "451025"]
    found, told = borders.read(file(adcode=codes, geometry=shapes))
    assert found["adcode"].tolist() == ["371302", "371311", "451081"]
    assert found.geometry.is_valid.all()
    assert told["row"].tolist() == [1, 2, 3, 1]
    assert told["why"].str.contains("six digits|wide digits|靖西市 451081 in|was not valid").all()
    # A Shapefile in GBK that does not say so; names that are those of other codes.
    names = {"NAME": ["冷湖行委", "马山县", "隆安县"], "adcode": ["630104", "450123", "450124"]}
    shapes = COUNTIES[names["adcode"]].tolist()
    gpd.GeoDataFrame(names, geometry=shapes, crs=4326).to_file(tmp_path / "a.shp", encoding="gbk")
    (tmp_path / "a.cpg").unlink()
    found, told = borders.read(tmp_path / "a.shp")
    assert found["name"].tolist() == names["NAME"]
    told = told[told["why"].str.startswith("the name contradicts the code")]
    assert told[["row", "found", "used"]].to_numpy().tolist() == [
        [1, "冷湖行委", "630104"], [2, "马山县", "450123"], [3, "隆安县", "450124"]
    ]  # fmt: skip


def moved(shape, *by):
    return shapely.transform(shape, lambda xy: xy + np.array(by))


def test_a_true_layer_is_accepted_and_one_whose_codes_are_of_other_rows_refused(tmp_path, file):
    island = COUNTIES["460303"].centroid.buffer(0.01)
    _, told = borders.read(file(adcode=["460303"], geometry=[island]))
    outside = r"its shape has 0% of the area|lies \d{2,3}\.\d km outside this county as we have it"
    assert told["why"].str.contains(outside).all() and len(told) == 2
    layer, path = PLAN.counties().head(504), tmp_path / "layer.gpkg"
    shapes, codes = layer.geometry.to_numpy(), layer["adcode"].to_numpy()
    drawn = (shapes, moved(shapes, 0.006, 0.006), shapely.simplify(shapes, 0.01))
    for geometry, said in zip(drawn, (0, 1, 1), strict=True):
        layer.set_geometry(geometry, crs=4326).to_file(path)
        _, told = borders.read(path)
        told = told[~told["why"].str.contains("was not valid")]
        assert told["why"].str.contains(r"0\.\d km .*GCJ-02").sum() == len(told) == said
    for geometry, n in ((moved(shapes, 5, 0), "504"), (shapes, "97")):
        layer.set_geometry(geometry, crs=4326).to_file(path)
        refuses(lq.DataError, rf"declare the coordinate.*so in {n} rows", borders.read, path)
        layer = layer.assign(adcode=[*np.roll(codes[:100], 1), *codes[100:]])


def test_a_file_of_three_provinces_is_enough_for_the_areas_inside_it(tmp_path):
    inside = PLAN.counties().query("province in ['陕西省', '甘肃省', '宁夏回族自治区']")
    inside.to_parquet(tmp_path / "own.parquet")
    plan = lq.load(boundaries=tmp_path / "own.parquet")
    assert plan.counties().geom_equals(inside.reset_index(drop=True)).all()
    assert len(plan.counties("陕甘宁")) == len(plan.membership("陕甘宁"))
    assert len(plan.layers.provinces) == 3
    for name, count in {"沂蒙": "18 of 18", "川陕": "38 of 66"}.items():
        refuses(lq.LaoquError, f"no border for {count} counties: .* more", plan.counties, name)


def test_a_national_file_of_another_year_is_followed_and_what_is_no_county_left_out(tmp_path):
    """A code means its last holder; 下城区 became a part of no county of the areas."""
    year = {"330105": "330103", "513402": "513425", "340212": "340222", "810000": "810001"}
    table = PLAN.counties()[["adcode", "geometry"]].replace({"adcode": year})
    table.to_parquet(tmp_path / "own.parquet")
    plan = lq.load(boundaries=tmp_path / "own.parquet")
    codes = {*plan.counties()["adcode"]}
    assert {*PLAN.counties()["adcode"]} - codes == {"330105", "810000"} and not codes & {
        *year.values()
    }
    why = plan.conversions.set_index("found")["why"]
    assert "merged into 拱墅区 330105 in 2021: left out, no part of a county" in why["330103"]
    assert "in no list since 1980: left out" in why["810001"] and "became 繁昌区" in why["340222"]


def test_parts_of_a_county_in_rows_of_their_own_are_one_county(file):
    west, south, east, north = SHAPES[0].bounds
    halves = [SHAPES[0] & box(west, south, (west + east) / 2 + over, north) for over in (0, 2e-4)]
    rest = SHAPES[0] - halves[0]
    for half in halves:  # the second shares a sliver with the rest
        path = file(adcode=["371302", "371311", "371302"], geometry=[half, SHAPES[1], rest])
        found, told = borders.read(path)
        assert found["adcode"].tolist() == ["371302", "371311"]
        assert found.geometry[0].symmetric_difference(SHAPES[0]).area < 1e-9
        assert told[["row", "found", "used", "why"]].to_numpy().tolist() == [
            [1, "371302 in 2 rows (1, 3)", "one shape", "parts of one county, dissolved by code"]
        ]


SMALL, NORTH = [scale(each, 0.3, 0.3) for each in SHAPES], moved(SHAPES[2], 0, 10)
BOUNDS = SHAPES[1].bounds
TANGLE = Polygon(np.random.default_rng(1).uniform(BOUNDS[:2], BOUNDS[2:], (12_000, 2)))
#: Which of the three rows is changed, what to, and what is said of it.
BAD = [
    (1, {"crs": None}, "no CRS is declared"),
    (2, {"adcode": None}, "adcode is '', expected six"),
    (3, {"adcode": "3713"}, "adcode is '3713', expected six"),
    (2, {"adcode": "999999"}, "999999 .* no county of the end"),
    (1, {"adcode": "350402"}, "merged into 三元区 350404"),
    (3, {"adcode": "371302"}, "outside 371302 兰山区, in 371312 河东区: give each shape the code"),
    (3, {"adcode": "371302", "geometry": SHAPES[0]}, "371302: .* row 1 share 100% of .*: delete"),
    (1, {"geometry": Polygon()}, "the geometry is empty"),
    (3, {"geometry": None}, "the geometry is empty"),
    (2, {"geometry": BOWTIE}, r"not valid.*Self-inter.*\["),
    (2, {"geometry": TANGLE}, "crosses itself too often to be repaired"),
    (3, {"geometry": Point(118, 35)}, "found a Point, expected a polyg"),
    (3, {"geometry": box(5e5, 4e6, 6e5, 5e6), "crs": 4326}, "not longitude and latitude"),
    (1, {"geometry": box(35, 118, 36, 119), "crs": 4326}, "not longitude and latitude"),
    (1, {"adcode": ["371300", "371100", "371312"]}, "2 cities in 3 rows"),
    (2, {"adcode": "371300"}, r"临沂市 .* is no county: give its counties"),
    (1, {"geometry": SMALL}, "have 9% of the area that these counties have"),
    (3, {"geometry": NORTH}, r" 1,\d\d\d\.\d km outside 371312 河东区, in 15\d{4} "),
    (3, {"geometry": moved(SHAPES[2], 9, 0)}, "河东区, in none of ours: give each shape the code"),
    (1, {"geometry": [SHAPES[1]], "adcode": ["371302"]}, "371302 兰山区, in 371311 罗庄区: give"),
    (3, {"geometry": SHAPES[1] | SHAPES[2]}, "shape and that of row 2 share 100% of the smaller"),
    (3, {"geometry": SHAPES[2].buffer(0.05) & SHAPES[1] | SHAPES[2]}, "row 2 share [1-4].% of"),
]


def test_bad_borders_are_refused_with_row_and_reason(file):
    given = {"adcode": ["371302", "371311", "371312"], "geometry": SHAPES}
    for row, changes, message in BAD:
        changes = dict(changes)
        for name in changes.keys() & given.keys():
            if not isinstance(changes[name], list):
                rows = list(given[name])
                rows[row - 1] = changes[name]
                changes[name] = rows
        with pytest.raises(lq.DataError, match=message) as caught:
            lq.load(boundaries=file(**changes))
        (problem,) = caught.value.problems
        assert (problem.line, problem.column) == (row, 1), message
        assert problem.file.endswith("own.parquet")


def test_every_bad_row_is_reported_at_once_and_one_kind_once(file):
    shapes = [BOWTIE, SHAPES[1], MultiPolygon()]
    with pytest.raises(lq.DataError) as caught:
        borders.read(file(adcode=["1", "2", "371312"], geometry=shapes))
    assert [problem.line for problem in caught.value.problems] == [1, 1, 2, 3]
    with pytest.raises(lq.DataError, match="in 2,700 rows") as caught:
        borders.read(file(adcode="x", geometry=SHAPES * 900))
    assert len(caught.value.problems) == 6


def test_files_that_are_no_borders_are_refused(tmp_path, file):
    (tmp_path / "text.geojson").write_text("{", encoding="utf-8")
    gpd.GeoDataFrame({"id": ["1"]}, geometry=SHAPES[:1], crs=4326).to_file(tmp_path / "code.gpkg")
    file("empty.parquet", adcode=[], geometry=[])
    pd.DataFrame({"adcode": ["371302"]}).to_parquet(tmp_path / "plain.parquet")
    tall = pd.DataFrame({"adcode": ["371302"] * 100_001, "geometry": b""})
    tall.to_parquet(tmp_path / "tall.parquet")
    one = gpd.GeoDataFrame({"adcode": ["371302"]}, geometry=SHAPES[:1], crs=4326)
    for layer in ("cities", "counties"):
        one.to_file(tmp_path / "two.gpkg", layer=layer)
    for name in ("text.geojson", "code.gpkg", "empty.parquet", "plain.parquet", "absent.gpkg"):
        said = f"{name}:1:1: cannot be used as borders"
        refuses(lq.DataError, said, borders.read, tmp_path / name)
    for name, said in (
        ("tall.parquet", "the table has more than 100,000 rows"),
        ("two.gpkg", "layers cities, counties: save that of counties alone"),
    ):
        refuses(lq.DataError, said, borders.read, tmp_path / name)


def test_a_boundary_file_leads_to_no_other_file_and_no_host(tmp_path, monkeypatch):
    frame = gpd.GeoDataFrame({"adcode": ["371302"]}, geometry=SHAPES[:1], crs=4326)
    whole = frame.to_json(drop_id=True, to_wgs84=True)
    link = '"crs": {"type": "name", "type": "link", "properties": {"href": "http://[::1]/crs"}}, '
    vrt = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>a.geojson</SrcDataSource>'
    for name, text, said in (
        ("a.geojson", whole, ""), ("a.json", "\ufeff" + whole, ""),
        ("a.geojson", whole.replace('"type"', f'{link} "type"', 1), "CRS is a link"),
        ("a.json", whole.replace('"coordinates"', f'{link} "coordinates"'), "CRS is a link"),
        ("a.gpkg", whole, "no GPKG"), ("a.shp", whole, "no ESRI Shapefile"),
        ("a.kml", whole, "expected a file .parquet"),
        *((f"vrt.{each}", f"{vrt}</OGRVRTLayer></OGRVRTDataSource>", "it is no ")
          for each in ("geojson", "gpkg", "shp")),
    ):  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
        if not said:
            assert geo.read(tmp_path / name)["adcode"].tolist() == ["371302"]
            continue
        with monkeypatch.context() as context:
            context.setattr(geo.pyogrio, "read_info", None)  # refused before GDAL opens it
            refuses(lq.DataError, said, geo.read, tmp_path / name)


def test_a_city_in_a_list_of_counties_is_refused_without_its_last_character_too(load):
    cities = {
        "延安": ("陕甘宁", "宝塔区"),
        "百色": ("左右江", "右江区"),
        "大同": ("太行", "云州区"),
    }
    for city, (area, unit) in cities.items():
        said = f"own.csv:2:2: '{city}' may be {city}市 or {unit} .*: name its counties"
        refuses(lq.DataError, said, load, f"region,name\n{area},{city}\n")
    table = "region,name,prefecture\n湘赣边,吉安,吉安\n左右江,靖西,\n"
    assert sorted(load(table, warns=True).membership()["adcode"]) == ["360821", "451081"]


def test_notes_on_our_counties_are_not_printed_of_own_ones(tmp_path, monkeypatch):
    note = squeezed(PLAN.regions().set_index("region_id")["note_zh"]["dabieshan"])
    assert "叶集区" in note and note in printed("10_region_report", "dabieshan")
    rows = SHIPPED[["region_id", "adcode"]]
    more = pd.DataFrame({"region_id": "dabieshan", "adcode": ["340102", "340103"]})
    pd.concat([rows, more]).to_csv(tmp_path / "own.csv", index=False)
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(tmp_path / "own.csv"))
    text = printed("10_region_report", "dabieshan")
    assert "县名单取自使用者自备的own.csv。已查明的县多于上述总数。" in text and note not in text


@pytest.mark.parametrize("row", ["合计,2,", "沂蒙,小计,2", "沂蒙,全市,临沂市", "沂蒙,Total,"])
def test_sums_are_no_counties(load, row):
    said = "is no unit but their sum: leave the row out"
    refuses(lq.DataError, said, load, f"region,name,prefecture\n沂蒙,兰山区,\n{row}\n")
    table = "region,name,prefecture\n左右江,全州,\n"
    assert load(table, warns=True).membership()["adcode"].tolist() == ["450324"]


def test_several_in_one_cell_want_a_row_each(load):
    """As official lists print them."""
    head = "区域,县（市、区）,地级市\n"
    for row, said in (
        (
            "左右江,右江区、田阳区、田东县,百色市",
            "own.csv:2:2: 3 counties in one cell: write a row",
        ),
        ("大别山;左右江,新县,", "own.csv:2:1: 2 areas in one cell: write a row for each"),
    ):
        refuses(lq.DataError, said, load, f"{head}{row}\n")


def test_a_place_without_a_county_of_ones_own_is_said_of_the_file(tmp_path, monkeypatch):
    path = tmp_path / "own.csv"
    path.write_text("region,县区\n赣闽粤,瑞金市\n", "utf-8")
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(path))
    with pytest.warns(UserWarning, match="own.csv"):
        refuses(
            lq.LaoquError, "no row of own.csv puts a county of 安康", reports.county_codes, "安康"
        )


def test_rows_that_say_they_are_none_are_refused(load):
    said = "own.csv:3:1: '是否老区' says '否': leave out rows that are none, and it"
    table = "region,县区,{}\n赣闽粤,瑞金市,是\n赣闽粤,会昌县,否\n"
    refuses(lq.DataError, said, load, table.format("是否老区"))
    numbers = table.replace("是", "1").replace("否", "0")
    for name in ("treat", "Treated", "did", "是否"):
        refuses(lq.DataError, f"own.csv:3:1: '{name}' says '0'", load, numbers.format(name))
    assert len(load(table.format("贫困县"), warns=True).membership()) == 2
    assert len(load(table.format("是否老区").replace("否\n", "是\n"), warns=True).membership()) == 2
