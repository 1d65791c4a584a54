"""The codebook, what is called absent, and every disagreement of the passes."""

from __future__ import annotations

from collections.abc import Iterator

from laoqu import schema
from laoqu.coding import CODES, MORE, SCALES
from laoqu.document import Document
from laoqu.errors import Problem
from laoqu.validate.common import PASSES, column_of, hits, text_of

#: Variables of the codebook that measures are coded by, and the columns of a coding.
LINTED = {CODES.get(name, name) for name in SCALES}
LINTED_VARIABLES = (*SCALES, *MORE)


def used(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every code of a variable that tables use to be used: no orphan."""
    used: dict[str, set[object]] = {}
    for table in tables.values():
        for column in table.fields:
            if variable := column.get("laoqu:codes"):
                here = used.setdefault(variable, set())
                for value in table.values(column["name"]):
                    here.update(value if isinstance(value, tuple) else (value,))
    codebook = tables["codebook"]
    for row in codebook.rows:
        variable, code = row.values["variable"], row.values["code"]
        absent = row.values["structural_zero"]
        if variable in used and code not in used[variable] and not absent:
            message = f"code {code!r} of {variable} is used by no row"
            yield Problem(codebook.file, row.line, row.column(1), message)


def schemes(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every mapping to give every instrument a class."""
    table = tables["crosswalk_rz"]
    codes = {
        row.values["code"]
        for row in tables["codebook"].rows
        if row.values["variable"] == "instrument"
    }
    for scheme in sorted(set(table.values("scheme"))):
        found = {row.values["code"] for row in table.rows if row.values["scheme"] == scheme}
        if missing := sorted(codes - found):
            yield Problem(table.file, 1, 1, f"{scheme} has no class for {', '.join(missing)}")


def codebook(doc: Document, table: schema.Table) -> Iterator[Problem]:
    """Require every code of a coding variable to have a real example or proven absence."""
    for row in table.rows:
        values, index = row.values, column_of(table, "example")
        if not (values["example"] or values["structural_zero"]):
            if values["variable"] in (*LINTED, "scope"):
                message = "the code has neither an example nor the strings of its absence"
                yield Problem(table.file, row.line, row.column(index), message)
            continue
        for name in ("example", "near_miss"):
            if values[name] and not _stands(doc, str(values[name])):
                message = f"{name} {values[name]!r} does not stand in the unit it names"
                yield Problem(table.file, row.line, row.column(column_of(table, name)), message)
        found, broken = hits(doc, table, row, "structural_zero")
        yield from broken
        if found:
            message = f"a structural zero, but the text has {values['structural_zero']!r}"
            column = row.column(column_of(table, "structural_zero"))
            yield Problem(table.file, row.line, column, message)


def _stands(doc: Document, example: str) -> bool:
    unit_id, _, words = example.partition(": ")
    try:
        return words.split(" → ")[0] in doc.unit(unit_id).text
    except KeyError:
        return False


def absent(doc: Document, table: schema.Table) -> Iterator[Problem]:
    """Require what is called absent to be so, hit by hit."""
    for row in table.rows:
        found, broken = hits(doc, table, row, "searched")
        yield from broken
        if not broken and found != row.values["hits"]:
            message = f"the text has {found} matches, the row says {row.values['hits']}"
            yield Problem(table.file, row.line, row.column(column_of(table, "hits")), message)
        if found and not row.values["note"]:
            yield Problem(table.file, row.line, 1, "matches that do not count need a reason")


def adjudicated(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every disagreement of the passes to be settled, and nothing else to be changed."""
    table, settled = tables["codings"], tables["adjudications"]
    codes = {(row.values["coder"], row.values["measure_id"]): row for row in table.rows}
    ruled = {(row.values["measure_id"], row.values["variable"]): row for row in settled.rows}
    for measure in tables["measures"].values("measure_id"):
        three = [codes.get((coder, measure)) for coder in PASSES]
        if None in three:
            yield Problem(
                table.file, 1, 1, f"{measure} is not coded by both passes and adjudicated"
            )
            continue
        for variable in LINTED_VARIABLES:
            one, two, final = (text_of(row.values[variable]) for row in three)
            rule = ruled.pop((measure, variable), None)
            column = three[2].column(column_of(table, variable))
            if one == two == final and rule is None:
                continue
            if rule is None:
                message = (
                    f"{variable} of {measure} differs ({one}, {two}, {final}) and has no ruling"
                )
                yield Problem(table.file, three[2].line, column, message)
            else:
                said = [rule.values[name] for name in PASSES]
                if said != [one, two, final]:
                    message = f"the ruling says {said}, the codings {[one, two, final]}"
                    yield Problem(settled.file, rule.line, 1, message)
    for row in ruled.values():
        yield Problem(settled.file, row.line, 1, "a ruling for nothing that was coded")
