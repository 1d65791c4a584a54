"""Validation by people: a sample with known chances, blind sheets for two coders, what they say.

The shipped codes are automated. `sample` writes what two people need to check them, `compare` reads
their sheets back: how far they agree, what differs, and every share corrected by what people coded.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from laoqu import grid, own, paths, sheets
from laoqu.analysis.agreement import by_variable
from laoqu.analysis.draws import SEED
from laoqu.analysis.sampling import corrected, draw
from laoqu.errors import DataError, LaoquError, Problem, require
from laoqu.measures import SCALES
from laoqu.plan import Plan
from laoqu.sheets import Column

KEY = "key.csv"
#: numpy takes no larger seed; some sheets are mixed with a few more.
LARGEST_SEED = 2**32 - 10
KEYS = ["kind", "id", "unit_id", "stratum", "units", "drawn", "probability"]
#: Resamples of clauses for a range.
DRAWS = 500


class Comparison(NamedTuple):
    """What two sheets say: tables, see `compare`."""

    agreement: pd.DataFrame
    confusion: pd.DataFrame
    differences: pd.DataFrame
    shares: pd.DataFrame


def _measures(plan: Plan) -> pd.DataFrame:
    scheme = plan.table("crosswalk_rz").query("scheme == 'default'").set_index("code")["class"]
    codes = plan.codings("adjudicated").drop(columns=["coder", "note"])
    table = plan.table("measures")[["measure_id", "unit_id", "start", "quote"]]
    table = table.rename(columns={"unit_id": "sentence_id"}).merge(codes, on="measure_id")
    table["stratum"] = table["instrument"].map(scheme)
    return table.rename(columns={"measure_id": "unit_id"}).sort_values("start", ignore_index=True)


def _segments(plan: Plan) -> pd.DataFrame:
    table = plan.directives()[["unit_id", "start"]].assign(sentence_id=lambda t: t["unit_id"])
    for name, pieces in (("measures", plan.table("measures")), ("segments", plan.scopes())):
        starts = pieces.groupby("unit_id")["start"].agg(sorted)
        rows = zip(table["unit_id"], table["start"], strict=True)
        table[name] = [
            tuple(int(at) - first for at in starts[unit] if at > first) for unit, first in rows
        ]
    return table.assign(stratum=table["measures"].map(len).clip(upper=2).astype(str))


def _scopes(plan: Plan) -> pd.DataFrame:
    table = plan.scopes().rename(columns={"unit_id": "sentence_id", "scope_id": "unit_id"})
    shown = ["unit_id", "sentence_id", "start", "quote", *KINDS["scopes"]]
    return table[shown].assign(stratum=table["scope"])


def _namings(plan: Plan) -> pd.DataFrame:
    table = plan.sentences()[["unit_id", "start"]].assign(sentence_id=lambda t: t["unit_id"])
    named = plan.mentions()
    for name, rows in (("places", named), ("recipients", named[named["recipient"]])):
        words = rows.groupby("unit_id")["printed"].agg(lambda words: tuple(sorted(set(words))))
        table[name] = [words.get(unit, ()) for unit in table["unit_id"]]
    return table.assign(stratum=np.minimum(table["places"].map(len), 4).astype(str))


FLAGS = ("conditional", "delegated", "list_open")
#: What each kind of sheet asks for.
KINDS: dict[str, dict[str, Column]] = {
    "measures": {name: c for name, c in sheets.MEASURES.items() if c.kind != "note"},
    "segments": {"measures": Column("cut"), "segments": Column("cut")},
    "scopes": {"scope": Column("code", "scope"), **dict.fromkeys(FLAGS, Column("flag"))},
    "namings": {"places": Column("words"), "recipients": Column("words")},
}
UNITS = {"measures": _measures, "segments": _segments, "scopes": _scopes, "namings": _namings}


def units(plan: Plan, kind: str) -> pd.DataFrame:
    """Return all units of a kind, with what a sheet shows of them and the shipped codes.

    One row per unit: ``unit_id``, ``stratum``, ``clause`` (with its page), ``sentence``, ``quote``
    where the unit is a part of it, and the columns that the sheet asks for.
    """
    table = UNITS[kind](plan)
    cited = plan.cite(plan.sentences().set_index("unit_id").loc[table["sentence_id"]])
    place = cited["citation"].str.rpartition("（")[2].str.removesuffix("）")
    table = table.assign(clause=place.to_numpy(), sentence=cited["quote"].to_numpy())
    return table.drop(columns=["start", "sentence_id"])


def sample(
    plan: Plan,
    folder: Path | str,
    n: int = 100,
    seed: int = SEED,
    kinds: Iterable[str] = tuple(KINDS),
    form: str = "xlsx",
) -> Path:
    """Write sheets for two coders and the key into a new folder, and return it.

    ``coder_a`` and ``coder_b`` hold one sheet a kind, each in an order of its own and without our
    codes; ``key/key.csv`` says which unit an id stands for and how likely it was to be drawn, and
    is not given to coders. Of each kind `n` units are drawn, or all where there are fewer.
    """
    if not 0 <= seed < LARGEST_SEED:
        raise LaoquError(f"--seed is {seed}, expected 0 to {LARGEST_SEED - 1}")
    for kind in kinds:
        require(kind, KINDS, "kind of sheet")
    folder, keys, shown = _new(folder), [], {}
    for number, kind in enumerate(KINDS):
        if kind in kinds:
            table = units(plan, kind)
            key = draw(table, n, seed + number)
            names = [f"{kind[:2]}{i:03}" for i in range(1, len(key) + 1)]
            keys.append(key.assign(kind=kind, id=names)[KEYS])
            columns = ["id", "clause", "sentence", *table.columns.intersection(["quote"])]
            shown[kind] = keys[-1][["id", "unit_id"]].merge(table, on="unit_id")[columns]
    files = {f"key/{KEY}": sheets.csv_bytes(pd.concat(keys))}
    for coder, order in (("coder_a", seed), ("coder_b", seed + 1)):
        for kind, table in shown.items():
            mixed = table.sample(frac=1, random_state=order)
            asked = {**KINDS[kind], "note": Column("note")}
            made = sheets.made(f".{form}", mixed, asked, plan.codebook())
            files[f"{coder}/{kind}.{form}"] = made
    paths.place(folder.parent, folder.name, files)
    return folder


def drawn(folder: Path, n: int) -> str:
    """Return how many units of each kind a sample of `n` has, for a message."""
    kinds = pd.read_csv(folder / "key" / KEY)["kind"].value_counts(sort=False)
    fewer = f", all there are: fewer than the {n} asked for"
    return "\n".join(f"{kind}: {size} units{fewer * (size < n)}" for kind, size in kinds.items())


def compare(
    plan: Plan,
    sheet_a: Path | str,
    sheet_b: Path | str | None = None,
    key: Path | str | None = None,
    agreed: Path | str | None = None,
    draws: int = DRAWS,
) -> Comparison:
    """Compare two filled sheets of `sample` with each other and with the shipped codes.

    A single sheet without a key is one of all measures (`laoqu.sheets.template`); it is compared
    with the shipped codes only. `agreed` is a sheet of what both coders settled on, which may leave
    empty where they coded alike; without it a unit on which they differ counts half for either code
    in `shares`.

    Returns
    -------
    Comparison
        ``agreement``: ``coders`` and the rows of `laoqu.analysis.agreement.by_variable`; cuts are
        also compared place by place (``…_place``: a comma at which some coding cuts, or not).
        ``confusion``: one row per variable and combination of codes, ``a``, ``b``, ``shipped``,
        ``n``. ``differences``: one row per unit and variable that is not alike in all, with its
        sentence. ``shares``: one row per variable and code as `corrected` has it; code ``=`` is
        how often the shipped code is the people's, ``number`` the mean number of cuts or words.
    """
    paths.require_paths({"sheet_a": sheet_a, "sheet_b": sheet_b, "key": key, "agreed": agreed})
    given = {"a": sheet_a, "b": sheet_b}
    sheets_of = {side: Path(sheet) for side, sheet in given.items() if sheet}
    final = {"agreed": Path(agreed)} if agreed else sheets_of
    kind, rows = "measures", None
    if key is not None:
        kind, rows = _rows_of(Path(key), sheets_of["a"])
    elif len(sheets_of | final) > 1:
        raise LaoquError("two sheets need the key that was written with them: --key key/key.csv")
    asked, table = KINDS[kind], units(plan, kind)
    if key is not None:
        _check_key(Path(key), rows, table)
    filled = {}
    for side, sheet in (sheets_of | final).items():
        filled[side] = _filled(plan, sheet, asked, table, rows)
        cells = filled[side][[*asked]].to_numpy(dtype="object").ravel()
        if all(cell is pd.NA or cell == () for cell in cells):
            raise LaoquError(f"{paths.display(sheet)}: nothing is coded in it")
        for name in (n for n, c in asked.items() if c.kind == "flag" and side != "agreed"):
            cells = filled[side][name]
            ticks, blank = cells.eq(True).sum(), cells.isna().sum()
            if ticks and blank and ticks + blank == len(cells):
                said = f"{name} says yes {ticks} times, never no, and is empty {blank} times"
                said += ": empty is not coded; write 否 where it is no"
                warnings.warn(f"{paths.display(sheet)}: {said}", stacklevel=2)
    # Further codes that a coder never gave were not asked for: that is not "none".
    left = {name for side in sheets_of for name, column in asked.items()
            if column.kind == "codes" and not filled[side][name].map(len).any()}  # fmt: skip
    asked = {name: column for name, column in asked.items() if name not in left}
    scales, sets = _scales(asked)
    if agreed and sheet_b:
        for name in (name for name, column in asked.items() if column.kind != "codes"):
            one, other = (filled[side][name] for side in sheets_of)
            alike = one[one.eq(other.reindex(one.index)).fillna(False).astype("bool")]
            filled["agreed"][name] = filled["agreed"][name].fillna(alike)
    if sheet_b and sheets_of["a"].read_bytes() == sheets_of["b"].read_bytes():
        raise LaoquError("both sheets are the same file: give one of each coder")
    drawn = table[table["unit_id"].isin(filled["a"].index)].set_index("unit_id")
    coded = {side: filled[side] for side in sheets_of} | {"shipped": drawn}
    parts = []
    for a, b in combinations(coded, 2):
        sides = [coded[side].reindex(drawn.index).reset_index() for side in (a, b)]
        found = [by_variable(*sides, draws=draws, scales=scales, sets=sets)]
        for name in (n for n, column in asked.items() if column.kind == "cut"):
            places = [_places(side, name, drawn["sentence"]) for side in sides]
            scale = {f"{name}_place": "nominal"}
            found.append(by_variable(*places, draws=draws, scales=scale, sets={}))
        parts += [table.assign(coders=f"{a}–{b}") for table in found]
    agreement = pd.concat(parts, ignore_index=True)
    agreement.insert(0, "coders", agreement.pop("coders"))
    shares = pd.DataFrame()
    if key is not None:
        shares = _shares(table.set_index("unit_id"), [filled[side] for side in final], asked)
    return Comparison(agreement, *_unlike(coded, drawn, asked), shares)


def write(found: Comparison, folder: Path | str) -> Path:
    """Write the tables of a comparison as CSV into a new folder, and return it."""
    tables = found._asdict().items()
    files = {f"{name}.csv": sheets.csv_bytes(table) for name, table in tables}
    folder = _new(folder)
    paths.place(folder.parent, folder.name, files)
    return folder


def _new(folder: Path | str) -> Path:
    """Return a folder in which nothing can be lost."""
    paths.require_paths({"folder": folder})
    folder = paths.expanded(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        shown = paths.display(folder)
        raise LaoquError(f"{shown} is not empty: name a new folder, so that no coding is lost")
    return folder


def _rows_of(key: Path, sheet: Path) -> tuple[str, pd.DataFrame]:
    """Return which kind of sheet a file is, by the ids in it, and the key's rows of this kind."""
    table = grid.cells(key)
    head = table.iloc[0].tolist() if len(table) else []
    if missing := [name for name in KEYS if name not in head]:
        message = f"the column {missing[0]!r} is missing: is this the key/{KEY} of the sample?"
        raise DataError([Problem(paths.display(key), 1, 1, message)])
    table = table.iloc[1:].set_axis(head, axis=1)
    here = grid.cells(sheet, sheet="coding").to_numpy().ravel()
    kinds = table.loc[table["id"].isin(here), "kind"].unique()
    if len(kinds) != 1:
        message = "holds no id of the key: was it written with this sample?"
        raise DataError([Problem(paths.display(sheet), 1, 1, message)])
    require(kinds[0], KINDS, "kind of sheet")
    return kinds[0], table[table["kind"] == kinds[0]]


def _check_key(key: Path, rows: pd.DataFrame, table: pd.DataFrame) -> None:
    """Refuse a key whose strata and numbers are not those of the collection and of its own rows."""
    strata = rows["unit_id"].map(table.set_index("unit_id")["stratum"])
    size, drawn = (rows["stratum"].map(each["stratum"].value_counts()) for each in (table, rows))
    right = {"stratum": strata, "units": size, "drawn": drawn, "probability": drawn / size}
    notes, why = own.Notes(key), "is the key as it was written, of this version of the collection?"
    notes.columns = {column: at for at, column in enumerate(rows, start=1)}
    for column, values in right.items():
        found = rows[column]
        if column != "stratum":
            found, values = pd.to_numeric(found, errors="coerce").round(6), values.round(6)
        # A wrong stratum or unit has no numbers to compare.
        for row in rows.index[(found != values) & (values.notna() | (column == "stratum"))]:
            said = f"{column} is {rows[column][row]!r}, expected {values[row]}:"
            if pd.isna(values[row]):
                said = f"unit_id {rows['unit_id'][row]!r} is unknown:"
            notes.wrong(row, column, why, said)
    notes.refuse()


def _filled(
    plan: Plan, path: Path, asked: dict[str, Column], table: pd.DataFrame, rows: pd.DataFrame | None
) -> pd.DataFrame:
    """Return what people filled in, by unit."""
    if rows is None:
        found = sheets.read(path, plan.table("measures"), plan.codebook())
        return found.rename(columns={"measure_id": "unit_id"}).set_index("unit_id")
    shown = rows[["id", "unit_id"]].merge(table, on="unit_id")
    shown = shown[["id", "unit_id", "sentence", *shown.columns.intersection(["quote"])]]
    columns = {**asked, "note": Column("note")}
    try:
        filled = sheets.read_filled(path, shown, columns, plan.codebook())
    except DataError:
        texts = shown.columns[-1]  # quotations where there are such
        foreign = {*table[texts]} - {*shown[texts]}
        foreign &= {*grid.cells(path, sheet="coding").to_numpy().ravel()}
        if not foreign:
            raise
        message = f"has {min(foreign)[:20]!r}…, which the key has not drawn: is it of this sample?"
        raise DataError([Problem(paths.display(path), 1, 1, message)]) from None
    return filled.set_index("unit_id")


def _scales(asked: dict[str, Column]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables with one code a unit, and their scale.

    And those with a set a unit, and the variable that says whether the unit was coded.
    """
    one = [name for name, column in asked.items() if column.kind in ("code", "flag")]
    sets = {n: c.variable if c.kind == "codes" else n for n, c in asked.items() if n not in one}
    return {name: SCALES.get(name, "nominal") for name in one}, sets


def _places(side: pd.DataFrame, name: str, sentences: pd.Series) -> pd.DataFrame:
    """Return one row per comma of the sentences, and whether the coding cuts there."""
    rows = [
        [f"{unit}.{at}", at in cuts]
        for unit, cuts in zip(side["unit_id"], side[name], strict=True)
        for at, sign in enumerate(sentences[unit], start=1)
        if isinstance(cuts, tuple) and sign in "，；："
    ]
    return pd.DataFrame(rows, columns=["unit_id", f"{name}_place"])


def _unlike(
    coded: dict[str, pd.DataFrame], drawn: pd.DataFrame, asked: dict[str, Column]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the confusion of codes and the units that differ, of those that people coded."""
    people, parts = [side for side in coded if side != "shipped"], {}
    for name, column in asked.items():
        codes = {who: frame[name].astype("object") for who, frame in coded.items()}
        parts[name] = pd.DataFrame(codes, index=drawn.index)
        if column.kind == "codes":  # an empty list of further codes says nothing
            parts[name][people] = parts[name][people].map(lambda value: value or pd.NA)
    table = pd.concat(parts, names=["variable"]).dropna(subset=people)
    texts = table.astype("str")
    differ = table[texts.nunique(axis=1) > 1].reset_index("variable")
    differ = differ.join(drawn[["clause", "sentence"]]).rename_axis("unit_id").reset_index()
    texts = texts[texts.index.isin(_scales(asked)[0], level="variable")]
    confusion = texts.groupby(["variable", *coded], sort=False).size().rename("n").reset_index()
    confusion = confusion.sort_values("n", ascending=False, kind="stable")
    order = confusion["variable"].map([*asked].index).argsort(kind="stable")
    return confusion.iloc[order].reset_index(drop=True), differ


def _shares(
    table: pd.DataFrame, final: list[pd.DataFrame], asked: dict[str, Column]
) -> pd.DataFrame:
    """Return every share corrected by what people coded."""
    rows = []

    def add(name: str, code: object, shipped: pd.Series, people: pd.DataFrame) -> None:
        found = corrected(shipped.astype("float64"), people.mean(axis=1), table["stratum"])
        rows.append({"variable": name, "code": str(code), **found})

    for name, column in asked.items():
        shipped = table[name]
        if column.kind == "codes" or shipped.isna().any():
            continue  # an empty cell may say that there is none, or that nobody looked
        people = pd.concat([frame[name].dropna() for frame in final], axis=1, join="inner")
        if column.kind in ("cut", "words"):
            add(name, "number", shipped.map(len), people.map(len))
            continue
        same = people.eq(shipped.reindex(people.index), axis=0)
        add(name, "=", pd.Series(1, table.index), same)
        for code in sorted({*shipped, *people.to_numpy().ravel()} - {False}):
            add(name, code, shipped.eq(code), people.eq(code))
    return pd.DataFrame(rows)
