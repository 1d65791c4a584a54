"""3,000 generated inputs: none but our own errors, none over a second, nothing written elsewhere.

An entry is a row of `ENTRIES`: how many inputs, how one is made, what it is given to.
"""

import gc
import random
import time
from contextlib import suppress

import pytest
from fixture import PLAN

import laoqu as lq
from laoqu import cli, document, interchange, membership, paths, sheets, validation
from laoqu.run.parameters import Notebook, read_sets

#: What is imported and read at a first use, characters too, is so before a clock runs.
USED = (interchange, validation, lq.resolve_place("環縣"))
TEXT = PLAN.document.raw
BOOK = Notebook("10_region_report")
TABLES = [
    "region,adcode,name\n沂蒙,371302,兰山区\n川陕,510722,三台县\n",
    "老区;县;日期\n左右江;靖西县;2010-01-01\n大别山;金寨;44561\n",
    "年份,行政区划代码,县名,gdp,pop\n2018,341524,金寨县,100.5,30\n2019,341524,金寨县,1e3,31\n",
    "county\tyear\tvalue\n451025\t2012\t3\n451081\t2016\t-\n",
    "measure_id,quote,instrument,theme\nc01.s01.m1,x,S1,T01\n",
    "region,lang\nyimeng,zh\n川陕,en\n",
    "- region: 沂蒙\n  lang: zh\n- {region: taihang, lang: [en]}\n",
]
WORDS = [
    "环县", "沂蒙", "朝阳区", "市辖区", "靖西", "甘肃省", "huanxian", "Lu'an", "環縣", "371302",
    "371302000000", "451025", "c07", "c07.s06.m2", "b2", "yimeng", "zh", "zh,en", "2021", "-1",
    "1e400", "nan", "１２", "", " ", "\x00", "\ud800", "\u202e", "e\u0301", "𠮷", "'", '"', "=1+1",
    "../x", "~nouser", "{where}", "%s", "<b>", "[", "(?<", "*", "#", ";", ",", "\n", "\r", "\t",
    "一、", "（一）", "专栏1", "第一章", "等。", "a" * 300, "汉" * 300, "[" * 400, "9" * 400,
    "null", "true", "2021-13-45", "!!x",
]  # fmt: skip
VERBS = ["show", "codebook", "card", "report", "plan", "run", "monitor", "export", "coding"]
OPTIONS = ["--within", "--lang", "--formats", "--jobs", "--timeout", "-p", "--params", "--outcome",
           "--estimator", "--channel", "--years", "--area", "--kernel", "--universe"]  # fmt: skip


def word(draw: random.Random) -> str:
    return "".join(draw.choices(WORDS, k=draw.choice([1, 1, 1, 2, 3])))


def changed(draw: random.Random, text: str) -> str:
    for _ in range(draw.choice([0, 1, 1, 2, 6])):
        a = draw.randrange(len(text) + 1)
        b = a + draw.choice([0, 1, 5, 400])
        cut = draw.choice(["", text[a:b] * 2, text[a:b][::-1], word(draw)])
        text = text[:a] + cut + text[b:]
    return text


def a_file(draw: random.Random, folder) -> object:
    suffix = draw.choice(["csv", "csv", "csv", "txt", "xlsx", "yaml", "dta", "parquet"])
    encoding = draw.choice(["utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16"])
    path = folder / f"table.{suffix}"
    data = changed(draw, draw.choice(TABLES)).encode(encoding, "ignore")
    path.write_bytes(draw.choice([data, data, data, draw.randbytes(200)]))
    return path


def arguments(draw: random.Random, folder) -> list[str]:
    """A command line that starts no run."""
    verb = draw.choice(VERBS)
    given = [verb, *(["compare"] if verb == "coding" else [])]
    given += draw.choice([[], [word(draw)], [str(a_file(draw, folder))]])
    for option in draw.sample(OPTIONS, draw.choice([0, 0, 1, 2])):
        given += [option, draw.choice([word(draw), f"{word(draw)}={word(draw)}"])]
    ends = {"export": ["--years", "?" + word(draw)], "show": [], "codebook": [], "coding": []}
    return given + ends.get(verb, ["--why"])


def a_place(draw: random.Random, _) -> dict:
    year = draw.choice([2010, 1900, 10**30, word(draw)])
    maybe = {"within": word(draw), "level": draw.choice(["county", word(draw)]), "year": year}
    return {"name": word(draw), **{key: maybe[key] for key in maybe if draw.random() < 0.3}}


def own_sheet(path) -> None:
    with suppress(lq.LaoquError):
        membership.read(path, PLAN._tables)
    sheets.read(path, PLAN.table("measures"), PLAN.codebook())


def passage(draw: random.Random, _) -> str:
    start = draw.randrange(len(TEXT))
    return changed(draw, TEXT[start : start + draw.choice([0, 50, 1500])])


ENTRIES = {
    "resolver": (900, a_place, lambda given: lq.resolve_place(**given)),
    "names": (300, lambda draw, _: word(draw), lambda text: (PLAN.find(text), PLAN.describe(text))),
    "parameters": (400, lambda draw, _: {draw.choice(["region", "lang", word(draw)]): word(draw)},
                   lambda given: BOOK.place(BOOK.check(BOOK.parse(given), {}))),
    "sets": (250, a_file, lambda path: [BOOK.parse(each) for each in read_sets(path).values()]),
    "command line": (200, arguments, cli.main),
    "sheets": (300, a_file, own_sheet),
    "panels": (250, a_file, lq.panel),
    "text": (400, passage, document.parse),
    "read": (300, passage, lq.read),
}  # fmt: skip


def stamps() -> dict:
    kept = [path for folder in (paths.data(), paths.notebooks()) for path in folder.rglob("*")]
    return {path: path.stat().st_mtime_ns for path in kept}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for inputs, and proof at the end that no other than the outputs was written to."""
    for name in ("inputs", "outputs", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(lq, "load", lambda: PLAN)
    before = stamps()
    gc.collect()
    gc.freeze()  # what other tests have left is none of an input's time
    yield tmp_path / "inputs"
    gc.unfreeze()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "inputs", "outputs"]
    assert not list((tmp_path / "here").iterdir())
    assert stamps() == before


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ENTRIES)
def test_any_input_is_answered_or_refused_by_us(name, folder, capsys):
    number, make, call = ENTRIES[name]
    draw, failed = random.Random(f"laoqu {name}"), []
    for _ in range(number):
        given = make(draw, folder)
        began = time.process_time()
        try:
            call(given)
        except lq.LaoquError as error:
            assert str(error).encode("utf-8")
        except BaseException as error:
            failed.append((given, repr(error)[:300]))
        if (took := time.process_time() - began) > 1:
            failed.append((given, f"took {took:.1f} s"))
    assert failed == []
