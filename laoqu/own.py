"""Files of a reader's own: their cells, columns, codes and years; faults, and what was converted.

A file is read as any program saves it: CSV in UTF-8, UTF-16 or GBK with commas, semicolons or
tabs, or the first sheet of a workbook. What columns are called is data: ``own.toml``.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import date
from numbers import Real
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.errors import DataError, Problem
from laoqu.spelling import RAISED, clean

SPEC = tomllib.loads(Path(__file__).with_name("own.toml").read_text(encoding="utf-8"))
#: Kind of a column → what such columns are called; those of panels have more names.
COLUMNS = {kind: words.split() for kind, words in SPEC["columns"].items()}
OF_PANELS = {kind: COLUMNS.get(kind, []) + words.split() for kind, words in SPEC["panel"].items()}
#: A year alone or with a part of it, and a heading that is one or has one.
YEARS = {
    kind: [re.compile(text, re.IGNORECASE) for text in forms]
    for kind, forms in SPEC["years"].items()
}
#: Days that stand for a whole year.
WHOLE = ((1, 1), (12, 31))
TOWNSHIP = "codes of townships or villages: sum them up to counties"
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
#: First bytes of workbooks, and what to do where a file that is read otherwise has them.
ZIP = b"PK\x03\x04"
WORKBOOKS = {
    ZIP: "is an Excel workbook, or another archive: let its name end in .xlsx, or save it as CSV",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook of the old kind (.xls) or with a password: save it "
    "as .xlsx without one, or as CSV",
}
#: Signs of a footnote behind a name.
FOOTNOTE = re.compile(rf"(?:[*＊※†‡#{RAISED}\s]|\[\d{{1,2}}\])+$")
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
    with path.open("rb") as file:
        first = file.read(4)
    try:
        if first in WORKBOOKS and (first, workbook) != (ZIP, True):
            raise ValueError(WORKBOOKS[first])
        found, notes = (_workbook if workbook else _text)(path, most_rows)
        if len(found) > most_rows + 1:
            raise ValueError(f"has more than {most_rows:,} rows")
    except ValueError as error:
        said, *at = error.args
        raise DataError([Problem(paths.display(path), *(at or (1, 1)), str(said))]) from error
    return found, notes


def check_size(path: Path, most: int) -> None:
    """Refuse a file that is not there, or larger than such files are."""
    try:
        size = path.stat().st_size
        message = "is a folder" if path.is_dir() else "" if path.is_file() else "is no file"
        if size > most:
            message = f"has {size / 1e6:,.0f} MB, expected at most {most / 1e6:,.0f}"
    except (FileNotFoundError, ValueError):  # a name that no system has
        message = "there is no such file"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    if message:
        raise DataError([Problem(paths.display(path), 1, 1, message)])


def cells(path: Path, notes: Notes | None = None) -> pd.DataFrame:
    """Return the cells of a table as text, its head first, and note how it was read: see `grid`."""
    from openpyxl.utils import get_column_letter

    found, said = grid(path)
    for text in said if notes else ():
        notes.converted(1, path.name, "", text)
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
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    notes = [] if encoding == "utf-8-sig" else [f"read as {encoding.upper()}"]
    lines = text.split("\n", 20)[:20]
    filled = [sum(map(bool, re.split(r"[,\t;|]\s*", line.strip()))) for line in lines]
    told = re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE)  # Excel's own line
    mark = told[1] if told else max(",\t;|", key=lines[_head(filled, [])].count)
    check_quotes(text, mark, lines[_head(filled, [])].count(mark))
    # A cell in quotation marks can hold line breaks: rows are counted as a spreadsheet does.
    cell = rf'"(?:[^"]++|"")*+"(?=[{mark}\n]|\Z)|[^{mark}\n]*+'
    record, starts, filled = re.compile(rf"(?:{cell})(?:[{mark}](?:{cell}))*+\n?"), [0], []
    while starts[-1] < len(text) and len(filled) < 20:
        found = record.match(text, starts[-1])
        parts = re.findall(rf"(?:\A|[{mark}])({cell})", found[0].rstrip("\n"))
        filled.append(sum(bool(part.strip('" ')) for part in parts))
        starts.append(found.end())
    head = _head(filled, notes)
    options = {"keep_default_na": False, "skip_blank_lines": False, "sep": mark, "dtype": str}
    try:
        stream = io.StringIO(text[starts[head] :])
        found = pd.read_csv(stream, header=None, nrows=most + 2, **options)
    except pd.errors.EmptyDataError:
        return pd.DataFrame(), notes
    except pd.errors.ParserError as error:
        said = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        if not said:
            raise ValueError(str(error).strip()) from error
        expected, line, saw = map(int, said.groups())
        why = f"has {saw} cells, expected {expected}: put text that has a {mark!r} into quotation "
        raise ValueError(f"{why}marks", line + head, expected + 1) from error
    return found.set_axis(found.index + head + 1).set_axis(found.columns + 1, axis=1), notes


def check_quotes(text: str, mark: str, width: int) -> None:
    """Refuse a quotation mark that opens a cell and does not close it: rows would vanish in it.

    A whole row has so many marks as `width` says.
    """
    opens = rf'"(?<![^{mark}\n]")'
    closes = rf'(?:[^"]++|"")*+"(?=[{mark}\n]|\Z)'
    for cell in re.finditer(rf"{opens}(?:{closes}|(?P<open>))", text):
        # A quotation mark far below may close it: then whole rows lie in between.
        inside = cell[0].split("\n")[1:-1] if "\n" in cell[0] else ()
        if cell["open"] is not None or (
            width > 1 and any(line.count(mark) == width for line in inside)
        ):
            at = cell.start()
            line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
            said = text[at : at + 20].partition("\n")[0]
            why = f"the quotation mark of {said} does not end its cell: delete it or close it there"
            raise ValueError(why, line, column)


def _workbook(path: Path, most: int) -> tuple[pd.DataFrame, list[str]]:
    from openpyxl import load_workbook

    rows: dict[int, tuple] = {}
    try:
        with closing(load_workbook(path, read_only=True, data_only=True)) as book:
            sheet, *others = book.worksheets
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
        raise ValueError(
            f"is no readable workbook: {error}; save it anew as .xlsx, without a password"
        ) from error
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


def name_of(value: object) -> str:
    """Return a name as text, without the signs of a footnote behind it.

    >>> name_of("环县*"), name_of("环县 ①")
    ('环县', '环县')
    """
    return FOOTNOTE.sub("", str(value))


def _digits(value: object) -> str:
    """Return a code without what is put around it: ="621022", '621022, 6.21022E+05, wide digits."""
    text = clean(str(value)).removeprefix("=").strip("'\"‘’“”")
    return re.sub(r"^(\d)\.(\d{5})e\+?0?5$", r"\1\2", text, flags=re.IGNORECASE)


def code_of(value: object) -> tuple[str, str]:
    """Return a value as a code of six digits, "" where it is none, and how it was changed.

    A code of a township or village is none: its county's would count it for the whole county.

    >>> code_of(620422.0), code_of("某县")
    (('620422', 'written as decimals (620422.0)'), ('', 'no code: the rows have no unit'))
    """
    text = str(value)
    plain = re.sub("^(?:cn|chn)", "", _digits(value), flags=re.IGNORECASE)
    plain = re.sub(r"\.0+$", "", plain)
    if not re.fullmatch(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}", plain):
        return "", "no code: the rows have no unit"
    if plain[6:].strip("0"):
        return "", TOWNSHIP
    code = plain[:6].ljust(6, "0")
    if len(plain) > 6:
        return code, "longer statistical codes cut to six digits"
    if len(plain) < 6:
        return code, "codes of a province or city filled with zeros"
    if "E" in text.upper() and "." in text:
        return code, "written as a power of ten (6.21022E+05)"
    if "." in text:
        return code, "written as decimals (620422.0)"
    if isinstance(value, Real):
        return code, "numbers read as text of six digits"
    return code, "" if text == code else "with spaces, quotes or wide digits"


def unit_code(value: object) -> tuple[str, str]:
    """Return a code that is one unit's own, of six digits or twelve, or what is wrong with it."""
    shown = "" if pd.isna(value) else str(value).strip()
    if re.fullmatch(r"[0-9]{6}(?:0{6})?(?:\.0+)?", _digits(shown)):
        return code_of(shown)
    return "", f"adcode is {shown[:20]!r},"


def year_of(value: object) -> tuple[int | None, str]:
    """Return the year of a value, and the part of the year that it names if it names one.

    >>> year_of("2020年"), year_of("2020Q3"), year_of("2021-12-31"), year_of("20199")
    ((2020, ''), (2020, '3'), (2021, ''), (None, ''))
    >>> year_of("2019.5")
    (2019, '.5')
    """
    if hasattr(value, "year"):
        year, part, day = value.year, value.month, value.day
    else:
        text = re.sub(r"[ T]\d\d?:.*", "", str(value).strip())
        text = re.sub(r"^(\d{4})(\d\d)(\d\d)?$", r"\1-\2-\3", clean(text)).rstrip("-")
        found = [match for each in YEARS["whole"] if (match := each.fullmatch(text))]
        if not found or isinstance(value, bool):
            return None, ""
        given = found[0].groupdict()
        year, part, day = (given.get(name) or "" for name in ("year", "part", "day"))
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return None, ""
    if day:
        with suppress(ValueError):  # 2021-13-45 has no such month and day
            whole = date(int(year), int(part), int(day))
            return whole.year, "" if (whole.month, whole.day) in WHOLE else str(part)
        return None, ""
    if str(part).isdecimal() and int(part) > 12:
        return None, ""
    return int(year), str(part)


def heading_of(text: str) -> tuple[int, str] | None:
    """Return the year of a heading, and what it is a year of; one with two years has none.

    >>> heading_of("2019"), heading_of("2019年gdp"), heading_of("2015-2019")
    ((2019, 'value'), (2019, 'gdp'), None)
    """
    for form in YEARS["column"]:
        match = form.fullmatch(text)
        if match and not re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", match["stem"]):
            return int(match["year"]), match["stem"].strip(" _.(（-") or "value"
    return None
