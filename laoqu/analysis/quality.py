"""What looks wrong in the numbers of a panel: found, with what it looks like; nothing repaired."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from laoqu.errors import LaoquError, nearest

if TYPE_CHECKING:
    from laoqu.analysis.panel import Panel

COLUMNS = ["kind", "column", "row", "code_in_panel", "county_code", "year", "value", "looks_like"]
#: A value this many times its own neighbours in time is a jump.
JUMP = 4.0
#: How near the logarithm of a ratio must be to that of 10, 100, 1,000 or 10,000 to be called so.
NEAR = 0.12
#: A change of the place among all counties, from 0 to 1, against the years on both sides.
RANK = 0.4
#: How many years without any change are a constant run.
RUN = 3
#: Parts may miss their total by this share.
TOTAL = 0.02
#: Columns of a panel that are compared as parts of one another; more would take too long.
PARTS = 12


def findings(panel: Panel, *outcomes: str) -> pd.DataFrame:
    """Return every value of a panel that looks wrong, in these columns of numbers or in all.

    One row a finding: `COLUMNS`. ``row`` is the row of ``panel.data``; ``looks_like`` says what
    the value may be. Kinds: ``duplicate``, ``impossible``, ``jump``, ``rank``, ``total``,
    ``constant``, ``code_break``, ``missing`` (a key county that vanishes).
    """
    outcomes = list(outcomes or panel.outcomes)
    for column in outcomes:
        if column not in panel.data:
            near = nearest(column, map(str, panel.data.columns))
            raise LaoquError(f"the panel has no column {column!r}; nearest: {', '.join(near)}")
        if not pd.api.types.is_numeric_dtype(panel.data[column]):
            raise LaoquError(f"{column} holds no numbers")
    data = panel.data.reset_index(drop=True)
    # A unit is that of 2021 where there is one, else that of a code no other row is mixed with.
    data = data.assign(_unit=data["county_code"].fillna("old " + data["code_in_panel"]))
    found = [_duplicates(data), _vanished(panel, data)]
    once = data[~data.duplicated(["_unit", "year"], keep=False) & data["year"].notna()]
    once = once.sort_values(["_unit", "year"])
    for column in outcomes:
        found += [_impossible(data, column), _jumps(once, column), _constant(once, column)]
        found.append(_code_breaks(once, column))
    found += [_column_totals(once, outcomes), _city_totals(panel, once, outcomes)]
    table = pd.concat([part for part in found if len(part)] or [found[0]], ignore_index=True)
    return table[COLUMNS].sort_values(["kind", "column", "row"], ignore_index=True)


def coverage(panel: Panel) -> pd.DataFrame:
    """Return how many key counties and documented counties of each area a panel has, by year.

    One row per year and group: ``year``, ``group`` (``key_counties`` or an area), ``n``, ``of``,
    ``missing`` (codes joined by ``;``).
    """
    groups = {"key_counties": panel.key_counties}
    members = panel.plan.membership()
    members = members[members["confidence"] != "low"]
    groups |= {area: set(rows["adcode"]) for area, rows in members.groupby("region_id")}
    rows = []
    for year, here in panel.data.dropna(subset=["year"]).groupby("year"):
        codes = set(here["county_code"].dropna())
        for group, wanted in groups.items():
            lost = sorted(wanted - codes)
            rows.append([int(year), group, len(wanted) - len(lost), len(wanted), ";".join(lost)])
    return pd.DataFrame(rows, columns=["year", "group", "n", "of", "missing"])


def _made(rows: pd.DataFrame, kind: str, column: str, looks: object) -> pd.DataFrame:
    value = rows[column] if column in rows else pd.Series(np.nan, rows.index)
    return pd.DataFrame(
        {
            "kind": kind, "column": column, "row": rows.index, "year": rows["year"].to_numpy(),
            "code_in_panel": rows["code_in_panel"].to_numpy(), "value": value.to_numpy(),
            "county_code": rows["county_code"].to_numpy(), "looks_like": looks,
        }
    )  # fmt: skip


def _duplicates(data: pd.DataFrame) -> pd.DataFrame:
    keys = ["_unit", "year"]
    rows = data[data.duplicated(keys, keep=False) & data[keys].notna().all(axis=1)]
    return _made(rows, "duplicate", "", "several rows for one unit and year")


def _vanished(panel: Panel, data: pd.DataFrame) -> pd.DataFrame:
    """Find key counties that are there in other years and not in this one."""
    keys, rows = panel.key_counties, []
    years = set(data["year"].dropna().astype(int))
    here = data[data["county_code"].isin(keys) & data["year"].notna()]
    for code, own in here.groupby("county_code"):
        codes = own.sort_values("year")["code_in_panel"].tolist()
        changed = f"; its code is {codes[0]} first and {codes[-1]} last"
        text = "key county without a row" + (changed if codes[0] != codes[-1] else "")
        for year in sorted(years - set(own["year"])):
            near = own.loc[(own["year"] - year).abs().idxmin()]
            rows.append(["missing", "", near.name, near["code_in_panel"], code, year, np.nan, text])
    for code in sorted(keys - set(here["county_code"])) if len(here) else []:
        rows.append(["missing", "", pd.NA, "", code, pd.NA, np.nan, "key county in no year"])
    return pd.DataFrame(rows, columns=COLUMNS)


def _impossible(data: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find infinite values, and negatives or zeros where nearly all values are positive."""
    values = data[column].astype("float64")
    known = values[values.notna()]
    parts = [_made(data[np.isinf(values)], "impossible", column, "infinite")]
    if len(known) and (known > 0).mean() > 0.98:
        parts.append(_made(data[values < 0], "impossible", column, "negative, others are positive"))
        if (known == 0).mean() < 0.005:
            zero = _made(data[values == 0], "impossible", column, "zero: missing written as 0?")
            parts.append(zero)
    name = str(column).casefold()
    is_share = any(sign in name for sign in ("share", "rate", "pct", "率", "比重", "比例", "%"))
    if is_share and (known <= 100).mean() > 0.98:
        parts.append(_made(data[values > 100], "impossible", column, "a share above 100"))
    return pd.concat(parts, ignore_index=True)


def _jumps(once: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find values far from those of the same unit before and after, and odd places in the order."""
    rows = once[once[column].gt(0).fillna(False)]
    logs = np.log10(rows[column].astype("float64"))
    # What moves all counties alike, as a new base or a census year, is no jump of one county.
    own = logs - logs.groupby(rows["year"]).transform("median")
    unit = own.groupby(rows["_unit"])
    before, after = own - unit.shift(1), own - unit.shift(-1)
    log_jump = np.log10(JUMP)
    apart = np.sign(before) == np.sign(after)  # never where one is missing
    peak = apart & (before.abs() > log_jump) & (after.abs() > log_jump)
    # A step that stays, or one at the first or last year, has only one side.
    far = {side: gap.abs() > log_jump for side, gap in (("before", before), ("after", after))}
    step = far["before"] & ~peak & ~peak.shift(1, fill_value=False)
    first = before.isna() & far["after"] & ~step.shift(-1, fill_value=False)
    jump = peak | step | first
    size = before.where(far["before"], after)
    looks = [_size(value, bool(stays)) for value, stays in zip(size[jump], step[jump], strict=True)]
    place = rows.groupby("year")[column].rank(pct=True)
    by_unit = place.groupby(rows["_unit"])
    up, down = place - by_unit.shift(1), place - by_unit.shift(-1)
    enough = rows.groupby("year")[column].transform("size") >= 30
    moved = enough & apart & ~jump & (up.abs() > RANK) & (down.abs() > RANK)
    moved &= np.sign(up) == np.sign(down)
    texts = [f"place {at:.2f} of 1 among the units, {at - move:.2f} the year before"
             for at, move in zip(place[moved], up[moved], strict=True)]  # fmt: skip
    parts = [_made(rows[jump], "jump", column, looks), _made(rows[moved], "rank", column, texts)]
    return pd.concat(parts, ignore_index=True)


def _size(log: float, stays: bool) -> str:
    """Return how large a jump looks: about 10 times its neighbours, a tenth of the year before."""
    power = round(abs(log))
    text = f"{10**log:.3g} times"
    if 1 <= power <= 4 and abs(abs(log) - power) <= NEAR:
        text = f"about {10**power:,} times" if log > 0 else f"about 1/{10**power:,} of"
    return f"{text} {'the year before, and stays' if stays else 'its neighbours in time'}"


def _constant(once: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find runs of years in which a value of several digits does not change at all."""
    rows = once[once[column].notna()]
    same = rows[column].eq(rows.groupby("_unit")[column].shift(1))
    run = (~same).cumsum()
    length = run.map(run.value_counts())
    digits = rows[column].map(lambda v: len(f"{abs(v):.10g}".replace(".", "").strip("0")) >= 3)
    last = run.ne(run.shift(-1))
    flagged = rows[(length >= RUN) & last & digits]
    texts = [f"the same for {n} years" for n in length[flagged.index]]
    return _made(flagged, "constant", column, texts)


def _code_breaks(once: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find years in which a code changed and the value moved by more than a third."""
    unit = once.groupby("_unit")
    changed = once["code_in_panel"].ne(unit["code_in_panel"].shift(1)) & unit.cumcount().gt(0)
    growth = once[column] / unit[column].shift(1)
    usual = growth.groupby(once["year"]).transform("median")
    moved = (growth / usual - 1).abs() > 1 / 3
    rows = once[changed & moved.fillna(False)]
    texts = [
        f"code changed, value {value:.2f} times the year before" for value in growth[rows.index]
    ]
    return _made(rows, "code_break", column, texts)


def _column_totals(once: pd.DataFrame, outcomes: list[str]) -> pd.DataFrame:
    """Find rows in which two or three columns miss the column that they else add up to."""
    parts = [_made(once.iloc[:0], "total", "", "")]
    columns = outcomes[:PARTS]
    for total in columns:
        others = [c for c in columns if c != total]
        for group in (g for n in (3, 2) for g in combinations(others, n)):
            rows = once.dropna(subset=[total, *group])
            rows = rows[rows[total] > 0]
            if len(rows) < 20 or (rows[list(group)] < 0).any(axis=None):
                continue
            share = rows[list(group)].sum(axis=1) / rows[total]
            if share.sub(1).abs().le(TOTAL).mean() < 0.8:
                continue
            off = rows[share.sub(1).abs() > TOTAL]
            texts = [f"{' + '.join(group)} is {value:.2f} of it" for value in share[off.index]]
            parts.append(_made(off, "total", total, texts))
            break
    return pd.concat(parts, ignore_index=True)


def _city_totals(panel: Panel, once: pd.DataFrame, outcomes: list[str]) -> pd.DataFrame:
    """Find cities whose counties do not add up to them, where in most cities they do."""
    parts = [_made(once.iloc[:0], "total", "", "")]
    gazetteer = panel.plan.gazetteer().set_index("adcode")
    number = gazetteer.groupby("parent").size()
    above = once["county_code"].map(gazetteer["parent"])
    cities = once[once["county_code"].map(gazetteer["level"]).eq("prefecture")]
    for column in outcomes if len(cities) else []:
        below = once.assign(_city=above).dropna(subset=[column]).groupby(["_city", "year"])[column]
        sums = below.agg(["sum", "size"]).reset_index()
        sums = sums[sums["size"] == sums["_city"].map(number)]
        both = cities.reset_index().merge(
            sums, left_on=["county_code", "year"], right_on=["_city", "year"]
        )
        both = both[both[column] > 0].set_index("index")
        share = both["sum"] / both[column]
        if len(both) < 5 or abs(share.median() - 1) > TOTAL:
            continue
        off = both[share.sub(1).abs() > TOTAL]
        texts = [f"its counties add up to {value:.2f} of it" for value in share[off.index]]
        parts.append(_made(off, "total", column, texts))
    return pd.concat(parts, ignore_index=True)
