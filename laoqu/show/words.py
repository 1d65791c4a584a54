"""Every word a reader sees, in Chinese and English, from one table (``laoqu/labels.csv``)."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from math import floor, isfinite, log10
from numbers import Integral
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import paths
from laoqu.errors import LANGS, LaoquError, check_lang, require
from laoqu.layout import numeral
from laoqu.measures import CODES

if TYPE_CHECKING:
    from laoqu.plan import Plan

#: Stands between a Chinese character and a Latin letter or digit.
THIN = "\u2009"
#: What looks like this is meant as a key of labels.csv, so that a mistyped key is an error.
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
HAN = "\u3400-\u9fff"
#: Where a Chinese character and a Latin letter or digit meet, with a space or without.
JOINT = re.compile(rf"(?<=[{HAN}]) ?(?=[A-Za-z0-9])|(?<=[A-Za-z0-9%]) ?(?=[{HAN}])")
#: An English word in lower case, at the start.
WORD = re.compile(r"[a-z][a-z’'-]*(?![\w.])")


@cache
def table() -> dict[str, dict[str, str]]:
    """Return key → {lang: text}."""
    with (paths.PACKAGE / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: {lang: row[lang] for lang in LANGS} for row in csv.DictReader(file)}


def label(key: str, lang: str = "zh", **values: object) -> str:
    """Return one text of labels.csv, its ``{names}`` filled in.

    A number also chooses between two words, ``{n:county|counties}``: the first is for one. An
    unknown key raises UnknownId, a missing value LaoquError.

    Examples
    --------
    >>> from laoqu.show.words import label
    >>> label("fold.table", "en", n=1)
    'open (1 row)'
    """
    known = table()
    require(key, known, "label")
    text = known[key][check_lang(lang)]
    counted = {name: _Count(v) if isinstance(v, Integral) else v for name, v in values.items()}
    try:
        return text.format(**counted) if values else text
    except (KeyError, IndexError) as missing:
        raise LaoquError(f"label {key!r} needs the value {missing}: {text!r}") from None


#: Between the words of a link and its address.
HIDING = re.compile(r"\](?=\(https?://)")


class _Count(int):
    """A number that also chooses a word: ``{n} {n:county|counties}``."""

    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        return (one if self == 1 else many) if bar else super().__format__(spec)


def spaced(text: str) -> str:
    """Set a thin space between Chinese characters and Latin letters or digits.

    >>> spaced("专栏1有53个县") == "专栏\u20091\u2009有\u200953\u2009个县"
    True
    """
    return JOINT.sub(THIN, text)


def start(text: str) -> str:
    """Begin a cell or a label with a capital, if it begins with a word and not with an id.

    >>> start("ecology"), start("c07.s03"), start("生态")
    ('Ecology', 'c07.s03', '生态')
    """
    return text[:1].upper() + text[1:] if WORD.match(text) else text


def digits(value: float, comma: str = "") -> str:
    """Write a number short: whole from 10 on, else with two significant digits.

    >>> digits(2021), digits(99.6), digits(-0.512)
    ('2021', '100', '−0.51')
    """
    if isinstance(value, int):
        return f"{value:{comma}d}".replace("-", "−")
    whole = float(value).is_integer() or abs(value) >= 10
    return (f"{value:{comma}.0f}" if whole else f"{value:.2g}").replace("-", "−")


def numbers(values: Iterable[float], comma: str = "") -> list[str]:
    """Write the numbers of a column with as many decimals as four digits of the largest need.

    None has more than some of them has; one that would lose its third digit has three of its own.

    >>> numbers([98.9, 99.95, 7.0]), numbers([0.125, -1.0, float("nan")]), numbers([2e6, 1.5], ",")
    (['98.90', '99.95', '7.00'], ['0.125', '−1.000', ''], ['2,000,000', '1.5'])
    """
    found = [float(value) + 0.0 for value in values]  # no −0
    known = [value for value in found if isfinite(value)]
    largest = max(map(abs, known), default=0)
    most = min(max(0, 3 - floor(log10(largest))), 9) if largest else 0
    ends = [f"{value:.{most}f}".partition(".")[2].rstrip("0") for value in known]
    places, texts = max(map(len, ends), default=0), []
    for value in found:
        text = f"{value:{comma}.{places}f}" if abs(value) < 1e15 else f"{value:g}"
        small = abs(value) * 10**places < 99.5
        own = f"{value:.3g}"
        text = own if small and float(own) != float(text.replace(",", "")) else text
        texts.append(text.replace("-", "−").replace("nan", ""))
    return texts


def apart(values: Sequence[float]) -> list[str]:
    """Write numbers short, with as many digits as keep different ones apart.

    >>> apart([98.9, 99.42, 99.31]), apart([-1200.0, 15.0])
    (['98.9', '99.4', '99.3'], ['−1,200', '15'])
    """
    texts, different = [digits(each, ",") for each in values], len({round(v, 6) for v in values})
    places = 0
    while len(set(texts)) < different and places < 6:
        places += 1
        texts = [f"{each:,.{places}f}".replace("-", "−") for each in values]
    return texts


def scalar(cell: object) -> bool | int | float | str:
    """Return a cell as JSON holds it: missing as nothing, lists joined by semicolons."""
    if isinstance(cell, (tuple, list)):
        return ";".join(map(str, cell))
    if cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell)):
        return ""
    cell = cell.item() if hasattr(cell, "item") else cell
    as_it_is = isinstance(cell, (bool, int)) or (isinstance(cell, float) and isfinite(cell))
    return cell if as_it_is else str(cell)


class Words:
    """The words of one plan in one language, ``zh`` or ``en``.

    Examples
    --------
    >>> import laoqu as lq
    >>> words = lq.Show(lq.load(), "en").words
    >>> words.area("yimeng"), words.unit("370323")
    ('Yimeng', 'Yiyuan')
    """

    def __init__(self, plan: Plan, lang: str) -> None:
        self.plan, self.lang = plan, check_lang(lang)

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence of `key` with `values`; in Chinese with thin spaces.

        What a value says is no link that hides its address, whoever wrote it.
        """
        said = {k: HIDING.sub("] ", v) if isinstance(v, str) else v for k, v in values.items()}
        return self.space(label(key, self.lang, **said))

    def say(self, text: str, **values: object) -> str:
        """Return the label when `text` is a key (``report.title.key``), else the text itself."""
        return self(text, **values) if KEY.fullmatch(text) else self.space(text)

    def space(self, text: str) -> str:
        """Set thin spaces where the language has them."""
        return spaced(text) if self.lang == "zh" else text

    def code(self, variable: str, code: str) -> str:
        """Return the name of a code, for instance of ``("theme", "T07")``."""
        known = [each for name, each in self._codes if name == variable]
        require(code, known, f"code of {variable}")
        return self.space(self._codes[variable, code])

    def area(self, region_id: str) -> str:
        """Return the short name of an area."""
        require(region_id, self._areas, "area")
        return self._areas[region_id]

    def own_counties(self) -> str:
        """Return the name of the reader's own membership, with its areas if others have ours."""
        name = self.plan.own["membership"].name if "membership" in self.plan.own else ""
        its = self.plan.regions().query("counties_from != ''")["region_id"].map(self.area).tolist()
        if not name or not its or self.plan.mode == "only":
            return name
        return self("own.counties", file=name, areas=self.join(its))

    def own_files(self) -> str:
        """Name what stands in the place of published data, but for borders, which maps cite."""
        names = {kind: path.name for kind, path in self.plan.own.items() if kind != "boundaries"}
        if "membership" in names:
            names["membership"] = self.own_counties()
        return self("own.made", files=self.join(list(names.values()))) if names else ""

    def of_plan(self) -> str:
        """Return what the plan lacks; of targets what a coding sheet of the reader's own has."""
        if not (n := int(self.plan.measures()["target_type"].eq("G1").sum())):
            return self("answer.plan")
        return self("answer.plan_own", n=n, file=self.plan.own.get("coding", self.plan.folder).name)

    def clause(self, clause_id: str, page: int = 0) -> str:
        """Return how a passage is cited: 第七条 or clause 7, Box 2, with a page clause 7, p. 5."""
        if page:
            return self("where.on", clause=self.clause(clause_id), page=page)
        for kind, passages in (("clause", self.plan.clauses), ("box", self.plan.boxes)):
            if clause_id in passages:
                number = passages[clause_id].number
                chinese = kind == "clause" and self.lang == "zh"
                return self(f"where.{kind}", number=numeral(number) if chinese else number)
        return self(f"clause.{clause_id}")

    def unit(self, adcode: str) -> str:
        """Return the name of a county, city or province; with characters where two sound alike."""
        require(adcode, self._units, "unit")
        name, english = self._units[adcode]
        if self.lang == "zh":
            return name
        return f"{english} {name}" if self._romanised[english] > 1 else english

    def short(self, measures: object) -> object:
        """Return the short label of a measure, or those of a frame of measures as a column."""
        return getattr(measures, f"short_{self.lang}")

    def standing(self, role: str, n: int = 1) -> str:
        """Return the short name of a role, for one place or for `n`; of no role nothing."""
        return self(f"standing.{role}", n=n) if role else ""

    def thing(self, row: object) -> str:
        """Return the label of a row of `laoqu.analysis.answer.lacking`: a measure or a standing."""
        if row.kind == "role":
            return self.standing(row.id, 2)  # the kind of thing, so its plural
        return self.space(self.short(row))

    def place(self, mention: object) -> str:
        """Return how a naming of ``plan.mentions()`` is called: as printed, or romanised."""
        if mention.level == "area":
            return self.area(mention.region_id)
        if self.lang == "zh":
            return mention.printed
        if mention.level == "zone":  # its name says what it is, and that stands beside it
            return self._units[mention.adcode][1]
        return mention.name_en or self._units.get(mention.adcode, ("", mention.printed))[1]

    def part(self, row: object, name: str) -> str:
        """Return a name with how much of the place in a row of `standings` is in the area."""
        values = {"n": int(row.counties), "of": int(row.of)} if row.part else {}
        return self("place.part", place=name, **values) if values else name

    def places(self, mentions: Iterable[Sequence[str]]) -> list[str]:
        """Return the names behind ids of mentions, joined: one text for each group of ids."""
        return [self.join(list(dict.fromkeys(map(self._places.get, ids)))) for ids in mentions]

    def number(self, n: int, *, start: bool = False) -> str:
        """Return a number up to twelve as a word, as in front of what is counted: Two, 20."""
        known = self("numbers").split(",")
        text = known[n] if n < len(known) else str(n)
        return text[:1].upper() + text[1:] if start else text

    def sentences(self, texts: Iterable[str]) -> str:
        """Set sentences behind each other."""
        return ("" if self.lang == "zh" else " ").join(text for text in texts if text)

    def join(self, items: Sequence[str]) -> str:
        """Join names as a reader expects: 甲、乙 or A, B; 无 or none for no item."""
        return self("list.sep").join(items) if items else self("list.none")

    def column(self, name: str) -> str:
        """Return the head of a column: the label ``col.NAME``, else the name itself."""
        return self(f"col.{name}") if f"col.{name}" in table() else name

    def cell(self, column: str, value: object, ids: bool = False) -> str:
        """Return what a cell says: codes by name, lists joined, true as yes.

        Codes are those of the variable of `column`; with `ids` their ids stand before the names.

        >>> import laoqu as lq
        >>> words = lq.Show(lq.load(), "en").words
        >>> words.cell("instrument_more", ("E1", "S5"), ids=True), words.cell("", 0.12345)
        ('E1 planning, roles and priority, S5 public services', '0.1235')
        """
        if isinstance(value, (list, tuple)):
            return self.join([self.cell(column, each, ids) for each in value]) if value else ""
        value = scalar(value)
        if isinstance(value, bool):
            return self("yes") if value else self("no")
        name = self._codes.get((CODES.get(column, column), str(value)))
        if name is None:
            if isinstance(value, float):
                return numbers([value])[0]
            return digits(value) if isinstance(value, int) else self.space(value)
        return (f"{value} " if ids and str(value)[-1:].isdigit() else "") + self.space(name)

    @cached_property
    def _places(self) -> dict[str, str]:
        return {row.mention_id: self.place(row) for row in self.plan.mentions().itertuples()}

    @cached_property
    def _codes(self) -> dict[tuple[str, str], str]:
        rows = self.plan.codebook().set_index(["variable", "code"])
        return rows[f"label_{self.lang}"].to_dict()

    @cached_property
    def _areas(self) -> dict[str, str]:
        column = {"zh": "name_zh", "en": "label_en"}[self.lang]
        return self.plan.regions().set_index("region_id")[column].to_dict()

    @cached_property
    def _units(self) -> dict[str, tuple[str, str]]:
        rows = self.plan.gazetteer()
        names = zip(rows["name"], rows["name_en"], strict=True)
        return dict(zip(rows["adcode"], names, strict=True))

    @cached_property
    def _romanised(self) -> Counter[str]:
        return Counter(english for _, english in self._units.values())
