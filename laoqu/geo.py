"""The county layer: 2021 codes on it, and one projection for every map.

The layer's numbers are GCJ-02 under a WGS 84 label, 300–700 m off (docs/county_layer.md): good
for maps of counties, not for overlays on other base maps.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from laoqu import grid, paths, source
from laoqu.errors import DataError, LaoquError, Problem, hinted

CRS_LAYER = "EPSG:4326"
#: Equal area, since maps of who is in an area are read by size; with the parallels of Chinese
#: national maps. One for all maps, so that they can be compared.
CRS_CHINA = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +ellps=GRS80 +units=m +no_defs"
#: Tolerance (metres) of the coast, which is drawn only in small: a quarter of a point there.
DETAIL = 10_000
#: Files with borders: the driver that reads them, and their first bytes. Others could lead on to
#: other files and hosts.
KINDS = {
    ".gpkg": ("GPKG", b"SQLite format 3"),
    ".shp": ("ESRI Shapefile", b"\0\0\x27\x0a"),
    ".geojson": ("GeoJSON", b"{"),
    ".json": ("GeoJSON", b"{"),
}
LAYER = Path("built", "counties.parquet")
COLUMNS = ["adcode", "name", "prefecture", "province", "geometry"]


def load(folder: Path | None = None) -> gpd.GeoDataFrame:
    """Return the counties of China at the end of 2021 with their borders, in EPSG:4326.

    One row per unit, the `COLUMNS`. 加格达奇 (232718) and the land 海西 runs itself (632825) have
    no 2021 code and keep Amap's; 新星市 (659011) has no polygon.

    >>> load().shape
    (2851, 5)
    """
    root = folder or paths.data()
    table = read(source.regular(root / LAYER))[COLUMNS]
    join = source.regular(root / "curated" / "county_layer_join.csv")
    join = pd.read_csv(join, dtype=str, na_filter=False)
    join = join[(join[["layer_adcode", "adcode_2021"]] != "").all(axis=1)].set_index("layer_adcode")
    for column in ("name", "adcode"):
        table[column] = table["adcode"].map(join[f"{column}_2021"]).fillna(table[column])
    twice = table["adcode"].duplicated(keep=False)  # Hong Kong and Macao, one code each
    whole = pd.concat([table[~twice], dissolve(table[twice], COLUMNS[:-1], shared=True)])
    return whole.sort_values("adcode", ignore_index=True)


def outline(folder: Path | None = None) -> gpd.GeoDataFrame:
    """Return the land of China (``kind`` land, one row) and the ten maritime lines (maritime)."""
    return read(source.regular((folder or paths.data()) / "built" / "outline.parquet"))


class Layers(NamedTuple):
    """What every map is drawn from, in `CRS_CHINA` (metres); get it from `layers`.

    ``counties``: one row per unit, as `load` has them. ``outline``: as `outline` has it, the land
    to `DETAIL`. ``provinces``: one row per province, ``province``, ``adcode`` and its shape.
    ``shared``: whether neighbours share their vertices, see `dissolve`.
    """

    counties: gpd.GeoDataFrame
    outline: gpd.GeoDataFrame
    provinces: gpd.GeoDataFrame
    shared: bool


def layers(counties: gpd.GeoDataFrame, outline: gpd.GeoDataFrame, shared: bool) -> Layers:
    """Project the counties and the outline, and join the counties to provinces: see `dissolve`.

    If it is not known that neighbours share their vertices, it is found out.

    >>> made = layers(load(), outline(), shared=True)
    >>> round(made.counties.set_index("adcode").area["360734"] / 1e6)  # 寻乌县, km²
    2335
    """
    counties, outline = counties.to_crs(CRS_CHINA), outline.to_crs(CRS_CHINA)
    shared = shared or shapely.coverage_is_valid(counties.geometry.to_numpy())
    provinces = dissolve(counties, "province", shared)
    codes = counties.groupby("province")["adcode"].min().str[:2] + "0000"
    provinces["adcode"] = provinces["province"].map(codes)
    # As small maps of all China show the coast: every island stays, be it as a dot.
    land = outline["kind"] == "land"
    parts = outline[land].explode().geometry
    fine = parts.simplify(DETAIL).where(parts.area > DETAIL**2, parts.envelope)
    outline.loc[land, "geometry"] = [shapely.multipolygons(fine.to_numpy())]
    return Layers(counties, outline, provinces, shared)


def dissolve(frame: gpd.GeoDataFrame, by: str | list[str], shared: bool) -> gpd.GeoDataFrame:
    """Return one row per value of `by`, its shapes made one: prefectures, provinces, areas.

    `shared` says that neighbours share their vertices, as the county layer's do: only then the fast
    union is right.

    >>> dissolve(load().head(50), "province", shared=True)["province"].tolist()
    ['北京市', '天津市', '河北省']
    """
    keys = [by] if isinstance(by, str) else by
    method = "coverage" if shared else "unary"
    return frame[[*keys, "geometry"]].dissolve(keys, as_index=False, sort=False, method=method)


def area_counties(
    counties: gpd.GeoDataFrame, membership: pd.DataFrame, region_id: str, path: Path | None = None
) -> gpd.GeoDataFrame:
    """Return an area's rows of `counties`, with ``confidence`` and ``documented`` (not low)."""
    rows = membership.loc[membership["region_id"] == region_id, ["adcode", "confidence"]]
    if rows.empty:
        raise LaoquError(f"the membership table has no county of {region_id}")
    require(rows["adcode"], counties["adcode"], path)
    found = counties.merge(rows, on="adcode", validate="1:1")
    return found.assign(documented=found["confidence"] != "low")


def require(codes: Iterable[str], known: Iterable[str], path: Path | None = None) -> None:
    """Refuse codes that have no border, in the file at `path`; the first few of them are named."""
    wanted = set(codes)
    if missing := sorted(wanted - set(known)):
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        shown = ", ".join(missing[:5]) + more
        why = f"no border for {len(missing)} of {len(wanted)} counties: {shown}"
        raise LaoquError(f"{paths.display(path)}: {why}: add their shapes" if path else why)


def ground(x: float, y: float) -> tuple[float, float]:
    """Return map metres per metre on the ground, left to right, and north's turn to the left (°).

    >>> scale, north = ground(1.2e6, 4e6)
    >>> round(scale, 2), round(north, 1)
    (0.98, 7.9)
    """
    china = pyproj.Proj(CRS_CHINA)
    here = china.get_factors(*china(x, y, inverse=True))
    north = np.radians(here.meridian_convergence)
    along = np.cos(north) / here.parallel_scale, np.sin(north) / here.meridional_scale
    return float(1 / np.hypot(*along)), here.meridian_convergence


def read(path: Path, **options: str) -> gpd.GeoDataFrame:
    """Return a file of `KINDS` or Parquet in `CRS_LAYER`; one of no use is a `DataError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if "parquet" in path.suffix:
                grid.check_parquet(path)
                frame = gpd.read_parquet(path)
            else:
                _check_kind(path)
                frame = gpd.read_file(path, rows=grid.MOST_ROWS + 1, **options)
                grid.refuse_large(*frame.shape)
        if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
            raise ValueError("expected rows with a geometry")
        if frame.crs is None:
            raise ValueError("no CRS is declared; expected one, such as EPSG:4326 or EPSG:4490")
        borders = frame.geometry.to_crs(CRS_LAYER)
        return gpd.GeoDataFrame(frame.drop(columns=frame.geometry.name), geometry=borders)
    except UnicodeDecodeError:
        raise
    except Exception as error:  # each format's reader has errors of its own
        raise unusable(path, hinted(str(error))) from error


def _check_kind(path: Path) -> None:
    """Refuse a file that is not of the kind its name says, of several layers, or with links."""
    driver, first = KINDS.get(path.suffix.lower(), ("", b""))
    if not driver:
        raise ValueError(f"expected a file .parquet{', '.join(['', *KINDS])}")
    with path.open("rb") as file:
        begins = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(first)
    if begins and driver == "GeoJSON":
        text = path.read_text("utf-8-sig", errors="replace")
        json.loads(text, object_pairs_hook=_types)
    if not begins or pyogrio.read_info(path, layer=0)["driver"] != driver:
        raise ValueError(f"it is no {driver}, as its name says")
    if len(layers := pyogrio.list_layers(path)[:, 0]) > 1:
        raise ValueError(f"it has the layers {', '.join(layers)}: save that of counties alone")


def _types(pairs: list[tuple[str, object]]) -> tuple[object, ...]:
    """Return what an object of JSON says its type is; one whose CRS is a link is refused."""
    for key, value in pairs:
        linked = isinstance(value, tuple) and any(each not in ("name", "EPSG") for each in value)
        if linked and key.casefold() == "crs":
            raise ValueError("its CRS is a link, which is not fetched: name it, as EPSG:4490")
    return tuple(value for key, value in pairs if key.casefold() == "type")


def unusable(path: Path, message: str) -> DataError:
    """Return the error that a file is none with borders."""
    return DataError([Problem(paths.display(path), 1, 1, f"cannot be used as borders: {message}")])
