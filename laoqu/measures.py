"""Measures and their codes: what was coded, by whom, how strong, for whom, checked by what."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from laoqu.document import Unit

#: Variables measures are coded by, with their scale, in the order of a coding sheet.
SCALES = {
    "instrument": "nominal",
    "theme": "nominal",
    "target_type": "nominal",
    "strength_outer": "ordinal",
    "strength_inner": "ordinal",
    "clarity": "nominal",
    "actor": "nominal",
    "beneficiary": "nominal",
    "funding_named": "nominal",
    "programme_named": "nominal",
    "time_named": "nominal",
    "monitor_named": "nominal",
}
#: Lists of secondary codes, and the variable whose codes they hold.
MORE = {"instrument_more": "instrument", "theme_more": "theme", "beneficiary_more": "beneficiary"}
#: Variables whose codes another variable of the codebook lists.
CODES = {"strength_outer": "strength", "strength_inner": "strength"}
BOOLEAN = tuple(name for name in SCALES if name.endswith("_named"))
#: How well a kind of target can be checked, from 5 (a figure) to 1 (a direction).
VERIFIABILITY = {"G1": 5, "G2": 4, "G3": 4, "G5": 3, "G4": 2, "G6": 2, "G8": 2, "G7": 1}
#: Scopes from the narrowest to the widest.
SCOPES = ("area", "place", "facility", "class", "universal")
#: An inner head this weak lowers the strength of the outer one (可, 鼓励, 探索).
WEAK = 2


def strength(outer: pd.Series, inner: pd.Series) -> pd.Series:
    """Return the strength of each measure: the outer head's, lowered by a weak inner head.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.measures import strength
    >>> strength(pd.Series([3, 3, 2]), pd.Series([4, 1, 4])).tolist()
    [3, 1, 2]
    """
    lower = inner.notna() & (inner <= WEAK) & (inner < outer)
    return outer.where(~lower.fillna(False), inner).astype("Int64")


def coded(
    measures: pd.DataFrame, codes: pd.DataFrame, classes: pd.Series, references: pd.DataFrame
) -> pd.DataFrame:
    """Join measures with the codes of one coder, in reading order.

    `classes` maps an instrument to its class. One row per measure: its own columns with
    ``clause_id``, the variables of `SCALES`, ``strength``, ``instrument_class`` and ``refers_to``
    (titles); the note of the measure is ``unit_note``.
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

    Added are ``scopes`` (tuple, narrowest first), ``scope`` (the narrowest), ``conditional``,
    ``delegated``, ``list_open`` (true for any segment), ``condition_on`` (areas, sites, persons,
    firms, quotas or funds), ``list_total``, ``segments`` (tuple of scope ids): the conjuncts stay
    apart there.
    """
    pairs = measures[["measure_id", "unit_id", "start", "end"]].merge(
        scopes, on="unit_id", suffixes=("_measure", "")
    )
    inside = (pairs["start"] < pairs["end_measure"]) & (pairs["end"] > pairs["start_measure"])
    here = pairs[inside].groupby("measure_id", sort=False)
    flags = ["conditional", "delegated", "list_open"]
    found = here[flags].any()
    found["scopes"] = here["scope"].agg(narrowest_first)
    found["scope"] = found["scopes"].str[0]
    found["condition_on"] = here["condition_on"].max()
    found["list_total"] = here["list_total"].max().astype("Int64")
    found["segments"] = here["scope_id"].agg(tuple)
    columns = ["scopes", "scope", *flags, "condition_on", "list_total", "segments"]
    return measures.join(found[columns], on="measure_id")


def whole_sentences(measures: pd.DataFrame, text: str) -> pd.Series:
    """Return the words of each measure so that they can stand alone.

    They are the earlier words of the sentence that give the measure its subject (from
    ``lead_start`` and ``lead_end`` in the canonical `text`), ``……`` where words between are left
    out, the measure's own words, and a full stop.
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


def narrowest_first(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct scopes from the narrowest to the widest."""
    return tuple(sorted(set(scopes), key=SCOPES.index))


def with_labels(table: pd.DataFrame, codebook: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Add ``<variable>_label`` behind each coded variable: the codebook's words in `lang`."""
    words = codebook.set_index(["variable", "code"])[f"label_{lang}"].to_dict()
    result = table.copy(deep=False)
    named = {**{name: CODES.get(name, name) for name in SCALES}, "strength": "strength"}
    for column, variable in named.items():
        if column in BOOLEAN or column not in table:
            continue
        labels = [words.get((variable, str(code)), "") for code in table[column]]
        result.insert(result.columns.get_loc(column) + 1, f"{column}_label", labels)
    return result


def targets(measures: pd.DataFrame, figures: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return what each measure would have to be checked by.

    `figures` and `mentions` are ``plan.table("printed_figures")`` and ``plan.table("mentions")``.

    Returns
    -------
    DataFrame
        One row per measure with a coded target type: ``target_id``, ``measure_id``, ``unit_id``,
        ``kind`` (G1…G8), ``verifiability`` (5 to 1), ``number`` and ``unit`` (only where the
        plan prints a figure), ``names`` (tuple: the places named as recipients, the enumerated
        deliverables of G2 and G3), ``list_open``, ``start``, ``end``, ``quote``.
    """
    rows = measures[measures["target_type"].notna() & (measures["target_type"] != "")]
    recipients = mentions.loc[mentions["recipient"], ["start", "name"]].to_numpy().tolist()
    printed = figures[["start", "end", "number", "counted"]].to_numpy().tolist()
    found: dict[str, list[object]] = {"names": [], "number": [], "unit": []}
    for start, end in zip(rows["start"], rows["end"], strict=True):
        inside = [name for at, name in recipients if start <= at < end]
        found["names"].append(tuple(dict.fromkeys(inside)))
        here = [each[2:] for each in printed if start <= each[0] and each[1] <= end]
        number, unit = here[0] if here else (pd.NA, "")
        found["number"].append(number)
        found["unit"].append(unit)
    table = rows.rename(columns={"target_type": "kind"}).assign(
        target_id=rows["measure_id"].str.replace(".m", ".t", regex=False),
        verifiability=rows["target_type"].map(VERIFIABILITY),
        number=pd.array(found["number"], dtype="Int64"),
        unit=pd.array(found["unit"], dtype="str"),
        names=pd.Series(found["names"], index=rows.index, dtype="object"),
    )
    kinds = {"start": "int64", "end": "int64"}
    columns = "target_id measure_id unit_id kind verifiability number unit names list_open "
    columns += "start end quote"
    return table[columns.split()].astype(kinds).reset_index(drop=True)


def lexicon(terms: Iterable[str], synonyms: dict[str, str], stops: Iterable[str]) -> dict[str, str]:
    """Return printed form → term; a stop word, or a synonym of one, maps to the empty string."""
    stopped = set(stops)
    words = {word: word for word in (*terms, *stopped)} | synonyms
    return {form: "" if term in stopped else term for form, term in words.items()}


def tokens(units: Iterable[Unit], words: dict[str, str]) -> pd.DataFrame:
    """Find every term in the sentences: the longest form that begins at a place wins.

    `words` is from `lexicon`. Stop words take their place in the reading and are left out of the
    result. Headings are not read: they repeat what their sentences say. One row per token in
    reading order: ``unit_id``, ``start``, ``end`` (canonical offsets), ``quote`` (the printed
    form), ``term``.

    Examples
    --------
    >>> from laoqu import document, measures
    >>> words = measures.lexicon(["特色产业", "特色产业基地"], {}, ["建设"])
    >>> measures.tokens([document.load().unit("c07.s05")], words)["term"].tolist()
    ['特色产业基地']
    """
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    rows = [
        [unit.unit_id, unit.start + found.start(), unit.start + found.end(), found[0], term]
        for unit in units
        if unit.kind == "sentence" and words
        for found in pattern.finditer(unit.text)
        if (term := words[found[0]])
    ]
    return pd.DataFrame(rows, columns=["unit_id", "start", "end", "quote", "term"])
