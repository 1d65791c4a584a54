"""A boundary file of a reader's own: columns read, rings repaired, codes followed, or refused.

What was changed on the way is reported row by row; what cannot be used is said once for each kind.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from laoqu import geo, paths, succession
from laoqu.errors import DataError, Problem
from laoqu.membership import CONVERSIONS, follow, tidy_code
from laoqu.succession import Units

#: Names of the column with codes, the likeliest first; case does not matter.
CODES = """
adcode adcode_2021 county_code 县代码 区县代码 县级码 行政区划代码 区划代码 区划码 pac code 代码
"""
NAMES = "name county 名称 县 区县 县名 ct_name"
#: A repair that changes the area of a shape by more than this share is none.
REPAIR = 0.01
#: How many rows are named when many have the same fault.
SHOWN = 5
#: Row, what was found, and why that is wrong, which rows of one kind have in common.
Fault = tuple[int, str, str]
#: Row, what was found, what is used instead, and why.
Change = tuple[int, str, str, str]


def read(path: Path, folder: Path | None = None) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the borders of a file and what was converted; refuse all of them if one row is wrong.

    The file is GeoParquet, GeoPackage, GeoJSON or Shapefile of counties, with a column of codes
    (one of `CODES`) and polygons in a declared CRS. Names that it lacks come from our layer. The
    `DataError` has the rows in question and the reason, each kind of fault once.
    """
    file, frame = paths.display(path), _frame(path)
    fold = {str(column).casefold(): str(column) for column in reversed(frame.columns)}
    code, name = (
        next((fold[each] for each in likely if each in fold), "")
        for likely in (CODES.split(), NAMES.split())
    )
    if not code:
        message = f"expected a column 'adcode' (or {', '.join(CODES.split()[2:])}); it has "
        raise geo.unusable(path, message + ", ".join(map(str, frame.columns)))
    known = geo.load(folder)
    faults: list[Fault] = []
    changes: list[Change] = []
    codes = _codes(frame[code], set(known["adcode"]), succession.units(folder), faults, changes)
    shapes = _shapes(frame.geometry.to_numpy(), faults, changes)
    if faults:
        raise DataError(_problems(file, faults))
    table = gpd.GeoDataFrame({"adcode": codes}, geometry=shapes, crs=geo.CRS_LAYER)
    ours = known.set_index("adcode")
    for column in ("name", "prefecture", "province"):
        theirs = name if column == "name" and name else column
        if theirs in frame:
            table[column] = frame[theirs].astype("string").fillna("").to_numpy()
        else:
            table[column] = table["adcode"].map(ours[column]).fillna("")
    rows = [[file, *change] for change in changes]
    if code != "adcode":
        rows.insert(0, [file, 0, code, "adcode", "the column with the codes"])
    kinds = dict.fromkeys(geo.COLUMNS[:-1], "str")
    return table.astype(kinds)[geo.COLUMNS], pd.DataFrame(rows, columns=CONVERSIONS)


def _problems(file: str, faults: list[Fault]) -> list[Problem]:
    """Return one problem a row, or one a kind where many rows have it."""
    kinds: dict[str, list[tuple[int, str]]] = {}
    for row, found, why in faults:
        kinds.setdefault(why, []).append((row, found))
    result = []
    for why, rows in kinds.items():
        result += [Problem(file, row, 1, f"{found} {why}".strip()) for row, found in rows[:SHOWN]]
        if len(rows) > SHOWN:
            message = f"{why}: so in {len(rows):,} rows, of which the first {SHOWN} are named"
            result.append(Problem(file, rows[SHOWN][0], 1, message))
    return sorted(result)


def _frame(path: Path) -> gpd.GeoDataFrame:
    """Read a file of any kind; a Shapefile that does not say its encoding is UTF-8 or GBK."""
    options: dict[str, str] = {}
    if path.suffix.lower() == ".shp" and not list(path.parent.glob(f"{path.stem}.[cC][pP][gG]")):
        options = {"encoding": "utf-8"}
    try:
        frame = geo.read(path, **options)
    except UnicodeDecodeError:
        frame = geo.read(path, encoding="gb18030")
    return frame.rename(columns=lambda name: str(name).strip().lstrip("\ufeff"))


def _codes(
    column: pd.Series, known: set[str], units: Units, faults: list[Fault], changes: list[Change]
) -> list[str]:
    """Return the code of 2021 of every row."""
    result, first = [], {}
    texts = ["" if pd.isna(value) else str(value).strip() for value in column]
    cities = [text[:6] for text in texts if units.level.get(text[:6]) == "prefecture"]
    if len(cities) > len(texts) / 2:
        message = f"the file has {len(cities)} cities in {len(texts)} rows: expected counties"
        faults.append((1, "", message))
        return texts
    for row, text in enumerate(texts, start=1):
        code, why = tidy_code(text)
        if not code:
            faults.append((row, f"adcode is {text[:20]!r},", "expected six digits"))
        elif code not in known:
            adcode, reason = follow(units, code)
            if adcode:
                changes.append((row, code, adcode, reason))
            else:
                faults.append((row, f"{reason};", "no county of the end of 2021"))
            code = adcode
        elif code != text:
            changes.append((row, text, code, why))
        if code and first.setdefault(code, row) != row:
            faults.append((row, f"duplicate adcode {code}, first seen in row {first[code]}", ""))
        result.append(code)
    return result


def _shapes(shapes: np.ndarray, faults: list[Fault], changes: list[Change]) -> np.ndarray:
    """Return the shapes, invalid ones repaired where that changes next to nothing."""
    shapes = shapes.copy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    polygon = np.isin(shapely.get_type_id(shapes), [3, 6])
    bounds = shapely.bounds(shapes)
    inside = (bounds >= [70, 0, 70, 0]).all(axis=1) & (bounds <= [140, 56, 140, 56]).all(axis=1)
    valid = shapely.is_valid(shapes)
    for at in np.flatnonzero(empty | ~polygon | ~inside | ~valid):
        row, shape = int(at) + 1, shapes[at]
        if empty[at]:
            faults.append((row, "", "the geometry is empty"))
        elif not polygon[at]:
            faults.append((row, f"found a {shape.geom_type},", "expected a polygon"))
        elif not inside[at]:
            found = f"found bounds {tuple(round(float(each), 4) for each in bounds[at])},"
            faults.append((row, found, "not longitude and latitude in China"))
        else:
            reason = shapely.is_valid_reason(shape)
            parts = shapely.get_parts(shapely.make_valid(shape))
            kept = shapely.union_all([each for each in parts if each.geom_type.endswith("Polygon")])
            if abs(kept.area - shape.area) > REPAIR * shape.area:
                message = "the geometry is not valid, and a repair would change its area: "
                faults.append((row, "", message + reason))
            else:
                shapes[at] = kept
                changes.append((row, reason, "repaired", "the geometry was not valid"))
    return shapes
