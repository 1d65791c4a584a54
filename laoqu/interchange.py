"""The collection for other programs: tables for R and Stata, a project for QDA, layers for GIS."""

from __future__ import annotations

import io
import tempfile
import uuid
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

import laoqu
from laoqu import paths, schema, sheets
from laoqu.analysis.exporting import claim, filled, put
from laoqu.measures import CODES, MORE, SCALES, with_labels
from laoqu.plan import Plan, load
from laoqu.regions import own_names

#: Stata's limit of the label of a variable or file, in characters; names that it keeps for itself.
STATA_LABEL = 80
RESERVED = {"class": "class_", "end": "end_"}
FLAGS = {0: "否 no", 1: "是 yes"}
#: The day on which the plan was reported: files of the same collection are the same bytes.
WRITTEN = datetime(2021, 12, 1)
GEOPACKAGE = "laoqu.gpkg"
#: Joins the values of a list in formats that have none.
SEPARATOR = ";"
#: Levels of namings that have a shape in the county layer, and the digits of its codes.
LEVELS = {"county": 6, "prefecture": 4}
CODER = "automated passes, adjudicated; no person has coded"
NAMED = [
    "mention_id", "printed", "name", "level", "adcode", "unit_id", "role", "recipient", "region_id",
]  # fmt: skip


class Table(NamedTuple):
    """A table to be written: its frame, what its columns mean, and which of them hold codes."""

    frame: pd.DataFrame
    description: str
    labels: dict[str, str]
    codes: dict[str, str]


def export(folder: Path | str | None = None, excel: bool = False) -> Path:
    """Write the whole collection for other programs into a folder and return it.

    By default ``interchange`` in the outputs folder; see `files`. A folder with other files than
    those of an earlier export, unchanged since, is not touched.
    """
    # Claimed before the work, so that a folder of another's is refused at once.
    return put(claim(folder, "interchange", GEOPACKAGE), files(load(), excel))


def files(plan: Plan, excel: bool = False) -> dict[str, bytes]:
    """Return the files of an export by name; the same collection gives the same bytes.

    Each of `tables` as ``csv/…``, ``parquet/…`` and ``stata/…``; ``laoqu.qdpx``, a REFI-QDA
    project; ``laoqu.gpkg``, a GeoPackage; ``README.md``. `excel` puts a byte order mark before the
    CSV, without which Excel takes UTF-8 for something else.
    """
    made: dict[str, bytes] = {}
    book = plan.codebook()
    known = tables(plan)
    for name, table in known.items():
        made[f"csv/{name}.csv"] = _csv(table, book, "utf-8-sig" if excel else "utf-8")
        made[f"parquet/{name}.parquet"] = _parquet(table)
        made[f"stata/{name}.dta"] = _stata(table, book)
    made["laoqu.qdpx"] = qdpx(plan)
    made[GEOPACKAGE] = geopackage(plan)
    areas = plan.regions()
    readme = filled(
        paths.PACKAGE / "interchange_readme.md.j2", version=laoqu.__version__, tables=known,
        source=plan.source, book=book.groupby("variable", sort=False), own=own_names(plan),
        partly=areas.loc[~areas["complete"], "name_zh"].tolist(),
        empty=sheets.left_empty(plan.codings("own")) if "coding" in plan.own else "",
    )  # fmt: skip
    made["README.md"] = readme.encode("utf-8")
    return made


def tables(plan: Plan) -> dict[str, Table]:
    """Return every table of the data package, and three that are made of them.

    ``coded_measures`` (measures with codes, strength and scope), ``measure_reach`` (measure and
    area) and ``targets``.
    """
    found, labels, codes = {}, {}, {"strength": "strength", "instrument_class": "instrument_class"}
    for name, declared in schema.tables(plan.folder).items():
        fields = {each["name"]: each for each in declared["schema"]["fields"]}
        here = {column: each["description"] for column, each in fields.items()}
        coded = {c: each.get("laoqu:codes", CODES.get(c, "")) for c, each in fields.items()}
        frame = plan.codings() if name == "codings" else plan.table(name)
        found[name] = Table(frame, declared["description"], here, coded)
        labels = here | labels
        codes = coded | codes if name in ("codings", "scopes") else codes
    made = {
        "coded_measures": "Measures with codes, strength and scope; one row each.",
        "measure_reach": "How a measure reaches an area; one row each pair.",
        "targets": "What each measure would have to be checked by.",
    }
    frames = plan.measures(), plan.measure_reach(), plan.targets()
    for (name, about), frame in zip(made.items(), frames, strict=True):
        found[name] = Table(frame, about, {c: labels.get(c, c) for c in frame}, codes)
    return found


def _lists(values: pd.Series) -> bool:
    return bool(values.map(lambda value: isinstance(value, tuple)).any())


def _flat(values: pd.Series) -> pd.Series:
    """Return a column as CSV and DTA hold it: lists joined, flags as words."""
    if _lists(values) or pd.api.types.is_bool_dtype(values):
        return values.map(schema.text_of, na_action="ignore").astype("str")
    return values


def _csv(table: Table, book: pd.DataFrame, encoding: str) -> bytes:
    """Return a table as CSV, the labels of codes beside them."""
    frame = table.frame
    for lang in ("en", "zh"):  # each stands right behind the codes
        frame = with_labels(frame, book, lang, table.codes, f"_label_{lang}")
    safe = sheets.without_formulas(frame.apply(_flat))
    return safe.to_csv(index=False, lineterminator="\n").encode(encoding)


def _parquet(table: Table) -> bytes:
    """Return a table as Parquet: lists as lists, each column with its description."""
    columns = {}
    for name, values in table.frame.items():
        kind = pa.list_(pa.string()) if _lists(values) else None
        columns[name] = pa.array(values, kind, from_pandas=True)
    made = pa.table(columns)
    fields = [each.with_metadata({"description": table.labels[each.name]}) for each in made.schema]
    known = pa.schema(fields, metadata={"description": table.description})
    target = io.BytesIO()
    parquet.write_table(made.cast(known), target)
    return target.getvalue()


def _stata(table: Table, book: pd.DataFrame) -> bytes:
    """Return a table as DTA: a code is a number whose label is the code and its Chinese name."""
    columns, labels = {}, {}
    for name, values in table.frame.items():
        known = book[book["variable"] == table.codes.get(name)]
        if pd.api.types.is_bool_dtype(values):
            columns[name], labels[name] = values.astype("Int8"), FLAGS
        elif known.empty or _lists(values):
            columns[name] = _flat(values)
        else:
            number = {code: i for i, code in enumerate(known["code"], start=1)}
            columns[name] = values.astype("str").map(number).astype("Int64")
            labels[name] = dict(enumerate(known["code"] + " " + known["label_zh"], start=1))
    described = {RESERVED.get(n, n): table.labels[n][:STATA_LABEL] for n in columns}
    target = io.BytesIO()
    pd.DataFrame(columns).rename(columns=RESERVED).to_stata(
        target, write_index=False, version=118, time_stamp=WRITTEN, variable_labels=described,
        data_label=table.description[:STATA_LABEL], value_labels=labels,
    )  # fmt: skip
    return target.getvalue()


def qdpx(plan: Plan) -> bytes:
    """Return a REFI-QDA project: the text by clause, the codebook, measures, scopes and namings.

    Positions count code points from 0 in each source; a source is one paragraph, so no program's
    way with line ends moves them. The canonical offset is that of the source plus the position.
    """
    spans, sources, texts = list(_spans(plan)), [], {}
    used = {mark for *_, marks in spans for mark in marks}
    book = plan.codebook()
    book = book[[mark in used for mark in zip(book["variable"], book["code"], strict=True)]]
    for number, (passage, rows) in enumerate(plan.units().groupby("clause_id", sort=False)):
        first, last, guid = rows["start"].min(), rows["end"].max(), _guid("source", passage)
        texts[f"sources/{guid}.txt"] = plan.document.canonical[first:last]
        title = plan.clause_name(passage) if passage != "title" else "标题"
        here = [span for span in spans if first <= span[1] < last]
        name = f"{number:02} {title} ({passage})"
        sources.append({"guid": guid, "name": name, "first": first, "spans": here})
    body = filled(
        paths.PACKAGE / "interchange.qde.j2", version=laoqu.__version__, sources=sources,
        coder=f"a file of the user, {plan.own['coding'].name}" if "coding" in plan.own else CODER,
        title=plan.source["title"],
        book=book.groupby("variable", sort=False), guid=_guid,
        written=f"{WRITTEN.isoformat()}Z",
    )  # fmt: skip
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in {"project.qde": body, **texts}.items():
            entry = zipfile.ZipInfo(name, WRITTEN.timetuple()[:6])
            package.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _guid(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "laoqu:" + ":".join(map(str, parts))))


def _spans(plan: Plan) -> Iterable[tuple[str, int, int, str, list[tuple[str, str]]]]:
    """Yield every coded span: id, canonical offsets, a note, and its codes by variable."""
    book = set(plan.codebook()[["variable", "code"]].itertuples(index=False, name=None))
    measured = {name: CODES.get(name, name) for name in (*SCALES, *MORE)}
    flags = {name: name for name in ("scope", "conditional", "delegated", "list_open")}
    for rows, key, columns, note in (
        (plan.measures(), "measure_id", measured, "content_en"),
        (plan.scopes(), "scope_id", flags, "reason"),
        (plan.mentions(), "mention_id", {"level": "level", "role": "role"}, "name"),
    ):
        for row in rows.to_dict("records"):
            marks: dict[tuple[str, str], None] = {}
            for column, variable in columns.items():
                codes = row[column] if isinstance(row[column], tuple) else (row[column],)
                marks |= dict.fromkeys((variable, schema.text_of(code)) for code in codes)
            yield row[key], row["start"], row["end"], row[note], [m for m in marks if m in book]


def geopackage(plan: Plan) -> bytes:
    """Return a GeoPackage in longitude and latitude (EPSG:4326).

    Layers: ``areas`` (counties of high and medium confidence, joined), ``counties`` (``region_id``
    has their areas), ``named_places`` (a point for each naming of a county or prefecture), and
    ``outline`` and ``maritime``, which every national map must show.
    """
    import geopandas
    import pyogrio

    from laoqu import geo

    counties, outline = plan.counties(), plan.outline()
    sure = plan.membership().query("confidence != 'low'")
    named = plan.mentions()
    shown = {*sure["adcode"], *named.loc[named["level"] == "county", "adcode"]}
    geo.require(shown, counties["adcode"], plan.own.get("boundaries"))
    member = sure.groupby("adcode")["region_id"].agg(SEPARATOR.join)
    areas = counties.merge(sure[["adcode", "region_id"]], on="adcode").dissolve("region_id")
    columns = ["region_id", "name_zh", "name_en", "documented", "official_total"]
    areas = areas[["geometry"]].reset_index().merge(plan.regions()[columns], on="region_id")
    points = []
    for level, digits in LEVELS.items():
        rows = named.loc[named["level"] == level, NAMED]
        keys, whole = rows["adcode"].str[:digits], counties["adcode"].str[:digits]
        shapes = counties[whole.isin(keys)].dissolve(whole)["geometry"]
        at = shapes.reindex(keys).representative_point().to_numpy()
        points.append(geopandas.GeoDataFrame(rows, geometry=at, crs=counties.crs))
    layers = {
        "areas": areas,
        "counties": counties.assign(region_id=counties["adcode"].map(member).fillna("")),
        "named_places": pd.concat(points).sort_values("mention_id"),
        "outline": outline[outline["kind"] == "land"],
        "maritime": outline[outline["kind"] != "land"],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / GEOPACKAGE
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{WRITTEN.isoformat()}.000Z"})
        for name, layer in layers.items():
            # Version 1.2 is what GIS of some years ago can read.
            layer.to_file(path, layer=name, driver="GPKG", engine="pyogrio", VERSION="1.2")
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
        return path.read_bytes()
