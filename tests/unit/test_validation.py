"""The validation kit: samples, blind sheets, simulated coders with known errors, corrections."""

import errno
import itertools
import re
import runpy
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from fixture import PLAN, refused
from openpyxl import load_workbook

import laoqu as lq
from laoqu import paths, sheets, validation
from laoqu.analysis import monitor, sampling
from laoqu.cli import main

UNITS = {kind: validation.units(PLAN, kind).set_index("unit_id") for kind in validation.KINDS}
LABELS = PLAN.codebook().set_index(["variable", "code"])["label_zh"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return validation.sample(PLAN, tmp_path_factory.mktemp("kit") / "sample", n=40, seed=7)


@pytest.fixture(scope="module")
def key(drawn):
    return pd.read_csv(drawn / "key" / "key.csv", encoding="utf-8-sig", dtype={"stratum": str})


def written(value, column, sentence):
    """Write a shipped value into a cell as a person does."""
    if value is pd.NA:
        return ""
    if column.kind == "cut":
        ends = [0, *value, len(sentence)]
        return " | ".join(sentence[a:b] for a, b in itertools.pairwise(ends))
    if isinstance(value, tuple):
        return "；".join(value) or ("无" if column.kind == "words" else "")
    if column.kind == "flag":
        return "是" if value else "false"
    return str(value)


@pytest.fixture
def fill(drawn, key, tmp_path):
    """Return a function: fill a coder's sheet with the shipped codes, some changed, save it."""

    def filled(kind, coder, change=lambda name, unit, value: value, suffix="csv", **how):
        sheet = pd.read_excel(drawn / coder / f"{kind}.xlsx", dtype=str, keep_default_na=False)
        heads = dict(zip(sheet.columns.str.split(" / ").str[-1], sheet.columns, strict=True))
        assert all(re.match("[\u4e00-\u9fff]+ / [a-z_]+$", head) for head in sheet.columns)
        sheet.columns = list(heads)
        known = key[key["kind"] == kind].set_index("id")["unit_id"]
        for name, column in validation.KINDS[kind].items():
            sheet[name] = [
                written(change(name, unit, UNITS[kind].at[unit, name]), column, sentence)
                for unit, sentence in zip(sheet["id"].map(known), sheet["sentence"], strict=True)
            ]
        path = tmp_path / f"{kind}-{coder}.{suffix}"
        if suffix == "xlsx":
            with pd.ExcelWriter(path) as book:  # people put sheets into another order
                sheet.head(1).to_excel(book, sheet_name="codebook", index=False)
                sheet.rename(columns=heads).to_excel(book, sheet_name="coding", index=False)
        else:
            columns = how.pop("columns", sheet.columns)
            sheet[list(columns)].to_csv(path, index=False, **{"encoding": "utf-8", **how})
        return path

    return filled


@pytest.fixture
def compare(drawn):
    def compared(*files, **how):
        return validation.compare(PLAN, *files, key=drawn / "key" / "key.csv", draws=20, **how)

    return compared


def test_a_sample_is_stratified_with_known_chances_and_seeded(key):
    for kind, rows in key.groupby("kind"):
        sizes = UNITS[kind]["stratum"].value_counts()
        assert (rows["units"] == rows["stratum"].map(sizes)).all()
        counts = rows["stratum"].value_counts()
        assert set(counts.index) == set(sizes.index)
        assert (counts >= np.minimum(sizes, 2).reindex(counts.index)).all()
        assert len(rows) == 40
        # A sample weighted by its chances is as large as what it was drawn from.
        assert (1 / rows["probability"]).sum() == pytest.approx(len(UNITS[kind]))
    again = sampling.draw(UNITS["measures"].reset_index(), 40, 7)
    assert again["unit_id"].tolist() == key.loc[key["kind"] == "measures", "unit_id"].tolist()
    assert sampling.draw(UNITS["scopes"].reset_index(), 999)["probability"].eq(1).all()


def test_how_many_units_there_are():
    assert {kind: len(table) for kind, table in UNITS.items()} == {
        "measures": 223, "segments": 95, "scopes": 146, "namings": 108,
    }  # fmt: skip
    # The first measure or segment of a sentence is no cut: 223 − 95, and 146 less 13 and 95.
    assert UNITS["segments"]["measures"].map(len).sum() == 223 - 95
    assert UNITS["segments"]["segments"].map(len).sum() == 146 - 13 - 95


def test_coders_get_whole_sentences_in_their_own_order_and_none_of_our_codes(drawn, key):
    assert sorted(path.name for path in drawn.iterdir()) == ["coder_a", "coder_b", "key"]
    for kind, asked in validation.KINDS.items():
        orders = []
        for coder in ("coder_a", "coder_b"):
            page = load_workbook(drawn / coder / f"{kind}.xlsx")["coding"]
            head, *rows = page.iter_rows(values_only=True)
            heads = [name.rpartition(" / ")[2] for name in head]
            sheet = pd.DataFrame(rows, columns=heads).fillna("")
            orders.append(sheet["id"].tolist())
            unit = sheet["id"].map(key[key["kind"] == kind].set_index("id")["unit_id"])
            shown = UNITS[kind].loc[unit]
            assert sheet["sentence"].tolist() == shown["sentence"].tolist()
            assert sheet["clause"].str.contains(r"第 \d+ 页，字符 \d+–\d+").all()
            for name, column in asked.items():
                blank = sheet["sentence"] if column.kind == "cut" else ""
                assert (sheet[name] == blank).all()
            rules = page.data_validations.dataValidation
            assert len(rules) == sum(column.kind in ("code", "flag") for column in asked.values())
        assert orders[0] != orders[1]
        assert sorted(orders[0]) == sorted(orders[1])
    for kind, pages in {"segments": ["coding"], "scopes": ["coding", "codebook"]}.items():
        assert load_workbook(drawn / "coder_a" / f"{kind}.xlsx").sheetnames == pages
    codes = load_workbook(drawn / "coder_a" / "scopes.xlsx")["codebook"]
    assert "universal 面向全部革命老区 all twelve areas" in [cell.value for cell in codes["B"]]


#: Ways in which spreadsheets save a sheet.
XLSX, GBK = {"suffix": "xlsx"}, {"encoding": "gbk", "lineterminator": "\r\n"}
BOM = {"encoding": "utf-8-sig", "sep": "\t"}


@pytest.mark.parametrize("kind", list(validation.KINDS))
def test_who_codes_as_we_do_agrees_whatever_saved_the_sheet(fill, compare, kind):
    def label(name, unit, value):
        variable = validation.KINDS[kind][name].variable
        known = isinstance(value, str) and LABELS.eq(LABELS.get((variable, value))).sum() == 1
        return LABELS[variable, value] if known else value

    other = GBK if kind in ("scopes", "namings") else BOM
    found = compare(fill(kind, "coder_a", label, **other), fill(kind, "coder_b", **XLSX))
    assert found.differences.empty
    values = found.agreement[found.agreement["statistic"].isin(["percent", "alpha_masi"])]
    assert values["value"].dropna().eq(1).all()
    assert set(found.agreement["coders"]) == {"a–b", "a–shipped", "b–shipped"}
    assert found.shares["corrected"].to_numpy() == pytest.approx(found.shares["shipped"].to_numpy())
    assert (found.shares["high"] > found.shares["low"]).all()  # none seen is not none
    if kind == "segments":
        share = found.shares.set_index("variable")["shipped"]
        assert share["measures"] * 95 == pytest.approx(223 - 95)


def test_every_difference_is_listed_with_its_sentence_and_both_codes(fill, compare, key):
    unit = key.loc[key["kind"] == "scopes", "unit_id"].iloc[3]
    shipped = UNITS["scopes"].at[unit, "scope"]
    other = "area" if shipped != "area" else "place"

    def change(name, each, value):
        return other if (name, each) == ("scope", unit) else value

    sheets = fill("scopes", "coder_a", change), fill("scopes", "coder_b")
    found = compare(*sheets)
    assert found.differences.to_dict("records") == [{
        "unit_id": unit, "variable": "scope", "a": other, "b": shipped, "shipped": shipped,
        "clause": UNITS["scopes"].at[unit, "clause"],
        "sentence": UNITS["scopes"].at[unit, "sentence"],
    }]  # fmt: skip
    row = found.confusion.query("variable == 'scope' and a != b")
    assert row[["a", "b", "shipped", "n"]].to_numpy().tolist() == [[other, shipped, shipped, 1]]
    percent = found.agreement.query("variable == 'scope' and statistic == 'percent'")
    assert percent.set_index("coders")["value"].round(3).to_dict() == {
        "a–b": 0.975, "a–shipped": 0.975, "b–shipped": 1,
    }  # fmt: skip
    assert percent.set_index("coders")["low"].notna().to_dict()["a–b"]
    # The unit counts half for either code, or wholly for what both settled on.
    weight = (key.query("kind == 'scopes'").set_index("unit_id")["units"] / 146)[unit]
    size = key.query("kind == 'scopes'").set_index("unit_id")["drawn"][unit]
    for how, part in (({}, 0.5), ({"agreed": sheets[0]}, 1)):
        share = compare(*sheets, **how).shares.query("variable == 'scope'").set_index("code")
        assert share.at["=", "corrected"] == pytest.approx(1 - part * weight / size)
        moved = share.at[shipped, "shipped"] - share.at[shipped, "corrected"]
        assert moved == pytest.approx(part * weight / size)


def test_an_uncoded_unit_counts_for_nothing(fill, compare, key):
    unit = key.loc[key["kind"] == "measures", "unit_id"].iloc[0]
    blank = fill("measures", "coder_a", lambda name, each, v: pd.NA if each == unit else v)
    found = compare(blank, fill("measures", "coder_b"))
    assert unit not in set(found.differences["unit_id"])
    percent = found.agreement.query("variable == 'theme' and statistic == 'percent'")
    assert percent["n"].tolist() == [39, 39, 40]
    units = key[key["kind"] == "measures"].set_index("unit_id")["stratum"]
    lost = units.index[units == units.iloc[0]]
    blank = fill("measures", "coder_a", lambda name, each, v: pd.NA if each in lost else v)
    (share,) = compare(blank).shares.query("variable == 'theme' and code == '='").to_dict("records")
    assert np.isnan(share["corrected"]) and share["uncoded"] == units.iloc[0]
    assert share["n"] == 40 - len(lost)


def test_ticks_beside_empty_cells_are_said_not_to_be_no(fill, compare, key):
    def ticked(name, unit, value):
        return (value or pd.NA) if name == "list_open" else value

    rows = UNITS["scopes"].loc[key.loc[key["kind"] == "scopes", "unit_id"]]
    yes = int(rows["list_open"].sum())
    assert yes
    with pytest.warns(match=rf"list_open says yes {yes} times, never no, and is empty {40 - yes} "):
        compare(fill("scopes", "coder_a", ticked))


def test_what_both_coders_settled_on_may_leave_out_where_they_coded_alike(fill, compare, key):
    unit, *rest = key.loc[key["kind"] == "scopes", "unit_id"]
    other = "area" if UNITS["scopes"].at[unit, "scope"] != "area" else "place"

    def one(name, each, value):
        return other if (name, each) == ("scope", unit) else value

    def settled(name, each, value):
        return one(name, each, value) if each == unit else pd.NA

    both = fill("scopes", "coder_a", one), fill("scopes", "coder_b")
    found = compare(*both, agreed=fill("scopes", "coder_a", settled, suffix="xlsx"))
    whole = compare(*both, agreed=fill("scopes", "coder_a", one, suffix="xlsx"))
    assert found.shares.equals(whole.shares) and whole.shares["n"].min() == len(rest) + 1


def said(call, *given, **how):
    """What a refusal says; nothing where there was none."""
    with pytest.raises(lq.LaoquError) as refused:
        call(*given, **how)
    return str(refused.value)


def test_names_may_be_set_apart_as_the_plan_does(fill, compare):
    path = fill("namings", "coder_b")
    text = path.read_text("utf-8")
    path.write_text(re.sub("；", "、", text), "utf-8")
    assert path.read_text("utf-8") != text
    found = compare(fill("namings", "coder_a"), path)
    assert found.differences.empty
    assert set(found.agreement.query("variable == 'places'")["value"]) == {1.0}


def test_a_bad_cell_is_named_by_row_and_column(fill, compare):
    missing = []
    for kind, column, cell, message in (
        ("segments", "measures", "改了", "the sentence was edited; only | may be put in"),
        ("segments", "measures", "{sentence}|", "measures: a | stands twice, or at an end"),
        ("namings", "places", "不在句中", "places: '不在句中' does not stand in the sentence"),
        ("scopes", "scope", "areas", "scope: unknown code 'areas'; nearest: area"),
        ("scopes", "quote", "改了", "the quotation was edited"),
        ("namings", "sentence", "改了", "the sentence was edited or moved"),
        ("scopes", "conditional", "not true", "found 'not true', expected true or false"),
        ("scopes", "id", "sc999", "unknown unit 'sc999'"),
    ):
        path = fill(kind, "coder_a")
        sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
        sheet.loc[2, column] = cell.format(sentence=sheet.loc[2, "sentence"])
        sheet.to_csv(path, index=False)
        found = said(compare, path)
        if not re.search(rf"{path.name}:4:\d+: .*{re.escape(message)}", found):
            missing.append((message, found))
    assert missing == []


def test_sheets_and_keys_that_do_not_fit_are_refused(fill, compare, drawn, tmp_path):
    path, key, new = fill("scopes", "coder_a"), drawn / "key" / "key.csv", tmp_path / "new"
    text, copy = key.read_text("utf-8-sig"), tmp_path / "copy"
    copy.write_bytes(path.read_bytes())

    def changed(name, pattern, other):
        (tmp_path / name).write_text(re.sub(pattern, other, text), encoding="utf-8")
        return tmp_path / name

    units, kinds = changed("u", "(,sc001,)[^,]+", r"\1x9"), changed("k", "scopes,", "Scopes,")
    other, late = changed("o", ",sc0", ",xx0"), changed("l", "universal", "everyone")
    empty, kit = drawn / "coder_b" / "scopes.xlsx", validation.sample
    second = kit(PLAN, tmp_path / "second", n=40, seed=8) / "key" / "key.csv"
    against = (validation.compare, PLAN, path)
    refusals = {
        "both sheets are the same file": (compare, path, copy),
        "scopes.xlsx: nothing is coded in it": (compare, path, empty),
        "coder_b/scopes.xlsx: nothing is coded": (*against, None, key, empty),
        "unknown kind of sheet 'Scopes'": (*against, None, kinds),
        "coder_a.csv:1:1: a sheet of a sample needs the key": (*against,),
        "--key key/key.csv": (*against, path),
        "the column 'kind' is missing": (*against, path, path),
        "unit_id 'x9' is unknown: is the key": (*against, None, units),
        "holds no id of the key": (*against, path, other),
        "…, which the key has not drawn: is it of this sample?": (*against, None, second),
        "stratum is 'everyone', expected universal: is": (*against, path, late),
        "is not empty: name a new folder": (kit, PLAN, drawn, 40),
        "'~nouser/x' cannot be found: no such user": (kit, PLAN, "~nouser/x", 40),
        "--seed is -1, expected 0 to 4294967285": (kit, PLAN, new, 40, -1),
        "--seed is 4294967286, expected": (kit, PLAN, new, 40, 4294967286),
        "--n is 9, expected 10 or more: 2 a stratum": (kit, PLAN, new, 9),
        "nearest: measures": (kit, PLAN, new, 40, 1, ["measure"]),
    }
    for at, column in enumerate(("units", "drawn", "probability")):
        wrong = changed(column, rf"(,sc001,(?:[^,]+,){{{at + 2}}})[^,\r\n]+", r"\g<1>0.7")
        refusals[f":{at + 5}: {column} is '0.7', expected "] = (*against, path, wrong)
    found = {message: said(*call) for message, call in refusals.items()}
    assert {message: text for message, text in found.items() if message not in text} == {}
    assert not new.exists()


def test_the_corrected_interval_covers_and_the_shipped_share_is_biased():
    rng = np.random.default_rng(11)
    strata = UNITS["measures"]["stratum"].reset_index(drop=True)
    groups = [np.flatnonzero(strata == each) for each in strata.unique()]
    sizes = sampling.allocate(strata.value_counts(), 80)
    # How often a code is used, a 0 is called 1, a 1 called 0; the bias that follows.
    for share, false_one, missed, bias in (
        (0.2, 0.15, 0.1, 0.1), (0.5, 0, 0.3, -0.15), (0.3, 0.03, 0.03, 0.012),
    ):  # fmt: skip
        covered, estimates, naive = [], [], []
        for _ in range(8):
            truth = pd.Series((rng.random(223) < share).astype(float))
            wrong = rng.random(223)
            shipped = truth.where(wrong >= np.where(truth == 1, missed, false_one), 1 - truth)
            for _ in range(30):
                rows = [rng.choice(g, sizes[strata[g[0]]], replace=False) for g in groups]
                found = sampling.corrected(shipped, truth.iloc[np.concatenate(rows)], strata)
                covered.append(found["low"] <= truth.mean() <= found["high"])
                estimates.append(found["corrected"] - truth.mean())
                naive.append(found["shipped"] - truth.mean())
        assert np.mean(covered) >= 0.93
        assert np.mean(naive) == pytest.approx(bias, abs=0.035)
        assert abs(np.mean(estimates)) < 0.01


def test_no_wrong_code_in_a_sample_is_not_none_in_the_plan():
    ones, strata = pd.Series(1.0, range(223)), pd.Series("S", range(223))
    found = sampling.corrected(ones, ones.iloc[:60], strata)
    assert found["corrected"] == found["high"] == 1
    assert 0.93 < found["low"] < 0.97
    assert sampling.corrected(ones, ones, strata)["low"] == 1  # everything was coded
    nobody = sampling.corrected(ones, ones.iloc[:60], strata.where(strata.index < 100, "E"))
    assert np.isnan(nobody["corrected"])


def test_what_does_not_fit_on_the_disk_leaves_nothing(tmp_path, monkeypatch):
    given = PLAN.table("measures"), PLAN.codebook(), tmp_path / "sheet.xlsx", PLAN.sentences()
    panel = lq.panel(monitor.synthetic(PLAN, range(2020, 2022)))
    with monkeypatch.context() as full:
        no_space = OSError(errno.ENOSPC, "No space left on device")
        full.setattr("os.fdopen", Mock(side_effect=no_space))
        full.setattr(Path, "write_bytes", Mock(side_effect=no_space))
        said = [refused(validation.sample, PLAN, tmp_path / "kit")]
        said.append(refused(sheets.template, *given))
        said += [refused(panel.to_file, tmp_path / f"p.{form}") for form in ("csv", "dta", "xlsx")]
    assert [text for text in said if "cannot be written: No space left" not in text] == []
    assert list(tmp_path.iterdir()) == []


def test_the_commands_write_and_read_back(fill, drawn, tmp_path, capsys):
    assert main(["coding", "sample", "--to", str(tmp_path / "new"), "--n", "20",
                 "--what", "namings", "--form", "csv"]) == 0  # fmt: skip
    assert "namings: 20 units\n" in capsys.readouterr().out
    assert main(["coding", "sample", "--to", str(tmp_path / "all"), "--n", "99999",
                 "--what", "namings", "--form", "csv"]) == 0  # fmt: skip
    assert "108 units, all there are: fewer than the 99999 asked" in capsys.readouterr().out
    assert (tmp_path / "new/coder_b/namings.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    key = str(drawn / "key" / "key.csv")

    def wrong(name, unit, value):
        return ("山东",) * ("山东" in UNITS["namings"].at[unit, "sentence"]) + value[1:]

    sheets = [str(fill("namings", "coder_a", wrong)), str(fill("namings", "coder_b"))]
    compared = ["coding", "compare", *sheets, "--key", key]
    capsys.readouterr()
    assert main([*compared, "--to", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"a–b +places +alpha_masi +0\.\d", shown)
    assert re.search(r"places +number +2\.574 +\d", shown)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "agreement.csv", "confusion.csv", "differences.csv", "shares.csv",
    ]  # fmt: skip
    assert main([*compared, "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"一致程度\n\n编码者 +变量 +指标 .*\na–b +地名 +α（集合） +0\.\d", shown)
    assert not re.search("agreement|places|alpha|unit_id", shown)


def test_the_tables_of_the_protocol_are_those_of_the_command():
    make = runpy.run_path(str(paths.checkout() / "tools" / "validation_tables.py"))["table"]
    for page, lang in (("validation.md", "en"), ("validation.zh.md", "zh")):
        text = (paths.checkout() / "docs" / page).read_text(encoding="utf-8")
        assert all(make(name, lang) in text for name in ("precision", "power")), page


def test_codes_in_small_letters_are_codes_and_an_empty_column_is_not_none(fill, compare):
    def small(name, unit, value):
        more = name.endswith("_more")
        return "" if more else value.lower() if isinstance(value, str) else value

    found = compare(fill("measures", "coder_a", small), None)
    assert found.differences.empty and not found.shares.empty
    assert not found.agreement["variable"].str.endswith("_more").any()
