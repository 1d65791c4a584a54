"""Tables of how binding the plan is: proportions, specifics, strength by clarity, the areas."""

from __future__ import annotations

import pandas as pd

from laoqu.analysis.binding import CLARITY, STRENGTHS
from laoqu.labels import label, names
from laoqu.tables import Block


def proportions(rates: pd.DataFrame, items: pd.DataFrame, lang: str = "zh") -> Block:
    """Return five proportions and eight specifics, each with both intervals.

    Parameters
    ----------
    rates, items : DataFrame
        From `laoqu.analysis.binding.proportions`, one group each.
    lang : {"zh", "en"}
    """
    rows, values = [], {}
    for table in (rates, items):
        for row in table.itertuples():
            counted = row.item != "mean"
            share = f"{row.share:.1%}" if pd.notna(row.share) else "–"
            rows.append(
                (
                    label(f"binding.item.{row.item}", lang),
                    f"{row.k:.0f}" if counted else "",
                    str(row.n),
                    share,
                    _interval(row.wilson_low, row.wilson_high),
                    _interval(row.low, row.high),
                )
            )
            values[f"binding_{row.item}"] = int(row.k) if counted else round(float(row.share), 6)
    heads = ("what", "k", "n", "share", "wilson", "clauses")
    return Block(
        "binding",
        label("binding.title", lang),
        label("binding.lead", lang),
        columns=tuple(label(f"binding.col.{head}", lang) for head in heads),
        rows=tuple(rows),
        numeric=frozenset(range(1, len(heads))),
        note=label("binding.note", lang),
        values=values,
        lang=lang,
    )


def strength(cross: pd.DataFrame, codebook: pd.DataFrame, lang: str = "zh") -> Block:
    """Return measures by strength and clarity, with sums and zeros.

    Parameters
    ----------
    cross : DataFrame
        From `laoqu.analysis.binding.strength_by_clarity`, one group.
    codebook : DataFrame
        ``plan.codebook()``: the words.
    lang : {"zh", "en"}
    """
    words = codebook.set_index(["variable", "code"])[f"label_{lang}"]
    counts = cross.pivot(index="strength", columns="clarity", values="n")[list(CLARITY)].astype(int)
    counts.loc[0] = counts.sum()  # the sums stand last, under a word of their own
    rows = [
        (
            label("strength.sum", lang) if each == 0 else f"{each} {words['strength', str(each)]}",
            *(str(n) for n in row),
            str(sum(row)),
        )
        for each, row in zip(counts.index, counts.to_numpy().tolist(), strict=True)
    ]
    heads = [words["clarity", code] for code in CLARITY]
    values = {f"strength_{row.strength}_{row.clarity}": int(row.n) for row in cross.itertuples()}
    values |= {f"strength_{each or 'sum'}": int(n) for each, n in counts.sum(axis=1).items()}
    values |= {f"strength_sum_{code}": int(counts.at[0, code]) for code in CLARITY}
    values["strength_above_3"] = int(counts.loc[[4, 5]].to_numpy().sum())
    values["strength_below_3"] = int(counts.loc[[1, 2]].to_numpy().sum())
    return Block(
        "strength",
        label("strength.title", lang),
        label("strength.lead", lang),
        columns=(label("strength.col", lang), *heads, label("strength.sum", lang)),
        rows=tuple(rows),
        numeric=frozenset(range(1, len(CLARITY) + 2)),
        note=label("strength.caption", lang),
        values=values,
        lang=lang,
    )


def areas(
    rates: pd.DataFrame, strengths: pd.DataFrame, regions: pd.DataFrame, lang: str = "zh"
) -> Block:
    """Return for each area how strong and how binding the measures are that name it.

    Parameters
    ----------
    rates, strengths : DataFrame
        From `laoqu.analysis.binding.proportions` (of `rates`) and
        `laoqu.analysis.binding.strengths`, with weights of the rule named.
    regions : DataFrame
        ``plan.regions()``: the names.
    lang : {"zh", "en"}
    """
    counts = rates.pivot(index="group", columns="item", values="k").round().astype(int)
    # All measures that name an area do so: the rest of the rates tell areas apart.
    shown = [item for item in dict.fromkeys(rates["item"]) if item != "by_name"]
    named, rows = names(regions, lang), []
    for row in strengths.set_index("group").loc[list(named)].itertuples():
        median = str(row.median_low)
        if pd.notna(row.median_low) and row.median_low != row.median_high:
            median += f"–{row.median_high}"
        levels = [f"{getattr(row, f's{each}'):.0f}" for each in STRENGTHS]
        flags = [str(counts.at[row.Index, rate]) for rate in shown]
        n = row.n + row.n_uncoded
        rows.append((named[row.Index], str(n), *levels, "–" if row.n == 0 else median, *flags))
    heads = [label("binding.col.area", lang), "n", *(str(each) for each in STRENGTHS)]
    heads += [label("binding.col.median", lang)]
    heads += [label(f"binding.item.{rate}", lang) for rate in shown]
    return Block(
        "binding-areas",
        label("binding.areas_title", lang),
        label("binding.areas_lead", lang),
        columns=tuple(heads),
        rows=tuple(rows),
        numeric=frozenset(range(1, len(heads))),
        note=label("binding.areas_note", lang),
        lang=lang,
    )


def _interval(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"{low:.1%}–{high:.1%}"
