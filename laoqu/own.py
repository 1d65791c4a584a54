"""Files of a reader's own: their cells, columns, codes and years; faults, and what was converted.

A file is read as any program saves it: CSV in UTF-8, UTF-16 or GBK with commas, semicolons or
tabs, or the first sheet of a workbook. What columns are called is data: ``own.toml``.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from numbers import Real
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.errors import DataError, Problem
from laoqu.spelling import clean

SPEC = tomllib.loads(Path(__file__).with_name("own.toml").read_text(encoding="utf-8"))
#: Kind of a column → what such columns are called; those of panels have more names.
COLUMNS = {kind: words.split() for kind, words in SPEC["columns"].items()}
OF_PANELS = {kind: COLUMNS.get(kind, []) + words.split() for kind, words in SPEC["panel"].items()}
YEARS = {kind: re.compile(text, re.IGNORECASE) for kind, text in SPEC["years"].items()}
#: A year that is a number lies between these.
FIRST_YEAR, LAST_YEAR = 1949, 2100
#: What becomes of areas without a row in an own membership table: empty, or as shipped.
MODES = ("only", "complete")
CONVERSIONS = ["file", "row", "found", "used", "why"]
#: Rows that are named when many have the same fault; faults after which a file is read no further.
SHOWN, MOST = 5, 500
#: What `str.strip` leaves around a cell.
BLANK = "\u200b\ufeff\u00a0"
#: Larger sheets and membership tables are refused before they are read.
MOST_BYTES, MOST_ROWS = 20_000_000, 100_000
#: A formula whose result no program has worked out, and cells merged over several rows.
NO_RESULT = re.compile(
    r'<c r="([A-Z]+\d+)"(?![^>]*t="str")[^>]*>'
    r"<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>"
)
MERGED = re.compile(r'<mergeCell ref="(([A-Z]+)(\d+):[A-Z]+(\d+))"')


class Notes:
    """What is wrong in a file, by row and column, and what was converted while it was read."""

    def __init__(self, path: Path) -> None:
        self.file = paths.display(path)
        #: The number of each column, from 1.
        self.columns: dict[str, int] = {}
        self._faults: dict[str, list[tuple[int, int, str]]] = {}
        self._conversions: list[list[object]] = []

    def wrong(self, row: int, column: str, why: str, found: str = "") -> None:
        """Note a fault; `why` is what rows with the same kind of fault have in common."""
        at = self.columns.get(column, 1)
        self._faults.setdefault(why, []).append((row, at, f"{found} {why}".strip()))

    def converted(self, row: int, found: str, used: str, why: str) -> None:
        """Note a conversion, if it is one."""
        if found != used:
            self._conversions.append([self.file, row, found, used, why])

    @property
    def full(self) -> bool:
        """Whether there are so many faults that reading on tells nothing new."""
        return sum(map(len, self._faults.values())) >= MOST

    def problems(self) -> list[Problem]:
        """Return one problem a row, or a few and their number where many have the same."""
        found = []
        for why, rows in self._faults.items():
            found += [Problem(self.file, *row) for row in rows[:SHOWN]]
            if len(rows) > SHOWN:
                message = f"{why}: so in {len(rows):,} rows, of which the first {SHOWN} are named"
                found.append(Problem(self.file, *rows[SHOWN][:2], message))
        return sorted(found)

    def refuse(self) -> None:
        """Raise a `DataError` with the problems, if there are any."""
        if problems := self.problems():
            raise DataError(problems)

    def conversions(self) -> pd.DataFrame:
        """Return the conversions: one row each, ``file``, ``row``, ``found``, ``used``, ``why``."""
        return pd.DataFrame(self._conversions, columns=CONVERSIONS)


def grid(
    path: Path, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES
) -> tuple[pd.DataFrame, list[str]]:
    """Return the cells of a file from its head on, and how it was read.

    Rows and columns are numbered as in the file, from 1. Lines above the head, which fill fewer
    cells than the table, are left out; rows of a workbook without any value too.
    """
    check_size(path, most_bytes)
    workbook = path.suffix.lower() in (".xlsx", ".xlsm")
    try:
        found, notes = (_workbook if workbook else _text)(path, most_rows)
        if len(found) > most_rows + 1:
            raise ValueError(f"has more than {most_rows:,} rows")
    except ValueError as error:
        raise DataError([Problem(paths.display(path), 1, 1, str(error))]) from error
    return found, notes


def check_size(path: Path, most: int) -> None:
    """Refuse a file that is not there, or larger than such files are."""
    try:
        size = path.stat().st_size
        message = "" if path.is_file() else "there is no such file"
        if size > most:
            message = f"has {size / 1e6:,.0f} MB, expected at most {most / 1e6:,.0f}"
    except (FileNotFoundError, ValueError):  # a name that no system has
        message = "there is no such file"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    if message:
        raise DataError([Problem(paths.display(path), 1, 1, message)])


def cells(path: Path) -> pd.DataFrame:
    """Return the cells of a table as text, its head first: see `grid`."""
    from openpyxl.utils import get_column_letter

    found, _ = grid(path)
    found = found.map(lambda cell: "" if cell is None else str(cell).strip().strip(BLANK))
    found = found.loc[:, found.ne("").any()]
    for at in found.columns[::-1]:  # to the right of the last head
        if found[at].iloc[0]:
            break
        row = found.index[found[at] != ""][0]
        where = f"{get_column_letter(at)}{row}"
        message = f"the cell {where} has no head above it: delete it or name its column"
        raise DataError([Problem(paths.display(path), int(row), int(at), message)])
    return found


def decoded(data: bytes) -> tuple[str, str]:
    """Return the text of a file and its encoding; a `ValueError` says that it has none of ours.

    >>> decoded("老区".encode("gb18030"))
    ('老区', 'gb18030')
    """
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding), encoding
    raise ValueError("is neither UTF-8 nor GBK: save it as text or CSV in UTF-8")


def _text(path: Path, most: int) -> tuple[pd.DataFrame, list[str]]:
    text, encoding = decoded(path.read_bytes())
    notes = [] if encoding == "utf-8-sig" else [f"read as {encoding.upper()}"]
    lines = text.split("\n", 20)[:20]
    head = _head([sum(map(bool, re.split(r"[,\t;|]\s*", line.strip()))) for line in lines], notes)
    mark = max(",\t;|", key=lines[head].count)
    options = {"keep_default_na": False, "skip_blank_lines": False, "skiprows": head}
    try:
        found = pd.read_csv(
            io.StringIO(text), sep=mark, header=None, dtype=str, nrows=most + 2, **options
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame(), notes
    except pd.errors.ParserError as error:
        said = str(error).strip().rpartition("C error: ")[2]
        raise ValueError(f"{said}: put text that has a {mark!r} into quotation marks") from error
    return found.set_axis(found.index + head + 1).set_axis(found.columns + 1, axis=1), notes


def _workbook(path: Path, most: int) -> tuple[pd.DataFrame, list[str]]:
    from openpyxl import load_workbook

    rows: dict[int, tuple] = {}
    try:
        sheet, *others = load_workbook(path, read_only=True, data_only=True).worksheets
        sheet.reset_dimensions()  # a stray cell far away would make every row as wide
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            if any(cell is not None for cell in row):
                rows[number] = row
            if len(rows) > most + 1:
                break
        heads = [next(each.iter_rows(values_only=True, max_row=1), ()) for each in others]
        # To a reader row by row such cells are empty: what people see in them would be lost.
        with sheet._get_source() as source:
            text = source.read().decode("utf-8", "replace")
    except Exception as error:  # a damaged workbook fails in many ways
        raise ValueError(f"is no readable workbook: {error}; save it anew as .xlsx") from error
    merged = [whole for whole, _, top, bottom in MERGED.findall(text) if top != bottom]
    alike = [each.title for each, head in zip(others, heads, strict=True)
             if any(head) and head == next(iter(rows.values()), ())]  # fmt: skip
    for found, why in (
        (NO_RESULT.findall(text), "the formula in {} has no result: save it in a spreadsheet"),
        (merged, "{} are merged, only the first has the value: split them, fill each"),
        (alike, "the sheet {!r} has the same columns: put all rows on one sheet"),
    ):
        if found:
            raise ValueError(why.format(found[0]))
    notes = [f"only the first sheet was read: {sheet.title}"] if others else []
    filled = [sum(cell is not None for cell in row) for row in rows.values()]
    numbers = list(rows)[_head(filled, notes) :]
    used = sorted({at for n in numbers for at, cell in enumerate(rows[n]) if cell is not None})
    cut = [[rows[n][at] if at < len(rows[n]) else None for at in used] for n in numbers]
    found = pd.DataFrame(cut, numbers, [at + 1 for at in used], dtype="object")
    return found, notes


def _head(filled: list[int], notes: list[str]) -> int:
    """Return which row is the head: one above it, as a title, fills fewer cells than the table."""
    least = max(2, max(filled[:20], default=0) / 2)
    head = next((at for at, n in enumerate(filled[:20]) if n >= least), 0)
    if head:
        notes.append(f"lines above the head, left out: {head}")
    return head


def columns(head: Iterable[object], names: dict[str, list[str]] = COLUMNS) -> dict[str, list[int]]:
    """Return for each kind of column where such stand, from 0, the likeliest first.

    >>> found = columns(["PAC", "老区", "县（市、区）"])
    >>> found["code"], found["region_id"], found["name"]
    ([0], [1], [2])
    """
    plain = [re.sub(r"[\s_\-.（）()、\ufeff]", "", str(cell)).casefold() for cell in head]
    return {
        kind: [at for word in words for at, cell in enumerate(plain) if cell == word]
        for kind, words in names.items()
    }


def code_of(value: object) -> tuple[str, str]:
    """Return a value as a code of six digits, "" where it is none, and how it was changed.

    >>> code_of(620422.0), code_of("某县")
    (('620422', 'written as decimals (620422.0)'), ('', 'no code: the rows have no unit'))
    """
    text = str(value)
    plain = re.sub("^(?:cn|chn)", "", clean(text).strip("'\""), flags=re.IGNORECASE)
    plain = re.sub(r"\.0+$", "", plain)
    if not re.fullmatch(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}", plain):
        return "", "no code: the rows have no unit"
    code = plain[:6].ljust(6, "0")
    if len(plain) > 6:
        return code, "longer statistical codes cut to six digits"
    if len(plain) < 6:
        return code, "codes of a province or city filled with zeros"
    if "." in text:
        return code, "written as decimals (620422.0)"
    if isinstance(value, Real):
        return code, "numbers read as text of six digits"
    return code, "" if text == code else "with spaces, quotes or wide digits"


def unit_code(value: object) -> tuple[str, str]:
    """Return a code that is one unit's own, of six digits or twelve, or what is wrong with it."""
    shown = "" if pd.isna(value) else str(value).strip()
    if re.fullmatch(r"[0-9]{6}(?:0{6})?(?:\.0+)?", shown):
        return code_of(shown)
    return "", f"adcode is {shown[:20]!r},"


def year_of(value: object) -> tuple[int | None, str]:
    """Return the year of a value, and the part of the year that it names if it names one.

    >>> year_of("2020年"), year_of("2020Q3"), year_of("2021-12-31"), year_of("20190")
    ((2020, ''), (2020, '3'), (2021, '12'), (None, ''))
    """
    if hasattr(value, "year"):
        return int(value.year), "" if (value.month, value.day) == (12, 31) else str(value.month)
    if isinstance(value, Real):
        whole = FIRST_YEAR <= value <= LAST_YEAR and float(value).is_integer()
        return (int(value), "") if whole and not isinstance(value, bool) else (None, "")
    text = clean(str(value))
    if match := YEARS["year"].fullmatch(text):
        return int(match["year"] or match["fiscal"]), ""
    if match := YEARS["quarter"].fullmatch(text):
        return int(match["year"]), match["part"]
    if match := YEARS["date"].fullmatch(text):
        with suppress(ValueError):  # 20190 and 2021-13-45 have no such month and day
            date(int(match["year"]), int(match["part"]), int(match["day"] or 1))
            return int(match["year"]), match["part"]
    return None, ""
