"""A boundary file of a reader's own: columns read, rings repaired, codes followed, or refused.

What was changed on the way is reported row by row; what cannot be used is said once for each kind.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from laoqu import geo, own, paths, places, schema, succession

#: A repair that changes the area of a shape by more than this share is none.
REPAIR = 0.01
#: Crossings of its own sides up to which a shape is repaired: that takes time and memory for each.
#: How many sides are asked by what they are crossed.
CROSSINGS, SAMPLE = 100_000, 50
#: Other coordinate systems of China are off by this many km at most.
OFF = 2
#: Shapes that were simplified one by one, by 2 km, share less of the smaller, and no disc of this
#: radius (°); points a side that find such overlaps.
SHARED, DISC, POINTS = 0.5, 0.015, 6
#: Coarse borders still have half to twice our area (median); of fewer shapes it says nothing.
AREA, FEW = 2, 3
#: Parts of one county, in rows of their own, share at most so much of the smaller.
SLIVER = 0.01
#: What to do about a shape that is not where its code is.
ELSEWHERE = (
    "give each shape the code of its county or, where many are off, declare the coordinate system "
    f"(GCJ-02 and BD-09 are off by {OFF} km at most)"
)
#: Columns that are read; what is missing comes from our layer.
USED = ("code", "name", "prefecture", "province")
#: Codes that our lists do not have: of Taiwan, Hong Kong and Macao.
OTHER = ("71", "81", "82")
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
    known = geo.load(folder).set_index("adcode")
    codes = _codes(frame["adcode"], set(known.index), folder, notes)
    shapes = _shapes(frame.geometry.to_numpy(), notes)
    notes.refuse()
    names = frame.get("name", pd.Series(None, frame.index))
    for row, (code, name) in enumerate(zip(codes, names, strict=True), start=1):
        if not code:
            continue
        unit = succession.units(folder).holder(code, succession.YEAR)
        ours = unit.name if unit else known["name"][code]
        borne = pd.isna(name) or name == ours
        if not borne and not (unit and places.bears(unit, str(name), folder)):
            notes.converted(row, str(name), code, f"the name contradicts the code, which is {ours}")
    whole = _joined(codes, shapes, notes)
    notes.refuse()
    _elsewhere(codes, shapes, known, notes)
    notes.refuse()
    codes, shapes = whole
    _overlaps(shapes, notes)
    notes.refuse()
    table = gpd.GeoDataFrame({"adcode": codes}, geometry=shapes, crs=geo.CRS_LAYER)
    for column in ("name", "prefecture", "province"):
        given = frame[column].astype("string") if column in frame else known[column].reindex(codes)
        table[column] = given.fillna("").astype("str").to_numpy()
    return table[geo.COLUMNS][table["adcode"] != ""].reset_index(drop=True), notes.conversions()


def _frame(path: Path) -> gpd.GeoDataFrame:
    """Read a file of any kind; a Shapefile that does not say its encoding is UTF-8 or GBK."""
    bare = path.suffix.lower() == ".shp" and not list(path.parent.glob(f"{path.stem}.[cC][pP][gG]"))
    try:
        return geo.read(path, **({"encoding": "utf-8"} if bare else {}))
    except UnicodeDecodeError:
        return geo.read(path, encoding="gb18030")


def _codes(column: pd.Series, known: set[str], folder: Path | None, notes: own.Notes) -> list[str]:
    """Return the code of 2021 of every row, "" for one that is left out.

    The file is of any year: a code means its last holder, and `_elsewhere` finds those that it is
    not. What is no county of 2021 and became a part of no county of the areas does no harm.
    """
    tidied = [own.unit_code(value) for value in column]
    cities = sum(code.endswith("00") and code not in known for code, _ in tidied)
    if cities > len(tidied) / 2:
        notes.wrong(1, "", f"the file has {cities} cities in {len(tidied)} rows: expected counties")
        return [code for code, _ in tidied]
    result, units = [], succession.units(folder)
    members = {*schema.Tables(folder or paths.data()).frame("membership")["adcode"]}
    lost = 0
    for row, (text, (code, why)) in enumerate(zip(column, tidied, strict=True), start=1):
        if code and code not in known:
            held, given = units.by_code.get(code, ()), code
            lead = units.trace(code, min(held[-1].last, succession.YEAR) if held else None)[0]
            code, why = lead.adcode, lead.reason
            elsewhere = lead.heirs and members.isdisjoint(lead.heirs)
            if not code and (elsewhere or given.startswith(OTHER)):
                lost += 1
                why = f"{why}: left out, no part of a county of the areas"
            elif not code:
                notes.wrong(row, "", "no county of the end of 2021", f"{why};")
            elif code in units.parent.values():
                notes.wrong(row, "", "is no county: give its counties", units.shown(code))
        elif not code:
            notes.wrong(row, "", "expected six digits", why)
        notes.converted(row, str(text).strip(), code, why)
        result.append(code)
    if lost > len(result) / 2:
        message = f"{lost} of {len(result)} codes are of no county of the end of 2021: is it a file"
        notes.wrong(1, "", f"{message} of counties of China?")
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
        elif _tangled(shape):
            notes.wrong(row, "", "the geometry crosses itself too often to be repaired")
        else:
            reason = shapely.is_valid_reason(shape)
            parts = shapely.get_parts(shapely.make_valid(shape))
            shapes[at] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), [3, 6])])
            if abs(shapes[at].area - shape.area) > REPAIR * shape.area:
                why = "the geometry is not valid, and a repair would change its area:"
                notes.wrong(row, "", f"{why} {reason}")
            notes.converted(row, reason, "repaired", "the geometry was not valid")
    return shapes


def _tangled(shape: shapely.Geometry) -> bool:
    """Say whether a shape crosses itself more than `CROSSINGS` times, by a sample of its sides."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    points, of = shapely.get_coordinates(rings, return_index=True)
    sides = np.stack([points[:-1], points[1:]], axis=1)[of[:-1] == of[1:]]
    lines = shapely.linestrings(sides)
    sample = lines[:: len(lines) // SAMPLE + 1]
    found = shapely.STRtree(lines).query(sample, "crosses").shape[1]
    return found * len(lines) / len(sample) > CROSSINGS


def _joined(codes: list[str], shapes: np.ndarray, notes: own.Notes) -> tuple[list[str], np.ndarray]:
    """Return codes and shapes with the parts of a county in its first row, none in the others.

    Rows of one code whose shapes cover one another are refused: nobody knows which one is meant.
    """
    column = pd.Series(codes)
    several = np.flatnonzero(column.duplicated(keep=False) & column.ne(""))
    tree, rows = shapely.STRtree(shapes[several]), column.iloc[several]
    for at in several:
        if notes.full:
            break
        near = several[tree.query(shapes[at])]
        for each in np.sort(near[(near < at) & (rows[near] == codes[at])]):
            one, two = shapes[each], shapes[at]
            if (share := (one & two).area / min(one.area, two.area)) > SLIVER:
                found = f"duplicate adcode {codes[at]}: the shape and that of row {each + 1}"
                found += f" share {share:.0%} of the smaller:"
                notes.wrong(int(at) + 1, "", "delete one of them, or dissolve them by code", found)
                break
    if notes.problems():
        return codes, shapes
    codes, shapes = codes.copy(), shapes.copy()
    for code, parts in rows.groupby(rows).groups.items():
        first, *others = parts
        shapes[first] = shapely.union_all(shapes[parts])
        named = ", ".join(str(each + 1) for each in parts[: own.SHOWN])
        named += " …" * (len(parts) > own.SHOWN)
        found = f"{code} in {len(parts)} rows ({named})"
        notes.converted(first + 1, found, "one shape", "parts of one county, dissolved by code")
        for each in others:
            codes[each], shapes[each] = "", None
    return codes, shapes


def _elsewhere(
    codes: list[str], shapes: np.ndarray, known: gpd.GeoDataFrame, notes: own.Notes
) -> None:
    """Say which shapes are not where our layer has their codes; refuse those that are far off."""
    ours, middles = known.geometry.reindex(codes).to_numpy(), shapely.point_on_surface(shapes)
    areas = pd.Series(shapely.area(shapes)).groupby(codes).transform("sum")  # of all its parts
    areas = areas.to_numpy() / shapely.area(ours)
    share = np.nanmedian(areas) if np.isfinite(areas).sum() >= FEW else 1
    if not 1 / AREA <= share <= AREA:
        why = f"the shapes have {share:.0%} of the area that these counties have (median): "
        notes.wrong(1, "", why + "draw them whole, and declare the coordinate system they are in")
    for at in np.flatnonzero((areas > AREA) | (areas < 1 / AREA)).tolist():
        why = f"its shape has {areas[at]:.0%} of the area that this county has with us"
        notes.converted(at + 1, codes[at], "kept", f"{why}: is it all of it, and of it alone?")
    far = np.flatnonzero(~(shapely.is_missing(ours) | shapely.intersects(middles, ours)))
    there, here = (
        gpd.GeoSeries(each[far], crs=geo.CRS_LAYER).to_crs(geo.CRS_CHINA).to_numpy()
        for each in (middles, ours)
    )
    # Borders drawn coarsely, or out at sea, hold our middle; other reefs lie among those we have.
    held = shapely.intersects(shapes[far], shapely.point_on_surface(ours[far]))
    held |= shapely.intersects(shapely.convex_hull(ours[far]), middles[far])
    # A part that holds the middle of another county is that county under a wrong code.
    part = pd.Series(codes).duplicated(keep=False)[far]
    lies = dict(zip(*known.sindex.query(middles[far], "intersects").tolist(), strict=True))
    shown, off = known.index + " " + known["name"], shapely.distance(there, here) / 1000
    for n, (at, km) in enumerate(zip(far.tolist(), off.tolist(), strict=True)):
        said = f"the middle of the shape lies {km:,.1f} km outside"
        host = known.geometry.iloc[lies[n]] if n in lies and part.iloc[n] else None
        other = host and (km > OFF or shapes[at].covers(host.point_on_surface()))
        if (km <= OFF or held[n]) and not other:
            cause = "GCJ-02 or BD-09, or of" if km <= OFF else "with a part elsewhere, or of"
            why = f"{said} this county as we have it: is it {cause} another year?"
            notes.converted(at + 1, codes[at], "kept", why)
        else:
            where = shown.iloc[lies[n]] if n in lies else "none of ours"
            notes.wrong(at + 1, "", ELSEWHERE, f"{said} {shown[codes[at]]}, in {where}:")


def _overlaps(shapes: np.ndarray, notes: own.Notes) -> None:
    """Refuse shapes that cover one another; points in the box that two share tell which may."""
    pairs, bounds = shapely.STRtree(shapes).query(shapes), shapely.bounds(shapes).T
    pairs, steps = pairs[:, pairs[0] < pairs[1]], (np.arange(POINTS) + 0.5) / POINTS
    shapely.prepare(shapes)
    for one, two in np.array_split(pairs, len(pairs[0]) // 10_000 + 1, axis=1):
        west, south = np.maximum(bounds[:2, one], bounds[:2, two])
        east, north = np.minimum(bounds[2:, one], bounds[2:, two])
        x = west[:, None] + (east - west)[:, None] * np.repeat(steps, POINTS)
        y = south[:, None] + (north - south)[:, None] * np.tile(steps, POINTS)
        within = shapely.contains_xy(shapes[one][:, None], x, y)
        pair = np.nonzero(within)[0]
        both = shapely.contains_xy(shapes[two][pair], x[within], y[within])
        for n in () if notes.full else np.unique(pair[both]):
            first, second = shapes[one[n]], shapes[two[n]]
            common, smaller = first & second, min(first.area, second.area)
            if common.area > SHARED * smaller or not common.buffer(-DISC).is_empty:
                share = common.area / smaller
                found = f"the shape and that of row {one[n] + 1} share {share:.0%} of the smaller:"
                notes.wrong(int(two[n]) + 1, "", "each county has a shape of its own", found)
