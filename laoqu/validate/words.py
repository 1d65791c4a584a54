"""Terms, printed forms and stop words of the co-word analysis."""

from __future__ import annotations

from collections.abc import Iterator

from laoqu import schema, terms
from laoqu.document import Document
from laoqu.errors import Problem
from laoqu.validate.common import column_of


def listed(doc: Document, tables: dict[str, schema.Table]) -> Iterator[Problem]:
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
                yield Problem(table.file, row.line, row.column(column_of(table, "start")), message)
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
