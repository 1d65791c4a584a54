"""Sheets that people fill in: written with drop-downs, read back with labels in the place of codes.

What is wrong is reported by row and column.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from laoqu import grid, own, paths
from laoqu.errors import LaoquError, OutputError, nearest
from laoqu.measures import BOOLEAN, CODES, MORE, SCALES
from laoqu.spelling import plain

FLAGS = dict.fromkeys(("true", "1", "是", "有", "y", "yes", "√"), True)
FLAGS |= dict.fromkeys(("false", "0", "否", "无", "n", "no", "×"), False)
#: What people write into a column of words when there are none; an empty cell is not coded.
NO_WORDS = ("无", "none", "-")
#: Before what a spreadsheet takes for a formula, full-width signs too.
FORMULA = re.compile(r"^(?=\s*[=+\-@＝＋－＠\t\r])")


class Column(NamedTuple):
    """What people write into a column.

    `kind` is ``code`` or ``codes`` (of a `variable` of the codebook), ``flag``, ``cut`` (the
    sentence with | wherever a new piece begins), ``words`` (words of the sentence) or ``note``.
    """

    kind: str
    variable: str = ""


#: What a measure is coded by, in the order of the sheet.
MEASURES = {
    **{name: Column("code", CODES.get(name, name)) for name in SCALES},
    **{name: Column("flag") for name in BOOLEAN},
    **{name: Column("codes", variable) for name, variable in MORE.items()},
    "note": Column("note"),
}
#: How workbooks head their columns in Chinese, before the name that is read.
HEADS = {
    "id": "编号", "measure_id": "措施编号", "clause": "条款", "sentence": "全句", "quote": "原文",
    "note": "备注", "instrument": "政策工具", "theme": "主题", "target_type": "目标类型",
    "strength_outer": "外部力度", "strength_inner": "内部力度", "clarity": "明确程度",
    "actor": "行为主体", "beneficiary": "受益对象", "funding_named": "写明资金",
    "programme_named": "写明项目", "time_named": "写明时间", "monitor_named": "写明监测",
    "instrument_more": "其他政策工具", "theme_more": "其他主题",
    "beneficiary_more": "其他受益对象", "measures": "措施切分", "segments": "适用范围切分",
    "scope": "适用范围", "conditional": "附条件", "delegated": "由下级自主确定",
    "list_open": "名单未尽", "places": "地名", "recipients": "受支持的地方", "variable": "变量",
    "choice": "可填代码", "definition_zh": "中文定义", "definition": "定义",
}  # fmt: skip
#: What pages of a reader's own codes need of every measure: there may be no inner head.
NEEDED = tuple(name for name in SCALES if name != "strength_inner")


def template(
    measures: pd.DataFrame, codebook: pd.DataFrame, path: Path, sentences: pd.DataFrame
) -> Path:
    """Write an empty coding sheet of the measures: see `made`.

    `measures`, `codebook` and `sentences` are the tables of these names of a plan.
    """
    texts = sentences.set_index("unit_id")["text"]
    shown = measures.assign(sentence=measures["unit_id"].map(texts)).sort_values("start")
    columns = ["measure_id", "quote", "sentence"]
    paths.write(path, made(path.suffix, shown[columns], MEASURES, codebook))
    return path


def texts(frame: pd.DataFrame) -> list[str]:
    """Return the columns of text."""
    return list(frame.select_dtypes(include=["object", "str", "string"]))


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    r"""Return a frame in which no spreadsheet takes a text or a head for a formula.

    Nor a carriage return for the end of a row: lines of a text end in a line feed.

    >>> without_formulas(pd.DataFrame({"=a": ["=1+1", "b\rc"]}))["'=a"].tolist()
    ["'=1+1", 'b\nc']
    """

    def safe(cell: object) -> object:
        return re.sub("\r\n?", "\n", FORMULA.sub("'", cell)) if isinstance(cell, str) else cell

    frame = frame.assign(**{name: frame[name].map(safe) for name in texts(frame)})
    return frame.rename(columns=lambda name: safe(str(name)))


def csv_bytes(frame: pd.DataFrame, empty: str = "") -> bytes:
    """Return a frame as CSV that Excel reads: UTF-8 with its mark, no formulas.

    >>> csv_bytes(pd.DataFrame([["=1+1"], [-3]], columns=["a"])).decode("utf-8-sig").split()
    ['a', "'=1+1", '-3']
    """
    text = without_formulas(frame).to_csv(index=False, lineterminator="\n", na_rep=empty)
    return text.encode("utf-8-sig")


def made(
    form: str, shown: pd.DataFrame, columns: Mapping[str, Column], codebook: pd.DataFrame
) -> bytes:
    """Return a sheet to fill in: .csv, or .xlsx with codes in both languages as drop-downs.

    `shown` is what people read, one row per unit, its id first; `columns` is what they fill in.
    """
    sheet = without_formulas(shown).assign(**dict.fromkeys(columns, ""))
    for name, column in columns.items():
        if column.kind == "cut":
            sheet[name] = sheet["sentence"]
    if form.lower() not in (".csv", ".xlsx"):
        raise LaoquError(f"a sheet ends in .csv or .xlsx, not {form!r}")
    return csv_bytes(sheet) if form.lower() == ".csv" else _workbook(sheet, columns, codebook)


def _workbook(sheet: pd.DataFrame, columns: Mapping[str, Column], codebook: pd.DataFrame) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Protection
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    page = book.active
    page.title = "coding"
    used = codebook[codebook["variable"].isin([column.variable for column in columns.values()])]
    listed = used.assign(choice=_choices(used)).sort_values("variable", kind="stable")
    listed = listed[["variable", "choice", "definition_zh", "definition"]]
    tables = {page: sheet} | ({book.create_sheet("codebook"): listed} if len(listed) else {})
    for target, table in tables.items():
        target.append([f"{HEADS[n]} / {n}" if n in HEADS else n for n in table.columns])
        for row in table.itertuples(index=False):
            target.append(list(row))
    rows = pd.Series(range(2, len(listed) + 2), listed["variable"])
    wrapped = Alignment(wrap_text=True, vertical="top")
    for name, cells in zip(sheet.columns, page.iter_cols(), strict=True):
        column, letter = columns.get(name, Column("shown")), cells[0].column_letter
        page.column_dimensions[letter].width = 15 if column.kind in ("code", "flag") else 45
        for cell in cells[1:]:
            cell.alignment, cell.protection = wrapped, Protection(locked=name not in columns)
        if column.kind not in ("code", "flag"):
            continue
        source = '"是 true,否 false"'
        if column.kind == "code":
            own_rows = rows[[column.variable]]
            source = f"codebook!$B${own_rows.min()}:$B${own_rows.max()}"
        rule = DataValidation(type="list", formula1=source, allow_blank=True)
        rule.error, rule.errorTitle = f"a code of {name}, see the sheet codebook", "laoqu"
        page.add_data_validation(rule)
        rule.add(f"{letter}2:{letter}{len(sheet) + 1}")
    page.freeze_panes = "B2"
    out = io.BytesIO()
    try:
        book.save(out)
    except ValueError as error:  # a clock that says 1970
        raise OutputError(f"the workbook cannot be written: {error}") from error
    return out.getvalue()


def _choices(codebook: pd.DataFrame) -> pd.Series:
    """Return each code as a drop-down shows it."""
    return codebook["code"] + " " + codebook["label_zh"] + " " + codebook["label_en"]


def read(
    path: Path, measures: pd.DataFrame, codebook: pd.DataFrame, whole: bool = False
) -> pd.DataFrame:
    """Read and check a coding sheet of the measures: see `read_filled`."""
    needed = NEEDED if whole else ()
    return read_filled(path, measures[["measure_id", "quote"]], MEASURES, codebook, needed)


def left_empty(sheet: pd.DataFrame) -> str:
    """Say how many measures a sheet leaves without a code that pages need, "" where none."""
    empty = sheet[list(NEEDED)].isna().sum()
    said = ", ".join(f"{name} of {n}" for name, n in empty.items() if n)
    return f"it leaves empty, of {len(sheet)} measures, {said}" if said else ""


def read_filled(
    path: Path, shown: pd.DataFrame, columns: Mapping[str, Column], codebook: pd.DataFrame,
    needed: Iterable[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Read and check what people filled in; empty cells are not coded, labels count as codes.

    `shown` and `columns` are those of `made`. One row per row of `shown`, in its order: its
    columns, and codes as text, strengths as numbers, flags as booleans, lists as tuples, cuts as
    offsets in the sentence, NA where not coded. The `DataError` has every problem, by row and
    column: unknown codes, units missing, added or twice, edited quotations, mangled ids, and empty
    cells of the columns `needed`.
    """
    notes, key = own.Notes(path), shown.columns[0]
    table = grid.cells(path, notes, sheet="coding")
    head = [cell.rpartition("/")[2].strip() for cell in table.iloc[0]] if len(table) else []
    _check_head(dict(zip(table.columns, head, strict=False)), shown, columns, notes)
    table = table.iloc[1:].set_axis(head, axis=1)
    table = table[table.ne("").any(axis=1)]
    units = shown.set_index(key, drop=False).to_dict("index")
    codes, records, first = _codes(codebook), {}, {}
    empty: list[tuple[int, str]] = []
    for number, row in zip(table.index, table.to_dict("records"), strict=True):
        unit = row[key]
        if unit not in units:
            hint = ", ".join(nearest(unit, units)) or "none"
            notes.wrong(number, key, f"unknown unit {unit!r}; nearest: {hint}")
            continue
        if first.setdefault(unit, number) != number:
            notes.wrong(number, key, f"unit {unit} is coded twice, first in row {first[unit]}")
            continue
        values = records[unit] = dict(units[unit])
        # Rows of which only some columns were sorted are seen by this.
        for at in ("quote", "sentence"):
            if at in values and row.get(at, values[at]) != values[at]:
                name = {"quote": "quotation"}.get(at, at)
                why = f"the {name} was edited or moved; it must stay {values[at][:20]!r}…"
                notes.wrong(number, at, why)
        for at, column in columns.items():
            try:
                found = _value(row.get(at, ""), column, codes, values.get("sentence", ""))
                first_code = {values.get(at.removesuffix("_more"))}
                if column.kind == "codes" and len({*found} | first_code) <= len(found):
                    raise ValueError(f"{row[at]!r} has a code twice, or the first code again")
                values[at] = found
            except ValueError as error:
                notes.wrong(number, at, f"{at}: {error}")
            empty += [(number, at)] if at in needed and values.get(at) is pd.NA else []
    for unit in (each for each in units if each not in first):
        found = f"unit {unit} is missing:"
        notes.wrong(max(table.index, default=1), key, "keep its row, leave its codes empty", found)
    for number, at in empty[:3]:
        why = f"is empty ({len(empty):,} cell(s) in all): pages need every code"
        notes.wrong(number, at, why, at)
    notes.refuse()
    frame = pd.DataFrame([records[unit] for unit in units], columns=[*shown.columns, *columns])
    kinds = {at: "boolean" for at, column in columns.items() if column.kind == "flag"}
    kinds |= {at: "Int64" for at, column in columns.items() if column.variable == "strength"}
    return frame.astype(kinds)


def _check_head(
    head: dict[int, str], shown: pd.DataFrame, columns: Mapping[str, Column], notes: own.Notes
) -> None:
    """Refuse a sheet whose columns are others than those that were written."""
    texts = shown.columns.drop(shown.columns[0]).difference(["unit_id", "sentence"])
    known = [shown.columns[0], "clause", "sentence", *texts, *columns]
    needed = {"quote", shown.columns[0]} & set(known)
    needed |= {at for at, column in columns.items() if column.kind not in ("codes", "note")}
    if "id" in head.values() and "id" not in known:
        needs = "a sheet of a sample needs the key that was written with it"
        notes.wrong(1, "", f"{needs}: laoqu coding compare … --key key/key.csv")
        notes.refuse()
    for column in known:
        if column in needed and column not in head.values():
            why = f"the column {column!r} is missing; columns are {', '.join(known)}"
            notes.wrong(1, "", why + grid.mend(notes.conversions()["why"]))
    for number, column in head.items():
        if column not in known or column in notes.columns:
            notes.columns["unknown"] = number
            hint = ", ".join(nearest(column, known) or known)
            said = f"the column {column!r} is unknown or stands twice; nearest: {hint}"
            notes.wrong(1, "unknown", said)
        notes.columns[column] = number
    notes.refuse()


def _codes(codebook: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return by variable what may stand in a cell, and the code it means: codes and labels."""
    found: dict[str, dict[str, str]] = {}
    short = codebook["code"] + " " + codebook["label_zh"]
    table = codebook.assign(choice=_choices(codebook), short=short)
    for column in ("label_en", "label_zh", "short", "choice", "code"):  # a code is no label
        # A label that several codes of a variable have says nothing.
        rows = table[~table.duplicated(["variable", column], keep=False)]
        for variable, label, code in rows[["variable", column, "code"]].itertuples(index=False):
            found.setdefault(variable, {})[label] = code
    return found


def _value(cell: str, column: Column, codes: dict[str, dict[str, str]], sentence: str) -> object:
    """Return the value of one cell; a `ValueError` says what is wrong with it."""
    if column.kind == "note":
        return cell
    if cell == "":
        return () if column.kind == "codes" else pd.NA
    if column.kind == "flag":
        meant = {FLAGS.get(word.removesuffix(".0")) for word in cell.lower().split()}
        if len(meant) == 1 and None not in meant:
            return meant.pop()
        raise ValueError(f"found {cell!r}, expected true or false")
    if column.kind == "cut":
        pieces = [re.sub(r"\s", "", piece) for piece in re.split(r"[|｜]", cell)]
        if "".join(pieces) != sentence:
            raise ValueError("the sentence was edited; only | may be put in")
        if "" in pieces:
            raise ValueError("a | stands twice, or at an end, where nothing is cut")
        ends = pd.Series(map(len, pieces)).cumsum()
        return tuple(ends[:-1].tolist())
    marks = "[;；、，,]" if column.kind == "words" else "[;；]"  # no name has one of these
    parts = [part for part in re.split(rf"\s*{marks}\s*", cell) if part]
    if column.kind == "words":
        words = () if cell.lower() in NO_WORDS else tuple(sorted(set(parts)))
        if missing := [word for word in words if word not in sentence]:
            raise ValueError(f"{missing[0]!r} does not stand in the sentence (; between several)")
        return words
    if column.kind == "code":
        parts = [re.sub(r"\.0+$", "", cell)]  # a spreadsheet turns 3 into 3.0
    allowed = codes[column.variable]
    forms = ((part, plain(part), part.upper()) for part in parts)
    parts = [next((each for each in form if each in allowed), form[1]) for form in forms]
    for part in parts:
        if part not in allowed:
            known = list(dict.fromkeys(allowed.values()))
            whole = re.sub(r"^(\D+)(\d)$", r"\g<1>0\2", part)  # T1 is T01
            hint = ", ".join([whole] if whole in known else nearest(part, known) or known)
            between = " (between several stands ;)" * (column.kind == "codes")
            raise ValueError(f"unknown code {part!r}{between}; nearest: {hint}")
    found = tuple(allowed[part] for part in parts)
    if column.kind == "codes":
        return found
    return int(found[0]) if column.variable == "strength" else found[0]
