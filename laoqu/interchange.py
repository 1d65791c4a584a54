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
from xml.etree import ElementTree as ET

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

import laoqu
from laoqu import paths, schema, sheets
from laoqu.analysis.exporting import claim, put
from laoqu.measures import CODES, MORE, SCALES
from laoqu.plan import Plan, load

#: Stata's limit of the label of a variable or file, in characters; names that it keeps for itself.
STATA_LABEL = 80
RESERVED = {"class": "class_", "end": "end_"}
FLAGS = {0: "否 no", 1: "是 yes"}
#: The day on which the plan was reported: files of the same collection are the same bytes.
WRITTEN = datetime(2021, 12, 1)
#: Joins the values of a list in formats that have none.
SEPARATOR = ";"
NAMESPACE = "urn:QDA-XML:project:1.0"
#: Levels of namings that have a shape in the county layer, and the digits of its codes.
LEVELS = {"county": 6, "prefecture": 4}
NAMED = [
    "mention_id", "printed", "name", "level", "adcode", "unit_id", "role", "recipient", "region_id",
]  # fmt: skip


class Table(NamedTuple):
    """A table to be written: its frame, what its columns mean, and which of them hold codes."""

    frame: pd.DataFrame
    description: str
    labels: dict[str, str]
    codes: dict[str, str]


def export(folder: Path | str | None = None, plan: Plan | None = None, excel: bool = False) -> Path:
    """Write the whole collection for other programs into a folder and return it.

    By default ``interchange`` in the outputs folder; see `files`. A folder with other files than
    those of an earlier export, unchanged since, is not touched.
    """
    # Claimed before the work, so that a folder of another's is refused at once.
    target = claim(Path(folder).expanduser() if folder else paths.outputs() / "interchange")
    return put(target, files(plan or load(), excel))


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
    made["laoqu.gpkg"] = geopackage(plan)
    made["README.md"] = _readme(plan, known)
    return made


def tables(plan: Plan) -> dict[str, Table]:
    """Return every table of the data package, and three that are made of them.

    ``coded_measures`` (measures with codes, strength and scope), ``measure_reach`` (measure and
    area) and ``targets``.
    """
    found, labels, codes = {}, {}, {"strength": "strength", "instrument_class": "instrument_class"}
    for name, declared in schema.tables(plan.folder).items():
        fields = declared["schema"]["fields"]
        here = {each["name"]: each["description"] for each in fields}
        coded = {each["name"]: each["laoqu:codes"] for each in fields if "laoqu:codes" in each}
        coded |= {column: variable for column, variable in CODES.items() if column in here}
        found[name] = Table(plan.table(name), declared["description"], here, coded)
        labels = here | labels
        codes = coded | codes if name in ("codings", "scopes") else codes
    about = {
        "coded_measures": "Measures with codes, strength and scope; one row each.",
        "measure_reach": "How a measure reaches an area; one row each pair.",
        "targets": "What each measure would have to be checked by.",
    }
    frames = plan.measures(), plan.measure_reach(), plan.targets()
    for (name, text), frame in zip(about.items(), frames, strict=True):
        here = {column: labels.get(column, column) for column in frame}
        coded = {column: codes[column] for column in frame if column in codes}
        found[name] = Table(frame, text, here, coded)
    return found


def _lists(values: pd.Series) -> bool:
    return bool(values.map(lambda value: isinstance(value, tuple)).any())


def _flat(values: pd.Series) -> pd.Series:
    """Return a column without lists: their values joined."""
    joined = values.map(lambda v: SEPARATOR.join(map(str, v)) if isinstance(v, tuple) else v)
    return joined.astype("str") if _lists(values) else values


def _csv(table: Table, book: pd.DataFrame, encoding: str) -> bytes:
    """Return a table as CSV, the labels of codes beside them."""
    columns: dict[str, pd.Series] = {}
    for name, values in table.frame.items():
        flag = str(values.dtype) == "bool"
        columns[name] = values.map({True: "true", False: "false"}) if flag else _flat(values)
        labels = book[book["variable"] == table.codes.get(name)].set_index("code")
        for lang in ("zh", "en") if len(labels) else ():
            words = labels[f"label_{lang}"].to_dict() | {"": ""}
            parts = columns[name].astype("str").fillna("").str.split(SEPARATOR)
            shown = [SEPARATOR.join(words.get(part, "") for part in each) for each in parts]
            columns[f"{name}_label_{lang}"] = pd.Series(shown, values.index)
    safe = sheets.without_formulas(pd.DataFrame(columns))
    return safe.to_csv(index=False, lineterminator="\n").encode(encoding)


def _parquet(table: Table) -> bytes:
    """Return a table as Parquet: lists as lists, each column with its description."""
    fields, arrays = [], []
    for name, values in table.frame.items():
        if _lists(values):
            array = pa.array([list(map(str, each)) for each in values], pa.list_(pa.string()))
        else:
            array = pa.array(values, from_pandas=True)
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata={"description": table.labels[name]}))
    known = pa.schema(fields, metadata={"description": table.description})
    target = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays(arrays, schema=known), target)
    return target.getvalue()


def _stata(table: Table, book: pd.DataFrame) -> bytes:
    """Return a table as DTA: a code is a number whose label is the code and its Chinese name."""
    columns, labels = {}, {}
    for name, values in table.frame.items():
        known = book[book["variable"] == table.codes.get(name)]
        shown = known["code"] + " " + known["label_zh"]
        if str(values.dtype) == "bool":
            columns[name], labels[name] = values.astype("int8"), FLAGS
        elif known.empty or _lists(values):
            columns[name] = _flat(values)
        elif str(values.dtype) == "Int64":
            columns[name] = values
            labels[name] = dict(zip(known["code"].astype("int"), shown, strict=True))
        else:
            number = dict(zip(known["code"], range(1, len(known) + 1), strict=True))
            columns[name] = values.map(number).astype("Int64")
            labels[name] = dict(enumerate(shown, start=1))
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
    stamp, me = WRITTEN.isoformat() + "Z", _guid("user")
    user = {"creatingUser": me, "creationDateTime": stamp}
    who = "automated passes, adjudicated; no person has coded"
    origin = f"laoqu {laoqu.__version__}"
    project = ET.Element("Project", xmlns=NAMESPACE, name="laoqu", origin=origin,
                         creatingUserGUID=me, creationDateTime=stamp)  # fmt: skip
    ET.SubElement(ET.SubElement(project, "Users"), "User", guid=me, name=who)
    codes = ET.SubElement(ET.SubElement(project, "CodeBook"), "Codes")
    spans = list(_spans(plan))
    used = {code for *_, marks in spans for code in marks}
    for variable, rows in plan.codebook().groupby("variable", sort=False):
        rows = rows[[(variable, code) in used for code in rows["code"]]]
        if rows.empty:
            continue
        above = ET.SubElement(codes, "Code", guid=_guid("variable", variable), name=variable,
                              isCodable="false")  # fmt: skip
        for row in rows.itertuples():
            name = f"{row.code} {row.label_zh} {row.label_en}"
            code = ET.SubElement(above, "Code", guid=_guid("code", variable, row.code), name=name,
                                 isCodable="true")  # fmt: skip
            ET.SubElement(code, "Description").text = f"{row.definition_zh}\n{row.definition}"
    sources, texts = ET.SubElement(project, "Sources"), {}
    units = plan.units()
    for number, (passage, rows) in enumerate(units.groupby("clause_id", sort=False)):
        first, last = rows["start"].min(), rows["end"].max()
        guid = _guid("source", passage)
        texts[f"sources/{guid}.txt"] = plan.document.canonical[first:last]
        title = plan.clause_name(passage) if passage != "title" else "标题"
        source = ET.SubElement(sources, "TextSource", guid=guid, plainTextPath=f"internal://{guid}.txt",
                               name=f"{number:02} {title} ({passage})", **user)  # fmt: skip
        for id, start, end, note, marks in spans:
            if first <= start < last:
                place = {"startPosition": str(start - first), "endPosition": str(end - first)}
                part = ET.SubElement(source, "PlainTextSelection", guid=_guid("span", id), name=id,
                                     **place, **user)  # fmt: skip
                ET.SubElement(part, "Description").text = note
                for mark in marks:
                    coding = ET.SubElement(part, "Coding", guid=_guid("coding", id, *mark), **user)
                    ET.SubElement(coding, "CodeRef", targetGUID=_guid("code", *mark))
    ET.SubElement(project, "Description").text = f"{plan.source['title']}\n{who}"
    ET.indent(project)
    body = ET.tostring(project, encoding="utf-8", xml_declaration=True)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in {"project.qde": body, **texts}.items():
            package.writestr(
                zipfile.ZipInfo(name, WRITTEN.timetuple()[:6]), data, zipfile.ZIP_DEFLATED
            )
    return target.getvalue()


def _guid(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "laoqu:" + ":".join(map(str, parts))))


def _spans(plan: Plan) -> Iterable[tuple[str, int, int, str, list[tuple[str, str]]]]:
    """Yield every coded span: id, canonical offsets, a note, and its codes by variable."""
    book = set(plan.codebook()[["variable", "code"]].itertuples(index=False, name=None))

    def marks(row: pd.Series, columns: dict[str, str]) -> list[tuple[str, str]]:
        found = []
        for column, variable in columns.items():
            value = row[column]
            each = value if isinstance(value, tuple) else (value,)
            codes = ["true" if code is True else str(code) for code in each]
            found += [(variable, code) for code in codes if (variable, code) in book]
        return list(dict.fromkeys(found))

    measured = {name: CODES.get(name, name) for name in SCALES} | MORE
    flags = {"scope": "scope", "conditional": "conditional", "delegated": "delegated"}
    for rows, key, columns, note in (
        (plan.measures(), "measure_id", measured, "content_en"),
        (plan.scopes(), "scope_id", {**flags, "list_open": "list_open"}, "reason"),
        (plan.mentions(), "mention_id", {"level": "level", "role": "role"}, "name"),
    ):
        for _, row in rows.iterrows():
            yield row[key], int(row["start"]), int(row["end"]), row[note], marks(row, columns)


def geopackage(plan: Plan) -> bytes:
    """Return a GeoPackage in longitude and latitude (EPSG:4326).

    Layers: ``areas`` (counties of high and medium confidence, joined), ``counties`` (``region_id``
    has their areas), ``named_places`` (a point for each naming of a county or prefecture), and
    ``outline`` and ``maritime``, which every national map must show.
    """
    import geopandas
    import pyogrio

    counties, outline = plan.counties(), plan.outline()
    sure = plan.membership().query("confidence != 'low'")
    member = sure.groupby("adcode")["region_id"].agg(SEPARATOR.join)
    areas = counties.merge(sure[["adcode", "region_id"]], on="adcode").dissolve("region_id")
    columns = ["region_id", "name_zh", "name_en", "documented", "official_total"]
    areas = areas[["geometry"]].reset_index().merge(plan.regions()[columns], on="region_id")
    points = []
    named = plan.mentions()
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
        path = Path(folder) / "laoqu.gpkg"
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{WRITTEN.isoformat()}.000Z"})
        for name, layer in layers.items():
            # Version 1.2 is what GIS of some years ago can read.
            layer.to_file(path, layer=name, driver="GPKG", engine="pyogrio", VERSION="1.2")
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
        return path.read_bytes()


def _readme(plan: Plan, known: dict[str, Table]) -> bytes:
    """Return what one must know before using the files, from the template beside this file."""
    rows = [
        f"| `{name}` | {len(table.frame):,} | {table.description} |"
        for name, table in known.items()
    ]
    book = []
    for variable, codes in plan.codebook().groupby("variable", sort=False):
        pairs = [f"{row.code} {row.label_zh} / {row.label_en}" for row in codes.itertuples()]
        book.append(f"- **{variable}**: {'; '.join(pairs)}")
    template = Path(__file__).with_name("interchange_readme.md").read_text(encoding="utf-8")
    return template.format(
        version=laoqu.__version__, title=plan.source["title"], title_en=plan.source["title_en"],
        issuer=plan.source["issuer"], reported=plan.source["reported"],
        tables="\n".join(rows), codebook="\n".join(book),
    ).encode("utf-8")  # fmt: skip
