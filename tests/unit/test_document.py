"""The parsed document: invariants over every character, known joins, siblings, bad input."""

import re

import pytest
from fixture import PLAN, refuses
from hypothesis import given, settings
from hypothesis import strategies as st

from laoqu import document, layout
from laoqu.errors import DataError

DOC = PLAN.document
LENGTH = len(DOC.canonical)


def bare(text: str) -> str:
    """Remove white space and page marks, the way the issue defines canonical characters."""
    return re.sub(r"\s", "", re.sub(r"^— \d+ —$", "", text, flags=re.MULTILINE))


def test_structure_is_that_of_the_plan():
    assert (len(DOC.raw), LENGTH) == (7978, 7387)
    assert list(DOC.parts) == [f"p{n}" for n in range(1, 6)]
    parts = [clause.part for clause in DOC.clauses.values()]
    assert [parts.count(part) for part in DOC.parts] == [0, 4, 4, 5, 3]
    assert DOC.clauses["c07"].title == "支持革命老区重点城市发展"
    assert list(DOC.clauses) == [f"c{n:02d}" for n in range(1, 17)]
    assert list(DOC.boxes) == ["b1", "b2", "b3", "b4"]
    assert [DOC.raw.count("\n", 0, at) + 1 for at in DOC.page_starts] == [
        1, 39, 82, 125, 172, 217, 260, 307, 357, 402, 449, 492, 538
    ]  # fmt: skip


def test_every_character_belongs_to_exactly_one_unit_whose_raw_spans_hold_its_text():
    assert "".join(unit.text for unit in DOC.units) == DOC.canonical
    assert len({unit.unit_id for unit in DOC.units}) == len(DOC.units)
    end = 0
    for unit in DOC.units:
        assert (unit.start, DOC.canonical[unit.start : unit.end]) == (end, unit.text), unit
        assert "".join(bare(DOC.raw[a:b]) for a, b in unit.spans) == unit.text, unit
        assert tuple(DOC.to_raw(unit.start, unit.end)) == unit.spans, unit
        end = unit.end
    # Reading order moves boxes; put back into raw order nothing is lost, added or changed.
    order = sorted(range(LENGTH), key=lambda i: DOC.to_raw(i, i + 1)[0].start)
    assert "".join(DOC.canonical[i] for i in order) == bare(DOC.raw)


def test_only_the_cut_sentences_and_box_1_have_two_spans():
    cut = {unit.unit_id: len(unit.spans) for unit in DOC.units if len(unit.spans) > 1}
    assert cut == {"b1.s02": 2, "c06.s03": 2, "c07.s06": 2}
    assert "县域经济发展，推进重点县城建设" in DOC.clauses["c06"].text
    assert "沿边开发开放中加快发展，支持张家界" in DOC.clauses["c07"].text
    assert "环江县、巴马县、" in DOC.boxes["b1"].text


def test_worked_examples_of_the_methods_note_stand_at_their_raw_offsets():
    for clause, start, end, begins, ends in [
        ("c14", 6671, 6737, "将赣闽粤", "支持范围。"), ("c04", 1451, 1537, "对位于", "发展能力。"),
        ("c10", 4867, 4908, "支持赣闽粤", "产业基地。"),
        ("c08", 3805, 3855, "有条件的地方", "卫生人才。"),
        ("c15", 7454, 7539, "鼓励政策性", "给予支持。"),
        ("c13", 6528, 6574, "支持革命老区探索", "交易市场。"),
        ("c04", 1537, 1617, "支持赣闽粤", "重点帮扶县。"),
    ]:  # fmt: skip
        (span,) = DOC.to_canonical(start, end)
        text = DOC.canonical[span.start : span.end]
        assert text.startswith(begins) and text.endswith(ends)
        assert DOC.unit_at(span.start).clause_id == clause


def ranges(size: int) -> st.SearchStrategy:
    return st.tuples(st.integers(0, size), st.integers(0, size)).map(sorted)


@given(ranges(LENGTH), ranges(len(DOC.raw)))
@settings(max_examples=200, deadline=None)
def test_offsets_lead_both_ways_from_any_span(span, raw):
    back = [part for a, b in DOC.to_raw(*span) for part in DOC.to_canonical(a, b)]
    assert {i for a, b in back for i in range(a, b)} == set(range(*span))
    text = "".join(DOC.canonical[a:b] for a, b in DOC.to_canonical(*raw))
    assert sorted(text) == sorted(DOC.raw[i] for i in range(*raw) if DOC.to_canonical(i, i + 1))


SIBLING = """某省支持革命老区振兴
实施方案

为落实有关要求，制定本方案。

一、总体要求

坚持统筹推进。

二、重点任务

（一）做好帮扶。支持甲县发展。推

专栏 1 重点县

甲县、乙县。
进乙县建设。

（二）发展产业。建设基地。

专栏 2 产业平台

农业平台建设。支持创建园区。
工业平台建设。支持创建基地。

（三）加强组织。落实责任。
"""


def test_a_sibling_plan_is_read_by_convention_and_its_own_layout():
    at = SIBLING.split("\n").index("专栏 1 重点县") + 1
    doc = document.parse(SIBLING, {"piece": [{"box": 1, "lines": [at, at + 2]}]})
    assert " ".join(unit.unit_id for unit in doc.units) == (
        "title pre.s01 p1.h p1.s01 p2.h c01.h c01.s01 c01.s02 b1.h b1.s01 c02.h c02.s01 b2.h "
        "b2.t01 b2.s01 b2.t02 b2.s02 c03.h c03.s01"
    )
    assert doc.unit("c01.s02").text == "推进乙县建设。"
    assert doc.unit("title").text == "某省支持革命老区振兴实施方案"
    assert doc.boxes["b2"].part == "p2"
    assert "".join(unit.text for unit in doc.units) == doc.canonical


def test_a_number_out_of_order_and_offsets_outside_the_text_are_refused():
    for old, new, line, message in [
        ("（二）发展", "（四）发展", 19, "found clause 四 (4), expected number 2"),
        ("二、重点", "三、重点", 10, "found part 三 (3), expected number 2"),
        ("专栏 2", "专栏 3", 21, "found box 专栏3 (3), expected number 2"),
    ]:
        with pytest.raises(DataError) as caught:
            document.parse(SIBLING.replace(old, new), name="plan.txt")
        assert (caught.value.file, caught.value.line) == ("plan.txt", line)
        assert message in str(caught.value)
    for bad in [(-1, 3), (5, 4), (0, LENGTH + 1)]:
        refuses(ValueError, "offsets must satisfy", DOC.to_raw, *bad)


@given(st.text(alphabet="一二、（）。 \n专栏1— 县支持", max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text_is_parsed_whole_or_refused(text):
    try:
        doc = document.parse(text)
    except DataError:
        return
    assert "".join(unit.text for unit in doc.units) == doc.canonical
    kept = (line for line in text.split("\n") if not layout.PAGE_MARK.match(line))
    assert sorted(bare(doc.canonical)) == sorted(bare("\n".join(kept)))
