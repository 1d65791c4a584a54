"""One area beside the other eleven: exposure with intervals, instruments, themes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from laoqu.analysis import resample
from laoqu.analysis.weights import weights
from laoqu.sections.context import Context, Frames, texts
from laoqu.tables import Block

#: Which reach counts, for directive sentences.
SENTENCES = {"named": ("named",), "direct": ("named", "place")}
#: Which rule of weights counts, for measures.
MEASURES = {"measures": "named", "shared": "named_fractional"}
#: A theme is called distinctive when at most this many of the twelve have a direct measure of it.
FEW = 3
HERE = ("here", "low", "high", "areas")


# The next three are of all areas: kept, so that reports share them; not to be changed.
@lru_cache(maxsize=8)
def sentence_ranks(frames: Frames, reaches: tuple[str, ...]) -> pd.DataFrame:
    """Count the directive sentences that reach each area so, with intervals over clauses drawn.

    Returns
    -------
    DataFrame
        Index ``region_id``: ``count``, ``clauses`` (it stands in), ``low``, ``high`` (of the
        count), ``best``, ``worst`` (of the rank among the areas, 1 = most).
    """
    near = frames.nearest.assign(hit=frames.nearest["reach"].isin(list(reaches)))
    table = near.pivot(index="unit_id", columns="region_id", values="hit").astype("float64")
    table = table.loc[frames.directives["unit_id"], frames.plan.region_ids]
    return _drawn(table, frames.directives["clause_id"])


@lru_cache(maxsize=8)
def measure_ranks(frames: Frames, rule: str) -> pd.DataFrame:
    """Weigh the measures for each area, with the same columns as `sentence_ranks`."""
    ids = frames.measures["measure_id"]
    table = weights(frames.nearest_measures, ids, frames.plan.region_ids, rule)
    return _drawn(table, frames.measures["clause_id"])


@lru_cache(maxsize=8)
def code_counts(frames: Frames, variable: str) -> pd.DataFrame:
    """Count the direct measures of each code that any has: one row a code, one column an area."""
    ids = frames.measures["measure_id"]
    table = weights(frames.nearest_measures, ids, frames.plan.region_ids, "named")
    counts = table.groupby(frames.measures[variable].to_numpy()).sum().astype("int64")
    return counts[counts.sum(axis=1) > 0]


def _drawn(table: pd.DataFrame, clauses: pd.Series) -> pd.DataFrame:
    samples = resample.clause_draws(clauses) @ table.to_numpy()
    low, high = resample.intervals(samples)
    # Sums of thirds are no longer equal after rounding in binary: ties must stay ties.
    best, worst = resample.rank_intervals(np.round(samples, 9))
    behind = resample.clauses_behind(table.to_numpy(), clauses)
    columns = {"count": table.sum().to_numpy(), "clauses": behind, "low": low, "high": high}
    return pd.DataFrame(
        {**columns, "best": best, "worst": worst}, index=pd.Index(table.columns, name="region_id")
    )


def order(it: Context, what: str, ranks: pd.DataFrame) -> tuple[str, dict[str, object]]:
    """Say where the area stands among the twelve: as a rank, or why as no rank.

    The rule of small n (`resample.enough`): below `resample.MINIMUM` for any area, or where all of
    one area stands in one clause, areas are not put in an order, and the interval stands without a
    claim. Where they are, an interval over most of the field is said
    to leave the place open.
    """
    here, region = ranks.loc[it.id], it.region
    best, worst = int(here["best"]), int(here["worst"])
    values = {
        f"rank.{what}.best": best,
        f"rank.{what}.worst": worst,
        f"rank.{what}.areas": len(ranks),
    }
    level = round(100 * resample.LEVEL)
    values["resample.level"] = level
    words = {
        "what": it.say(f"compared.{what}"), "best": best, "worst": worst, "areas": len(ranks),
        "level": level,
    }  # fmt: skip
    if not resample.rankable(ranks["count"], ranks["clauses"]):
        few = int((ranks["count"] < resample.MINIMUM).sum())
        kind = "small" if few else "clause"
        few = few or int((ranks["clauses"] < resample.CLAUSES).sum())
        values |= {f"rank.{what}.few": few, "rank.minimum": resample.MINIMUM}
        words |= {"few": few, "minimum": resample.MINIMUM}
    elif it.incomplete and what != "named":
        # What is counted through places is too little where counties are missing.
        words |= {"documented": region.documented, "total": region.official_total}
        values |= {"area.documented": region.documented, "area.total": region.official_total}
        kind = "incomplete"
    else:
        kind = "wide" if worst - best + 1 > len(ranks) / 2 else "rank"
    return it.say(f"order.{kind}", **words), values | {f"rank.{what}.order": kind}


def compared(it: Context) -> Block:
    """Set the area's counts of sentences and measures beside the other eleven."""
    tables = {name: sentence_ranks(it.frames, reach) for name, reach in SENTENCES.items()}
    tables |= {name: measure_ranks(it.frames, rule) for name, rule in MEASURES.items()}
    rows, values, items = [], {}, []
    for what, ranks in tables.items():
        here, others = ranks.loc[it.id], ranks["count"].drop(it.id)
        one = {
            "count": here["count"], "low": here["low"], "high": here["high"],
            "others.low": others.min(), "others.high": others.max(),
            "others.median": others.median(),
        }  # fmt: skip
        digits = 2 if what == "shared" else 0
        one = {name: _rounded(value, digits) for name, value in one.items()}
        said, more = order(it, what, ranks)
        values |= {f"compared.{what}.{name}": value for name, value in one.items()} | more
        rank = span(more[f"rank.{what}.best"], more[f"rank.{what}.worst"])
        rows.append(
            (
                it.say(f"compared.{what}"), _shown(one["count"]),
                span(one["low"], one["high"]), span(one["others.low"], one["others.high"]),
                _shown(one["others.median"]), rank,
                it.say(f"ordered.{more[f'rank.{what}.order']}"),
            )
        )  # fmt: skip
        items.append(said)
    draws = {"draws": resample.DRAWS, "level": round(100 * resample.LEVEL), "seed": resample.SEED}
    return it.block(
        "compared",
        "compared.title",
        lead=it.say("compared.lead", areas=len(it.frames.regions)),
        columns=it.columns("measure", "here", "redrawn", "others", "median", "ranks", "ordered"),
        rows=texts(rows),
        numeric=frozenset({1, 2, 3, 4, 5}),
        items=tuple(items),
        note=it.say("compared.note", minimum=resample.MINIMUM, **draws),
        values={
            **values, **{f"resample.{name}": value for name, value in draws.items()},
            "rank.minimum": resample.MINIMUM, "areas": len(it.frames.regions),
        },
    )  # fmt: skip


def mix(it: Context, variable: str) -> pd.DataFrame:
    """Count the direct measures of each code, here and elsewhere.

    Returns
    -------
    DataFrame
        One row per code that a direct measure of any area has, in order of the codebook:
        ``code``, ``here``, ``low``, ``high`` (of the other eleven), ``areas`` (with any).
    """
    counts = code_counts(it.frames, variable)
    others = counts.drop(columns=it.id)
    result = pd.DataFrame(
        {
            "code": counts.index, "here": counts[it.id].to_numpy(),
            "low": others.min(axis=1).to_numpy(), "high": others.max(axis=1).to_numpy(),
            "areas": (counts > 0).sum(axis=1).to_numpy(),
        }
    )  # fmt: skip
    return result.sort_values("code", ignore_index=True)


def instruments(it: Context) -> Block:
    """Give the instruments of the direct measures, grouped by class."""
    classes = mix(it, "instrument_class").set_index("code")
    table = mix(it, "instrument")
    kind = it.frames.measures.dropna(subset=["instrument"]).drop_duplicates("instrument")
    kind = kind.set_index("instrument")["instrument_class"]
    table["class"] = pd.Categorical(table["code"].map(kind), list("SEDX"))
    table = table.sort_values(["class", "code"], ignore_index=True)
    first = table.drop_duplicates("class")
    groups = tuple(
        (
            index,
            it.say(
                "instruments.group", name=it.code("instrument_class", row["class"]),
                here=classes.at[row["class"], "here"], low=classes.at[row["class"], "low"],
                high=classes.at[row["class"], "high"],
            ),
        )
        for index, row in first.iterrows()
    )  # fmt: skip
    values = {}
    for row in classes.itertuples():
        values |= {f"instruments.{row.Index}.{name}": getattr(row, name) for name in HERE}
    values |= _values("instruments", table) | {"instruments.measures": len(it.direct)}
    return it.block(
        "instruments",
        "instruments.title",
        level=3,
        lead=it.say("instruments.lead", n=len(it.direct), region=it.name),
        columns=it.columns("instrument", "here", "others", "areas"),
        rows=_rows(it, "instrument", table),
        numeric=frozenset({1, 2, 3}),
        groups=groups,
        note=it.say("instruments.note"),
        values=values,
    )


def themes(it: Context) -> Block:
    """Give the themes of the direct measures, and which of them few other areas share."""
    table = mix(it, "theme")
    rare = table[(table["here"] > 0) & (table["areas"] <= FEW)]
    items = tuple(
        it.say("themes.alone" if row.areas == 1 else "themes.rare",
               theme=it.code("theme", row.code), areas=row.areas, here=row.here)
        for row in rare.itertuples()
    ) or (it.say("themes.none", few=FEW),)  # fmt: skip
    return it.block(
        "themes",
        "themes.title",
        level=3,
        lead=it.say("themes.lead", few=FEW, areas=len(it.frames.regions)),
        columns=it.columns("theme", "here", "others", "areas"),
        rows=_rows(it, "theme", table),
        numeric=frozenset({1, 2, 3}),
        items=items,
        note=it.say("themes.note"),
        values=_values("themes", table)
        | {"themes.few": FEW, "themes.distinctive": len(rare), "areas": len(it.frames.regions)},
    )


def _rows(it: Context, variable: str, table: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    return texts(
        [
            (it.code(variable, row.code), row.here, span(row.low, row.high), row.areas)
            for row in table.itertuples()
        ]
    )


def _values(prefix: str, table: pd.DataFrame) -> dict[str, object]:
    return {
        f"{prefix}.{row.code}.{name}": int(getattr(row, name))
        for row in table.itertuples()
        for name in HERE
    }


def span(low: float, high: float) -> str:
    """Return a range as text; one number where both ends are the same."""
    return _shown(low) if low == high else f"{_shown(low)}–{_shown(high)}"


def _rounded(value: float, digits: int) -> float | int:
    return round(float(value), digits) if digits else round(float(value))


def _shown(value: float) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
