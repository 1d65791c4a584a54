"""Every problem in ``data/``: the raw text, each table, and what the tables say of each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from laoqu import build, document, paths, regions, schema, source, terms
from laoqu.coding import CODES, MORE, SCALES
from laoqu.document import Document
from laoqu.errors import DataError, Problem

#: Variables of the codebook that measures are coded by, and the columns of a coding.
LINTED = {CODES.get(name, name) for name in SCALES}
LINTED_VARIABLES = (*SCALES, *MORE)
PASSES = ("pass1", "pass2", "adjudicated")


def check(folder: Path | str | None = None) -> list[str]:
    """Return every problem in the data folder as ``file:line:column: message``.

    Parameters
    ----------
    folder : path, optional
        A data folder; by default the collection's own.

    Returns
    -------
    list of str
        Empty when all is well. All problems are listed, not only the first.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.check()
    []
    """
    found = problems(Path(folder) if folder else paths.data())
    return [str(problem) for problem in sorted(set(found))]


def problems(folder: Path) -> list[Problem]:
    """Return every problem in `folder`, unsorted."""
    found = source.problems(folder)
    try:
        doc = document.load("plan", folder)
    except DataError as error:
        found += error.problems
        doc = None
    try:
        names = schema.names(folder)
    except DataError as error:
        return found + error.problems
    tables: dict[str, schema.Table] = {}

    def lookup(name: str) -> schema.Table:
        if name not in tables:
            tables[name] = schema.read(name, folder, None, doc, lookup)
        return tables[name]

    for name in names:
        found += lookup(name).problems
    if found or doc is None:
        return found
    found += [
        *_text(folder, doc),
        *_scopes_cover(doc, tables["scopes"]),
        *_regions(tables["regions"], tables["membership"]),
        *_places(tables),
        *_used_codes(tables),
        *_no_name_missed(doc, tables),
        *_printed_counts(tables),
        *_measures_tile(doc, tables),
        *_schemes(tables),
        *_checksums(folder),
        *_codebook_lint(doc, tables["codebook"]),
        *_absent(doc, tables["absences"]),
        *_adjudicated(tables),
        *_pmc_scores(doc, tables),
        *_pmc_rulings(tables),
        *_pmc_schemes(tables),
        *_terms(doc, tables),
    ]
    return found or build.problems(folder)


def _text(folder: Path, doc: Document) -> Iterator[Problem]:
    """Require the document to have the size that SOURCES.toml states."""
    meta = source.registry(folder)["plan"]
    path = paths.display(folder / "raw" / "SOURCES.toml")
    for key, value in (
        ("characters", len(doc.raw)),
        ("canonical_characters", len(doc.canonical)),
        ("bytes", len(doc.raw.encode("utf-8"))),
        ("pages", len(doc.page_starts)),
    ):
        if meta[key] != value:
            yield Problem(path, 1, 1, f"{key} = {meta[key]}, but the text has {value}")


def _scopes_cover(doc: Document, table: schema.Table) -> Iterator[Problem]:
    """Require every sentence to be coded, its segments covering it without gap or overlap."""
    at: dict[str, int] = {}
    for row in table.rows:
        values = row.values
        unit = doc.unit(values["unit_id"])
        if (expected := at.get(unit.unit_id, unit.start)) != values["start"]:
            message = (
                f"segment begins at {values['start']}, expected {expected}: no gap, no overlap"
            )
            yield Problem(table.file, row.line, row.column(2), message)
        at[unit.unit_id] = values["end"]
        if not str(values["scope_id"]).startswith(f"{unit.unit_id}.k"):
            message = f"{values['scope_id']!r} does not begin with its unit {unit.unit_id!r}"
            yield Problem(table.file, row.line, 1, message)
        if (values["scope"] == "none") != (values["basis"] == ""):
            message = "a directive segment needs a basis, and only a directive one has it"
            yield Problem(table.file, row.line, row.column(6), message)
        confined = values["scope"] == "class" or (values["scope"] == "area" and values["list_open"])
        if bool(values["class_areas"]) > confined or (
            values["scope"] == "class" and not values["class_areas"]
        ):
            message = "class_areas belongs to classes (which need it) and to open lists of areas"
            yield Problem(table.file, row.line, row.column(12), message)
    for unit in doc.units:
        if unit.kind == "sentence" and at.get(unit.unit_id) != unit.end:
            message = f"sentence {unit.unit_id} is not coded to its end ({unit.end})"
            yield Problem(table.file, len(table.rows) + 1, 1, message)


def _regions(table: schema.Table, members: schema.Table) -> Iterator[Problem]:
    """Require the provinces of an area to be those of its counties, and orders to count from 1."""
    orders = sorted(table.values("order"))
    if orders != list(range(1, len(orders) + 1)):
        yield Problem(table.file, 1, 1, f"`order` must count from 1 without a gap, found {orders}")
    owners: dict[str, str] = {}
    for row in table.rows:
        region_id = row.values["region_id"]
        for name in ("name_zh", "full_zh", "name_en", "full_en", "label_en"):
            other = owners.setdefault(regions.fold(str(row.values[name])), region_id)
            if other != region_id:
                message = f"{row.values[name]!r} is also a name of {other}"
                yield Problem(table.file, row.line, row.column(_index(table, name)), message)
        found = {
            member.values["province"]
            for member in members.rows
            if member.values["region_id"] == region_id
        }
        if found != set(row.values["provinces"]):
            message = f"provinces of {region_id} are {sorted(found)} in the membership table"
            yield Problem(table.file, row.line, row.column(_index(table, "provinces")), message)


def _places(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every code to stand in the gazetteer with the name and level given with it."""
    known = {row.values["adcode"]: row.values for row in tables["gazetteer"].rows}
    for table in (tables["membership"], tables["mentions"]):
        index = _index(table, "adcode")
        for row in table.rows:
            values, level = row.values, row.values.get("level", "county")
            code, unit = values["adcode"], known.get(values["adcode"])
            message = None
            if not code:
                if level in ("province", "prefecture", "county", "urban_area", "zone"):
                    message = f"a {level} needs an adcode"
            elif unit is None:
                message = f"{code} is not in the gazetteer of the end of 2021"
            elif not _in_force(unit, values["code_date"]):
                message = f"{code} was not in force on {values['code_date'] or 'no date'}"
            elif level in ("province", "prefecture", "county"):
                here = (values["name"], values["province"], values["prefecture"], level)
                there = (unit["name"], unit["province"], unit["prefecture"], unit["level"])
                if level == "prefecture":
                    here, there = (*here[:2], level), (*there[:2], unit["level"])
                if here != there and not _own_prefecture(values, unit):
                    message = f"{code} is {_named(there)} in the gazetteer, here {_named(here)}"
            if message:
                yield Problem(table.file, row.line, row.column(index), message)


def _in_force(unit: dict[str, object], date: object) -> bool:
    """Whether a code is valid on an ISO date; the gazetteer knows years."""
    year = int(str(date)[:4] or 0)
    first, last = unit["valid_from"], unit["valid_to"]
    return (first is pd.NA or first <= year) and (last is pd.NA or year <= last)


def _own_prefecture(values: dict[str, object], unit: dict[str, object]) -> bool:
    """Whether a city without counties (儋州) stands in for its one county-level row."""
    return unit["level"] == "prefecture" and values["name"] == unit["name"] == values["prefecture"]


def _named(parts: tuple[object, ...]) -> str:
    return " ".join(str(part) for part in parts if part)


def _used_codes(tables: dict[str, schema.Table]) -> Iterator[Problem]:
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


def _no_name_missed(doc: Document, tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Look for every name of the gazetteer in the text: each is a mention or known to be none."""
    mentions, excused = tables["mentions"], tables["not_names"]
    words = {row.values["name"] for row in tables["gazetteer"].rows}
    words |= {row.values["short_name"] for row in tables["gazetteer"].rows}
    words |= {row.values["name_zh"] for row in tables["regions"].rows}
    known = set(excused.values("word"))
    counts = dict.fromkeys(known, 0)
    spans = [(row.values["start"], row.values["end"]) for row in mentions.rows]
    for word in sorted(word for word in words if len(word) > 1):
        at = doc.canonical.find(word)
        while at >= 0:
            end = at + len(word)
            if not any(a <= at and end <= b for a, b in spans):
                counts[word] = counts.get(word, 0) + 1
                if word not in known:
                    unit = doc.unit_at(at).unit_id
                    message = f"{word!r} at {at}–{end} in {unit} is neither here nor in not_names"
                    yield Problem(mentions.file, 1, 1, message)
            at = doc.canonical.find(word, at + 1)
    for row in excused.rows:
        if row.values["count"] != counts[row.values["word"]]:
            word = row.values["word"]
            message = f"{word!r} stands {counts[word]} times outside names"
            yield Problem(excused.file, row.line, row.column(1), message)


def _printed_counts(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require the mentions to give the numbers of places that were counted in the print."""
    table = tables["printed_counts"]
    for row in table.rows:
        clause, role, province = (row.values[key] for key in ("clause_id", "role", "province"))
        found = sum(
            mention.values["recipient"]
            and mention.values["role"] == role
            and str(mention.values["unit_id"]).startswith(f"{clause}.")
            and province in ("", mention.values["province"])
            for mention in tables["mentions"].rows
        )
        if found != row.values["count"]:
            where = f"{clause} {role} {province}".strip()
            message = (
                f"the mentions name {found} places for {where}, the print {row.values['count']}"
            )
            yield Problem(table.file, row.line, row.column(3), message)


def _measures_tile(doc: Document, tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require measures and sentences without one to tile every sentence."""
    table, none = tables["measures"], tables["no_measures"]
    at: dict[str, int] = {}
    for row in table.rows:
        unit = doc.unit(str(row.values["unit_id"]))
        if (expected := at.get(unit.unit_id, unit.start)) != row.values["start"]:
            message = f"the measure begins at {row.values['start']}, expected {expected}"
            yield Problem(table.file, row.line, row.column(2), message)
        at[unit.unit_id] = row.values["end"]
        start, end = row.values["target_start"], row.values["target_end"]
        if (start is pd.NA) != (end is pd.NA) or (
            start is not pd.NA and not row.values["start"] < start < end <= row.values["end"]
        ):
            message = f"the target {start}–{end} does not lie inside the measure"
            yield Problem(table.file, row.line, row.column(_index(table, "target_start")), message)
    left = {row.values["unit_id"] for row in none.rows}
    for unit in doc.units:
        if unit.kind == "sentence" and (at.get(unit.unit_id) == unit.end) == (unit.unit_id in left):
            message = (
                f"{unit.unit_id} needs measures to its end ({unit.end}) or a row in {none.file}"
            )
            yield Problem(table.file, 1, 1, message)


def _schemes(tables: dict[str, schema.Table]) -> Iterator[Problem]:
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


def _checksums(folder: Path) -> Iterator[Problem]:
    """Require the files that packages were built into to be the ones that were reviewed."""
    path = folder / build.CHECKSUMS
    expected = build.checksums(folder).splitlines()
    found = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if len(found) != len(expected):
        yield Problem(paths.display(path), 1, 1, f"expected {len(expected)} lines")
    for have, want in zip(found, expected, strict=False):
        if have != want:
            name = want.split(",")[0]
            message = "differs from built/checksums.csv: undo the change, or build and review it"
            yield Problem(paths.display(folder / "built" / name), 1, 1, message)


def _codebook_lint(doc: Document, table: schema.Table) -> Iterator[Problem]:
    """Require every code of a coding variable to have a real example or proven absence."""
    for row in table.rows:
        values, index = row.values, _index(table, "example")
        if not (values["example"] or values["structural_zero"]):
            if values["variable"] in (*LINTED, "scope"):
                message = "the code has neither an example nor the strings of its absence"
                yield Problem(table.file, row.line, row.column(index), message)
            continue
        for name in ("example", "near_miss"):
            if values[name] and not _stands(doc, str(values[name])):
                message = f"{name} {values[name]!r} does not stand in the unit it names"
                yield Problem(table.file, row.line, row.column(_index(table, name)), message)
        if values["structural_zero"] and re.search(str(values["structural_zero"]), doc.canonical):
            message = f"a structural zero, but the text has {values['structural_zero']!r}"
            column = row.column(_index(table, "structural_zero"))
            yield Problem(table.file, row.line, column, message)


def _stands(doc: Document, example: str) -> bool:
    unit_id, _, words = example.partition(": ")
    try:
        return words.split(" → ")[0] in doc.unit(unit_id).text
    except KeyError:
        return False


def _absent(doc: Document, table: schema.Table) -> Iterator[Problem]:
    """Require what is called absent to be so, hit by hit."""
    for row in table.rows:
        hits = len(re.findall(str(row.values["searched"]), doc.canonical))
        if hits != row.values["hits"]:
            message = f"the text has {hits} matches, the row says {row.values['hits']}"
            yield Problem(table.file, row.line, row.column(_index(table, "hits")), message)
        if hits and not row.values["note"]:
            yield Problem(table.file, row.line, 1, "matches that do not count need a reason")


def _adjudicated(tables: dict[str, schema.Table]) -> Iterator[Problem]:
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
            one, two, final = (_text_of(row.values[variable]) for row in three)
            rule = ruled.pop((measure, variable), None)
            column = three[2].column(_index(table, variable))
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


def _pmc_scores(doc: Document, tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every score to rest on evidence, a source, or a search that finds what it says."""
    table, evidence = tables["pmc_scores"], tables["pmc_evidence"]
    shown = {(row.values["sub_variable"], row.values["coder"]) for row in evidence.rows}
    subs = tables["pmc_table"].values("sub_variable")
    open_cells = dict.fromkeys((sub, coder) for sub in subs for coder in PASSES)
    for row in table.rows:
        values, key = row.values, (row.values["sub_variable"], row.values["coder"])
        open_cells.pop(key, None)
        score, grade, searched = values["score"], values["grade"], str(values["searched"])
        hits = len(re.findall(searched, doc.canonical)) if searched else 0
        found = key in shown or bool(values["source"])
        message = ""
        if grade not in (0, 0.5, 1) or score != int(grade > 0):
            message = "a grade is 0, 0.5 or 1, and the score 1 where it is above 0, else 0"
        elif found != bool(score) or bool(searched) == bool(score):
            message = "1 needs evidence or a source; 0 needs the strings searched for, and neither"
        elif _text_of(values["hits"]) != (str(hits) if searched else ""):
            message = f"the text has {hits} matches, the row says {_text_of(values['hits'])!r}"
        elif (hits or grade == 0.5) and not values["reason"]:
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


def _pmc_rulings(tables: dict[str, schema.Table]) -> Iterator[Problem]:
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


def _pmc_schemes(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every scheme to be for one m and to leave no value from 0 to m without a grade."""
    table = tables["pmc_grades"]
    for scheme in dict.fromkeys(table.values("scheme")):
        rows = [row for row in table.rows if row.values["scheme"] == scheme]
        sizes = {row.values["m"] for row in rows}
        lowers = [row.values["lower"] for row in rows]
        if len(sizes) > 1 or lowers[0] != 0 or lowers[-1] >= max(sizes):
            message = f"{scheme} must have one m, begin at 0 and stay below m"
            yield Problem(table.file, rows[0].line, 1, message)


def _terms(doc: Document, tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every listed form to stand in a sentence, first where its row says, and one meaning.

    A form that is swallowed by longer ones wherever it is printed never stands.
    """
    listed, forms, stops = (tables[name] for name in ("terms", "term_synonyms", "term_stops"))
    known = {*listed.values("term"), *stops.values("stop")}
    synonyms = {row.values["variant"]: row.values["term"] for row in forms.rows}
    found = terms.tokens(doc.units, terms.lexicon(known, synonyms, ()))
    for table, key, by in ((listed, "term", "term"), (forms, "variant", "quote"),
                           (stops, "stop", "term")):  # fmt: skip
        first = found.drop_duplicates(by).set_index(by)["start"]
        for row in table.rows:
            word = row.values[key]
            if word not in first.index:
                message = f"{word!r} never stands in a sentence by itself"
                yield Problem(table.file, row.line, 1, message)
            elif row.values["start"] != first[word]:
                message = f"{word!r} first stands at {first[word]}, not {row.values['start']}"
                yield Problem(table.file, row.line, row.column(_index(table, "start")), message)
    terms_, concepts = set(listed.values("term")), set(listed.values("concept"))
    for row in listed.rows:
        if row.values["term"] in concepts and row.values["concept"] != row.values["term"]:
            message = f"{row.values['term']!r} is a concept and must be its own"
            yield Problem(listed.file, row.line, row.column(1), message)
    for row in stops.rows:
        if row.values["stop"] in terms_:
            message = f"{row.values['stop']!r} is both a term and a stop word"
            yield Problem(stops.file, row.line, 1, message)
    for row in forms.rows:
        if row.values["term"] not in known:
            message = f"{row.values['term']!r} is neither a term nor a stop word"
            yield Problem(forms.file, row.line, row.column(1), message)
        if row.values["variant"] in known:
            message = f"{row.values['variant']!r} is itself a term or a stop word"
            yield Problem(forms.file, row.line, 1, message)


def _text_of(value: object) -> str:
    if value is pd.NA:
        return ""
    if isinstance(value, tuple):
        return ";".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _index(table: schema.Table, column: str) -> int:
    return next(i for i, each in enumerate(table.fields) if each["name"] == column)
