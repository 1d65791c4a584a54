"""Other shapes of a panel as rows of counties and years: a column a year, a row an indicator."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

import pandas as pd

from laoqu import grid, own
from laoqu.analysis.kinds import MOST, Notes, called, examples, sample, share
from laoqu.analysis.numbers import doubts, numbers_of
from laoqu.errors import LaoquError
from laoqu.sheets import texts
from laoqu.spelling import TAIL, clean

#: A longer table is no panel.
MOST_ROWS = 500_000
#: Where so many units and years have several rows, these are no slips.
SEVERAL = 0.5
#: Columns that a panel has of us; a file's own column of such a name is kept beside, which is said.
ADDED = ("county_code", "code_in_panel", "code_status")
KEPT = "the file's own is kept as {}"


def beside(frame: pd.DataFrame, ours: Iterable[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a frame with its columns that are called as ours renamed, and their new names.

    >>> beside(pd.DataFrame(columns=["control", "control_in_file"]), ["control"])[1]
    {'control': 'control_in_file_2'}
    """
    kept = {}
    for column in [c for c in ours if c in frame]:
        kept[column] = f"{column}_in_file"
        while kept[column] in frame:
            kept[column] += "_2"
    return frame.rename(columns=kept), kept


def marked(text: str) -> bool:
    """Return whether a name or heading ends in signs of a footnote."""
    return own.name_of(text) != text.rstrip()


def _one_spelling(names: pd.Series) -> pd.Series:
    """Return names, those that differ only in case, width or spaces as the first is written."""
    key = names.map(lambda text: clean(text).casefold())
    return key.map(names.groupby(key).first())


def of_years(frame: pd.DataFrame) -> dict[str, tuple[int, str]]:
    """Return the columns that are one year each, with the year and what they are of."""
    heads = [c for c in frame if c not in called("code", frame)]
    found = {c: heading for c in heads if (heading := own.heading_of(c))}
    stems = _one_spelling(pd.Series([stem for _, stem in found.values()], dtype="object"))
    one = {c: (year, stem) for (c, (year, _)), stem in zip(found.items(), stems, strict=True)}
    found = one if len({*one.values()}) == len(one) else found
    of = Counter(stem for _, stem in found.values())
    # One of a kind is no column of years: 2020预计, pop_2010.
    return {c: heading for c, heading in found.items() if of[heading[1]] > 1}


def to_long(
    frame: pd.DataFrame, rows: pd.Series, twice: dict[str, str], notes: Notes
) -> tuple[pd.DataFrame, pd.Series, dict[str, str]]:
    """Turn a column for each year into a row for each year; the third has columns renamed for it.

    Other columns stand in each row; one that stands several times (`twice`: 2018, 增速, 2019, 增速)
    is of a year that its heading does not say.
    """
    found = of_years(frame)
    left = [c for c in frame if c not in found and re.search(r"(?:19|20)\d\d", c)]
    parts = [c for c in (*found, *([] if found else left)) if own.part_heading(c)]
    if parts:
        said = "columns of the panel are parts of years such as"
        raise LaoquError(f"{said} {', '.join(parts[:3])}: sum them up to years")
    if len({year for year, _ in found.values()}) < 2:
        no_year = [f"{c} ({examples(frame[c])}){own.DAYS}" for c in called("year", frame)]
        shown = f" ({', '.join(left[:3])} is no single year, or one of a kind)" if left else ""
        shown += f"; no cell is a year in {', '.join(no_year)}" if no_year else ""
        held = {c: sample(frame[c]) for c in frame.columns[frame.notna().any()]}
        read = [c for c, values in held.items() if all(own.year_of(each)[0] for each in values)]
        shown += f"; {', '.join(read)} may hold years, but is called otherwise" if read else ""
        mend = "call one year, or say year= (a column, or one year for all rows)"
        none = "no column of the panel holds years, and no columns are years"
        raise LaoquError(f"{none}{shown}: {mend}")
    for other, base in twice.items():
        if not {other, base} & {*found} and not frame[other].equals(frame[base]):
            first, (year, _) = next(iter(found.items()))
            said = f"{base} stands several times beside columns of years such as {first}"
            mend = f"write the year of each into its heading ({base}_{year}), or leave them out"
            raise LaoquError(f"{said}: {mend}")
    frame, kept = beside(frame, ["year"])  # holds no years, else it would be theirs
    notes += [(c, len(frame), f"holds no years: kept as {new}") for c, new in kept.items()]
    keep = frame.columns.drop(list(found)).tolist()
    taken: dict[object, str] = {"year": "year", **{c: c for c in keep}}
    for column, (year, stem) in found.items():
        for key in (stem, (year, stem)):
            other = taken.setdefault(key, column if isinstance(key, tuple) else "")
            if other not in ("", column):
                raise LaoquError(f"columns {other} and {column} would both be {stem}: rename one")
    years = sorted({year for year, _ in found.values()})
    stems = {stem for _, stem in found.values()}
    grid.refuse_large(len(frame) * len(years), len(keep) + len(stems), MOST_ROWS)
    pieces = []
    for each in years:
        here = {c: stem for c, (year, stem) in found.items() if year == each}
        pieces.append(frame[[*keep, *here]].rename(columns=here).assign(year=each))
    long = pd.concat(pieces, ignore_index=True)
    notes.append(("file", len(long), f"{len(found)} columns of years turned into rows"))
    spelt = {own.heading_of(column)[1]: stem for column, (_, stem) in found.items()}
    if other := {here: stem for here, stem in spelt.items() if here != stem}:
        text = f"{', '.join(other)} read as {', '.join(dict.fromkeys(other.values()))}"
        notes.append(("file", len(long), f"one variable, written in several ways: {text}"))
    spans = pd.DataFrame(found.values()).groupby(1)[0].agg(["min", "max", "size"])
    if len(spans.drop_duplicates()) > 1:
        said = [f"{stem} of {size} years, {a}–{b}" for stem, a, b, size in spans.itertuples()]
        notes.append(
            ("file", len(long), f"not every variable has every year: {', '.join(said[:5])}")
        )
    if odd := [c for c in found if marked(c)]:
        text = f"signs of a footnote left out of headings: {', '.join(odd[:5])}"
        notes.append(("file", len(long), text))
    if left:
        text = f"no single year, or one of a kind: left as columns: {', '.join(left[:5])}"
        notes.append(("file", len(left), text))
    return long, pd.concat([rows] * len(pieces), ignore_index=True), kept


def indicator_column(frame: pd.DataFrame, keys: Collection[str | None], notes: Notes) -> str | None:
    """Return the column that says what values are of; in it each indicator gets one name.

    It is none of `keys`: in a corner it may say what the columns are.
    """
    columns, value = called("indicator", frame), called("value", frame)
    columns = [c for c in columns if c not in keys]
    found = [c for c in columns if frame[c].nunique() > 1]
    if not value:  # numbers are values
        found = [c for c in found if pd.to_numeric(frame[c], errors="coerce").isna().any()]
    if not found:
        return columns[0] if len(columns) == 1 else None
    column, shown = found[0], examples(frame[found[0]])
    given = frame[column].dropna().astype("str").str.strip()
    given = given[given != ""]
    one = _one_spelling(given)
    if (other := given[given != one]).size:
        text = f"{examples(other)} read as {examples(one[other.index])}"
        notes.append((column, len(other), f"one indicator, written in several ways: {text}"))
    frame[column] = one.reindex(frame.index)
    mend = f"make a column of each indicator first, or leave {column} out"
    if len(value) != 1:
        said = f"{', '.join(value)} are columns" if value else "no column is one"
        said = f"{column} names several indicators ({shown}), and {said} of values"
        raise LaoquError(f"{said}: call one column 数值, {mend}")
    for other in found[1:]:
        if frame.groupby(column)[other].nunique().max() > 1:
            raise LaoquError(f"{column} and {other} both name indicators ({shown}): {mend}")
    return column


def refuse_units(frame: pd.DataFrame, keys: Collection[str | None], indicator: str | None) -> None:
    """Refuse values of one column, or of one indicator, in several units.

    What a column holds says that it is one of units, or how it is called.
    """
    reads = {c: share(frame[c].astype("str"), own.UNIT.fullmatch) for c in texts(frame)}
    reads = [c for c in reads if reads[c] >= MOST]
    measures = {*reads, *called("measure", frame)} - {*keys}
    for unit in [c for c in frame if c in measures]:
        each = frame.groupby(indicator) if indicator else frame.groupby(lambda _: 0)
        several = each[unit].nunique()
        # As many as there are rows are names of units, not 亿元 and 万元.
        if 1 < several.max() <= (len(frame) if unit in reads else max(len(frame) / 2, 2)):
            here = each.get_group(several.idxmax())[unit]
            said = f"{unit} says that values of one column are in {examples(here)}"
            raise LaoquError(f"{said}: convert them to one unit, or leave {unit} out")


def unstacked(
    frame: pd.DataFrame, name: str | None, above: Iterable[str], indicator: str | None,
    rows: pd.Series, notes: Notes,
) -> tuple[pd.DataFrame, pd.Series, list[str]]:  # fmt: skip
    """Turn a row for each indicator into a column for each, numbers where they are; name these.

    Who has no code is known by its name and by what it lies in, the columns `above`.
    """
    value, stacked = called("value", frame), frame.duplicated(["code_in_panel", "year"]).any()
    if not indicator or len(value) != 1 or not (stacked or frame[indicator].nunique() > 1):
        return frame, rows, []
    (value,) = value
    said = f"{indicator} and {value} hold a row for each indicator, and"
    code = frame["code_in_panel"].astype("str")
    unit = code.fillna("")
    for each in filter(None, (name, *above)):
        unit += "/" + frame[each].astype("str").fillna("").mask(code.notna(), "")
    if name:  # of a code also 从江, 从 江县 or nothing is 从江县
        text = frame[name].astype("str").fillna("")
        bare = text.map({each: TAIL.sub("", clean(own.name_of(each))) for each in text.unique()})
        bare = bare.where(bare != "", bare.mask(bare == "").groupby(code).transform("first"))
        unit += bare.where(code.notna()).fillna("")
    number = frame.groupby([unit, "year"], dropna=False, sort=False).ngroup()
    # A county that was renamed between two years of a wide table has two rows, blank in turn.
    blank, nameless = (
        frame[c].isna() | own.missing(frame[c]) if c else True for c in (value, name)
    )
    none = blank & code.isna() & nameless  # 数据来源 below the table
    if none.any():
        text = f"neither a unit nor a value, left out: {examples(frame.loc[none, indicator])}"
        notes.append((indicator, int(none.sum()), text))
        frame, number, rows, blank = (each[~none] for each in (frame, number, rows, blank))
    each = number, frame[indicator]
    filled = (~blank).groupby([*each], dropna=False).transform("any")
    left = blank & (filled | pd.concat(each, axis=1).duplicated())
    frame, number, rows = frame[~left], number[~left], rows[~left]
    named = frame.dropna(subset=indicator)
    kinds = named[indicator].astype("str").unique().tolist()
    twice = pd.concat([number, named[indicator]], axis=1, join="inner").duplicated()
    taken = set(kinds) & {*ADDED, *frame.columns}
    if twice.any():
        row = rows[twice.idxmax()]
        raise LaoquError(f"{said} row {row} has one a second time: keep one of them")
    if taken:
        raise LaoquError(f"{said} {min(taken)} is a column as well: rename one")
    if frame[value].where(frame[indicator].isna(), "").fillna("").astype("str").str.strip().any():
        raise LaoquError(f"{said} one of them has no name: give it one")
    grid.refuse_large(number.max() + 1, len(kinds), MOST_ROWS)
    others = frame.columns.drop([indicator, value])
    counts = frame.groupby(number)[others.tolist()].nunique(dropna=False).max()
    same = [column for column in others if column == name or counts[column] == 1]
    first = ~number.duplicated()
    wide = frame.loc[first, same].set_axis(number[first])
    doubt = doubts([frame[value]], notes)
    for kind, here in named.groupby(named[indicator].astype("str"), sort=False):
        column = numbers_of(here[value].rename(kind), rows, notes, doubt)
        wide[kind] = column.set_axis(number[here.index])
    text = f"{len(kinds)} indicators turned into columns"
    for column in others.drop(same):
        differs = frame.groupby(indicator)[column].nunique().max() > 1
        shown = f", which differs within an indicator: {examples(frame[column])}" if differs else ""
        text += f"; left out: {column}{shown}"
    notes.append(("file", len(frame), text))
    return wide.reset_index(drop=True), rows[first].reset_index(drop=True), kinds


def constant(frame: pd.DataFrame) -> list[str]:
    """Return the columns of numbers that each unit has only one value of."""
    numbers = frame.select_dtypes("number").columns
    units = frame.groupby("code_in_panel")[numbers.tolist()].nunique()
    return [c for c in numbers if units[c].max() == 1]


def refuse_several(frame: pd.DataFrame, known: Collection[str | None], code: str | None) -> None:
    """Refuse several rows of a unit and year that a column tells apart: months, kinds of values.

    It has few values, which come again, words or whole numbers from 1 to 12. Refused are also the
    codes of what rows are parts of.
    """
    keys = frame.dropna(subset=["code_in_panel", "year"])
    size = keys.groupby(["code_in_panel", "year"]).size()
    if not (size > 1).mean() >= SEVERAL:
        return
    for column in keys.columns.drop(list(known), errors="ignore"):
        values = keys[column].dropna().drop_duplicates()
        few = 1 < len(values) <= min(2 * size.max(), len(keys) / 2)
        if pd.api.types.is_numeric_dtype(values):
            few &= values.isin(range(1, 13)).all()
        if few and not keys.duplicated(["code_in_panel", "year", column]).mean() > 1 - MOST:
            said = f"{column} tells apart several rows of a county and year ({examples(values)}): "
            said += "if these are parts of the year, sum them up; else call it 指标 and the column "
            raise LaoquError(f"{said}of values 数值, or keep the rows of one")
    if code and keys["code_in_panel"].str.endswith("00").mean() >= MOST:
        said = "codes of provinces or cities, each with several rows of a year: of smaller units"
        mend = "say code=, leave it out where names say more, or sum the rows up"
        raise LaoquError(f"{code} holds {said}: {mend}")
