"""The PMC-index in print: the score of every cell, the grades and their schemes, the robustness."""

from __future__ import annotations

import pandas as pd

from laoqu.analysis import pmc
from laoqu.labels import label
from laoqu.tables import Block

BANDS = "pie_bands"


def variables_block(
    table: pd.DataFrame, scores: pd.DataFrame, grades: pd.DataFrame, lang: str = "zh"
) -> Block:
    """Return X of every main variable, by both passes and graded, and their sum.

    Parameters
    ----------
    table, scores, grades : DataFrame
        ``pmc_table``, ``pmc_scores`` and ``pmc_grades``.
    lang : {"zh", "en"}
    """
    scored = pmc.wide(scores)
    x, graded = pmc.variables(scored), pmc.variables(pmc.wide(scores, "grade"))
    here, names = x.loc["adjudicated"], _names(table, lang)
    counts = table["variable"].value_counts()
    sums = scored.loc["adjudicated"].groupby(table.set_index("sub_variable")["variable"]).sum()
    rows = [
        (
            f"{name} {names[name]}", str(counts[name]), f"{sums[name]:.0f}", _n(value),
            pmc.grade(value, 1, grades, BANDS)[f"label_{lang}"], _n(1 - value),
            _n(graded.loc["adjudicated", name]), *(_n(x.loc[each, name]) for each in pmc.CODERS),
        )
        for name, value in here.items()
    ]  # fmt: skip
    totals = pmc.index(x)["pmc"]
    total = pmc.index(here.to_frame().T).iloc[0]
    rows.append(
        (
            "PMC", str(len(table)), f"{sums.sum():.0f}", _n(total["pmc"]), "",
            _n(total["depression"]), _n(pmc.index(graded)["pmc"]["adjudicated"]),
            *(_n(totals[each]) for each in pmc.CODERS),
        )
    )  # fmt: skip
    heads = ("variable", "subs", "present", "band", "depression", "grade", *pmc.CODERS)
    columns = [label(f"pmc.{head}", lang, scheme=BANDS) for head in heads]
    columns.insert(3, "X")
    values = {"present": int(sums.sum()), "of": len(table), "m": len(here)}
    values |= {name: round(float(total[name]), 3) for name in ("pmc", "pmc_m", "depression")}
    for name, value in here.items():
        values |= {f"{name}_present": int(sums[name]), f"{name}_of": int(counts[name])}
        values[f"{name}_depression"] = round(float(1 - value), 3)
    return Block(
        "pmc-variables", label("pmc.variables.title", lang), columns=tuple(columns),
        rows=tuple(rows), numeric=frozenset({1, 2, 3, 5, 6, 7, 8}),
        note=label("pmc.variables.note", lang), values=values, lang=lang,
    )  # fmt: skip


def cells_block(
    table: pd.DataFrame, scores: pd.DataFrame, evidence: pd.DataFrame, lang: str = "zh"
) -> Block:
    """Return every sub-variable with its adjudicated score and what the score rests on."""
    here = scores[scores["coder"] == "adjudicated"].set_index("sub_variable")
    words = evidence[evidence["coder"] == "adjudicated"]
    quotes: dict[str, list[str]] = {}
    for row in words.itertuples():
        quoted = label("pmc.quoted", lang, quote=row.quote, unit=row.unit_id)
        quotes.setdefault(row.sub_variable, []).append(quoted)
    rows = []
    for sub in table.itertuples():
        row = here.loc[sub.sub_variable]
        basis = " ".join(quotes.get(sub.sub_variable, [row["source"]]))
        if row["searched"]:
            basis = label("pmc.searched", lang, searched=row["searched"], hits=row["hits"])
        name = getattr(sub, f"label_{lang}")
        rows.append((sub.sub_variable, name, str(row["score"]), f"{row['grade']:g}", basis))
    heads = ("id", "sub", "score", "grade", "evidence")
    return Block(
        "pmc-cells", label("pmc.cells.title", lang),
        columns=tuple(label(f"pmc.{head}", lang) for head in heads), rows=tuple(rows),
        numeric=frozenset({2, 3}), note=label("pmc.cells.note", lang), lang=lang,
        folded=True,
    )  # fmt: skip


def grades_block(scores: pd.DataFrame, grades: pd.DataFrame, lang: str = "zh") -> Block:
    """Return what each scheme calls the PMC of the plan: by m = 10, or by m = 9 without X10."""
    x = pmc.variables(pmc.wide(scores)).loc[["adjudicated"]]
    totals = {
        len(part.columns): pmc.index(part)["pmc"].iloc[0] for part in (x, x.drop(columns="X10"))
    }
    rows = []
    for scheme, part in grades.groupby("scheme"):
        m = int(part["m"].iloc[0])
        if m in totals:
            found = pmc.grade(totals[m], m, grades, scheme)
            words = label("pmc.under", lang, grade=found[f"label_{lang}"], scheme=scheme)
            basis = label(f"pmc.basis.{found['basis']}", lang)
            rows.append((str(m), _n(totals[m]), words, basis, found["source"]))
    heads = [label(f"pmc.{head}", lang) for head in ("label", "basis", "source")]
    return Block(
        "pmc-grades", label("pmc.grades.title", lang), columns=("m", "PMC", *heads),
        rows=tuple(rows), numeric=frozenset({0, 1}), note=label("pmc.grades.note", lang),
        values={f"pmc_m{m}": round(float(total), 3) for m, total in totals.items()}, lang=lang,
    )  # fmt: skip


def robustness_block(scores: pd.DataFrame, lang: str = "zh") -> Block:
    """Return PMC/m of the plan under each choice: coder, graded scores, weights, one left out."""
    x = pmc.variables(pmc.wide(scores))
    graded = pmc.index(pmc.variables(pmc.wide(scores, "grade")))["pmc_m"]
    by_coder = pmc.index(x)["pmc_m"]
    dropped = pmc.drop_one(x.loc["adjudicated"])["pmc_m"]
    drawn = pmc.weight_intervals(x.loc[["adjudicated"]]).iloc[0]
    found = {
        "plain": (by_coder["adjudicated"],), "graded": (graded["adjudicated"],),
        "pass1": (by_coder["pass1"],), "pass2": (by_coder["pass2"],),
        "drop_one": (dropped.min(), dropped.max()), "weights": (drawn["low"], drawn["high"]),
    }  # fmt: skip
    rows = [
        (label(f"pmc.robust.{name}", lang), "–".join(map(_n, values)))
        for name, values in found.items()
    ]
    return Block(
        "pmc-robustness", label("pmc.robust.title", lang),
        columns=(label("pmc.variant", lang), "PMC/m"), rows=tuple(rows), numeric=frozenset({1}),
        note=label("pmc.robust.note", lang),
        values={name: [round(float(v), 3) for v in values] for name, values in found.items()},
        lang=lang,
    )  # fmt: skip


def agreement_block(agreed: pd.DataFrame, table: pd.DataFrame, lang: str = "zh") -> Block:
    """Return percent, α and AC1 of the two passes, from `laoqu.analysis.pmc.agreed`."""
    names = _names(table, lang)
    shown = agreed.pivot(index="variable", columns="statistic", values="value")
    shown = shown.loc[list(dict.fromkeys(agreed["variable"]))]
    counts = agreed.drop_duplicates("variable").set_index("variable")["n"]
    alpha = next(name for name in shown.columns if name.startswith("alpha"))
    rows = tuple(
        (
            f"{name} {names[name]}" if name in names else label("pmc.all", lang),
            str(counts[name]), *(_n(row[key], lang) for key in ("percent", alpha, "ac1")),
        )
        for name, row in shown.iterrows()
    )  # fmt: skip
    return Block(
        "pmc-agreement", label("pmc.agreement.title", lang),
        columns=(label("pmc.variable", lang), "n", "p", "α", "AC1"), rows=rows,
        numeric=frozenset({1, 2, 3, 4}), note=label("pmc.agreement.note", lang), lang=lang,
    )  # fmt: skip


def areas_block(
    x: pd.DataFrame, drawn: pd.DataFrame, names: dict[str, str], lang: str = "zh"
) -> Block:
    """Return PMC/m of each area: our extension, with both intervals and the number of measures.

    Parameters
    ----------
    x, drawn : DataFrame
        From `laoqu.analysis.pmc.variables` and `laoqu.analysis.pmc.chance` over the areas.
    names : dict
        Area → its name in `lang`.
    lang : {"zh", "en"}
    """
    spread, turned = pmc.weight_intervals(x), pmc.reversals(x)["reversed"]
    rows = tuple(
        (
            names[area], str(int(drawn.at[area, "n"])), *map(_n, x.loc[area]), _n(row["pmc_m"]),
            f"{_n(row['low'])}–{_n(row['high'])}",
            f"{_n(drawn.at[area, 'low'])}–{_n(drawn.at[area, 'high'])}",
        )
        for area, row in spread.iterrows()
    )  # fmt: skip
    values = {"pairs": len(turned), "turned": int((~(turned < 0.05)).sum()), "areas": len(x)}
    values |= pmc.beside_chance(drawn)
    columns = (
        label("pmc.area", lang), "n", *x.columns, "PMC/m", label("pmc.weights", lang),
        label("pmc.chance", lang),
    )  # fmt: skip
    return Block(
        "pmc-areas", label("pmc.areas.title", lang), columns=columns, rows=rows,
        numeric=frozenset(range(1, len(columns))), note=label("pmc.areas.note", lang, **values),
        values=values, lang=lang,
    )  # fmt: skip


def _names(table: pd.DataFrame, lang: str) -> pd.Series:
    return table.drop_duplicates("variable").set_index("variable")[f"variable_{lang}"]


def _n(value: float, lang: str = "zh") -> str:
    return label("pmc.undefined", lang) if pd.isna(value) else f"{value:.2f}"
