"""An outcome panel joined to a treatment table.

Nothing is guessed: a code of another year is refused with its successor, a code as a number is
refused with what to do, and whatever has no partner is counted with the reason.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from laoqu.analysis.treatment import timed
from laoqu.errors import LaoquError, UnknownId, nearest

OLD_CODES = ("refuse", "follow", "drop")
#: Changes after which the unit is still the same one; a merger or a split leads to another.
SAME_UNIT = ("recoded", "renamed", "upgraded", "moved")
ADDED = (
    "channel", "unit_level", "region_id", "first_treat", "first_treat_basis", "ever_treated",
    "status_basis",
)  # fmt: skip


class Joined(NamedTuple):
    """What `join` gives: the panel with its status, and what had no partner."""

    data: pd.DataFrame
    report: pd.DataFrame


def join(
    panel: pd.DataFrame,
    table: pd.DataFrame,
    gazetteer: pd.DataFrame,
    history: pd.DataFrame,
    code: str = "county_code",
    year: str = "year",
    old_codes: str = "refuse",
) -> Joined:
    """Add the treatment status to an outcome panel and report what has no partner.

    Parameters
    ----------
    panel : DataFrame
        One row per county and year, with outcomes and covariates of your own, all of which stay.
    table : DataFrame
        One channel of `laoqu.analysis.treatment.counties`.
    gazetteer, history : DataFrame
        ``plan.gazetteer()``, ``plan.table("gazetteer_history")``.
    code, year : str
        Names of the panel's columns: codes as text of six digits, years as whole numbers.
    old_codes : {"refuse", "follow", "drop"}
        What happens to codes that are not of the end of 2021: an error that names their
        successors; the successor where it is the same unit under another code or name; or no
        status. Mergers and splits are never followed: their outcomes would have to be added up.

    Returns
    -------
    Joined
        ``data``: every row of `panel`, sorted by county and year, with ``county_code`` and ``year``
        (``code_in_panel`` where a code was followed), `ADDED`, ``treated`` and ``event_time``; a
        row without a partner has NA. ``report``: one row per ``side`` (panel, table) and
        ``reason``: ``units``, ``rows``, ``examples``.

    Raises
    ------
    LaoquError
        For codes that are numbers or no codes, years that are no whole numbers, several rows for a
        county and year, several channels, and for old codes unless told what to do with them.
    """
    if old_codes not in OLD_CODES:
        raise UnknownId(old_codes, OLD_CODES, "rule for old codes")
    panel = _read(panel, code, year)
    if several := int(table["county_code"].duplicated().sum()):
        raise LaoquError(
            f"the table has {several} counties more than once: choose one channel, as in "
            'table[table["channel"] == "national_key_county"]'
        )
    units = gazetteer.set_index("adcode")["name"]
    old = successors(panel, gazetteer, history)
    if old_codes == "refuse" and len(old):
        shown = [f"{row.county_code} ({row.note})" for row in old.head(8).itertuples()]
        more = f"; and {len(old) - 8} more" if len(old) > 8 else ""
        raise LaoquError(
            f"{len(old)} codes of the panel are not of the end of 2021: {'; '.join(shown)}{more}. "
            'Say old_codes="follow" (same unit, new code) or "drop" (no status)'
        )
    reason = panel["county_code"].map(old.set_index("county_code")["reason"]).astype("str")
    data = panel.assign(code_in_panel=panel["county_code"])
    if old_codes == "follow":
        leads = old.loc[old["same"]].set_index("county_code")["successor"]
        new = data["county_code"].map(leads)
        target = new.fillna(data["county_code"])
        # Two units of one year that became one: only their sum would be the unit.
        clash = pd.DataFrame({"c": target, "y": data["year"]}).duplicated(keep=False) & new.notna()
        data["county_code"] = target.mask(clash, data["county_code"])
        reason = reason.mask(new.notna(), "followed").mask(clash, "merged")
    known = data["county_code"].isin(table["county_code"])
    inside = known & (reason.isna() | reason.eq("followed"))
    reason = reason.where(reason.notna(), np.where(inside, "matched", "not_in_table"))
    taken = _reused(panel, history) & reason.eq("matched")
    reason = reason.mask(reason.eq("followed") & ~inside, "not_in_table")
    merged = data.merge(
        table[["county_code", *(name for name in ADDED if name in table)]],
        on="county_code",
        how="left",
    )
    # Old codes that were not followed may be codes of other units today: no status for them.
    out = ~reason.isin(["matched", "followed"]).to_numpy()
    added = [name for name in ADDED if name in table]
    merged.loc[out, added] = pd.NA
    merged["status_basis"] = merged["status_basis"].fillna("no_partner")
    lines = [
        _line("panel", why, rows["code_in_panel"], units, len(rows))
        for why, rows in data.groupby(reason, sort=True)
    ]
    if taken.any():
        rows = data[taken]
        lines.append(
            _line("panel", "code_of_another_unit_then", rows["county_code"], units, len(rows))
        )
    found = table["county_code"].isin(merged.loc[~out, "county_code"])
    for why, codes in _absent(table.loc[~found, "county_code"], panel, history).items():
        lines.append(_line("table", why, codes, units, 0))
    lines.append(
        _line("table", "matched", table.loc[found, "county_code"], units, int((~out).sum()))
    )
    report = pd.DataFrame(lines, columns=["side", "reason", "units", "rows", "examples"])
    merged = timed(merged).sort_values(["county_code", "year"], ignore_index=True)
    return Joined(merged, report.sort_values(["side", "reason"], ignore_index=True))


def successors(panel: pd.DataFrame, gazetteer: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return where the codes of a panel lead that are not of the end of 2021.

    Parameters
    ----------
    panel : DataFrame
        With ``county_code`` and ``year``; the years tell which holder of a code is meant.
    gazetteer, history : DataFrame
        ``plan.gazetteer()``, ``plan.table("gazetteer_history")``.

    Returns
    -------
    DataFrame
        One row per such code: ``county_code``, ``reason`` (kind of change, ``later`` for a code
        younger than 2021, ``unknown_code``), ``successor`` (empty where there is not one), ``same``
        (the same unit under another code or name), ``note``.

    Examples
    --------
    >>> import pandas as pd
    >>> import laoqu as lq
    >>> from laoqu.analysis import panels
    >>> plan = lq.load()
    >>> old = pd.DataFrame({"county_code": ["431121"], "year": [2020]})
    >>> panels.successors(old, plan.gazetteer(), plan.table("gazetteer_history"))["note"].tolist()
    ['祁阳县, upgraded in 2021: 431181 祁阳市']
    """
    names = gazetteer.set_index("adcode")["name"]
    used = panel.groupby("county_code")["year"].agg(["min", "max"])
    used = used[~used.index.isin(names.index)]
    before = history[history["old_adcode"].isin(used.index)]
    after = history[history["new_adcode"].isin(used.index) & (history["change_year"] > 2021)]
    rows = []
    for code, low, high in used.itertuples():
        rows.append(_leads(code, low, high, before, after, names))
    return pd.DataFrame(rows, columns=["county_code", "reason", "successor", "same", "note"])


def _leads(
    code: str, low: int, high: int, before: pd.DataFrame, after: pd.DataFrame, names: pd.Series
) -> tuple[str, str, str, bool, str]:
    """Return one row of `successors`."""
    was = before[before["old_adcode"] == code]
    then = was[(was["old_valid_from"] <= high) & (was["old_valid_to"] >= low)]
    was = then if len(then) else was
    if len(was):
        leads = sorted(set(was["adcode_2021"]) - {""})
        last = was.iloc[-1]
        kinds = set(was["change_kind"])
        kind = next((k for k in ("split", "merged", "abolished") if k in kinds), last.change_kind)
        shown = ", ".join(f"{each} {names.get(each, '')}" for each in leads) or "no successor known"
        note = f"{last.old_name}, {kind} in {last.change_year}: {shown}"
        one = leads[0] if len(leads) == 1 else ""
        return code, kind, one, bool(one) and kinds <= set(SAME_UNIT), note
    now = after[after["new_adcode"] == code]
    if len(now):
        old = sorted(set(now["old_adcode"]) - {""})
        last, one = now.iloc[-1], old[0] if len(old) == 1 and old[0] in names.index else ""
        shown = ", ".join(f"{each} {names.get(each, '')}" for each in old) or "a new unit"
        note = f"{last.new_name}, code since {last.change_year}; at the end of 2021: {shown}"
        same = bool(one) and set(now["change_kind"]) <= set(SAME_UNIT)
        return code, "later", one, same, note
    near = names[names.index.str[:4] == code[:4]]
    listed = ", ".join(f"{each} {near[each]}" for each in nearest(code, near.index))
    note = f"in no list since 1980; nearest: {listed}" if listed else "in no list since 1980"
    return code, "unknown_code", "", False, note


def _reused(panel: pd.DataFrame, history: pd.DataFrame) -> pd.Series:
    """Return which rows have a code that another unit held in that year."""
    rows = history[history["old_adcode"].ne("") & history["old_adcode"].ne(history["adcode_2021"])]
    # A rename under the same code leads to the code itself and is no other unit.
    rows = rows[rows["old_adcode"].ne(rows["new_adcode"])]
    both = panel[["county_code", "year"]].reset_index().merge(
        rows[["old_adcode", "old_valid_from", "old_valid_to"]],
        left_on="county_code", right_on="old_adcode",
    )  # fmt: skip
    hit = both[both["year"].between(both["old_valid_from"], both["old_valid_to"])]
    return pd.Series(panel.index.isin(hit["index"]), panel.index)


def _absent(codes: pd.Series, panel: pd.DataFrame, history: pd.DataFrame) -> dict[str, list[str]]:
    """Say why units of the table have no row: younger than the panel, or just not there."""
    last = int(panel["year"].max())
    new = history[history["new_adcode"].isin(codes) & (history["change_year"] > last)]
    held = history[
        history["new_adcode"].isin(codes) & history["old_adcode"].isin(panel["county_code"])
    ]
    young = set(new["new_adcode"])
    before = set(held["new_adcode"]) - young
    groups = {"code_younger_than_panel": [], "under_an_old_code": [], "not_in_panel": []}
    for code in codes:
        why = 0 if code in young else 1 if code in before else 2
        groups[list(groups)[why]].append(code)
    return {why: found for why, found in groups.items() if found}


def _line(side: str, reason: str, codes: object, names: pd.Series, rows: int) -> tuple[object, ...]:
    units = sorted(set(codes))
    shown = ", ".join(f"{code} {names.get(code, '')}".strip() for code in units[:3])
    return side, reason, len(units), rows, shown


def _read(panel: pd.DataFrame, code: str, year: str) -> pd.DataFrame:
    """Return the panel with ``county_code`` and ``year``, or say what to change."""
    for name in (code, year):
        if name not in panel:
            hint = ", ".join(nearest(name, map(str, panel.columns))) or ", ".join(map(str, panel))
            raise LaoquError(
                f"the panel has no column {name!r}; it has {hint}: say code= and year="
            )
    if taken := sorted({*ADDED, "treated", "event_time", "code_in_panel"} & set(panel.columns)):
        raise LaoquError(
            f"columns {', '.join(taken)} of the panel would be overwritten: rename them"
        )
    codes, years = panel[code], panel[year]
    if pd.api.types.is_numeric_dtype(codes):
        step = ".astype('Int64')" if pd.api.types.is_float_dtype(codes) else ""
        raise LaoquError(
            f"{code} holds numbers ({codes.dtype}), expected text of six digits: "
            f"df[{code!r}] = df[{code!r}]{step}.astype('str')"
        )
    odd = codes[
        ~codes.map(lambda each: isinstance(each, str) and bool(re.fullmatch(r"\d{6}", each)))
    ]
    if len(odd):
        first = odd.iloc[0]
        hint = ""
        if isinstance(first, str) and re.fullmatch(r"\d{9}|\d{12}", first):
            hint = "; of a longer statistical code the first six digits are the county's"
        elif isinstance(first, str) and re.fullmatch(r"\d{1,5}|\d+\.0", first.strip()):
            hint = "; it looks like a number that was read with digits lost or added"
        raise LaoquError(
            f"{code} holds {first!r} in {len(odd)} rows of this kind, expected six digits{hint}"
        )
    if not pd.api.types.is_integer_dtype(years) or years.isna().any():
        raise LaoquError(
            f"{year} holds {years.dtype} such as {years.iloc[0]!r}, expected whole years without a "
            "gap: one row a year, quarters and dates summed up to years"
        )
    if not years.between(1900, 2200).all():
        raise LaoquError(
            f"{year} holds {years[~years.between(1900, 2200)].iloc[0]}, expected years"
        )
    rename = {code: "county_code", year: "year"}
    if clash := [new for old, new in rename.items() if old != new and new in panel]:
        raise LaoquError(f"the panel also has a column {clash[0]!r}: rename it")
    panel = panel.rename(columns=rename).reset_index(drop=True)
    panel["year"] = panel["year"].astype("int64")
    twice = panel[panel.duplicated(["county_code", "year"], keep=False)]
    if len(twice):
        shown = twice[["county_code", "year"]].drop_duplicates().head(3).itertuples(index=False)
        listed = ", ".join(f"{a} in {b}" for a, b in shown)
        raise LaoquError(f"{len(twice)} rows are not alone for their county and year: {listed}")
    return panel
