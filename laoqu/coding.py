"""Measures and their codes: what was coded, by whom, and a sheet for a coding of one's own."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.errors import DataError, LaoquError, Problem, nearest

#: Variable → scale, in the order of the sheet. `*_more` variables are lists and secondary.
SCALES = {
    "instrument": "nominal", "theme": "nominal", "target_type": "nominal",
    "strength_outer": "ordinal", "strength_inner": "ordinal", "clarity": "nominal",
    "actor": "nominal", "beneficiary": "nominal", "funding_named": "nominal",
    "programme_named": "nominal", "time_named": "nominal", "monitor_named": "nominal",
}  # fmt: skip
MORE = {"instrument_more": "instrument", "theme_more": "theme", "beneficiary_more": "beneficiary"}
#: Variables whose codes another variable of the codebook lists.
CODES = {"strength_outer": "strength", "strength_inner": "strength"}
BOOLEAN = tuple(name for name in SCALES if name.endswith("_named"))
FIXED = ("measure_id", "quote")
COLUMNS = (*FIXED, *SCALES, *MORE, "note")
VERIFIABILITY = {"G1": 5, "G2": 4, "G3": 4, "G5": 3, "G4": 2, "G6": 2, "G8": 2, "G7": 1}


def strength(outer: pd.Series, inner: pd.Series) -> pd.Series:
    """Return the strength of each measure: the outer head's, lowered by an inner head of 1 or 2.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.coding import strength
    >>> strength(pd.Series([3, 3, 2]), pd.Series([4, 1, 4])).tolist()
    [3, 1, 2]
    """
    lower = inner.notna() & (inner <= 2) & (inner < outer)
    return outer.where(~lower.fillna(False), inner).astype("Int64")


def coded(
    measures: pd.DataFrame, codes: pd.DataFrame, classes: pd.Series, references: pd.DataFrame
) -> pd.DataFrame:
    """Join measures with the codes of one coder, in reading order.

    Parameters
    ----------
    measures, references : DataFrame
        The tables of these names.
    codes : DataFrame
        ``plan.codings(coder)``.
    classes : Series
        Instrument → its class, by the mapping wanted.

    Returns
    -------
    DataFrame
        `measures` with ``clause_id``, the variables of `SCALES`, ``strength``,
        ``instrument_class`` and ``refers_to`` (titles); their ``note`` is ``unit_note``.
    """
    table = measures.sort_values("start", ignore_index=True)
    table.insert(2, "clause_id", table["unit_id"].str.partition(".")[0])
    table = table.rename(columns={"note": "unit_note"}).merge(
        codes.drop(columns="coder"), on="measure_id", how="left", validate="one_to_one"
    )
    table["strength"] = strength(table["strength_outer"], table["strength_inner"])
    table["instrument_class"] = table["instrument"].map(classes)
    # 衔接落实… is no measure of its own: it says what the sentence's measures refer to.
    named = references.groupby("unit_id")["title"].agg(tuple)
    table["refers_to"] = [named.get(unit_id, ()) for unit_id in table["unit_id"]]
    return table


def with_scope(measures: pd.DataFrame, scopes: pd.DataFrame) -> pd.DataFrame:
    """Add the scope of each measure, from the segments of its sentence that it overlaps.

    Returns
    -------
    DataFrame
        `measures` with ``scopes`` (tuple, narrowest first), ``scope`` (the narrowest),
        ``conditional``, ``delegated``, ``list_open`` (true for any segment), ``condition_on``
        (areas, sites, persons, firms, quotas or funds), ``list_total``,
        ``segments`` (tuple of scope ids): the conjuncts stay apart there.
    """
    order = ["area", "place", "facility", "class", "universal"]
    pairs = measures.reset_index()[["measure_id", "unit_id", "start", "end"]].merge(
        scopes, on="unit_id", suffixes=("_measure", "")
    )
    inside = (pairs["start"] < pairs["end_measure"]) & (pairs["end"] > pairs["start_measure"])
    here = pairs[inside].groupby("measure_id", sort=False)
    flags = ["conditional", "delegated", "list_open"]
    found = (
        here[flags]
        .any()
        .assign(
            scopes=here["scope"].agg(lambda names: tuple(sorted(set(names), key=order.index))),
            condition_on=here["condition_on"].max(),
            list_total=here["list_total"].max().astype("Int64"),
            segments=here["scope_id"].agg(tuple),
        )
    )
    found["scope"] = found["scopes"].str[0]
    return measures.join(
        found[["scopes", "scope", *flags, "condition_on", "list_total", "segments"]], on="measure_id"
    )


def whole_sentences(measures: pd.DataFrame, text: str) -> pd.Series:
    """Return the words of each measure so that they can stand alone.

    Parameters
    ----------
    measures : DataFrame
        With ``start``, ``quote``, ``lead_start`` and ``lead_end``.
    text : str
        The canonical text: the lead is read from it.

    Returns
    -------
    Series of str
        The earlier words of the sentence that give the measure its subject, ``……`` where words
        between are left out, the measure's own words, and a full stop.
    """
    result = []
    columns = ["start", "quote", "lead_start", "lead_end"]
    for start, quote, first, last in measures[columns].itertuples(index=False):
        words = quote.rstrip("，。") + "。"
        if not pd.isna(first):
            gap = "" if last == start else "……"
            words = text[first:last] + gap + (words.removeprefix("以及") if gap else words)
        result.append(words)
    return pd.Series(result, index=measures.index, dtype="str")


def template(measures: pd.DataFrame, codebook: pd.DataFrame, path: Path) -> Path:
    """Write an empty coding sheet: CSV, or XLSX with the allowed codes as drop-downs.

    Parameters
    ----------
    measures : DataFrame
        ``plan.table("measures")``.
    codebook : DataFrame
        ``plan.codebook()``.
    path : Path
        Ends in ``.csv`` or ``.xlsx``.
    """
    measures = measures.sort_values("start")  # reading order
    sheet = measures[list(FIXED)].reindex(columns=list(COLUMNS), fill_value="")
    if path.suffix.lower() == ".csv":
        # The byte order mark makes spreadsheets read UTF-8 as what it is.
        sheet.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
    elif path.suffix.lower() == ".xlsx":
        _workbook(sheet, codebook, path)
    else:
        raise LaoquError(f"a sheet ends in .csv or .xlsx, not {path.suffix!r}")
    return path


def read_sheet(path: Path, measures: pd.DataFrame, codebook: pd.DataFrame) -> pd.DataFrame:
    """Read and check a coding sheet; empty cells are not coded.

    Parameters
    ----------
    path : Path
        CSV (UTF-8 or GBK, comma or semicolon) or XLSX.
    measures, codebook : DataFrame
        What the sheet must fit.

    Returns
    -------
    DataFrame
        One row per measure in order, the columns of `COLUMNS`; codes as text, strengths as
        numbers, flags as booleans, NA where not coded.

    Raises
    ------
    DataError
        With every problem, by row and column: unknown codes, units missing, added or twice,
        edited quotations, mangled ids. Nothing is loaded then.
    """
    name, rows = paths.display(path), _cells(path)
    head = [cell.strip() for cell in rows[0]] if rows else []
    wrong = [
        Problem(name, 1, 1, f"the column {column!r} is missing; columns are {', '.join(COLUMNS)}")
        for column in (*FIXED, *SCALES)
        if column not in head
    ]
    for index, column in enumerate(head):
        if column not in COLUMNS or head.index(column) < index:
            hint = ", ".join(nearest(column, COLUMNS))
            message = f"the column {column!r} is unknown or stands twice; nearest: {hint}"
            wrong.append(Problem(name, 1, index + 1, message))
    if wrong:
        raise DataError(wrong)
    quotes = dict(zip(measures["measure_id"], measures["quote"], strict=True))
    allowed = {variable: set(part["code"]) for variable, part in codebook.groupby("variable")}
    found: list[Problem] = []
    seen: dict[str, int] = {}
    records = []
    for number, cells in enumerate(rows[1:], start=2):
        cells = [*cells, *[""] * (len(head) - len(cells))]
        record = {column: cells[head.index(column)].strip() for column in COLUMNS if column in head}
        if not any(record.values()):
            continue
        at = {column: head.index(column) + 1 for column in record}
        unit = record["measure_id"]
        if unit not in quotes:
            hint = ", ".join(nearest(unit, quotes)) or "none"
            message = f"unknown unit {unit!r}; nearest: {hint}"
            found.append(Problem(name, number, at["measure_id"], message))
            continue
        if unit in seen:
            message = f"unit {unit} is coded twice, first in row {seen[unit]}"
            found.append(Problem(name, number, at["measure_id"], message))
        seen[unit] = number
        if record["quote"] != quotes[unit]:
            message = f"the quotation was edited; it must stay {quotes[unit][:20]!r}…"
            found.append(Problem(name, number, at["quote"], message))
        values: dict[str, object] = {}
        for column in (*SCALES, *MORE, "note"):
            value, message = _code(column, record.get(column, ""), allowed)
            values[column] = value
            if message:
                found.append(Problem(name, number, at[column], f"{column}: {message}"))
        records.append({"measure_id": unit, "quote": quotes[unit], **values})
    for unit in quotes:
        if unit not in seen:
            message = f"unit {unit} is missing: keep its row and leave its codes empty"
            found.append(Problem(name, len(rows), 1, message))
    if found:
        raise DataError(found)
    frame = pd.DataFrame(records, columns=list(COLUMNS)).set_index("measure_id")
    return _typed(frame.loc[list(quotes)].reset_index())


def targets(measures: pd.DataFrame, figures: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return what each measure would have to be checked by.

    Parameters
    ----------
    measures : DataFrame
        ``plan.measures()``.
    figures, mentions : DataFrame
        ``plan.table("printed_figures")`` and ``plan.table("mentions")``.

    Returns
    -------
    DataFrame
        One row per measure with a coded target type: ``target_id``, ``measure_id``, ``unit_id``,
        ``kind`` (G1…G8), ``verifiability`` (5 to 1), ``number`` and ``unit`` (only where the
        plan prints a figure), ``names`` (tuple: the places named as recipients, the enumerated
        deliverables of G2 and G3), ``list_open``, ``start``, ``end``, ``quote``.
    """
    coded = measures[measures["target_type"].notna() & (measures["target_type"] != "")]
    recipients = mentions[mentions["recipient"]]
    rows = []
    for row in coded.itertuples():
        here = recipients["start"].between(row.start, row.end - 1)
        names = tuple(dict.fromkeys(recipients.loc[here, "name"]))
        inside = figures[(figures["start"] >= row.start) & (figures["end"] <= row.end)]
        number, unit = (
            (int(inside["number"].iloc[0]), inside["counted"].iloc[0])
            if len(inside)
            else (pd.NA, "")
        )
        kind = row.target_type
        identity = [row.measure_id.replace(".m", ".t"), row.measure_id, row.unit_id, kind]
        words = [names, row.list_open, row.start, row.end, row.quote]
        rows.append([*identity, VERIFIABILITY[kind], number, unit, *words])
    columns = ["target_id", "measure_id", "unit_id", "kind", "verifiability", "number", "unit"]
    columns += ["names", "list_open", "start", "end", "quote"]
    return pd.DataFrame(rows, columns=columns).astype({"number": "Int64"})


def _code(column: str, cell: str, allowed: dict[str, set[str]]) -> tuple[object, str | None]:
    """Return the value of one cell, and what is wrong with it."""
    if column == "note":
        return cell, None
    if cell == "":
        return () if column in MORE else pd.NA, None
    if column in BOOLEAN:
        if cell.lower() in ("true", "false", "1", "0"):
            return cell.lower() in ("true", "1"), None
        return pd.NA, f"found {cell!r}, expected true or false"
    if column in CODES:
        cell = re.sub(r"\.0+$", "", cell)  # a spreadsheet turns 3 into 3.0
    cell = unicodedata.normalize("NFKC", cell)
    codes = allowed[MORE.get(column, CODES.get(column, column))]
    parts = re.split(r"\s*[;；]\s*", cell) if column in MORE else [cell]
    for part in parts:
        if part not in codes:
            hint = ", ".join(nearest(part, codes)) or ", ".join(sorted(codes))
            return pd.NA, f"unknown code {part!r}; nearest: {hint}"
    if column in MORE:
        return tuple(parts), None
    return (int(cell) if column in CODES else cell), None


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    kinds = dict.fromkeys(CODES, "Int64") | dict.fromkeys(BOOLEAN, "boolean")
    return frame.astype(kinds)


def _cells(path: Path) -> list[list[str]]:
    """Return a sheet's cells as text."""
    if not path.is_file():
        raise DataError([Problem(paths.display(path), 1, 1, "there is no such file")])
    if path.suffix.lower() == ".xlsx":
        from openpyxl import load_workbook

        try:
            sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
        except Exception as error:  # a damaged workbook fails in many ways
            message = f"is no readable workbook: {error}; save it anew as .xlsx"
            raise DataError([Problem(paths.display(path), 1, 1, message)]) from error
        return [
            ["" if cell is None else str(cell) for cell in row]
            for row in sheet.iter_rows(values_only=True)
        ]
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        first = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=first.count)
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    message = "is neither UTF-8 nor GBK: save the sheet as CSV UTF-8"
    raise DataError([Problem(paths.display(path), 1, 1, message)])


def _workbook(sheet: pd.DataFrame, codebook: pd.DataFrame, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Protection
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    page, codes = book.active, book.create_sheet("codebook")
    page.title = "coding"
    page.append(list(sheet.columns))
    for row in sheet.itertuples(index=False):
        page.append(list(row))
    codes.append(["variable", "code", "label_zh", "label_en", "definition"])
    places: dict[str, tuple[int, int]] = {}
    for row in codebook.itertuples():
        codes.append([row.variable, row.code, row.label_zh, row.label_en, row.definition])
        first, _ = places.get(row.variable, (codes.max_row, 0))
        places[row.variable] = (first, codes.max_row)
    for index, column in enumerate(sheet.columns, start=1):
        letter = page.cell(1, index).column_letter
        page.column_dimensions[letter].width = 60 if column == "quote" else 15
        source = _allowed(column, places)
        if source:
            rule = DataValidation(type="list", formula1=source, allow_blank=True)
            rule.error, rule.errorTitle = f"a code of {column}, see the sheet codebook", "laoqu"
            page.add_data_validation(rule)
            rule.add(f"{letter}2:{letter}{len(sheet) + 1}")
    for row in page.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.protection = Protection(locked=cell.column <= len(FIXED))
    page.freeze_panes = "C2"
    book.save(path)


def _allowed(column: str, places: dict[str, tuple[int, int]]) -> str:
    """Return the drop-down's source: true,false, a range of the codebook, or none."""
    if column in BOOLEAN:
        return '"true,false"'
    variable = CODES.get(column, column)
    if variable not in SCALES and variable != "strength":
        return ""
    first, last = places[variable]
    return f"codebook!$B${first}:$B${last}"


def exemplified(examples: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that the codebook gives away: ``measure_id``, ``variable``.

    Agreement on them shows that coders can look up, so it is reported with and without.
    """
    pairs = examples.merge(measures, on="unit_id", suffixes=("", "_measure"))
    inside = (pairs["start"] < pairs["end_measure"]) & (pairs["end"] > pairs["start_measure"])
    return pairs.loc[inside, ["measure_id", "variable"]].drop_duplicates(ignore_index=True)
