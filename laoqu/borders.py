"""A boundary file of a reader's own: columns read, rings repaired, codes followed, or refused.

What was changed on the way is reported row by row; what cannot be used is said once for each kind.
"""

from __future__ import annotations

import warnings
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
CODE_COLUMNS = (
    "adcode",
    "adcode_2021",
    "county_code",
    "县代码",
    "区县代码",
    "县级码",
    "行政区划代码",
    "区划代码",
    "区划码",
    "pac",
    "code",
    "代码",
)
NAME_COLUMNS = ("name", "county", "名称", "县", "区县", "县名", "ct_name")
#: A repair that changes the area of a shape by more than this share is none.
REPAIR = 0.01
#: How many rows are named when many have the same fault.
SHOWN = 5


def read(path: Path, folder: Path | None = None) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the borders of a file and what was converted; refuse all of them if one row is wrong.

    Parameters
    ----------
    path : Path
        GeoParquet, GeoPackage, GeoJSON or Shapefile of counties, with a column of codes (one of
        `CODE_COLUMNS`) and polygons in a declared CRS. Names that it lacks come from our layer.
    folder : Path, optional
        The data folder; by default the collection's own.

    Raises
    ------
    DataError
        With the rows in question and the reason, each kind of fault once.
    """
    file, frame = paths.display(path), _frame(path)
    try:
        code, name = _columns(frame)
        borders = _projected(frame)
    except ValueError as error:
        raise DataError([_unusable(path, error)]) from error
    known = geo.load(folder)
    units = succession.units(folder)
    faults, changes = _Notes(), _Notes()
    codes = _codes(frame[code], set(known["adcode"]), units, (faults, changes))
    shapes = _shapes(borders, (faults, changes))
    if faults.rows:
        raise DataError(faults.problems(file))
    table = gpd.GeoDataFrame({"adcode": codes}, geometry=shapes, crs=geo.CRS_LAYER)
    ours = known.set_index("adcode")
    for column in ("name", "prefecture", "province"):
        own = frame[name] if column == "name" and name else None
        own = frame[column] if own is None and column in frame else own
        ours_here = table["adcode"].map(ours[column]).fillna("")
        table[column] = ours_here if own is None else own.astype("string").fillna("").to_numpy()
    rows = [[file, row, found, used, why] for row, found, used, why in changes.rows]
    if code != "adcode":
        rows.insert(0, [file, 0, code, "adcode", "the column with the codes"])
    kinds = dict.fromkeys(geo.COLUMNS[:-1], "str")
    return table.astype(kinds)[geo.COLUMNS], pd.DataFrame(rows, columns=CONVERSIONS)


class _Notes:
    """What was found wrong, or changed, row by row."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, str, str]] = []

    def add(self, row: int, found: str, used: str, why: str) -> None:
        """Note one row; `why` is what rows of one kind have in common."""
        self.rows.append((row, found, used, why))

    def problems(self, file: str) -> list[Problem]:
        """Return one problem a row, or one a kind where many rows have it."""
        kinds: dict[str, list[tuple[int, str]]] = {}
        for row, found, _, why in self.rows:
            kinds.setdefault(why, []).append((row, found))
        result = []
        for why, rows in kinds.items():
            for row, found in rows[:SHOWN]:
                result.append(Problem(file, row, 1, f"{found} {why}".strip()))
            if len(rows) > SHOWN:
                message = f"{why}: so in {len(rows):,} rows, of which the first {SHOWN} are named"
                result.append(Problem(file, rows[SHOWN][0], 1, message))
        return sorted(result)


def _frame(path: Path) -> gpd.GeoDataFrame:
    """Read a file of any kind; a Shapefile that does not say its encoding is UTF-8 or GBK."""
    encodings = [None]
    if path.suffix.lower() == ".shp" and not list(path.parent.glob(f"{path.stem}.[cC][pP][gG]")):
        encodings = ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if "parquet" in path.suffix:
                    frame = gpd.read_parquet(path)
                else:
                    frame = gpd.read_file(path, **({"encoding": encoding} if encoding else {}))
            if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
                raise ValueError("expected rows with a geometry")
            return frame.rename(columns=lambda name: str(name).strip().lstrip("\ufeff"))
        except UnicodeDecodeError as error:
            last: Exception = error
        except Exception as error:  # each format's reader has errors of its own
            raise DataError([_unusable(path, error)]) from error
    raise DataError([_unusable(path, last)]) from last


def _unusable(path: Path, error: Exception) -> Problem:
    return Problem(paths.display(path), 1, 1, f"cannot be used as borders: {error}")


def _columns(frame: gpd.GeoDataFrame) -> tuple[str, str]:
    """Return the columns with codes and with names (or "")."""
    fold = {str(column).casefold(): str(column) for column in reversed(frame.columns)}
    code = next((fold[each] for each in CODE_COLUMNS if each in fold), "")
    name = next((fold[each] for each in NAME_COLUMNS if each in fold), "")
    if not code:
        columns = ", ".join(map(str, frame.columns))
        raise ValueError(
            f"expected a column 'adcode' (or {', '.join(CODE_COLUMNS[2:])}); it has {columns}"
        )
    return code, name


def _projected(frame: gpd.GeoDataFrame) -> np.ndarray:
    if frame.crs is None:
        raise ValueError("no CRS is declared; expected one, such as EPSG:4326 or EPSG:4490")
    try:
        return np.asarray(frame.geometry.to_crs(geo.CRS_LAYER).to_numpy(), dtype=object)
    except Exception as error:  # an error of the projection library
        raise ValueError(f"its coordinates cannot be projected: {error}") from error


def _codes(
    column: pd.Series, known: set[str], units: Units, notes: tuple[_Notes, _Notes]
) -> list[str]:
    """Return the code of 2021 of every row."""
    faults, changes = notes
    result, first = [], {}
    texts = ["" if pd.isna(value) else str(value).strip() for value in column]
    cities = [text[:6] for text in texts if units.level.get(text[:6]) == "prefecture"]
    if len(cities) > len(texts) / 2:
        message = f"the file has {len(cities)} cities in {len(texts)} rows: expected counties"
        faults.add(1, "", "", message)
        return texts
    for row, text in enumerate(texts, start=1):
        code, why = tidy_code(text)
        if not code:
            faults.add(row, f"adcode is {text[:20]!r},", "", "expected six digits")
        elif code not in known:
            adcode, reason = follow(units, code)
            if adcode:
                changes.add(row, code, adcode, reason)
            else:
                faults.add(row, f"{reason};", "", "no county of the end of 2021")
            code = adcode
        elif code != text:
            changes.add(row, text, code, why)
        if code and first.setdefault(code, row) != row:
            faults.add(row, f"duplicate adcode {code}, first seen in row {first[code]}", "", "")
        result.append(code)
    return result


def _shapes(shapes: np.ndarray, notes: tuple[_Notes, _Notes]) -> np.ndarray:
    """Return the shapes, invalid ones repaired where that changes next to nothing."""
    faults, changes = notes
    shapes = shapes.copy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    polygon = np.isin(shapely.get_type_id(shapes), [3, 6])
    bounds = shapely.bounds(shapes)
    inside = (bounds >= [70, 0, 70, 0]).all(axis=1) & (bounds <= [140, 56, 140, 56]).all(axis=1)
    valid = shapely.is_valid(shapes)
    for at in np.flatnonzero(empty | ~polygon | ~inside | ~valid):
        row, shape = int(at) + 1, shapes[at]
        if empty[at]:
            faults.add(row, "", "", "the geometry is empty")
        elif not polygon[at]:
            faults.add(row, f"found a {shape.geom_type},", "", "expected a polygon")
        elif not inside[at]:
            found = f"found bounds {tuple(round(float(each), 4) for each in bounds[at])},"
            faults.add(row, found, "", "not longitude and latitude in China")
        else:
            reason = shapely.is_valid_reason(shape)
            parts = shapely.get_parts(shapely.make_valid(shape))
            kept = shapely.union_all([each for each in parts if each.geom_type.endswith("Polygon")])
            if abs(kept.area - shape.area) > REPAIR * shape.area:
                message = "the geometry is not valid, and a repair would change its area: "
                faults.add(row, "", "", message + reason)
            else:
                shapes[at] = kept
                changes.add(row, reason, "repaired", "the geometry was not valid")
    return shapes
