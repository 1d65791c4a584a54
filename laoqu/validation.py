"""Validation by people: a sample with known chances, blind sheets for two coders, what they say.

The shipped codes are automated. `sample` writes what two people need to check them, `compare` reads
their sheets back: how far they agree, what differs, and every share corrected by what people coded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from laoqu import own, paths, sheets
from laoqu.analysis.agreement import by_variable
from laoqu.analysis.draws import SEED
from laoqu.analysis.sampling import corrected, draw
from laoqu.errors import DataError, LaoquError, Problem, require
from laoqu.measures import SCALES
from laoqu.plan import Plan
from laoqu.sheets import Column

KEY = "key.csv"
KEYS = ["kind", "id", "unit_id", "stratum", "units", "drawn", "probability"]
#: Resamples of clauses for a range.
DRAWS = 500


class Comparison(NamedTuple):
    """What two sheets say: tables, see `compare`."""

    agreement: pd.DataFrame
    confusion: pd.DataFrame
    differences: pd.DataFrame
    shares: pd.DataFrame


class Kind(NamedTuple):
    """What one kind of sheet asks for: the units with their shipped codes, and the columns."""

    units: Callable[[Plan], pd.DataFrame]
    columns: dict[str, Column]

    @property
    def scales(self) -> dict[str, str]:
        """Variables with one code a unit, and their scale."""
        one = [name for name, column in self.columns.items() if column.kind in ("code", "flag")]
        return {name: SCALES.get(name, "nominal") for name in one}

    @property
    def sets(self) -> dict[str, str]:
        """Variables with a set a unit, and the one that says whether the unit was coded."""
        found = {n: c for n, c in self.columns.items() if c.kind in ("codes", "cut", "words")}
        return {n: c.variable if c.kind == "codes" else n for n, c in found.items()}


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
    shown = ["unit_id", "sentence_id", "start", "quote", *KINDS["scopes"].columns]
    return table[shown].assign(stratum=table["scope"])


def _namings(plan: Plan) -> pd.DataFrame:
    table = plan.sentences()[["unit_id", "start"]].assign(sentence_id=lambda t: t["unit_id"])
    named = plan.mentions()
    for name, rows in (("places", named), ("recipients", named[named["recipient"]])):
        words = rows.groupby("unit_id")["printed"].agg(lambda words: tuple(sorted(set(words))))
        table[name] = [words.get(unit, ()) for unit in table["unit_id"]]
    return table.assign(stratum=np.minimum(table["places"].map(len), 4).astype(str))


KINDS = {
    "measures": Kind(_measures, {n: c for n, c in sheets.MEASURES.items() if c.kind != "note"}),
    "segments": Kind(_segments, {"measures": Column("cut"), "segments": Column("cut")}),
    "scopes": Kind(
        _scopes,
        {
            "scope": Column("code", "scope"),
            **{flag: Column("flag") for flag in ("conditional", "delegated", "list_open")},
        },
    ),
    "namings": Kind(_namings, {"places": Column("words"), "recipients": Column("words")}),
}


def units(plan: Plan, kind: str) -> pd.DataFrame:
    """Return all units of a kind, with what a sheet shows of them and the shipped codes.

    One row per unit: ``unit_id``, ``stratum``, ``clause`` (with its page), ``sentence``, ``quote``
    where the unit is a part of it, and the columns that the sheet asks for.
    """
    table = KINDS[kind].units(plan)
    cited = plan.cite(table["sentence_id"])
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
    if seed < 0:
        raise LaoquError(f"--seed is {seed}, expected 0 or more")
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
    for coder, order in (("coder_a", seed), ("coder_b", seed + 1)):
        (folder / coder).mkdir(parents=True)
        for kind, table in shown.items():
            mixed = table.sample(frac=1, random_state=order)
            asked = {**KINDS[kind].columns, "note": Column("note")}
            sheets.write(folder / coder / f"{kind}.{form}", mixed, asked, plan.codebook())
    (folder / "key").mkdir()
    (folder / "key" / KEY).write_bytes(sheets.csv_bytes(pd.concat(keys)))
    return folder


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
    with the shipped codes only. `agreed` is a sheet of what both coders settled on; without it a
    unit on which they differ counts half for either code in `shares`.

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
    given = [sheet for sheet in (sheet_a, sheet_b) if sheet]
    if key is None and len(given) + bool(agreed) > 1:
        raise LaoquError("two sheets need the key that was written with them: --key key/key.csv")
    keys = None if key is None else _key(Path(key))
    kind = "measures" if keys is None else _kind(Path(sheet_a), keys)
    asked = KINDS[kind]
    table = pd.DataFrame() if keys is None else units(plan, kind)
    filled = [_filled(plan, sheet, kind, table, keys) for sheet in given]
    if keys is None:  # a sheet of all measures needs no units to be read, or refused
        table = units(plan, kind)
    coded = dict(zip("ab", filled, strict=False))
    for sheet, frame in zip(given, coded.values(), strict=True):
        if not any(_coded(frame[name]).any() for name in asked.columns):
            raise LaoquError(f"{paths.display(Path(sheet))}: nothing is coded in it")
    if sheet_b and Path(sheet_a).read_bytes() == Path(sheet_b).read_bytes():
        raise LaoquError("both sheets are the same file: give one of each coder")
    final = [_filled(plan, agreed, kind, table, keys)] if agreed else list(coded.values())
    drawn = table[table["unit_id"].isin(coded["a"].index)].set_index("unit_id")
    coded["shipped"] = drawn
    parts, pairs = [], [(a, b) for a in coded for b in coded if a < b]
    for a, b in pairs:
        sides = [coded[side].reindex(drawn.index).reset_index() for side in (a, b)]
        found = by_variable(*sides, draws=draws, scales=asked.scales, sets=asked.sets)
        for name, column in asked.columns.items():
            if column.kind == "cut":
                places = [_places(side, name, drawn["sentence"]) for side in sides]
                both = {name: "nominal"}
                more = by_variable(*places, draws=draws, scales=both, sets={})
                found = pd.concat([found, more.assign(variable=f"{name}_place")])
        parts.append(found.assign(coders=f"{a}–{b}"))
    agreement = pd.concat(parts, ignore_index=True)
    return Comparison(
        agreement[["coders", *agreement.columns.drop("coders")]],
        *_unlike(coded, drawn, asked),
        pd.DataFrame() if keys is None else _shares(table.set_index("unit_id"), final, asked),
    )


def write(found: Comparison, folder: Path | str) -> Path:
    """Write the tables of a comparison as CSV into a new folder, and return it."""
    folder = _new(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in found._asdict().items():
        (folder / f"{name}.csv").write_bytes(sheets.csv_bytes(table))
    return folder


def _new(folder: Path | str) -> Path:
    """Return a folder in which nothing can be lost."""
    folder = Path(folder).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        shown = paths.display(folder)
        raise LaoquError(f"{shown} is not empty: name a new folder, so that no coding is lost")
    return folder


def _key(path: Path) -> pd.DataFrame:
    table = own.cells(path)
    head = table.iloc[0].tolist() if len(table) else []
    if missing := [name for name in KEYS[:3] if name not in head]:
        message = f"the column {missing[0]!r} is missing: is this the key/{KEY} of the sample?"
        raise DataError([Problem(paths.display(path), 1, 1, message)])
    return table.iloc[1:].set_axis(head, axis=1)


def _kind(path: Path, key: pd.DataFrame) -> str:
    """Return which kind of sheet a file is, by the ids in it."""
    here = own.cells(path).to_numpy().ravel()
    kinds = key.loc[key["id"].isin(here), "kind"].unique()
    if len(kinds) != 1:
        message = "holds no id of the key: was it written with this sample?"
        raise DataError([Problem(paths.display(path), 1, 1, message)])
    return kinds[0]


def _filled(
    plan: Plan, path: Path | str, kind: str, table: pd.DataFrame, key: pd.DataFrame | None
) -> pd.DataFrame:
    """Return what people filled in, by unit."""
    if key is None:
        found = sheets.read(Path(path), plan.table("measures"), plan.codebook())
        return found.rename(columns={"measure_id": "unit_id"}).set_index("unit_id")
    shown = key.loc[key["kind"] == kind, ["id", "unit_id", "stratum"]]
    shown = shown.merge(table, on=["unit_id", "stratum"], how="left")
    shown = shown[[name for name in ("id", "unit_id", "sentence", "quote") if name in shown]]
    if shown["sentence"].isna().any():
        raise LaoquError("the key is of another version of the collection: compare with that one")
    asked = {**KINDS[kind].columns, "note": Column("note")}
    return sheets.read_filled(Path(path), shown, asked, plan.codebook()).set_index("unit_id")


def _coded(column: pd.Series) -> pd.Series:
    """Return which cells people filled in; an empty list of further codes is none."""
    return column.map(lambda value: value != () and value is not pd.NA).astype("bool")


def _places(side: pd.DataFrame, name: str, sentences: pd.Series) -> pd.DataFrame:
    """Return one row per comma of the sentences, and whether the coding cuts there."""
    rows = []
    for unit, cuts in zip(side["unit_id"], side[name], strict=True):
        if isinstance(cuts, tuple):
            commas = {i for i, sign in enumerate(sentences[unit], start=1) if sign in "，；："}
            rows += [[f"{unit}.{at}", at in cuts] for at in sorted(commas)]
    return pd.DataFrame(rows, columns=["unit_id", name])


def _unlike(
    coded: dict[str, pd.DataFrame], drawn: pd.DataFrame, asked: Kind
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the confusion of codes and the units that differ."""
    confusion, differ = [], []
    for name, column in asked.columns.items():
        side = pd.DataFrame({who: frame[name].reindex(drawn.index) for who, frame in coded.items()})
        empty = side.map(lambda codes: codes == ()) if column.kind == "codes" else side.isna()
        side = side[~empty.drop(columns="shipped").any(axis=1)].astype("object")
        side.insert(0, "variable", name)
        differ.append(side[side[list(coded)].astype("str").nunique(axis=1) > 1])
        if column.kind in ("code", "flag"):
            confusion.append(side.astype("str").value_counts(sort=True).rename("n").reset_index())
    differences = pd.concat(differ).join(drawn[["clause", "sentence"]])
    columns = ["variable", *coded, "n"]
    confused = pd.concat(confusion) if confusion else pd.DataFrame(columns=columns)
    differences = differences.rename_axis("unit_id").reset_index()
    return confused[columns].reset_index(drop=True), differences


def _shares(table: pd.DataFrame, final: list[pd.DataFrame], asked: Kind) -> pd.DataFrame:
    """Return every share corrected by what people coded."""
    rows = []

    def add(name: str, code: object, shipped: pd.Series, people: pd.DataFrame) -> None:
        found = corrected(shipped.astype("float64"), people.mean(axis=1), table["stratum"])
        rows.append({"variable": name, "code": str(code), **found})

    for name, column in asked.columns.items():
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
