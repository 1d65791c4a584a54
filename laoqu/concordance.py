"""A second document: any plan of the genre read as ours is, its places and figures, parallels."""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd

from laoqu import (
    citation,
    document,
    formats,
    measures,
    namings,
    numerals,
    paths,
    schema,
)
from laoqu.document import Document
from laoqu.errors import DataError, LaoquError, Problem, guard, guard_methods
from laoqu.grid import check_size
from laoqu.layout import BOX_HEAD, HEAD, LINE_END, NUMERALS, number, prints
from laoqu.plan import Plan, kept
from laoqu.spelling import simplified
from laoqu.succession import FIRST, LAST

#: More characters or bytes are refused unread: the longest plans have about 100,000 characters.
MOST, MOST_BYTES, MOST_PAIRS = 500_000, 20_000_000, 1_000_000
NO_HEADING = (
    "no line begins with a heading (一、 （一） 第一章 第一条 1.): give each a line of its own, an "
    "excerpt numbers from one"
)
NO_FILE = "; if {!r} should be a file, there is none of this name"
IN_WORD = "; numbers that Word sets by itself are no text: save as .txt"
FILE_NAME = re.compile(
    r"[^\n。；]{1,1000}\.(?:txt|md|docx?|pdf|rtf|html?|wps|odt|xls[xm]?|ods)", re.I
)
#: A year, or a five-year plan: 2011, 二〇一一年, “十二五”规划.
YEAR_IN = re.compile(
    r"(?<!\d)(?P<year>\d{4}|[〇零一二三四五六七八九]{4}(?=年))(?!\d)"
    r"|(?P<plan>[六七八九十]|十[一二三四五])五(?=[”’」』\"]|规划|计划|纲要|时期|期间)"
)
#: The first plan would have begun five years later.
BEFORE_PLANS = 1951
NO_CHARACTER = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffd\ud800-\udfff]")
HAN = re.compile("[\u4e00-\u9fff]")
#: What opens a heading, a box or an item is no figure, if it is no decimal (`tight`).
MARK = re.compile(
    f"{BOX_HEAD.pattern}|(?![{NUMERALS}]、[{NUMERALS}][十百千万亿]){HEAD.pattern}(?(tight)(?!))"
)
#: Units in which a number may be cut: no titles, no dates.
WORDS = {"heading", "sentence", "line", "item_title"}
MENTIONS = [
    "printed", "status", "level", "name", "adcode", "province", "prefecture", "region_id",
    "unit_id", "clause_id", "page", "start", "end", "list_open", "candidates", "note",
]  # fmt: skip
AREAS = [
    "name", "adcode", "level", "prefecture", "province", "namings", "region_id", "known",
    "confidence", "counties",
]  # fmt: skip
COMPARED = [
    "clause_id", "clause", "title", "sentences", "other_id", "other", "other_title",
    "other_sentences", "n_terms", "terms", "n_places", "places", "similarity",
]  # fmt: skip


@guard_methods
class Text(Document):
    """A second document, as `read` gives it: a `Document` that knows places and figures."""

    @cached_property
    def simple(self) -> str:
        """The canonical text in simplified characters, one for one: offsets stay."""
        names = namings.gazetteer(paths.data(), self.year)
        return simplified(self.canonical, names.characters)

    @cached_property
    def year(self) -> int | None:
        """The year of the document number, the date line or the title, None where there is none.

        That of a span of years, or of a five-year plan, is its first.
        """
        until = next((n for n, unit in enumerate(self.units) if unit.kind == "heading"), None)
        head = [unit for unit in self.units[:until] if unit.kind != "sentence"]
        dated = [unit for unit in self.units if unit.kind in ("number", "date")]
        years = (
            _year(found)
            for unit in dated + head
            for found in YEAR_IN.finditer(simplified(unit.text))
        )
        return next((year for year in years if FIRST <= year <= LAST), None)

    def cite(self, rows: object) -> pd.DataFrame:
        """Return the exact words for rows with ``start`` and ``end``, ids of units, or spans.

        One row per row: words, passage, page, offsets, ``raw`` spans, ``line``, ``citation``.
        """
        return citation.cite(self, rows)

    def mentions(self) -> pd.DataFrame:
        """Return every naming of a place.

        One row per naming, the columns `MENTIONS`. ``status`` is ``named`` (one unit: its code of
        the end of 2021), ``ambiguous`` (several bear the name: ``candidates``) or ``doubtful``
        (may be no name: a short form by itself); ``note`` says by what a name was narrowed.
        ``list_open``: its list ends in 等. ``region_id``: areas it lies in, none means unknown.
        """
        return self._mentions.copy(deep=False)

    @cached_property
    def _mentions(self) -> pd.DataFrame:
        names = namings.gazetteer(paths.data(), self.year)
        above: dict[str, list[str]] = {}
        rows = []
        for unit in self.units:
            outer = [*above.get(unit.clause_id, ()), *above.get("title", ())]
            first, last = max(unit.start - namings.AROUND, 0), unit.end + namings.AROUND
            around = self.simple[first : unit.start], self.simple[unit.end : last]
            found = names.namings(self.simple[unit.start : unit.end], outer, around)
            if unit.kind in ("title", "heading"):
                codes = [each.adcode for each in found if each.adcode]
                above[unit.clause_id] = [c for c in codes if names.units.level[c] != "county"]
            for each in found:
                start, end = unit.start + each.start, unit.start + each.end
                rows.append(vars(each) | {
                    "unit_id": unit.unit_id, "clause_id": unit.clause_id, "start": start,
                    "end": end, "page": self.page_of(start), "printed": self.canonical[start:end],
                })  # fmt: skip
        columns = ["adcode", "name", "level", "province", "prefecture"]
        plan = kept(paths.state())
        units = plan.gazetteer()[columns]
        table = pd.DataFrame(rows, columns=[c for c in MENTIONS if c not in units or c == "adcode"])
        table = table.merge(units, how="left", on="adcode")
        table[units.columns] = table[units.columns].fillna("")
        inside = plan._place_areas().groupby("adcode")["region_id"].agg(";".join)
        is_area = table["region_id"] != ""
        table["level"] = table["level"].mask(is_area, "area")
        table["region_id"] = table["region_id"].where(is_area, table["adcode"].map(inside))
        return table.fillna({"region_id": ""})[MENTIONS]

    def areas(self) -> pd.DataFrame:
        """Return in which of the twelve areas the counties and cities lie that the text names.

        One row per named unit and area, the columns `AREAS`, in the order of the text. ``known`` is
        false where no source puts the unit into an area: unknown, not outside. A city is in an area
        by its ``counties`` that are documented there.
        """
        named = self._mentions.query("status == 'named' and level in ['county', 'prefecture']")
        table = named.drop_duplicates("adcode").drop(columns="region_id")
        table = table.merge(kept(paths.state())._place_areas(), how="left", on="adcode")
        table["namings"] = table["adcode"].map(named["adcode"].value_counts()).astype("int64")
        table["known"] = table["region_id"].notna()
        table["counties"] = table["counties"].astype("Int64")
        return table.fillna({"region_id": "", "confidence": ""})[AREAS]

    def figures(self) -> pd.DataFrame:
        """Return the numbers that are printed, with their units.

        One row per number: ``number``, ``unit`` (万亩, 亿元, %), its place and 12 characters either
        side. Chinese numerals count where they can be nothing else (三万亩); without a certain
        value (数十个, 1，234) is no ``number``, and ``problems`` says so; numbers of headings,
        boxes and documents are none.
        """
        table = citation.found(self, [row[:2] for row in self._figures])
        table = table.rename(columns={"quote": "printed"})
        return table.assign(
            number=[row[2] for row in self._figures], unit=[row[3] for row in self._figures]
        )

    @cached_property
    def _figures(self) -> list[tuple[int, int, float, str]]:
        stretches: list[list[document.Unit]] = []
        for before, unit in pairwise([None, *self.units]):
            if before and self._cut(before, unit):
                stretches[-1].append(unit)
            else:
                stretches.append([unit])
        rows = []
        for unit, *more in stretches:
            at, text = unit.start, self._counted[unit.start : [unit, *more][-1].end]
            mark = MARK.match(text)
            for start, end, value, name in numerals.figures(text, mark.end() if mark else 0):
                if unit.kind != "number":
                    first, last = self._raw_of[at + start], self._raw_of[at + end - 1]
                    cut = any(start < each.start - at < end for each in more)
                    # the sentence goes on behind its comma, and perhaps no number
                    cut = cut or re.search(r",\s*[\r\n]", self.raw[first:last])
                    rows.append((at + start, at + end, math.nan if cut else value, name))
        return rows

    def _cut(self, before: document.Unit, unit: document.Unit) -> bool:
        """Whether a number may begin in one unit and go on in the next, which is no table's row."""
        at, end = unit.start, min(unit.start + 16, unit.end)
        mark = MARK.match(self._counted, before.start, at)
        if not {before.kind, unit.kind} <= WORDS or ("\t" in before.text and "\t" in unit.text):
            return False
        if (mark and mark.end() == at) or MARK.match(self._counted, at, unit.end):
            return False
        one_line = self._raw_of[at] == self._raw_of[at - 1] + 1
        return any(
            first < at < last and (one_line or self._counted[first] not in ".．")  # 投入.5亿元
            for first, last in numerals.runs(self._counted, max(before.start, at - 16), end)
        )


@guard
def read(text_or_file: str | Path, layout: dict[str, object] | None = None) -> Text:
    r"""Read a Chinese plan, from a text or a file, into the same form as ours, without codes.

    Parameters
    ----------
    text_or_file : str or path
        The text itself, in simplified or traditional characters,
        or a file: plain text (UTF-8, GBK, UTF-16), .docx, .odt or .html. PDF,
        RTF and old Word files are refused with how to save their text.
    layout : dict, optional
        What is special to this text, as one table of ``data/curated/layout.toml`` says it: where a
        box that floats into a sentence ends.

    Raises
    ------
    LaoquError
        When there is no such file, it is no text, or nothing in it is a heading.

    Examples
    --------
    >>> import laoqu as lq
    >>> text = lq.read("某方案\n一、任务\n支持甘肃环县、镇原县等建设3个产业园，面积2万亩。")
    >>> text.mentions()[["printed", "adcode", "list_open"]].values.tolist()
    [['甘肃', '620000', False], ['环县', '621022', True], ['镇原县', '621027', True]]
    >>> text.figures()[["number", "unit"]].values.tolist()
    [[3.0, '个'], [2.0, '万亩']]
    """
    file, name = _source(text_or_file)
    raw, parsed, at = file.text, None, 0
    simple = simplified(raw)
    hint = NO_FILE.format(raw.strip()[:12]) if name == "text" else IN_WORD * bool(file.told)
    why = NO_HEADING + hint
    if not raw.strip():
        why = "is empty: there is no text to read"
    elif len(raw) > MOST:
        why = f"has {len(raw):,} characters, more than {MOST:,}: is this one plan?"
    elif bad := NO_CHARACTER.search(raw):
        at = bad.start()
        why = f"U+{ord(bad[0]):04X} is no character of a text: save the file as UTF-8 text"
    elif any(map(HEAD.match, LINE_END.split("".join(filter(prints, simple))))):
        layout = _floating(file, simple, layout or {})
        parsed = document.parse(simple, layout, name, strict=False, printed=raw)
    if parsed is None or not parsed.passages:
        line, column = raw.count("\n", 0, at) + 1, at - raw.rfind("\n", 0, at)
        raise DataError([Problem(name, line, column, why)])
    text = _text(parsed)
    told = [Problem(name, line, 1, message) for line, message in [*file.told, *_unread(text)]]
    return replace(text, problems=(*text.problems, *told))


def _floating(file: formats.Opened, text: str, layout: dict[str, object]) -> dict[str, object]:
    """Return the layout with the text boxes of a file that are boxes of the document."""
    lines, pieces = text.split("\n"), []
    for first, last in file.boxes:
        if head := BOX_HEAD.match(lines[first - 1]):
            pieces.append({"box": number(head[1]), "lines": [first, last], "apart": True})
        else:
            file.told.append((first, f"a text box: read as lines {first} to {last} of the text"))
    return {**layout, "piece": [*pieces, *layout.get("piece", [])]}


def _unread(text: Text) -> Iterator[tuple[int, str]]:
    """Yield line and message of what a text prints and is not read."""
    if private := list(re.finditer(f"[{numerals.PRIVATE}]", text.canonical)):
        found = ", ".join(sorted({c[0] for c in private})).encode("ascii", "backslashreplace")
        message = f"signs of no common meaning, {len(private)} in all: {found.decode()}; no place"
        yield text.line_of(private[0].start()), f"{message} or number is read that touches one"
    if vague := [row for row in text._figures if math.isnan(row[2])]:
        words = dict.fromkeys(text.canonical[start:end] for start, end, *_ in vague)
        message = f"figures without a certain value, {len(vague)} in all: "
        yield text.line_of(vague[0][0]), message + ", ".join([*words][:8])


def _source(given: str | Path) -> tuple[formats.Opened, str]:
    """Return the text, and how messages call where it is from."""
    if isinstance(given, str):
        if not FILE_NAME.fullmatch(given) and not os.path.exists(given):  # noqa: PTH110
            return formats.Opened(given), "text"
    elif not isinstance(given, os.PathLike):
        raise LaoquError(f"found {type(given).__name__}, expected the text of a plan or a file")
    path = Path(given)
    check_size(path, MOST_BYTES)
    try:
        return formats.opened(path.suffix, path.read_bytes()), paths.display(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise DataError([Problem(paths.display(path), 1, 1, why)]) from error


def _text(given: Plan | Document) -> Text:
    given = getattr(given, "document", given)
    if not isinstance(given, Document):
        shown = type(given).__name__
        raise LaoquError(f"found {shown}, expected a plan (lq.load()) or a text (lq.read(…))")
    return Text(**{key: getattr(given, key) for key in given.__dataclass_fields__})


def _year(found: re.Match) -> int:
    return number(found["year"]) if found["year"] else BEFORE_PLANS + 5 * number(found["plan"])


@guard
def compare(plan: Plan | Document, other: Plan | Document) -> pd.DataFrame:
    """Return the passages of two documents that share a term or a place, the most alike first.

    Both are from `laoqu.load` or `read`. Terms are those of `plan`, so what only other plans speak
    of is none; places are named ones (``mentions()``). ``similarity`` is the cosine of the
    passages' pairs of neighbouring characters, each weighted by how few of all passages have it
    (m of n: log(1 + n/m)): no measure of influence; of short passages it says little.

    One row per pair of passages, the columns `COMPARED`.
    """
    table = getattr(plan, "table", None) or schema.Tables(paths.data()).frame
    mine, theirs = (_features(_text(each), table) for each in (plan, other))
    if (n := len(mine) * len(theirs)) > MOST_PAIRS:
        raise LaoquError(f"{n:,} pairs of passages, at most {MOST_PAIRS:,}: compare parts")
    rows = []
    for (one, two), alike in zip(product(mine, theirs), _alike(mine, theirs).flat, strict=True):
        terms, named = (tuple(sorted(one[key] & two[key])) for key in ("terms", "places"))
        if terms or named:
            shared = [len(terms), terms, len(named), named, float(alike)]
            rows.append([*one["what"], *two["what"], *shared])
    found = pd.DataFrame(rows, columns=COMPARED)
    return found.sort_values("similarity", ascending=False, kind="stable", ignore_index=True)


def _features(text: Text, table: Callable[[str], pd.DataFrame]) -> list[dict[str, object]]:
    """Return what is compared of each passage that has a sentence."""
    synonyms = table("term_synonyms").set_index("variant")["term"].to_dict()
    listed, stops = table("terms")["term"], table("term_stops")["stop"]
    units = [replace(each, text=text.simple[each.start : each.end]) for each in text.units]
    tokens = measures.tokens(units, measures.lexicon(listed, synonyms, stops))
    terms = tokens.groupby(tokens["unit_id"].str.split(".").str[0])["term"].agg(set)
    named = text.mentions().query("status == 'named'")
    names = named["name"].where(named["name"] != "", named["region_id"]) + " " + named["adcode"]
    placed = names.str.strip().groupby(named["clause_id"]).agg(set)
    counts, simple = text.sentences()["clause_id"].value_counts(), text.simple
    return [
        {
            "what": [each.id, each.name, each.title, int(counts[each.id])],
            "terms": terms.get(each.id, set()),
            "places": placed.get(each.id, set()),
            "grams": Counter(map("".join, pairwise(HAN.findall(simple, each.start, each.end)))),
        }
        for each in text.passages.values()
        if each.id in counts
    ]


def _alike(mine: list[dict[str, object]], theirs: list[dict[str, object]]) -> np.ndarray:
    """Return the cosines of passages: each gram is weighed by the logarithm of its rarity."""
    from scipy.sparse import csr_array

    every = [*mine, *theirs]
    codes, found = pd.factorize(pd.Series([gram for each in every for gram in each["grams"]]))
    rows = np.repeat(range(len(every)), [len(each["grams"]) for each in every])
    values = np.array([n for each in every for n in each["grams"].values()], "float64")
    values *= np.log(1 + len(every) / np.bincount(codes))[codes]
    values /= np.sqrt(np.bincount(rows, values**2, len(every)))[rows]
    table = csr_array((values, (rows, codes)), shape=(len(every), len(found)))
    return (table[: len(mine)] @ table[len(mine) :].T).toarray().round(4)
