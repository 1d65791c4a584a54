"""A boundary file of a reader's own: columns read, rings repaired, codes followed, or refused.

What was changed on the way is reported row by row; what cannot be used is said once for each kind.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from laoqu import geo, own, places, succession

#: A repair that changes the area of a shape by more than this share is none.
REPAIR = 0.01
#: Other coordinate systems of China are off by this many km at most.
OFF = 2
#: Columns that are read; what is missing comes from our layer.
USED = ("code", "name", "prefecture", "province")
#: Longitude and latitude of China: west, south, east, north.
CHINA = (70, 0, 140, 56)


def read(path: Path, folder: Path | None = None) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the borders of a file and what was converted; refuse all of them if one row is wrong.

    The file is GeoParquet, GeoPackage, GeoJSON or Shapefile of counties, with a column of codes
    (called as ``own.toml`` says) and polygons in a declared CRS. Names that it lacks come from our
    layer. The `DataError` has the rows in question and the reason, each kind of fault once.
    """
    frame, notes = _frame(path), own.Notes(path)
    found = own.columns(frame.columns)
    if not found["code"]:
        message = f"expected a column 'adcode' (or {', '.join(own.COLUMNS['code'][2:])}); it has "
        raise geo.unusable(path, message + ", ".join(map(str, frame.columns)))
    named = {frame.columns[at[0]]: kind for kind, at in found.items() if at and kind in USED}
    code = next(column for column, kind in named.items() if kind == "code")
    notes.converted(0, code, "adcode", "the column with the codes")
    frame = frame.rename(columns=named | {code: "adcode"})
    known = geo.names(folder).drop_duplicates("adcode").set_index("adcode")
    codes = _codes(frame["adcode"], set(known.index), folder, notes)
    shapes = _shapes(frame.geometry.to_numpy(), notes)
    notes.refuse()
    names, called = frame.get("name", pd.Series(None, frame.index)), known["name"].to_dict()
    for row, (code, name) in enumerate(zip(codes, names, strict=True), start=1):
        ours = called.get(code, "")
        if name != ours and pd.notna(name) and not places.bears(code, str(name), folder):
            notes.converted(row, str(name), code, f"the name contradicts the code, which is {ours}")
    _elsewhere(codes, shapes, folder, notes)
    notes.refuse()
    table = gpd.GeoDataFrame({"adcode": codes}, geometry=shapes, crs=geo.CRS_LAYER)
    for column in ("name", "prefecture", "province"):
        given = frame[column].astype("string") if column in frame else known[column].reindex(codes)
        table[column] = given.fillna("").astype("str").to_numpy()
    return table[geo.COLUMNS], notes.conversions()


def _frame(path: Path) -> gpd.GeoDataFrame:
    """Read a file of any kind; a Shapefile that does not say its encoding is UTF-8 or GBK."""
    if path.suffix.lower() == ".gpkg" and path.is_file():
        with suppress(pyogrio.errors.DataSourceError):  # what reads it says what is wrong
            names = pyogrio.list_layers(path)[:, 0]
            if len(names) > 1:
                shown = ", ".join(names)
                raise geo.unusable(path, f"it has the layers {shown}: save that of counties alone")
    bare = path.suffix.lower() == ".shp" and not list(path.parent.glob(f"{path.stem}.[cC][pP][gG]"))
    try:
        return geo.read(path, **({"encoding": "utf-8"} if bare else {}))
    except UnicodeDecodeError:
        return geo.read(path, encoding="gb18030")


def _codes(column: pd.Series, known: set[str], folder: Path | None, notes: own.Notes) -> list[str]:
    """Return the code of 2021 of every row."""
    tidied = [own.unit_code(value) for value in column]
    cities = sum(code.endswith("00") and code not in known for code, _ in tidied)
    if cities > len(tidied) / 2:
        notes.wrong(1, "", f"the file has {cities} cities in {len(tidied)} rows: expected counties")
        return [code for code, _ in tidied]
    first: dict[str, int] = {}
    result = []
    for row, (text, (code, why)) in enumerate(zip(column, tidied, strict=True), start=1):
        if code and code not in known:
            lead = succession.units(folder).trace(code)[0]
            code, why = lead.adcode, lead.reason
            if not code:
                notes.wrong(row, "", "no county of the end of 2021", f"{why};")
        elif not code:
            notes.wrong(row, "", "expected six digits", why)
        notes.converted(row, str(text).strip(), code, why)
        if code and first.setdefault(code, row) != row:
            notes.wrong(row, "", f"duplicate adcode {code}, first seen in row {first[code]}")
        result.append(code)
    return result


def _shapes(shapes: np.ndarray, notes: own.Notes) -> np.ndarray:
    """Return the shapes, invalid ones repaired where that changes next to nothing."""
    shapes, bounds = shapes.copy(), shapely.bounds(shapes)
    low, high = CHINA[:2] * 2, CHINA[2:] * 2
    inside = (bounds >= low).all(axis=1) & (bounds <= high).all(axis=1)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    polygon = np.isin(shapely.get_type_id(shapes), [3, 6])
    with ThreadPoolExecutor() as threads:  # half of the time that a file takes
        parts = np.array_split(shapes, min(len(shapes), 16))
        valid = np.concatenate(list(threads.map(shapely.is_valid, parts)))
    for at in np.flatnonzero(empty | ~polygon | ~inside | ~valid):
        row, shape = int(at) + 1, shapes[at]
        if empty[at]:
            notes.wrong(row, "", "the geometry is empty")
        elif not polygon[at]:
            notes.wrong(row, "", "expected a polygon", f"found a {shape.geom_type},")
        elif not inside[at]:
            found = f"found bounds {tuple(round(float(each), 4) for each in bounds[at])},"
            notes.wrong(row, "", "not longitude and latitude in China", found)
        else:
            reason = shapely.is_valid_reason(shape)
            parts = shapely.get_parts(shapely.make_valid(shape))
            shapes[at] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), [3, 6])])
            if abs(shapes[at].area - shape.area) > REPAIR * shape.area:
                why = "the geometry is not valid, and a repair would change its area:"
                notes.wrong(row, "", f"{why} {reason}")
            notes.converted(row, reason, "repaired", "the geometry was not valid")
    return shapes


def _elsewhere(codes: list[str], shapes: np.ndarray, folder: Path | None, notes: own.Notes) -> None:
    """Say which shapes are not where our layer has their codes; refuse a layer of such shapes."""
    ours = geo.load(folder).set_index("adcode").geometry.reindex(codes).to_numpy()
    middles = shapely.point_on_surface(shapes)
    known = ~shapely.is_missing(ours)
    far = np.flatnonzero(known & ~shapely.intersects(middles, ours))
    there, here = (
        geo.project(gpd.GeoSeries(each[far], crs=geo.CRS_LAYER)).to_numpy()
        for each in (middles, ours)
    )
    off = shapely.distance(there, here) / 1000
    if (off > OFF).sum() > known.sum() / 2:
        say = f"{len(far):,} of {known.sum():,} shapes lie outside the counties of their codes, "
        say += f"half of them by {np.median(off):,.1f} km or more: is the coordinate system another"
        say += f" (GCJ-02 and BD-09 are off by {OFF} km at most), or are the codes of other rows?"
        notes.wrong(int(far[0]) + 1, "", say)
    for at, km in zip(far.tolist(), off, strict=True):
        why = f"the middle of the shape lies {km:,.1f} km outside this county as we have it: "
        why += "is the code another?" if km > OFF else "are its coordinates GCJ-02 or BD-09?"
        notes.converted(at + 1, codes[at], "kept", why)
