"""The cells of a table, as any program saves it: CSV in UTF-8, UTF-16 or GBK, or a workbook.

Commas, semicolons or tabs may stand between the cells; of a workbook one sheet is read.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from itertools import islice, pairwise, zip_longest
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pandas as pd

from laoqu import own, paths
from laoqu.errors import ArgumentError, DataError, Problem, nearest
from laoqu.magnitudes import as_shown, shown
from laoqu.own import Notes
from laoqu.spelling import plain

#: What is said of a workbook with several sheets, and of a file in which ; stands between cells.
ONE_SHEET, SEMICOLONS = "only one sheet was read", "semicolons stand between the cells"
#: What may stand between cells, and what `str.strip` leaves around one.
MARKS, BLANK = ",\t;|", "\u200b\ufeff\u00a0"
#: Larger sheets and membership tables are refused unread; `WIDE` columns are more than the longest
#: have; a workbook unpacks to so many times its bytes, its styles take thirty times their size.
MOST_BYTES, MOST_ROWS, STYLES, MOST_CELLS = 20_000_000, 100_000, 10_000_000, 1_500_000
MOST_COLUMNS, WIDE, UNPACKED = 3_000, 40, 3
#: A text in a workbook counts as a further cell for every so many characters.
LONG = 16
#: A formula whose result no program has worked out; what is hidden; a piece that is struck out in a
#: text in the cell itself; merged cells (a remark below the table may run over all columns).
NO_RESULT = re.compile(
    r'<c r="([A-Z]+\d+)"(?![^>]*t="str")[^>]*>'
    r"<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>"
)
HIDDEN = re.compile(r'<(row|col)\b(?=[^>]*\bhidden="(?:1|true)")[^>]*?\b(?:r|min)="(\d+)"')
INLINE = re.compile(r'<c r="([A-Z]+\d+)"[^>]*><is>(?:[^<]|<(?!/is>))*<strike\b')
MERGED = re.compile(r'<mergeCell ref="(([A-Z]+)(\d+):[A-Z]+(\d+))"')
#: First bytes of workbooks, and what to do where a file that is read otherwise has them.
ZIP, OPEN_DOCUMENT = b"PK\x03\x04", b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
WORKBOOKS = {
    ZIP: "is an Excel workbook, or another archive: let its name end in .xlsx, or save it as CSV",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook of the old kind (.xls) or with a password: save it "
    "as .xlsx without one, or as CSV",
}


def read(
    path: Path, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES, sheet: str = ""
) -> tuple[pd.DataFrame, list[str]]:
    """Return the cells of a file from its head on, and how it was read.

    Rows and columns are numbered as in the file, from 1. Lines above the head, which fill fewer
    cells than the table, are left out; rows of a workbook without any value too. Of a workbook the
    sheet that is called `sheet` is read, or its first.
    """
    check_size(path, most_bytes)
    workbook = path.suffix.lower() in (".xlsx", ".xlsm")
    with path.open("rb") as file:
        first, then = file.read(4), file.read(200)
    try:
        if first == ZIP and OPEN_DOCUMENT in then:
            raise ValueError("is an OpenDocument sheet (.ods): save it as .xlsx or CSV")
        if first in WORKBOOKS and (first, workbook) != (ZIP, True):
            raise ValueError(WORKBOOKS[first])
        if workbook:
            damaged = BadZipFile, RuntimeError, OSError, EOFError, zlib.error  # is said below
            with suppress(*damaged), ZipFile(path) as archive:
                sizes = {each.filename: each.file_size for each in archive.infolist()}
                if sum(sizes.values()) > UNPACKED * most_bytes:
                    raise ValueError(f"unpacks to more than {UNPACKED * most_bytes / 1e6:,.0f} MB")
                if sum(sizes[each] for each in sizes if "styles" in each.casefold()) > STYLES:
                    raise ValueError("has too many cell formats: paste its values into a new sheet")
                n = sum(archive.read(each).count(b"<") for each in sizes if each[-4:] == ".xml")
                if n > 4 * MOST_CELLS:  # one is <c><v></v></c>
                    raise ValueError(f"has about {n // 4:,} cells: save the sheet as CSV")
        found, notes = _workbook(path, most_rows, sheet) if workbook else _text(path, most_rows)
        refuse_large(len(found) - 1, 0, most_rows)
    except ValueError as error:
        said, *at = error.args
        raise DataError([Problem(paths.display(path), *(at or (1, 1)), str(said))]) from error
    return found, notes


def refuse_large(rows: int, columns: int, most_rows: int = MOST_ROWS) -> None:
    """Refuse a table that has too many columns, rows, or cells in all, before it is built."""
    for what, n, most in (
        ("columns", columns, MOST_COLUMNS),
        ("rows", rows, most_rows),
        (f"cells in {rows:,} rows of {columns:,}", rows * columns, most_rows * WIDE),
    ):
        if n > most:
            raise ArgumentError(f"the table has more than {most:,} {what}: is it one of counties?")


def check_parquet(path: Path, most_rows: int = MOST_ROWS) -> None:
    """Refuse Parquet by its head, which says how many values there are, also those in lists."""
    from pyarrow.parquet import read_metadata

    with path.open("rb") as file:
        head = read_metadata(file)
    groups = [head.row_group(n) for n in range(head.num_row_groups)]
    values = sum(each.column(n).num_values for each in groups for n in range(head.num_columns))
    rows = max(head.num_rows, values // max(head.num_columns, 1))
    refuse_large(rows, head.num_columns, most_rows)


def check_size(path: Path, most: int) -> None:
    """Refuse a file that is not there, or larger than such files are."""
    try:
        size = path.stat().st_size
        message = "is a folder" if path.is_dir() else "" if path.is_file() else "is no file"
        if size > most:
            message = f"has {size / 1e6:,.0f} MB, expected at most {most / 1e6:,.0f}"
    except (FileNotFoundError, ValueError):  # a name that no system has
        beside = path.parent.glob("*") if path.parent.is_dir() else ()
        near = nearest(path.name, (each.name for each in beside))
        message = f"there is no such file; nearest: {', '.join(near) or 'none'}"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    if message:
        raise DataError([Problem(paths.display(path), 1, 1, message)])


def cells(path: Path, notes: Notes | None = None, sheet: str = "") -> pd.DataFrame:
    """Return the cells of a table as text, its head first, and note how it was read: see `read`."""
    from openpyxl.utils import get_column_letter

    found, said = read(path, sheet=sheet)
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


def mend(said: Iterable[str]) -> str:
    """Return what helps where a table lacks its columns, if `said` names sheets not read."""
    sheets = [text for text in said if text.startswith(ONE_SHEET)]
    return f" ({sheets[0]}: move the sheet that is meant to the front)" if sheets else ""


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
    widest = max(line.count(mark) for line in lines for mark in MARKS) + 1
    refuse_large(min(text.count("\n"), most), widest, most)
    filled = [sum(map(bool, re.split(r"[,\t;|]\s*", line.strip()))) for line in lines]
    told = re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE)  # Excel's own line
    mark = told[1] if told else max(MARKS, key=lines[_head(filled)].count)
    notes += [SEMICOLONS] * (mark == ";")
    check_quotes(text, mark)
    # A cell in quotation marks can hold line breaks: rows are counted as a spreadsheet does.
    cell = rf'"(?:[^"]++|"")*+"(?=[{mark}\n]|\Z)|[^{mark}\n]*+'
    record, starts, rows = re.compile(rf"(?:{cell})(?:[{mark}](?:{cell}))*+\n?"), [0], []
    while starts[-1] < len(text) and len(rows) < 20:
        found = record.match(text, starts[-1])
        parts = re.findall(rf"(?:\A|[{mark}])({cell})", found[0].rstrip("\n"))
        rows.append([part.strip('" ') for part in parts])
        starts.append(found.end())
    head = _head([sum(map(bool, row)) for row in rows])
    _check_head(dict(enumerate(rows, start=1)), head, notes)
    body, below = text[starts[head] :], [row for row in rows[head + 1 :] if any(row)]
    longer = below and {len(row) - len(rows[head]) for row in below} == {1}
    if longer and [row[0] for row in below] == [str(n + 1) for n in range(len(below))]:
        body = mark + body
        notes.append("the head has a cell less than the rows, which R numbers: 1, 2, 3 …")
    options = {"keep_default_na": False, "skip_blank_lines": False, "sep": mark, "dtype": str}
    try:
        found = pd.read_csv(io.StringIO(body), header=None, nrows=most + 2, **options)
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


def check_quotes(text: str, mark: str) -> None:
    """Refuse a quotation mark that does not close its cell, but opens one of rows with marks."""
    opens = rf'"(?<![^{mark}\n]")'
    closes = rf'(?:[^"]++|"")*+"(?=[{mark}\n]|\Z)'
    for cell in re.finditer(rf"{opens}(?:{closes}|(?P<open>))", text):
        swallowed = "\n" in cell[0] and re.search(rf"{mark}(?! )", cell[0])
        if cell["open"] is not None or swallowed:
            at = cell.start()
            line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
            said = text[at : at + 20].partition("\n")[0]
            why = f"the quotation mark of {said} does not end its cell: delete it or close it there"
            raise ValueError(why, line, column)


def _workbook(path: Path, most: int, first: str) -> tuple[pd.DataFrame, list[str]]:
    from openpyxl import load_workbook

    rows: dict[int, tuple] = {}
    struck: list[str] = []
    left = (most + 20) * WIDE  # so many cells are still read, empty ones before others too
    try:
        with closing(load_workbook(path, read_only=True, data_only=True, rich_text=True)) as book:
            sheets = sorted(book.worksheets, key=lambda each: each.sheet_state != "visible")
            sheet, *others = sorted(sheets, key=lambda each: each.title != first)
            sheet.reset_dimensions()  # a stray cell far away would make every row as wide
            formats: dict[int, dict[int, str]] = {}
            for number, row in enumerate(sheet.iter_rows(), start=1):
                values = tuple(_unstruck(cell, struck) for cell in row)
                # A text that stands in the file once can be that of many cells.
                left -= len(row) + 1 + sum(len(v) for v in values if isinstance(v, str)) // LONG
                if any(value is not None for value in values):
                    rows[number] = values
                    for at, cell in enumerate(row, start=1):
                        if cell.value is not None and shown(cell.number_format) != {(0, "")}:
                            formats.setdefault(at, {})[number] = cell.number_format
                if len(rows) > most + 1 or left < 0:
                    break
            heads = [next(each.iter_rows(values_only=True, max_row=1), ()) for each in others]
            # To a reader row by row such cells are empty: what people see in them would be lost.
            with sheet._get_source() as source:
                text = source.read().decode("utf-8", "replace")
    except Exception as error:  # a damaged workbook fails in many ways
        why = f"is no readable workbook: {error}; save it anew as .xlsx, without a password"
        raise ValueError(why) from error
    if left < 0:
        why = f"{most * WIDE:,} cells, empty ones and long texts counted"
        raise ValueError(f"the table has more than {why}")
    unread = ", ".join(each.title for each in others[:5])
    notes = [f"{ONE_SHEET}: {sheet.title}, not {unread}"] if others else []
    hidden = [f"{kind} {n}" for kind, n in HIDDEN.findall(text) if int(n) in rows]
    for found, why in (
        (struck, "cells that are struck out, left out"),
        (hidden, "hidden rows or columns, read as others are"),
    ):
        notes += [f"{why}: {len(found)} ({', '.join(found[:5])})"] * bool(found)
    head = _head([sum(cell is not None for cell in row) for row in rows.values()])
    _check_head(rows, head, notes)
    numbers = list(rows)[head:]
    merged = [whole for whole, left, top, bottom in MERGED.findall(text)
              if top != bottom or (left != "A" and int(top) in numbers[1:])]  # fmt: skip
    alike = [each.title for each, head in zip(others, heads, strict=True)
             if any(head) and _bare(head) == _bare(next(iter(rows.values()), ()))]  # fmt: skip
    for found, why in (
        (NO_RESULT.findall(text), "the formula in {} has no result: save it in a spreadsheet"),
        (struck * bool(first), "the cell {} is struck out: empty it, or take the line away"),
        (INLINE.findall(text), "a part of {} is struck out: save the file anew in Excel"),
        (merged, "{} are merged, only the first has the value: split them, fill each"),
        (alike, "the sheet {!r} has the same columns: put all rows on one sheet"),
    ):
        if found:
            raise ValueError(why.format(found[0]))
    used = sorted({at for n in numbers for at, cell in enumerate(rows[n]) if cell is not None})
    refuse_large(len(numbers) - 1, len(used), most)
    cut = [[rows[n][at] if at < len(rows[n]) else None for at in used] for n in numbers]
    found = pd.DataFrame(cut, numbers, [at + 1 for at in used], dtype="object")
    of_years: dict[str, tuple[str, object]] = {}
    for at in found.columns if formats else ():
        found[at] = as_shown(found[at], formats.get(at, {}), of_years, notes)
    return found, notes


def _bare(head: Sequence[object]) -> list[str]:
    """Return heads without what people write now one way, now another: case, width, units."""
    return [re.sub(r"\(.*?\)|\s", "", plain(str(cell or ""))).casefold() for cell in head]


def _unstruck(cell: object, struck: list[str]) -> object:
    """Return what of a cell is not struck out; `struck` gets its name where something is."""
    kept = cell.value
    if isinstance(kept, list):  # pieces of text, each in a font of its own or in the cell's
        fonts = (getattr(piece, "font", cell.font) for piece in kept)
        pieces = [str(p) for p, font in zip(kept, fonts, strict=True) if not font.strike]
        struck += [cell.coordinate] * (len(pieces) < len(kept))
        return "".join(pieces) or None
    if kept is not None and cell.font.strike:
        struck.append(cell.coordinate)
        return None
    return kept


def _head(filled: list[int]) -> int:
    """Return which row is the head: one above it, as a title, fills fewer cells than the table."""
    least = max(2, max(filled[:20], default=0) / 2)
    return next((at for at, n in enumerate(filled[:20]) if n >= least), 0)


def _check_head(rows: dict[int, Sequence], head: int, notes: list[str]) -> None:
    """Say what stands above the head; refuse one of two rows: groups, as years, over others."""
    if head:
        above = [str(cell) for row in islice(rows.values(), head) for cell in row if cell]
        notes.append(f"lines above the head, left out: {head} ({', '.join(above)[:99]})")
    near = dict(islice(rows.items(), max(head - 1, 0), head + 2))
    cells = (["" if cell is None else str(cell).strip() for cell in row] for row in near.values())
    table = zip(*zip_longest(*cells, fillvalue=""), strict=True)  # rows of one width
    for row, (upper, lower) in enumerate(pairwise(table), start=1):
        # What stands in one row alone, as codes and names do; what has nothing above but a group.
        alone = [at for at, cell in enumerate(upper) if cell and "" not in upper[at + 1 : at + 2]]
        under = [at for at, cell in enumerate(upper) if not cell and lower[at] and any(upper[:at])]
        groups = [at for at, cell in enumerate(upper) if cell]
        found = under if all(lower[at] in ("", upper[at]) for at in alone) else []
        if not alone:  # or codes and names stand below, and what groups have is the same
            titled = groups[:1] in ([], [0]) or not all(lower)
            below = () if titled else lower[groups[0] : groups[-1]]
            found = [at for at in under if groups[-1] <= at and lower[at] in below]
        # Units of what is named above; below the head also codes and years once more.
        units = [at for at, cell in enumerate(lower) if own.UNIT.fullmatch(cell)]
        if row > min(head, 1):
            heads = own.columns(lower, own.OF_PANELS)
            numbers = {at for at, cell in enumerate(lower) if re.match(r"\W*\d", cell)} - {*units}
            units = [] if numbers else [*units, *heads["code"], *heads["year"]]
        elif groups[:1] == [0]:  # where titles begin
            units = []
        found = found or [at for at in units if any(upper[: at + 1]) and upper[at] != lower[at]]
        if found:
            group, each = next(filter(None, upper[found[0] :: -1])), lower[found[0]]
            one = f"{group}({each})" if upper[found[0]] else f"{each}_{group}"
            why = f"the head has two rows ({group} over {each}): write one, as {one}"
            raise ValueError(why, list(near)[row], found[0] + 1)
