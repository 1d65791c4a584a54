"""The PMC table: every score with its ground, every disagreement ruled on, whole schemes."""

from __future__ import annotations

from collections.abc import Iterator

from laoqu import schema
from laoqu.document import Document
from laoqu.errors import Problem
from laoqu.validate.common import PASSES, hits, text_of


def scores(doc: Document, tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every score to rest on evidence, a source, or a search that finds what it says."""
    table, evidence = tables["pmc_scores"], tables["pmc_evidence"]
    shown = {(row.values["sub_variable"], row.values["coder"]) for row in evidence.rows}
    subs = tables["pmc_table"].values("sub_variable")
    open_cells = dict.fromkeys((sub, coder) for sub in subs for coder in PASSES)
    for row in table.rows:
        values, key = row.values, (row.values["sub_variable"], row.values["coder"])
        open_cells.pop(key, None)
        score, grade, searched = values["score"], values["grade"], str(values["searched"])
        matches, broken = hits(doc, table, row, "searched")
        yield from broken
        grounded = key in shown or bool(values["source"])
        message = ""
        if grade not in (0, 0.5, 1) or score != int(grade > 0):
            message = "a grade is 0, 0.5 or 1, and the score 1 where it is above 0, else 0"
        elif grounded != bool(score) or bool(searched) == bool(score):
            message = "1 needs evidence or a source; 0 needs the strings searched for, and neither"
        elif not broken and text_of(values["hits"]) != (str(matches) if searched else ""):
            message = f"the text has {matches} matches, the row says {text_of(values['hits'])!r}"
        elif (matches or grade == 0.5) and not values["reason"]:
            message = "matches that do not count and half grades need a reason"
        if message:
            yield Problem(table.file, row.line, 1, message)
    for sub, coder in open_cells:
        yield Problem(table.file, 1, 1, f"{sub} is not scored by {coder}")
    codes = {(row.values["variable"], row.values["code"]) for row in tables["codebook"].rows}
    for row in tables["pmc_crosswalk"].rows:
        if (pair := (row.values["variable"], row.values["code"])) not in codes:
            message = f"the codebook has no code {pair[1]!r} of {pair[0]!r}"
            yield Problem(tables["pmc_crosswalk"].file, row.line, row.column(1), message)


def rulings(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require a ruling for every grade on which the passes differ, and for no other."""
    grades: dict[object, list[object]] = {}
    for row in tables["pmc_scores"].rows:
        grades.setdefault(row.values["sub_variable"], []).append(row.values["grade"])
    table = tables["pmc_rulings"]
    ruled = {
        row.values["sub_variable"]: [row.values[name] for name in PASSES] for row in table.rows
    }
    for sub, three in grades.items():
        if ruled.get(sub, three[:1] * len(PASSES)) != three:
            message = f"{sub} has the grades {three}, the ruling {ruled.get(sub, 'is missing')}"
            yield Problem(table.file, 1, 1, message)
        if sub in ruled and len(set(three)) == 1:
            yield Problem(table.file, 1, 1, f"a ruling for {sub}, on which the passes agree")


def schemes(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every scheme to be for one m and to leave no value from 0 to m without a grade."""
    table = tables["pmc_grades"]
    for scheme in dict.fromkeys(table.values("scheme")):
        rows = [row for row in table.rows if row.values["scheme"] == scheme]
        sizes = {row.values["m"] for row in rows}
        lowers = [row.values["lower"] for row in rows]
        if len(sizes) > 1 or lowers[0] != 0 or lowers[-1] >= max(sizes):
            message = f"{scheme} must have one m, begin at 0 and stay below m"
            yield Problem(table.file, rows[0].line, 1, message)
