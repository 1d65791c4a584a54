"""Codes, rulings and absences; the PMC table; the terms of the co-word analysis."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from laoqu import measures
from laoqu.document import Document
from laoqu.errors import Problem
from laoqu.schema import Row, Tables

PASSES = ("pass1", "pass2", "adjudicated")
#: Variables that measures are coded by, lists of secondary codes included.
CODED = (*measures.SCALES, *measures.MORE)


def _text_of(value: object) -> str:
    """Return a value as a sheet would hold it."""
    if isinstance(value, tuple):
        return ";".join(value)
    return "" if value is pd.NA else str(value).lower() if isinstance(value, bool) else str(value)


def _hits(doc: Document, pattern: object) -> tuple[int, str]:
    """Count the matches of a regular expression; a malformed one is said."""
    try:
        return len(re.findall(str(pattern), doc.canonical)) if pattern else 0, ""
    except re.error as error:
        return 0, f"{pattern!r} is no regular expression: {error}"


def used(tables: Tables) -> Iterator[Problem]:
    """Require every code of a variable that tables use to be used: no orphan."""
    used: dict[object, set[object]] = {}
    for name in tables.declared:
        for column in tables[name].fields:
            for value in tables[name].values(column["name"]) if "laoqu:codes" in column else ():
                here = used.setdefault(column["laoqu:codes"], set())
                here.update(value if isinstance(value, tuple) else (value,))
    codebook = tables["codebook"]
    for row in codebook.rows:
        variable, code = row.values["variable"], row.values["code"]
        if variable in used and code not in used[variable] and not row.values["structural_zero"]:
            yield codebook.problem(row, "code", f"code {code!r} of {variable} is used by no row")


def codebook(tables: Tables) -> Iterator[Problem]:
    """Require every code of a coding variable to have a real example or proven absence."""
    doc = tables.document
    table = tables["codebook"]
    linted = {measures.CODES.get(name, name) for name in measures.SCALES} | {"scope"}
    for row in table.rows:
        values, absent = row.values, row.values["structural_zero"]
        if not values["example"] and not absent and values["variable"] in linted:
            message = "the code has neither an example nor the strings of its absence"
            yield table.problem(row, "example", message)
        for name in ("example", "near_miss") if values["example"] or absent else ():
            unit_id, _, words = str(values[name]).partition(": ")
            known = [unit.text for unit in doc.units if unit.unit_id == unit_id]
            if values[name] and not (known and words.split(" → ")[0] in known[0]):
                message = f"{name} {values[name]!r} does not stand in the unit it names"
                yield table.problem(row, name, message)
        found, broken = _hits(doc, absent)
        if found or broken:
            message = broken or f"a structural zero, but the text has {absent!r}"
            yield table.problem(row, "structural_zero", message)


def absences(tables: Tables) -> Iterator[Problem]:
    """Require what is called absent to be so, hit by hit."""
    doc = tables.document
    table = tables["absences"]
    for row in table.rows:
        for pattern, count in (("near", "near_hits"), ("searched", "hits")):
            found, broken = _hits(doc, row.values[pattern])
            if broken:
                yield table.problem(row, pattern, broken)
            elif found != row.values[count]:
                message = f"the text has {found} matches, the row says {row.values[count]}"
                yield table.problem(row, count, message)
        if found and not row.values["note"]:
            yield Problem(table.file, row.line, 1, "matches that do not count need a reason")


def rules(tables: Tables) -> Iterator[Problem]:
    """Require the rules that rulings and examples cite to stand in docs/coding_rules.md."""
    path = tables.folder.parent / "docs" / "coding_rules.md"
    if not path.is_file():
        return
    known = {*re.findall(r"^## (R\d+)", path.read_text(encoding="utf-8"), re.M), "codebook"}
    for name, column in (("adjudications", "rule"), ("exemplified", "source")):
        for row in tables[name].rows:
            if row.values[column] not in known:
                message = f"there is no rule {row.values[column]!r} in docs/coding_rules.md"
                yield tables[name].problem(row, column, message)


def schemes(tables: Tables) -> Iterator[Problem]:
    """Require every mapping to give every instrument a class, and grades to cover 0 to m."""
    table = tables["crosswalk_rz"]
    book = [row.values for row in tables["codebook"].rows]
    codes = {each["code"] for each in book if each["variable"] == "instrument"}
    for scheme in sorted(set(table.values("scheme"))):
        found = {row.values["code"] for row in table.rows if row.values["scheme"] == scheme}
        if missing := sorted(codes - found):
            yield Problem(table.file, 1, 1, f"{scheme} has no class for {', '.join(missing)}")
    table = tables["pmc_grades"]
    for scheme in dict.fromkeys(table.values("scheme")):
        rows = [row for row in table.rows if row.values["scheme"] == scheme]
        sizes = {row.values["m"] for row in rows}
        lowers = [row.values["lower"] for row in rows]
        if len(sizes) > 1 or lowers[0] != 0 or not lowers[-1] < max(sizes):
            message = f"{scheme} must have one m, begin at 0 and stay below m"
            yield Problem(table.file, rows[0].line, 1, message)


def adjudicated(tables: Tables) -> Iterator[Problem]:
    """Require every disagreement of the passes to be settled, and nothing else to be changed."""
    table, settled = tables["codings"], tables["adjudications"]
    codes = {(row.values["coder"], row.values["measure_id"]): row for row in table.rows}
    ruled = {(row.values["measure_id"], row.values["variable"]): row for row in settled.rows}
    for measure in tables["measures"].values("measure_id"):
        three = [codes.get((coder, measure)) for coder in PASSES]
        if None in three:
            message = f"{measure} is not coded by both passes and adjudicated"
            yield Problem(table.file, 1, 1, message)
            continue
        for variable in CODED:
            passes = [_text_of(row.values[variable]) for row in three]
            rule = ruled.pop((measure, variable), None)
            if rule is None and len(set(passes)) > 1:
                message = f"{variable} of {measure} differs ({', '.join(passes)}) and has no ruling"
                yield table.problem(three[2], variable, message)
            elif rule and (said := [rule.values[name] for name in PASSES]) != passes:
                message = f"the ruling says {said}, the codings {passes}"
                yield Problem(settled.file, rule.line, 1, message)
    for row in ruled.values():
        yield Problem(settled.file, row.line, 1, "a ruling for nothing that was coded")


def pmc_scores(tables: Tables) -> Iterator[Problem]:
    """Require every score to rest on evidence, a source, or a search that finds what it says."""
    doc = tables.document
    table = tables["pmc_scores"]
    evidence = [row.values for row in tables["pmc_evidence"].rows]
    shown = {(each["sub_variable"], each["coder"]) for each in evidence}
    scored = {(row.values["sub_variable"], row.values["coder"]) for row in table.rows}
    for row in table.rows:
        if message := _score_problem(doc, row, shown):
            yield Problem(table.file, row.line, 1, message)
    for sub in tables["pmc_table"].values("sub_variable"):
        for coder in PASSES:
            if (sub, coder) not in scored:
                yield Problem(table.file, 1, 1, f"{sub} is not scored by {coder}")


def _score_problem(doc: Document, row: Row, shown: set[tuple[object, object]]) -> str:
    values = row.values
    score, grade, searched = values["score"], values["grade"], values["searched"]
    hits, broken = _hits(doc, searched)
    grounded = (values["sub_variable"], values["coder"]) in shown or bool(values["source"])
    if grade not in (0, 0.5, 1) or score != int(grade > 0):
        return "a grade is 0, 0.5 or 1, and the score 1 where it is above 0, else 0"
    if grounded != bool(score) or bool(searched) == bool(score):
        return "1 needs evidence or a source; 0 needs the strings searched for, and neither"
    if broken or _text_of(values["hits"]) != (str(hits) if searched else ""):
        return broken or f"the text has {hits} matches, the row says {_text_of(values['hits'])!r}"
    if (hits or grade == 0.5) and not values["reason"]:
        return "matches that do not count and half grades need a reason"
    return ""


def pmc_rulings(tables: Tables) -> Iterator[Problem]:
    """Require a ruling for every grade on which the passes differ, and for no other."""
    table = tables["pmc_rulings"]
    grades: dict[object, list[object]] = {}
    for row in tables["pmc_scores"].rows:
        grades.setdefault(row.values["sub_variable"], []).append(row.values["grade"])
    ruled = {
        row.values["sub_variable"]: [row.values[each] for each in PASSES] for row in table.rows
    }
    for sub, three in grades.items():
        if ruled.get(sub, three[:1] * len(PASSES)) != three:
            message = f"{sub} has the grades {three}, the ruling {ruled.get(sub, 'is missing')}"
            yield Problem(table.file, 1, 1, message)
        if sub in ruled and len(set(three)) == 1:
            yield Problem(table.file, 1, 1, f"a ruling for {sub}, on which the passes agree")


def terms(tables: Tables) -> Iterator[Problem]:
    """Require every listed form to stand in a sentence, first where its row says, and one meaning.

    A form that is swallowed by longer ones wherever it is printed never stands.
    """
    doc = tables.document
    listed, forms, stops = (tables[name] for name in ("terms", "term_synonyms", "term_stops"))
    known = {*listed.values("term"), *stops.values("stop")}
    synonyms = dict(zip(forms.values("variant"), forms.values("term"), strict=True))
    found = measures.tokens(doc.units, measures.lexicon(known, synonyms, ()))
    keys = ((listed, "term", "term"), (forms, "variant", "quote"), (stops, "stop", "term"))
    for table, key, by in keys:
        first = found.drop_duplicates(by).set_index(by)["start"]
        for row in table.rows:
            word = row.values[key]
            if word not in first.index:
                yield table.problem(row, key, f"{word!r} never stands in a sentence by itself")
            elif row.values["start"] != first[word]:
                message = f"{word!r} first stands at {first[word]}, not {row.values['start']}"
                yield table.problem(row, "start", message)
    terms, concepts = set(listed.values("term")), set(listed.values("concept"))
    for row in listed.rows:
        if row.values["term"] in concepts and row.values["concept"] != row.values["term"]:
            message = f"{row.values['term']!r} is a concept and must be its own"
            yield listed.problem(row, "concept", message)
    for row in stops.rows:
        if row.values["stop"] in terms:
            yield stops.problem(
                row, "stop", f"{row.values['stop']!r} is both a term and a stop word"
            )
    for row in forms.rows:
        if row.values["term"] not in known:
            message = f"{row.values['term']!r} is neither a term nor a stop word"
            yield forms.problem(row, "term", message)
        if row.values["variant"] in known:
            message = f"{row.values['variant']!r} is itself a term or a stop word"
            yield forms.problem(row, "variant", message)
