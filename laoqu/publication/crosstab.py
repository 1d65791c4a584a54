"""Tables of instruments by theme and scope, of structural zeros, and of what stands alone."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from laoqu.analysis.crosstab import CLASSES, Association
from laoqu.figures.concentration import p_value
from laoqu.figures.crosstab import FOUND, joint, variables
from laoqu.labels import label, names
from laoqu.tables import Block


def association(
    everywhere: Association,
    inside: Association,
    words: tuple[Mapping[str, str], Mapping[str, str]],
    lang: str = "zh",
) -> Block:
    """Return the cells that stand out, with residuals, and the strength of the whole table.

    Parameters
    ----------
    everywhere, inside, words
        As for `laoqu.figures.crosstab.crosstab`.
    lang : {"zh", "en"}
    """
    data, summary = joint(everywhere, inside), everywhere.summary.iloc[0]
    a, b = data.columns[:2]
    found = data[data["p_adjusted"] < FOUND].sort_values("residual", ascending=False)
    rows = [
        (
            f"{row[a]} {words[0][row[a]]}", f"{row[b]} {words[1][row[b]]}", str(row["n"]),
            f"{row['expected']:.2f}", f"{row['residual']:.1f}", p_value(row["p_adjusted"]),
            f"{row['shuffled_within']:.2f}",
            "–" if pd.isna(row["p_within"]) else p_value(row["p_within_adjusted"]),
        )
        for row in found.to_dict("records")
    ]  # fmt: skip
    terms = variables(data, lang)
    columns = [term.capitalize() for term in terms.values()]
    heads = ("n", "expected", "residual", "p", "expected_within", "strict")
    lead = label(
        "cross.lead", lang, n=int(summary["n"]), v=f"{summary['v']:.2f}",
        corrected=f"{summary['v_corrected']:.2f}", df=int(summary["df"]),
        p=p_value(summary["p"]), strict=p_value(inside.summary["p"].iloc[0]),
    )  # fmt: skip
    return Block(
        f"{a}-by-{b}".replace("_", "-"), label("cross.title", lang, **terms), lead,
        (*columns, *(label(f"cross.col.{head}", lang) for head in heads)),
        tuple(rows), numeric=frozenset(range(2, 8)),
        note=label("cross.note", lang, free=int(inside.summary["free"].iloc[0])),
        values={
            **{name: round(float(summary[name]), 6) for name in ("v", "v_corrected")},
            "found": len(found), "found_within": int((data["p_within_adjusted"] < FOUND).sum()),
        },
        lang=lang,
    )  # fmt: skip


def structural_zeros(zeros: pd.DataFrame, lang: str = "zh") -> Block:
    """Return the instruments that the text does not have, with the strings searched for.

    Parameters
    ----------
    zeros : DataFrame
        From `laoqu.analysis.crosstab.structural_zeros`.
    lang : {"zh", "en"}
    """
    words = names(zeros, lang)
    sep = label("list.sep", lang)
    rows = [
        (row.code, words[row.code], row.structural_zero.replace("|", sep))
        for row in zeros.itertuples()
    ]
    heads = tuple(label(f"structural.col.{head}", lang) for head in ("code", "name", "searched"))
    lead = label("structural.lead", lang)
    return Block(
        "structural-zeros", label("structural.title", lang), lead, heads, tuple(rows), lang=lang
    )  # fmt: skip


def orphans(
    table: pd.DataFrame, codebook: pd.DataFrame, measures: int, kind: str, lang: str = "zh"
) -> Block:
    """Return goals without an instrument, or instruments without a goal, in the plan's words.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.crosstab.orphans`.
    codebook : DataFrame
        ``plan.codebook()``.
    measures : int
        How many measures there are.
    kind : {"goal", "instrument"}
    lang : {"zh", "en"}
    """
    here = table[table["kind"] == kind]
    words = {
        variable: names(codebook[codebook["variable"] == variable], lang)
        for variable in ("theme", "instrument")
    }
    rows = [
        (
            f"{row.measure_id} ({row.start}–{row.end})", words["theme"].get(row.theme, "–"),
            words["instrument"][row.instrument], row.quote,
        )
        for row in here.itertuples()
    ]  # fmt: skip
    heads = ("where", "theme", "instrument", "words")
    share = round(100 * len(here) / measures)
    return Block(
        f"orphans-{kind}", label(f"orphans.kind.{kind}", lang),
        label("orphans.lead", lang, n=len(here), share=share),
        tuple(label(f"orphans.col.{head}", lang) for head in heads), tuple(rows),
        note=label("orphans.note", lang), values={"n": len(here), "share": share}, lang=lang,
        quoted=frozenset({3}), folded=len(rows) > 30,
    )  # fmt: skip


def fit(table: pd.DataFrame, result: pd.DataFrame, themes: pd.DataFrame, lang: str = "zh") -> Block:
    """Return how each theme is served by goals and instruments, and the proportional fit.

    Parameters
    ----------
    table, result : DataFrame
        From `laoqu.analysis.crosstab.coverage` and `laoqu.analysis.crosstab.fit`.
    themes : DataFrame
        ``plan.codebook("theme")``.
    lang : {"zh", "en"}
    """
    words, found = names(themes, lang), result.iloc[0]
    rows = [
        (words[row["theme"]], *(str(row[name]) for name in table.columns[1:]))
        for row in table.to_dict("records")
    ]
    counts = {
        "total": len(table), "served": int((table["instruments"] > 0).sum()),
        "all": int((table["classes"] == len(CLASSES)).sum()),
        "aimed": int((table["goals"] > 0).sum()),
    }  # fmt: skip
    shown = {name: f"{found[name]:.2f}" for name in ("fit", "low", "redrawn", "high")}
    ends = [label(f"class.{name}", lang) for name in CLASSES]
    heads = [label(f"fit.col.{head}", lang) for head in ("theme", "goals", "instruments")]
    return Block(
        "fit", label("fit.title", lang), label("fit.lead", lang, **counts, **shown),
        (*heads, *ends, label("fit.col.classes", lang)), tuple(rows),
        numeric=frozenset(range(1, 7)), note=label("fit.note", lang, goals=int(found["goals"])),
        values={**counts, "fit": round(float(found["fit"]), 6)}, lang=lang,
    )  # fmt: skip
