"""What looks wrong in the numbers of a panel: found, with what it looks like; nothing repaired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from laoqu.analysis.numbers import finite, infinite

if TYPE_CHECKING:
    from laoqu.analysis.panel import Panel

COLUMNS = ["kind", "column", "row", "code_in_panel", "county_code", "year", "value", "looks_like"]
#: A value this many times its own neighbours in time is a jump.
JUMP = 4.0
#: How near the logarithm of a ratio must be to that of 10, 100, 1,000 or 10,000 to be called so.
NEAR = 0.12
#: A change of the place among all counties, from 0 to 1, against the years on both sides.
RANK = 0.4
#: … of a value this many times those on both sides: where all are alike, places mean nothing.
MOVED = 1.2
#: How many years without any change are a constant run.
RUN = 3
#: A year in which more units than this have the value of the year before was copied.
COPIED = 0.5
#: So many negative numbers may stand for a missing value each; a zero where a unit has others, and
#: few of such, beside values that are no small ones.
SIGNS, SELDOM = 3, 0.34
#: A number of things that is no small one.
COUNT = 10
#: What all units change by at once, in logarithms, that looks like another unit: about ten times;
#: in a gap of years each further one may bring so much growth. Most change nearly alike then.
SCALE, GROWTH, ALIKE = 0.9, 0.08, 0.5
#: Counties in another unit than others: such a gap between the two, each of so large a share, and
#: of so many counties and values; or whole provinces, with so many in all.
GAP, GROUP, FEW, OF_PROVINCES = 0.5, 0.1, 20, 10
#: The most provinces that are named as those of counties in another unit.
NAMED = 3
#: Parts may miss their total by this share.
TOTAL = 0.02
#: Columns of a panel that are compared as parts of one another; more would take too long.
PARTS = 12
#: Signs in a column's name that it holds percentages.
SHARES = ("share", "rate", "pct", "率", "比重", "比例", "%")


def findings(panel: Panel, *outcomes: str) -> pd.DataFrame:
    """Return every value of a panel that looks wrong, in these columns of numbers or in all.

    One row a finding: `COLUMNS`. ``row`` is the row of ``panel.data``; ``looks_like`` says what
    the value may be. Kinds: ``duplicate``, ``impossible``, ``jump``, ``rank``, ``total``,
    ``constant``, ``code_break``, ``missing`` (a key county that vanishes), ``scale`` (all or many
    units change tenfold or more at once, or many lie far below the others: another unit?). What
    ``scale`` says of a year is not said again of each unit as ``jump`` or ``rank``.
    """
    outcomes = [panel.outcome(column) for column in outcomes] or panel.outcomes
    data, twice, once = _units(panel, outcomes)
    found = [_made(data[twice], "duplicate", "", "several rows for one unit and year")]
    found += [_vanished(panel, data), scale := scales(panel, *outcomes)]
    for column in outcomes:
        told = scale.loc[scale["column"] == column, "year"]
        found += _impossible(data, once, column)
        found += [rows[~rows["year"].isin(told)] for rows in _jumps(once, column)]
        found += [_constant(once, column), _copied(once, column)]
        found += [_code_breaks(panel, once, column)]
    found += _totals(panel, once, outcomes)
    table = pd.concat([part for part in found if len(part)] or [found[0]], ignore_index=True)
    return table[COLUMNS].sort_values(["kind", "column", "row"], ignore_index=True)


def scales(panel: Panel, *outcomes: str) -> pd.DataFrame:
    """Return where values of these columns seem to be in several units: kind ``scale``."""
    _, _, once = _units(panel, outcomes)
    rows = [
        ["scale", column, pd.NA, "", pd.NA, *found]
        for column in outcomes
        for found in (*_rescaled(panel, once, column), *_two_scales(panel, once, column))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def impossible(panel: Panel, *outcomes: str) -> pd.DataFrame:
    """Return the values of these columns that can hardly be: kind ``impossible``."""
    data, _, once = _units(panel, outcomes)
    found = [each for column in outcomes for each in _impossible(data, once, column)]
    return pd.concat(found or [pd.DataFrame(columns=COLUMNS)])


def coverage(panel: Panel) -> pd.DataFrame:
    """Return how many key counties and documented counties of each area a panel has, by year.

    One row per year and group: ``year``, ``group`` (``key_counties`` or an area), ``n``, ``of``,
    ``missing`` (codes joined by ``;``).
    """
    members = panel.plan.membership().query("confidence != 'low'")
    groups = {"key_counties": panel.key_counties}
    groups |= {area: set(rows["adcode"]) for area, rows in members.groupby("region_id")}
    rows = []
    for year, here in panel.data.dropna(subset=["year"]).groupby("year"):
        for group, wanted in groups.items():
            lost = sorted(wanted - set(here["county_code"]))
            rows.append([int(year), group, len(wanted) - len(lost), len(wanted), ";".join(lost)])
    return pd.DataFrame(rows, columns=["year", "group", "n", "of", "missing"])


def _units(panel: Panel, outcomes: Iterable[str]) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Return the rows with their unit, which stand twice, and the others in order of time."""
    data = panel.data.reset_index(drop=True)
    # A unit is that of 2021 where there is one, else that of a code no other row is mixed with.
    data = data.assign(_unit=data["county_code"].fillna("old " + data["code_in_panel"]))
    keys = ["_unit", "year"]
    twice = data[keys].notna().all(axis=1) & data.duplicated(keys, keep=False)
    once = data[~twice & data["year"].notna()].sort_values(keys)
    # Infinite values are said once, as impossible.
    return data, twice, finite(once, outcomes)


def _made(rows: pd.DataFrame, kind: str, column: str, looks: str | Iterable[str]) -> pd.DataFrame:
    rows = rows.assign(kind=kind, row=rows.index, value=rows[column] if column else np.nan)
    looks = looks if isinstance(looks, str) else list(looks)
    return rows.assign(column=column, looks_like=looks)[COLUMNS].reset_index(drop=True)


def _vanished(panel: Panel, data: pd.DataFrame) -> pd.DataFrame:
    """Find key counties that are there in other years and not in this one."""
    here = data[data["county_code"].isin(panel.key_counties) & data["year"].notna()]
    rows = []
    for code, own in here.groupby("county_code"):
        first, last = own.sort_values("year")["code_in_panel"].iloc[[0, -1]]
        changed = f"; its code is {first} first and {last} last" if first != last else ""
        text = f"key county without a row{changed}"
        for year in sorted(set(data["year"].dropna().astype(int)) - set(own["year"])):
            near = own.loc[(own["year"] - year).abs().idxmin()]
            rows.append(["missing", "", near.name, near["code_in_panel"], code, year, np.nan, text])
    for code in sorted(panel.key_counties - set(here["county_code"])) if len(here) else []:
        rows.append(["missing", "", pd.NA, "", code, pd.NA, np.nan, "key county in no year"])
    return pd.DataFrame(rows, columns=COLUMNS)


def _impossible(data: pd.DataFrame, once: pd.DataFrame, column: str) -> Iterator[pd.DataFrame]:
    """Find infinite values, negatives or zeros where nearly all are positive, and rows of nines."""
    values = data[column].astype("float64")
    # 999999 that comes again, far above all else, stands for something too.
    nines = values.isin([10.0**n - 1 for n in range(3, 16)])
    nines &= values.map(values.value_counts()).gt(1)
    nines &= values.gt(10**GAP * values[~nines & ~infinite(values)].max())
    # −99 and −9999 that come again stand for something.
    counts = values[values.lt(0) & values.mod(1).eq(0)].value_counts()
    signs = values.isin(counts.index[counts > 1][:SIGNS])
    known = values[~signs].dropna()
    positive = len(known) > 0 and (known > 0).mean() > 0.98
    share = any(sign in str(column).casefold() for sign in SHARES) and (known <= 100).mean() > 0.98
    rare = (known == 0).mean() < 0.005
    turned = _turned(values[~signs].reindex(once.index), once["_unit"])
    minus = turned.reindex(values.index, fill_value=False) | (values.lt(0) & ~signs & positive)
    positive |= turned.any()
    for rows, text in (
        (infinite(values), "infinite"),
        (signs & positive, "missing written as a negative number?"),
        (nines, "missing written as nines?"),
        (minus, "negative, others are positive"),
        (values.eq(0) & positive & rare, "zero: missing written as 0?"),
        (values.gt(100) & share, "a share above 100"),
    ):
        yield _made(data[rows], "impossible", column, text)
    yield _holes(once, column)


def _turned(values: pd.Series, unit: pd.Series) -> pd.Series:
    """Say which values are negative where most such are as large as the unit's positive ones."""
    sizes, negative = np.log10(values.abs().where(values.ne(0))), values.lt(0)
    gaps = _beside(sizes.mask(negative), unit).sub(sizes, axis=0).abs()
    return negative & ((gaps.min(axis=1) <= NEAR)[negative].mean() > 0.5)


def _beside(values: pd.Series, unit: pd.Series) -> pd.DataFrame:
    """Return the last value of a unit up to each row, and the first from there on."""
    by_unit = values.groupby(unit)
    return pd.concat([by_unit.ffill(), by_unit.bfill()], axis=1)


def _holes(once: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find zeros beside values of the same unit that are no small counts: 0 may follow 1 or 2."""
    values = once[column].astype("float64")
    if (share := (values == 0).mean()) < 0.005:  # then they are told as impossible
        return _made(once[:0], "impossible", column, "")
    unit = once["_unit"]
    sides = _beside(values.where(values.ne(0)), unit)  # zeros may follow one another
    few = values.eq(0).groupby(unit).transform("mean") <= SELDOM
    few |= share <= SELDOM / 3  # in the whole column
    large = sides.gt(COUNT) | (sides.gt(0) & sides.mod(1).ne(0))
    beside = (sides.isna() | large).all(axis=1) & sides.notna().any(axis=1)
    found = values.eq(0) & few & beside
    return _made(once[found], "impossible", column, "zero beside other values: missing as 0?")


def _jumps(once: pd.DataFrame, column: str) -> Iterator[pd.DataFrame]:
    """Find values far from those of the same unit before and after, and odd places in the order."""
    rows = once[once[column].gt(0).fillna(False)]
    logs = np.log10(rows[column].astype("float64"))
    # What moves all counties alike, as a new base or a census year, is no jump of one county: the
    # median of their own moves, for that of values has no hold where half are in another unit.
    own = logs - logs.groupby(rows["_unit"]).transform("median")
    before, after = _sides(own - own.groupby(rows["year"]).transform("median"), rows["_unit"])
    far_before, far_after = (gap.abs() > np.log10(JUMP) for gap in (before, after))
    between = np.sign(before) == np.sign(after)  # above both neighbours, or below both
    peak = between & far_before & far_after
    # A step that stays, or one at the first or last year, has only one side.
    step = far_before & ~peak & ~peak.shift(1, fill_value=False)
    first = before.isna() & far_after & ~step.shift(-1, fill_value=False)
    jump = peak | step | first
    size = before.where(far_before, after)[jump]
    ends = step[jump].map({True: "the value before, and stays", False: "its neighbours in time"})
    looks = [f"{_factor(n)} against {end}" for n, end in zip(size, ends, strict=True)]
    yield _made(rows[jump], "jump", column, looks)
    by_year = rows.groupby("year")[column]
    place = by_year.rank(pct=True)
    up, down = _sides(place, rows["_unit"])
    moved = ~jump & between & (np.sign(up) == np.sign(down)) & (by_year.transform("size") >= 30)
    for gaps, least in (((up, down), RANK), ((before, after), np.log10(MOVED))):
        moved &= (gaps[0].abs() > least) & (gaps[1].abs() > least)
    looks = place.map("place {:.2f} of 1 among the units, ".format)
    looks += (place - up).map("{:.2f} before".format)
    yield _made(rows[moved], "rank", column, looks[moved])


def _sides(values: pd.Series, unit: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return how far each value lies from the one before and the one after it."""
    by_unit = values.groupby(unit)
    return values - by_unit.shift(1), values - by_unit.shift(-1)


def _rescaled(panel: Panel, once: pd.DataFrame, column: str) -> Iterator[tuple]:
    """Find years in which all units change by about ten times or more, nearly alike, or many."""
    rows = once[once[column].gt(0).fillna(False)]
    logs, unit = np.log10(rows[column].astype("float64")), rows["_unit"]
    steps = pd.DataFrame({"year": rows["year"], "last": rows["year"].groupby(unit).shift(1)})
    steps["size"], _ = _sides(logs, unit)
    for (year, last), sizes in steps.dropna().groupby(["year", "last"])["size"]:
        size, here = sizes.median(), rows.loc[rows["year"] == year, column]
        least = SCALE + GROWTH * (year - last - 1) * (size > 0)
        alike = sizes.quantile(0.75) - sizes.quantile(0.25) <= ALIKE
        if alike and abs(size) >= least and len(sizes) >= len(here) / 2:
            text = f"the median of all units changes {_factor(size)} between {last} and {year}"
            yield year, here.median(), f"{text}: another unit?"
            continue
        for under in _apart(sizes, unit[sizes.index].str[-6:-4]):
            low, high = sizes[under], sizes[~under]
            moved = max(low, high, key=lambda part: abs(part.median()))
            if high.min() - low.max() >= GAP and abs(moved.median()) >= SCALE:
                text = f"{len(moved)} of {len(sizes)} units change {_factor(moved.median())}"
                where = _within(panel, unit[min(low, high, key=len).index])
                text = f"{text} between {last} and {year}: another unit{where}?"
                yield year, here[moved.index].median(), text
                break


def _two_scales(panel: Panel, once: pd.DataFrame, column: str) -> Iterator[tuple]:
    """Find counties that lie far below all others in every year, with a gap between the two."""
    units = panel.plan.gazetteer().set_index("adcode")["level"]
    rows = once[once[column].gt(0).fillna(False) & once["county_code"].map(units).eq("county")]
    logs = np.log10(rows[column].astype("float64"))
    # Against the mean of its year: with half of the counties in another unit no median holds still.
    logs = (logs - logs.groupby(rows["year"]).transform("mean")).groupby(rows["_unit"])
    middle = logs.median()
    for under in _apart(middle, middle.index.str[:2]):
        below, above = middle[under], middle[~under]
        gap = logs.min()[above.index].min() - logs.max()[below.index].max()
        size = below.median() - above.median()
        if gap >= GAP and size <= -SCALE and min(below.nunique(), above.nunique()) >= OF_PROVINCES:
            value = rows.loc[rows["_unit"].isin(below.index), column].median()
            text = f"{len(below)} counties lie below the {len(above)} others in every year"
            where = _within(panel, min(below, above, key=len).index)
            yield pd.NA, value, f"{text}, the median {_factor(size)}: another unit{where}?"
            return


def _apart(values: pd.Series, province: pd.Series | pd.Index) -> Iterator[pd.Series]:
    """Yield which values may lie far below the others, where there are enough on both sides.

    They are those below the widest gap, and those of the provinces whose medians lie below one.
    """
    ordered, least = values.sort_values(), max(int(len(values) * GROUP), FEW)
    gaps = ordered.diff().iloc[least : 1 - least]
    if len(gaps):
        yield values < ordered[gaps.idxmax()]
    medians = values.groupby(province).median().sort_values()
    if len(medians) > 1:
        under = values.groupby(province).transform("median") < medians[medians.diff().idxmax()]
        if OF_PROVINCES <= under.sum() <= len(under) - OF_PROVINCES:
            yield under


def _within(panel: Panel, units: Iterable[str]) -> str:
    """Return in which provinces units lie, where these are few."""
    codes = sorted({f"{unit[-6:-4]}0000" for unit in units})
    if len(codes) > NAMED:
        return ""
    names = panel.plan.gazetteer().set_index("adcode")["province"]
    return f" in {', '.join(names.get(code, code) for code in codes)}"


def _factor(log: float) -> str:
    """Return what a logarithm of a ratio means: ×10,000 or ÷100 where it is about that."""
    power = round(abs(log))
    about = power and abs(abs(log) - power) <= NEAR
    times = f"{10**power:,}" if about else f"{10 ** abs(log):,.3g}"
    return f"{'×' if log > 0 else '÷'}{times}"


def _constant(once: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find runs of years in which a value of several digits does not change at all."""
    rows = once[once[column].notna()]
    run = rows[column].ne(rows.groupby("_unit")[column].shift(1)).cumsum()
    length = run.map(run.value_counts())
    digits = rows[column].map(lambda v: len(f"{abs(v):.10g}".replace(".", "").strip("0")) >= 3)
    ends = (length >= RUN) & run.ne(run.shift(-1)) & digits
    return _made(rows[ends], "constant", column, length[ends].map("the same for {} years".format))


def _copied(once: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find years in which most units have the value of the year before to the last digit."""
    values = once[once[column].notna()]
    values = values[values.groupby(column)["_unit"].transform("size") < FEW]  # 0, 1, 100 %
    unit = values.groupby("_unit")
    pairs = [values["year"], unit["year"].shift(1)]
    alike = values[column].eq(unit[column].shift(1)).groupby(pairs).agg(["sum", "size", "mean"])
    copied = alike[(alike["size"] >= FEW) & (alike["mean"] > COPIED)]
    if 1 < len(copied) == len(alike):  # an area never changes
        copied = copied[:0]
    rows = []
    for (year, last), found in copied.iterrows():
        text = f"{found['sum']:.0f} of {found['size']:.0f} units have their value of {last:.0f}"
        rows.append(["constant", column, pd.NA, "", pd.NA, year, np.nan, text])
    return pd.DataFrame(rows, columns=COLUMNS)


def _code_breaks(panel: Panel, once: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find years in which a code changed, or its unit grew, and the value moved by over a third."""
    keys = ["code_in_panel", "year"]
    took_in = panel.reasons.dropna(subset=keys).set_index(keys)["took_in"]
    said = took_in.reindex(pd.MultiIndex.from_frame(once[keys])).fillna("").set_axis(once.index)
    unit = once.groupby("_unit")
    changed = once["code_in_panel"].ne(unit["code_in_panel"].shift(1)) & unit.cumcount().gt(0)
    before = said.groupby(once["_unit"]).shift(1, fill_value="")
    grew = said.ne(before) & before.ne("")
    growth = once[column] / unit[column].shift(1)
    usual = growth.groupby(once["year"]).transform("median")
    found = (changed | grew) & ((growth / usual - 1).abs() > 1 / 3).fillna(False)
    why = zip(before.where(grew, "code changed")[found], growth[found], strict=True)
    looks = [f"{each}, value {times:.2f} times the one before" for each, times in why]
    return _made(once[found], "code_break", column, looks)


def _totals(panel: Panel, once: pd.DataFrame, outcomes: list[str]) -> Iterator[pd.DataFrame]:
    """Find totals that parts miss which else add up to them: other columns, a city's counties."""
    units = panel.plan.gazetteer().set_index("adcode")
    level, city = (once["county_code"].map(units[name]) for name in ("level", "parent"))
    counties = units.groupby("parent").size()
    for total in outcomes:
        rows = once[once[total] > 0]
        here = once.dropna(subset=[total]).groupby([city.rename("_city"), "year"])[total]
        sums = here.sum()[here.size() == here.size().index.get_level_values(0).map(counties)]
        cities = rows[level[rows.index].eq("prefecture")]
        keys = pd.MultiIndex.from_frame(cities[["county_code", "year"]])
        share = (sums.reindex(keys).set_axis(cities.index) / cities[total]).dropna()
        if len(share) >= 5 and abs(share.median() - 1) <= TOTAL:
            yield _missed(rows, total, share, "its counties add up to")
        others = [c for c in outcomes[:PARTS] if c != total] if total in outcomes[:PARTS] else []
        for group in (list(each) for n in (3, 2) for each in combinations(others, n)):
            share = (rows[group].sum(axis=1, skipna=False) / rows[total]).dropna()
            off = (share - 1).abs() > TOTAL
            if len(share) >= 20 and off.mean() <= 0.2 and rows[group].min(axis=None) >= 0:
                yield _missed(rows, total, share, f"{' + '.join(group)} is")
                break


def _missed(rows: pd.DataFrame, total: str, share: pd.Series, what: str) -> pd.DataFrame:
    share = share[(share - 1).abs() > TOTAL]
    return _made(rows.loc[share.index], "total", total, share.map(f"{what} {{:.2f}} of it".format))
