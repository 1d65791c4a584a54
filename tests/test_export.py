"""Treatment tables as files, the simulation behind their warning, its figure and tables."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pytest
from drawing import assert_text_fits

import laoqu as lq
from laoqu import paths
from laoqu.analysis import simulation, treatment
from laoqu.analysis.estimators import NEVER
from laoqu.cli import main
from laoqu.figures import treatment as figures
from laoqu.publication import export, files
from laoqu.publication import treatment as tables

KEY = "national_key_county"
LANGS = ("zh", "en")


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "out"))
    return tmp_path / "out"


def read(data):
    codes = {"county_code": "str", "list_total": "str"}
    return pd.read_csv(io.BytesIO(data), dtype=codes, keep_default_na=False)


def test_the_tables_say_na_in_words_and_leave_nothing_out(plan):
    made = export.files(plan)
    county, panel = read(made[export.COUNTY]), read(made[export.PANEL])
    assert list(county)[: len(treatment.COLUMNS)] == treatment.COLUMNS
    assert county["ever_treated"].value_counts().to_dict() == {"NA": 2599, "0": 428, "1": 134}
    assert len(panel) == len(county) * len(export.YEARS)
    assert set(panel.loc[panel["ever_treated"] == "NA", "treated"]) == {"NA"}
    assert county["interaction"].str.contains(r"national_key_county=[01]|key_city=").all()
    assert b"\r" not in b"".join(made.values())


@pytest.mark.parametrize("name", sorted(NEVER))
def test_a_panel_for_an_estimator_holds_no_unknown_unit(plan, name):
    made = export.files(plan, name, [KEY], range(2018, 2024), universe="all")
    panel = read(made[export.PANEL])
    assert set(panel["ever_treated"]) == {0, 1}
    assert len(panel) == 481 * 6
    never = panel.loc[panel["control"] == 1, "first_treat"].unique().tolist()
    assert never == ([""] if np.isnan(NEVER[name]) else [NEVER[name]])
    words = made[export.README].decode("utf-8")
    assert "2,366 units of unknown status were dropped (14,196 rows)" in words
    assert "已剔除状态未知的单位 2,366 个（14,196 行）" in words


def test_the_readme_warns_counts_dates_and_cites_in_both_languages(plan):
    words = export.files(plan, channels=[KEY])[export.README].decode("utf-8")
    for text in (
        "chosen for hardship", "因困难而入选", "NA is not 0", "NA 不是 0", "2021-12-31",
        "53 treated, 428 untreated, 0 unknown", "first treated year 2022", "2021-12-01",
        str(plan.source["title"]), f"laoqu {lq.__version__}",
    ):  # fmt: skip
        assert text in words, text
    assert "{" not in words
    english = words.split("# Treatment")[1]
    for quoted in ("等", "国家发展改革委（2021）", str(plan.source["title"])):
        english = english.replace(quoted, "")
    assert not re.search("[㐀-鿿]", english)


def test_the_command_writes_into_a_folder_of_its_own(outputs, tmp_path, capsys):
    assert main(["export", "--channel", KEY, "--years", "2020-2023"]) == 0
    assert {p.name for p in (outputs / "treatment").iterdir()} == {
        export.COUNTY, export.PANEL, export.README,
    }  # fmt: skip
    assert "read README.md first" in capsys.readouterr().out
    assert main(["export", "--to", str(tmp_path / "a" / "b"), "--estimator", "did",
                 "--channel", KEY, "--universe", "all"]) == 0  # fmt: skip
    first = (tmp_path / "a/b/treatment_panel.csv").read_bytes()
    assert main(["export", "--to", str(tmp_path / "a" / "b"), "--estimator", "did",
                 "--channel", KEY, "--universe", "all"]) == 0  # fmt: skip
    assert (tmp_path / "a/b/treatment_panel.csv").read_bytes() == first
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--estimator", "did"], "takes one channel: name it"),
        (["--estimator", "dic", "--channel", KEY], "unknown estimator 'dic'; nearest: did"),
        (["--estimator", "did", "--channel", "power_county"], "known to be untreated"),
        (["--estimator", "sunab", "--channel", KEY, "--years", "2022-2024"], "starts in 2022"),
        (["--channel", "power_countie"], "nearest: power_county"),
        (["--channel", "provincial_key_county"], "names no county"),
        (["--first-treat", "signed"], "unknown date"),
        (["--years", "2024-2015"], "span of years"),
        (["--years", "all"], "span of years"),
    ],
)
def test_misuse_is_said_and_writes_nothing(outputs, capsys, given, said):
    assert main(["export", *given]) == 2
    assert said in capsys.readouterr().err
    assert not outputs.exists()


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.docx").write_text("mine", encoding="utf-8")
    assert main(["export", "--to", str(tmp_path)]) == 2
    assert "holds thesis.docx, which is no part of an export" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]
    assert main(["export", "--to", str(tmp_path / "thesis.docx")]) == 2
    assert "is a file, expected a folder" in capsys.readouterr().err


def test_an_export_is_whole_or_as_it_was(tmp_path, monkeypatch):
    folder = tmp_path / "t"
    files.place(folder, {"README.md": b"old"})

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    with pytest.raises(lq.OutputError, match="No space left"):
        files.place(folder, {"README.md": b"new", "b.csv": b"x"})
    monkeypatch.undo()
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {"README.md": b"old"}
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


def test_a_folder_that_cannot_be_moved_into_place_is_put_back(tmp_path, monkeypatch):
    folder, move = tmp_path / "t", type(tmp_path).replace
    files.place(folder, {"README.md": b"old"})

    def fail(path, target):
        if path.name.startswith(paths.BESIDE) and not path.name.startswith(paths.REPLACED):
            raise OSError(13, "Permission denied")
        return move(path, target)

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(lq.OutputError, match="Permission denied"):
        files.place(folder, {"README.md": b"new"})
    monkeypatch.undo()
    assert (folder / "README.md").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


# the simulation


def test_unknown_left_in_halves_the_effect_and_dropped_does_not():
    table = simulation.compare().set_index("rule")
    assert table.loc["left_in", "expected"] == 0.5
    assert table.loc["left_in", "low"] < 0.49 < table.loc["left_in", "high"] < 1
    assert table.loc["dropped", "low"] < 0.99 < table.loc["dropped", "high"]
    assert table["estimate"].tolist() == pytest.approx(table["expected"].tolist(), abs=0.02)


def test_the_bias_is_the_treated_share_of_the_controls():
    # Without noise to speak of: 1 - 87 / 476 for the list of 92 with five names.
    table = simulation.compare(treated=5, untreated=0, hidden=87, unknown=389, draws=4000)
    row = table.set_index("rule").loc["left_in"]
    assert row["share"] == 87 / 476
    assert row["estimate"] == pytest.approx(1 - 87 / 476, abs=0.02)
    assert table.set_index("rule").loc["dropped", ["estimate", "low", "high"]].isna().all()


def test_the_simulation_is_seeded_and_linear_in_the_effect():
    pd.testing.assert_frame_equal(simulation.compare(draws=20), simulation.compare(draws=20))
    one, three = (simulation.compare(draws=20, effect=effect)["estimate"] for effect in (1, 3))
    share = simulation.compare(draws=20)["share"]
    assert (three - one).tolist() == pytest.approx((2 * (1 - share)).tolist())


@pytest.mark.parametrize("given", [{"treated": 0}, {"hidden": -1}, {"before": 0}, {"draws": 0}])
def test_impossible_simulations_are_refused(given):
    with pytest.raises(lq.LaoquError, match="expected more"):
        simulation.compare(**given)


def test_shares_outside_are_refused():
    with pytest.raises(lq.LaoquError, match="expected 0 or more and less than 1"):
        simulation.by_share([1.0])


# tables and figure


@pytest.fixture(scope="module")
def counted(plan):
    frames = plan.mentions(), plan.membership(), plan.gazetteer()
    rules = plan.table("treatment_channels"), plan.table("treatment_dates")
    return treatment.summary(treatment.counties(*frames, *rules)), rules[0]


@pytest.mark.parametrize("lang", LANGS)
def test_tables_are_in_their_language_and_show_every_channel(counted, lang):
    block = tables.statuses(*counted, lang)
    assert len(block.rows) == 10
    assert sum(row[2] == "–" for row in block.rows) == 1
    for each in (
        block,
        tables.simulated(simulation.compare(draws=10), lang),
        tables.conventions(lang),
    ):
        words = each.title + each.lead + each.note
        assert "{" not in words
        assert bool(re.search("[㐀-鿿]", words)) == (lang == "zh")


def test_conventions_name_every_estimator():
    assert [row[0] for row in tables.conventions("en").rows] == list(NEVER)


@pytest.mark.parametrize("lang", LANGS)
def test_the_figure_draws_its_data_and_no_text_is_cut_off(lang):
    case = simulation.compare(treated=5, untreated=0, hidden=87, unknown=389, draws=20)
    table = simulation.by_share([0, 0.2, 0.5, 0.7], draws=20)
    drawn = figures.hidden(table, case, 92, lang)
    assert drawn.name == "treatment_hidden"
    assert_text_fits(drawn.figure)
    assert drawn.data is table
    assert "92" in drawn.caption and "476" in drawn.caption
    for text in (drawn.alt, drawn.caption):
        assert "{" not in text
        assert bool(re.search("[㐀-鿿]", text)) == (lang == "zh")
    assert drawn.png() == drawn.png()


def test_dates_and_channels_are_documented_data(plan):
    dates = plan.table("treatment_dates")
    assert dict(zip(dates["date_id"], dates["date"], strict=True)) == {
        "key_list": "2021-08-27", "opinion_dated": "2021-01-24", "opinion_public": "2021-02-20",
        "plan_reported": "2021-12-01",
    }  # fmt: skip
    assert str(plan.source["reported"]) == "2021-12-01"
    assert (paths.data() / "curated" / "treatment_channels.csv").is_file()
