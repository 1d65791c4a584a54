"""Every problem in ``data/``: the raw text, each table, and what the tables say of each other.

What must hold beyond the declaration stands as conditions in SQL in ``rules.toml``: they are asked
of a copy of all tables in memory, whose rows also know their line.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from laoqu import build, document, layout, measures, own, paths, places, regions, sheets, source
from laoqu.errors import DataError, LaoquError, Problem, UnknownId, guard
from laoqu.plan import Plan
from laoqu.schema import Tables, text_of

KNOWN = paths.described("rules.toml")
TYPES = {"integer": "INTEGER", "number": "REAL"}
TEXT = "the text"
#: What rules ask beside the declared tables, and what each of these is made from.
MADE = {
    "standing": (TEXT, "terms", "term_synonyms", "term_stops"),
    "missed": (TEXT, "gazetteer", "mentions", "not_names", "regions"),
    "outside": (TEXT, "gazetteer", "mentions", "not_names", "regions"),
    "coded": (TEXT, "codings", "crosswalk_rz", "measures", "references", "scopes"),
    "resolved": ("gazetteer", "gazetteer_holders", "place_short_forms", "regions"),
    **dict.fromkeys(("recipients", "kinds"), ("mentions",)),
    "areas": ("membership", "city_membership"),
    "counted": ("membership",),
    "told": ("gazetteer",),
    **dict.fromkeys(("sentences", "matches", "stands", "said", "about", "miscounted"), (TEXT,)),
}
#: Variables of a measure, as examples of the codebook and of the rules name them.
CODED = ("strength", "instrument_class", "n_objects", "conditional", "delegated", "list_open")
CODED = (*CODED, *measures.SCALES)


@guard
def check(folder: Path | str | None = None) -> list[str]:
    """Return every problem in the data folder as ``file:line:column: message``.

    Parameters
    ----------
    folder : path, optional
        A data folder; by default the collection's own, and with it the files of your own that
        the environment names (``LAOQU_MEMBERSHIP``, ``LAOQU_BOUNDARIES``, ``LAOQU_CODING``).

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
    found = problems(paths.folder_of(folder))
    return [str(problem) for problem in sorted(set(found if folder else found + own_problems()))]


def own_problems() -> list[Problem]:
    """Return what is wrong with the files of a reader's own that the environment names."""
    found, mode = [], paths.own_mode()
    if mode not in own.MODES:
        variable, modes = "LAOQU_MEMBERSHIP_MODE", ", ".join(own.MODES)
        message = f"unknown value {mode!r}, expected one of {modes}, or unset it"
        found, mode = [Problem(variable, 1, 1, message)], own.MODES[0]
    for name, path in paths.own_files(check=False).items():
        try:
            plan = Plan(paths.data(), {name: path} if name != "coding" else None, mode)
            if name == "coding":
                sheets.read(path, plan.table("measures"), plan.codebook(), whole=True)
            elif name == "boundaries":
                plan.counties()
        except DataError as error:
            found += [each for each in error.problems if each.file == paths.display(path)]
        except LaoquError as error:
            found.append(Problem(paths.display(path), 1, 1, str(error)))
    return found


def problems(folder: Path) -> list[Problem]:
    """Return every problem in `folder`, unsorted."""
    if not folder.is_dir():
        return [Problem(paths.display(folder), 1, 1, "there is no such folder")]
    found, text = source.problems(folder), None
    try:
        text = document.load(folder)
        found += _sources(folder, text)
    except DataError as error:
        found += error.problems
    try:
        tables = Tables(folder, text)
        reviewed = build.unreviewed(folder)
    except DataError as error:
        return found + error.problems
    for name in tables.declared:
        found += tables[name].problems
    try:  # rules read tables that are well formed
        found += broken(tables)
    except Exception as error:  # a rule that fails on odd data is a problem, not a crash
        message = f"the rules could not be checked: {error!r}"
        found.append(Problem(paths.display(folder / build.PACKAGE), 1, 1, message))
    try:
        return found + reviewed + build.problems(folder, tables)
    except Exception as error:
        message = "is not compared with what `laoqu build` writes until other problems are mended"
        message += "" if found else f": {error!r}"
        return [*found, *reviewed, Problem(paths.display(folder / "built"), 1, 1, message)]


def _sources(folder: Path, text: document.Document) -> Iterator[Problem]:
    """Yield what ``SOURCES.toml`` says of the plan that its text or another line contradicts."""
    path = folder / source.SOURCES
    known = {key: str(value) for key, value in source.about(folder).items()}
    reported = known.get("reported_source", "").partition(", ")[2][:10]
    expected = {
        "title": text.units[0].text,
        "reported": reported,
        "year": reported[:4],
        "pages": str(len(text.page_starts)),
        "bytes": str(len(text.raw.encode())),
        "characters": str(len(text.raw)),
        "canonical_characters": str(len(text.canonical)),
    }
    for key in ("issuer", "document_number", "signed"):
        if known.get(key, "") not in text.canonical:
            expected[key] = "words of the text"
    for line, row in enumerate(path.read_text("utf-8").split("\n"), start=1):
        key = row.partition(" = ")[0]
        if key in expected and known.get(key) != expected[key]:
            message = f"{key} is {known.get(key)!r}, expected {expected[key]!r}"
            yield Problem(paths.display(path), line, 1, message)


def broken(tables: Tables) -> Iterator[Problem]:
    """Yield each row of which a rule does not hold, and which rules cannot be asked."""
    unfit = {name for name in tables.declared if tables[name].problems}
    unfit |= set() if tables.document else {TEXT}
    coded = {name for name, each in tables.declared.items() if "laoqu:codes" in str(each)}
    rests, skipped = {**MADE, "used": coded}, {name: {} for name in sorted(unfit)}
    if TEXT in skipped:
        skipped[TEXT]["quotations"] = None
    with closing(_copy(tables)) as db:
        for rule in KNOWN["rule"]:
            for table, column in _pairs(db, rule):
                where = tables[rule.get("at", table)]
                rows = {} if "at" in rule else {row.line: row for row in where.rows}
                query = f'SELECT *, {rule.get("found", "NULL")} AS found FROM "{table}" t WHERE '
                query = (query + rule["wrong"]).replace("{column}", f'"{column}"')
                query = query.replace("{name}", column).replace("{table}", table)
                read = [where.name, *re.findall(r'(?:(?<=FROM )|(?<=FROM "))\w+|\w+(?=\()', query)]
                wanting = unfit & {each for name in read for each in rests.get(name, (name,))}
                if wanting:
                    skipped[min(wanting)][f"{where.name}.{rule.get('show', column)}"] = None
                    continue
                for each in db.execute(query):
                    values = {**each, "column": column, "value": dict(each).get(column)}
                    message = rule["says"].format(**values)
                    yield where.problem(rows.get(each["line"]), rule.get("show", column), message)
    for name, rules in skipped.items():
        file = paths.display(tables.folder / "raw") if name == TEXT else tables[name].file
        if rules:
            message = "has problems: until they are mended, rules that read it are not checked: "
            yield Problem(file, 1, 1, message + ", ".join(rules))


def _pairs(db: sqlite3.Connection, rule: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each table of a rule with each of its columns that the rule names.

    Where another column is shown, those named may be another table's.
    """
    for table in rule["table"].split():
        here = {each["name"] for each in db.execute(f'PRAGMA table_info("{table}")')}
        named = rule["column"].split()
        yield from ((table, column) for column in named if "show" in rule or column in here)


def _copy(tables: Tables) -> sqlite3.Connection:
    """Return a database in memory of all tables, what is counted from them, and functions."""
    db, text = sqlite3.connect(":memory:"), tables.document
    db.row_factory = sqlite3.Row
    for name in tables.declared:
        kinds = {each["name"]: TYPES.get(each["type"], "TEXT") for each in tables[name].fields}
        rows = ([row.line, *map(text_of, map(row.values.get, kinds))] for row in tables[name].rows)
        _put(db, name, {"line": "INTEGER", **kinds}, rows)
        for key in tables.declared[name]["schema"]["primaryKey"]:
            db.execute(f'CREATE INDEX "{name} by {key}" ON "{name}" ("{key}")')
    units = text.units if text else []
    rows = [[0, unit.unit_id, unit.kind, unit.start, unit.end] for unit in units]
    _put(db, "sentences", dict.fromkeys(("line", "unit_id", "kind", "start", "end"), ""), rows)
    used = {
        (each["laoqu:codes"], code)
        for name in tables.declared
        for each in tables[name].fields
        if "laoqu:codes" in each
        for value in tables[name].values(each["name"])
        for code in (value if isinstance(value, tuple) else [value])
    }
    _put(db, "used", {"variable": "TEXT", "code": "TEXT"}, used)
    forms = {row["variant"]: row["term"] for row in tables["term_synonyms"].rows}
    words = {*tables["terms"].values("term"), *tables["term_stops"].values("stop")}
    standing = measures.tokens(units, measures.lexicon(words, forms, ()))
    _put(db, "standing", dict.fromkeys(standing, ""), standing.to_numpy().tolist())
    missed, outside = _names(tables) if text else ([], {})
    _put(db, "missed", dict.fromkeys(("line", "word", "span", "unit_id"), ""), missed)
    _put(db, "outside", {"word": "TEXT", "found": "INTEGER"}, outside.items())
    _put(db, "coded", {"variable": "TEXT", "start": "", "end": "", "code": "TEXT"}, _codes(tables))
    db.execute("CREATE INDEX coded_by_variable ON coded (variable)")
    for name, query in KNOWN["view"].items():
        db.execute(f"CREATE VIEW {name} AS {query}")
    about = source.about(tables.folder) if text else {}
    rows = [[key, str(value)] for key, value in about.items()]
    _put(db, "about", {"key": "TEXT", "value": "TEXT"}, rows)

    texts = {unit.unit_id: unit.text for unit in units}
    book = tables.folder.parent / "docs" / "coding_rules.md"
    cited = re.findall(r"^## (R\d+)", book.read_text("utf-8"), re.M) if book.is_file() else None

    def malformed(pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            return str(error)
        return ""

    def matches(pattern: str) -> int | None:
        if malformed(pattern):
            return None
        return len(re.findall(pattern, text.canonical)) if pattern else 0

    def stands(example: str) -> bool:
        unit_id, _, said = example.partition(": ")
        return said.split(" → ")[0] in texts.get(unit_id, "")

    def in_english(words: str) -> bool:  # a Chinese name in brackets may stand in it
        return len(re.findall("[\u4e00-\u9fff]", words)) <= len(re.findall("[A-Za-z]", words))

    def share(one: str, other: str) -> bool:  # a name as areas are called by
        mine, theirs = ({*map(regions.fold, names.split(";"))} for names in (one, other))
        return bool((mine & theirs) - {""})

    def items(words: str) -> int:
        return 1 + len(re.findall("[、，和与及]", words))

    def gives(words: str, total: str) -> bool:  # printed, or the sum of what is: 35 + 27 + 12
        printed = (each.replace(" ", "") for each in re.findall(r"\d+(?: [+−] \d+)*", words))
        sums = [list(map(int, re.findall(r"-?\d+", each.replace("−", "-")))) for each in printed]
        right = [parts for parts in sums if sum(parts) == int(total)]
        return bool(right) and all(parts in right for parts in sums if len(parts) > 1)

    def numbers(words: str) -> int:  # boxes are counted, not their numbers
        return len(re.findall(r"(?<!专栏)\d+", words))

    def figures(words: str) -> str:  # each once, and clauses and boxes as c04, b1
        clause = re.compile("第([一二三四五六七八九十]+)条|[Cc]lause ([0-9]+)")
        words = clause.sub(lambda it: f" c{layout.number(it[1] or it[2]):02} ", words)
        words = re.sub(r"(?:专栏|[Bb]ox) *(\d)", r" b\1 ", words)
        number = r"(\d+)(?:-\d+)*(?!\d| 月)"
        found = re.findall(rf"\b([bc]\d+)(?:\.s\d+)?|(?:pre|p1)\.s\d+|http\S+|{number}", words)
        found = {place or int(count) for place, count in found if place or count}
        return json.dumps(sorted(found, key=str))

    def miscounted(note: str) -> str:
        said = re.findall(r"(?:“([^“”]+)”|([^，；：。]+?))(?:出现)? (\d+) 次", note)
        found = [(word := a or b, text.canonical.count(word), n) for a, b, n in said]
        return "; ".join(f"{word} {count} times" for word, count, n in found if str(count) != n)

    def resolved(name: str, province: str, level: str) -> str:
        try:
            return places.resolve_place(name, province, level, folder=tables.folder)
        except UnknownId:
            return ""

    for function in (
        items, numbers, malformed, matches, stands, in_english, share, resolved, gives, figures,
        miscounted,
    ):  # fmt: skip
        db.create_function(function.__name__, -1, function)
    db.create_function("said", 1, lambda unit_id: texts.get(unit_id, ""))
    db.create_function("is_rule", 1, lambda rule: cited is None or rule in (*cited, "codebook"))
    db.create_function("in_order", 1, lambda values: ";".join(sorted(values.split(";"))))
    return db


def _put(db: sqlite3.Connection, name: str, columns: dict[str, str], rows: object) -> None:
    heads = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    places = ", ".join("?" * len(columns))
    db.execute(f'CREATE TABLE "{name}" ({heads})')
    db.executemany(f'INSERT INTO "{name}" VALUES ({places})', rows)


def _codes(tables: Tables) -> list[tuple[object, ...]]:
    """Return the code of each measure in each variable, and where the measure stands."""
    if not tables.document or any(tables[name].problems for name in MADE["coded"][1:]):
        return []
    found = Plan(tables.folder, tables=tables).measures()
    places = found[["start", "end"]].to_numpy().tolist()
    coded = ((name, *pair) for name in CODED for pair in zip(places, found[name], strict=True))
    return [(name, *place, text_of(code)) for name, place, code in coded]


def _names(tables: Tables) -> tuple[list[list[object]], dict[str, int]]:
    """Look for names of the gazetteer in the text that are no mention: missed, and known words."""
    text, mentions = tables.document, tables["mentions"].rows
    words = {*tables["gazetteer"].values("name"), *tables["gazetteer"].values("short_name")}
    words |= set(tables["regions"].values("name_zh"))
    outside = dict.fromkeys(tables["not_names"].values("word"), 0)
    missed, spans = [], [(row["start"], row["end"]) for row in mentions]
    for word in sorted(word for word in words if len(word) > 1 and word in text.canonical):
        for found in re.finditer(f"(?={re.escape(word)})", text.canonical):
            start, end = found.start(), found.start() + len(word)
            if any(a <= start and end <= b for a, b in spans):
                continue
            if word in outside:
                outside[word] += 1
            else:
                missed.append([0, word, f"{start}–{end}", text.unit_at(start).unit_id])
    return missed, outside
