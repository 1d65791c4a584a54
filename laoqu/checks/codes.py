"""Codes, rulings and absences; the PMC table; the terms of the co-word analysis."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from laoqu import measures
from laoqu.schema import Fault, Row, Table, Tables

PASSES = ("pass1", "pass2", "adjudicated")
#: Variables that measures are coded by, lists of secondary codes included.
CODED = (*measures.SCALES, *measures.MORE)


def counted(tables: Tables) -> Iterator[Fault]:
    """Require a number declared as ``laoqu:matches`` to be how often that pattern is found."""
    for name, declared in tables.declared.items():
        for column, pattern in (
            (each["name"], each["laoqu:matches"])
            for each in declared["schema"]["fields"]
            if "laoqu:matches" in each
        ):
            for row in tables[name].rows:
                try:
                    found = len(re.findall(row[pattern], tables.document.canonical))
                except re.error as error:
                    message = f"{row[pattern]!r} is no regular expression: {error}"
                    yield tables[name], row, pattern, message
                    continue
                found = found if row[pattern] else 0
                # What is its own pattern (a structural zero) must not be found.
                said = 0 if column == pattern or row[column] is pd.NA else row[column]
                if found != said:
                    message = f"the text has {found} matches, the row says {said}"
                    yield tables[name], row, column, message


def absences(tables: Tables) -> Iterator[Fault]:
    """Require what is found though it is called absent to have a reason."""
    table = tables["absences"]
    for row in table.rows:
        if row["hits"] and not row["note"]:
            yield table, row, "note", "matches that do not count need a reason"


def used(tables: Tables) -> Iterator[Fault]:
    """Require every code of a variable that tables use to be used: no orphan."""
    used: dict[object, set[object]] = {}
    for name in tables.declared:
        for column in tables[name].fields:
            for value in tables[name].values(column["name"]) if "laoqu:codes" in column else ():
                here = used.setdefault(column["laoqu:codes"], set())
                here.update(value if isinstance(value, tuple) else (value,))
    codebook = tables["codebook"]
    for row in codebook.rows:
        variable, code = row["variable"], row["code"]
        if variable in used and code not in used[variable] and not row["structural_zero"]:
            yield codebook, row, "code", f"code {code!r} of {variable} is used by no row"


def codebook(tables: Tables) -> Iterator[Fault]:
    """Require every code of a coding variable to have a real example or proven absence."""
    table = tables["codebook"]
    linted = {measures.CODES.get(name, name) for name in measures.SCALES} | {"scope"}
    texts = {unit.unit_id: unit.text for unit in tables.document.units}
    for row in table.rows:
        proven = row["example"] or row["structural_zero"]
        if not proven and row["variable"] in linted:
            message = "the code has neither an example nor the strings of its absence"
            yield table, row, "example", message
        for name in ("example", "near_miss") if proven else ():
            unit_id, _, words = str(row[name]).partition(": ")
            if row[name] and words.split(" → ")[0] not in texts.get(unit_id, "\0"):
                message = f"{name} {row[name]!r} does not stand in the unit it names"
                yield table, row, name, message


def rules(tables: Tables) -> Iterator[Fault]:
    """Require the rules that rulings and examples cite to stand in docs/coding_rules.md."""
    path = tables.folder.parent / "docs" / "coding_rules.md"
    if not path.is_file():
        return
    known = {*re.findall(r"^## (R\d+)", path.read_text(encoding="utf-8"), re.M), "codebook"}
    for name, column in (("adjudications", "rule"), ("exemplified", "source")):
        for row in tables[name].rows:
            if row[column] not in known:
                message = f"there is no rule {row[column]!r} in docs/coding_rules.md"
                yield tables[name], row, column, message


def schemes(tables: Tables) -> Iterator[Fault]:
    """Require every mapping to give every instrument a class, and grades to cover 0 to m."""
    table = tables["crosswalk_rz"]
    rows = tables["codebook"].rows
    codes = {row["code"] for row in rows if row["variable"] == "instrument"}
    for scheme in sorted(set(table.values("scheme"))):
        found = {row["code"] for row in table.rows if row["scheme"] == scheme}
        if missing := sorted(codes - found):
            yield table, None, "code", f"{scheme} has no class for {', '.join(missing)}"
    table = tables["pmc_grades"]
    for scheme in dict.fromkeys(table.values("scheme")):
        rows = [row for row in table.rows if row["scheme"] == scheme]
        sizes = {row["m"] for row in rows}
        if len(sizes) > 1 or rows[0]["lower"] != 0 or not rows[-1]["lower"] < max(sizes):
            message = f"{scheme} must have one m, begin at 0 and stay below m"
            yield table, rows[0], "scheme", message


def adjudicated(tables: Tables) -> Iterator[Fault]:
    """Require every difference of the passes to be settled by a ruling, and nothing else."""
    codes = tables["codings"], tables["measures"].values("measure_id"), "measure_id", CODED
    yield from _settled(*codes, tables["adjudications"])
    grades = tables["pmc_scores"], tables["pmc_table"].values("sub_variable"), "sub_variable"
    yield from _settled(*grades, ["grade"], tables["pmc_rulings"])


def _settled(
    table: Table, ids: list[object], key: str, variables: list[str], rulings: Table
) -> Iterator[Fault]:
    codes = {(row["coder"], row[key]): row for row in table.rows}
    ruled = {(row[key], row.values.get("variable", variables[0])): row for row in rulings.rows}
    for each in ids:
        three = [codes.get((coder, each)) for coder in PASSES]
        for coder, row in zip(PASSES, three, strict=True):
            if row is None:
                yield table, None, key, f"{each} is not coded by {coder}"
        for variable in variables if None not in three else ():
            passes = [_text_of(row[variable]) for row in three]
            ruling = ruled.pop((each, variable), None)
            if ruling is None and len(set(passes)) > 1:
                message = f"{variable} of {each} differs ({', '.join(passes)}) and has no ruling"
                yield table, three[2], variable, message
            elif ruling and (said := [_text_of(ruling[name]) for name in PASSES]) != passes:
                message = f"the ruling for {each} says {said}, the passes {passes}"
                yield rulings, ruling, key, message
            elif ruling and len(set(passes)) == 1 and "variable" not in ruling.values:
                yield rulings, ruling, key, f"a ruling for {each}, on which the passes agree"
    for row in ruled.values():
        yield rulings, row, key, "a ruling for nothing that was coded"


def _text_of(value: object) -> str:
    """Return a value as a sheet would hold it."""
    if isinstance(value, tuple):
        return ";".join(value)
    return "" if value is pd.NA else str(value).lower() if isinstance(value, bool) else str(value)


def scores(tables: Tables) -> Iterator[Fault]:
    """Require every score to rest on evidence, a source, or a search that finds what it says."""
    evidence = tables["pmc_evidence"].rows
    shown = {(each["sub_variable"], each["coder"]) for each in evidence}
    table = tables["pmc_scores"]
    for row in table.rows:
        if message := _score_problem(row, (row["sub_variable"], row["coder"]) in shown):
            yield table, row, "score", message


def _score_problem(row: Row, evident: bool) -> str:
    score, grade, searched = row["score"], row["grade"], row["searched"]
    if grade not in (0, 0.5, 1) or score != int(grade > 0):
        return "a grade is 0, 0.5 or 1, and the score 1 where it is above 0, else 0"
    if (evident or bool(row["source"])) != bool(score) or bool(searched) == bool(score):
        return "1 needs evidence or a source; 0 needs the strings searched for, and neither"
    if bool(searched) != (row["hits"] is not pd.NA):
        return "the strings searched for need the number of their matches, and it them"
    if (grade == 0.5 or (searched and row["hits"])) and not row["reason"]:
        return "matches that do not count and half grades need a reason"
    return ""


def terms(tables: Tables) -> Iterator[Fault]:
    """Require every listed form to stand in a sentence, first where its row says, and one meaning.

    A form that is swallowed by longer ones wherever it is printed never stands.
    """
    listed, forms, stops = (tables[name] for name in ("terms", "term_synonyms", "term_stops"))
    known = {*listed.values("term"), *stops.values("stop")}
    synonyms = {row["variant"]: row["term"] for row in forms.rows}
    found = measures.tokens(tables.document.units, measures.lexicon(known, synonyms, ()))
    keys = ((listed, "term", "term"), (forms, "variant", "quote"), (stops, "stop", "term"))
    for table, key, by in keys:
        first = found.drop_duplicates(by).set_index(by)["start"]
        for row in table.rows:
            word = row[key]
            if word not in first.index:
                yield table, row, key, f"{word!r} never stands in a sentence by itself"
            elif row["start"] != first[word]:
                message = f"{word!r} first stands at {first[word]}, not {row['start']}"
                yield table, row, "start", message
    terms, concepts = set(listed.values("term")), set(listed.values("concept"))
    for row in listed.rows:
        if row["term"] in concepts and row["concept"] != row["term"]:
            yield listed, row, "concept", f"{row['term']!r} is a concept and must be its own"
    for row in stops.rows:
        if row["stop"] in terms:
            yield stops, row, "stop", f"{row['stop']!r} is both a term and a stop word"
    for row in forms.rows:
        if row["term"] not in known:
            yield forms, row, "term", f"{row['term']!r} is neither a term nor a stop word"
        if row["variant"] in known:
            yield forms, row, "variant", f"{row['variant']!r} is itself a term or a stop word"
