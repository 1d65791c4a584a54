"""Measures and their codes: what was coded, by whom, how strong, for whom, checked by what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from laoqu.document import Unit
from laoqu.errors import LaoquError, check_lang
from laoqu.schema import text_of

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
#: Columns whose codes another variable of the codebook lists.
CODES = {"strength_outer": "strength", "strength_inner": "strength", **MORE}
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
    measures: pd.DataFrame,
    codes: pd.DataFrame,
    classes: pd.DataFrame,
    references: pd.DataFrame,
    scopes: pd.DataFrame,
    text: str,
) -> pd.DataFrame:
    """Join measures with the codes of one coder and with their scope, in reading order.

    `classes` are the rows of one scheme of ``crosswalk_rz``. One row per measure: its own columns
    with ``clause_id``, the variables of `SCALES`, ``strength``, ``instrument_class``,
    ``refers_to`` (titles), what `scope_of` adds, ``sentence_zh``; the measure's note is
    ``unit_note``.
    """
    table = measures.sort_values("start", ignore_index=True)
    table.insert(2, "clause_id", table["unit_id"].str.partition(".")[0])
    table = table.rename(columns={"note": "unit_note"}).merge(
        codes.drop(columns="coder"), on="measure_id", how="left", validate="one_to_one"
    )
    table["strength"] = strength(table["strength_outer"], table["strength_inner"])
    table["instrument_class"] = table["instrument"].map(classes.set_index("code")["class"])
    # 衔接落实… is no measure of its own: it says what the sentence's measures refer to.
    named = references.groupby("unit_id")["title"].agg(tuple)
    table["refers_to"] = [named.get(unit_id, ()) for unit_id in table["unit_id"]]
    table = table.join(scope_of(table, scopes), on="measure_id")
    if (lost := table.loc[table["scope"].isna(), "measure_id"]).size:
        said = f"{lost.iloc[0]} and {lost.size - 1} more measures lie in no segment of scopes"
        raise LaoquError(f"{said}: see `laoqu check`")
    columns = table[["start", "quote", "lead_start", "lead_end"]]
    table["sentence_zh"] = [_sentence(text, *row) for row in columns.itertuples(index=False)]
    return table


def scope_of(measures: pd.DataFrame, scopes: pd.DataFrame) -> pd.DataFrame:
    """Return the scope of each measure, from the segments of its sentence that it overlaps.

    One row per measure id: ``scopes`` (tuple, narrowest first), ``scope`` (the narrowest),
    ``conditional``, ``delegated``, ``list_open`` (true for any segment), ``condition_on`` (areas,
    sites, persons, firms, quotas or funds), ``list_total``, ``segments`` (tuple of scope ids): the
    conjuncts stay apart there.
    """
    pairs = measures[["measure_id", "unit_id", "start", "end"]].merge(
        scopes, on="unit_id", suffixes=("_measure", "")
    )
    inside = (pairs["start"] < pairs["end_measure"]) & (pairs["end"] > pairs["start_measure"])
    here = pairs[inside].groupby("measure_id", sort=False)
    found = here.agg(
        scopes=("scope", narrowest_first),
        scope=("scope", lambda scopes: narrowest_first(scopes)[0]),
        conditional=("conditional", "any"),
        delegated=("delegated", "any"),
        list_open=("list_open", "any"),
        condition_on=("condition_on", "max"),
        list_total=("list_total", "max"),
        segments=("scope_id", tuple),
    )
    return found.astype({"list_total": "Int64"})


def _sentence(text: str, start: int, quote: str, first: int, last: int) -> str:
    """Return the words of a measure so that they can stand alone, none of them changed.

    Earlier words of the sentence that give it its subject come first, ``……`` where some are left
    out; a comma at the end is left off.
    """
    words = quote.rstrip("，")
    if pd.isna(first) or pd.isna(last):
        return words
    return text[first:last] + (words if last == start else "……" + words.removeprefix("以及"))


def narrowest_first(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct scopes from the narrowest to the widest."""
    return tuple(sorted(set(scopes), key=SCOPES.index))


def with_labels(
    table: pd.DataFrame,
    codebook: pd.DataFrame,
    lang: str,
    variables: Mapping[str, str] | None = None,
    suffix: str = "_label",
) -> pd.DataFrame:
    """Add ``<column>_label`` behind each column of codes: the codebook's words in `lang`.

    `variables`: column → variable of its codes, if the book has it; those of a list are joined.
    Without it, each column has the codes of its own name or of `CODES`.
    """
    check_lang(lang)
    if variables is None:
        names = table.select_dtypes(exclude="bool")
        variables = {
            name: CODES.get(name, name) for name in names if f"{name}{suffix}" not in table
        }
    words = codebook.set_index(["variable", "code"])[f"label_{lang}"].to_dict()
    result, known = table.copy(deep=False), set(codebook["variable"])
    for column in (each for each in table if variables.get(each) in known):
        lists = ([cell] if pd.api.types.is_scalar(cell) else cell for cell in table[column])
        said = [[words.get((variables[column], text_of(c)), "") for c in codes] for codes in lists]
        at = result.columns.get_loc(column) + 1
        result.insert(at, f"{column}{suffix}", list(map(";".join, said)))
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
    recipients, names, printed = mentions[mentions["recipient"]], [], []
    begin, named = recipients["start"].to_numpy(), recipients["name"].to_numpy()
    first, last = figures["start"].to_numpy(), figures["end"].to_numpy()
    counted = figures[["number", "counted"]].to_numpy()
    for start, end in zip(rows["start"], rows["end"], strict=True):
        names.append(tuple(dict.fromkeys(named[(begin >= start) & (begin < end)])))
        here = counted[(first >= start) & (last <= end)]
        printed.append(here.tolist()[:1] or [[pd.NA, ""]])
    table = rows.rename(columns={"target_type": "kind"}).assign(
        target_id=rows["measure_id"].str.replace(".m", ".t", regex=False),
        verifiability=rows["target_type"].map(VERIFIABILITY),
        number=pd.array([number for [[number, _]] in printed], dtype="Int64"),
        unit=pd.array([unit for [[_, unit]] in printed], dtype="str"),
        names=pd.Series(names, index=rows.index, dtype="object"),
    )
    columns = "target_id measure_id unit_id kind verifiability number unit names list_open "
    columns += "start end quote"
    table = table[columns.split()].astype({"start": "int64", "end": "int64"})
    return table.reset_index(drop=True)


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
