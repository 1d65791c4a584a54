"""Derived files: what is built from ``data/raw`` and ``data/curated``, and whether it is current.

Everything here is committed, and CI proves that it rebuilds byte for byte. What people reviewed is
renewed only on request (`accept`): the hashes of curated files, the declaration of the tables, and
the files that packages were built into.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from laoqu import measures, paths, schema, source
from laoqu.errors import Problem
from laoqu.plan import Plan

CHECKSUMS = Path("built", "checksums.csv")
PACKAGE = "datapackage.json"
#: Made by commands of their own (`make gazetteer`, `make layer`), not here.
PACKAGED = (
    "built/counties.parquet",
    "built/county_areas.csv",
    "built/gazetteer.csv",
    "built/gazetteer_history.csv",
    "built/outline.parquet",
)


def artefacts(folder: Path | None = None) -> dict[Path, str]:
    """Return the path and text of every derived file.

    Parameters
    ----------
    folder : Path, optional
        The data folder; the data dictionary in ``docs/`` is built only for the checkout's own.
    """
    folder = folder or paths.data()
    plan = Plan(folder)
    built = folder / "built"
    result = {
        folder / source.WITNESS: source.witness_csv(folder),
        built / "units.csv": _csv(_units(plan)),
        built / "reach.csv": _csv(_reach(plan)),
        built / "tokens.csv": _csv(_tokens(plan)),
    }
    root = paths.checkout()
    if root and folder == root / "data":
        result[root / "docs" / "dictionary.md"] = dictionary(folder)
    return result


def write(folder: Path | None = None) -> list[Path]:
    """Write every derived file that is missing or out of date; return those written."""
    folder = folder or paths.data()
    (folder / "built").mkdir(exist_ok=True)
    # The witness of the raw files comes first: everything else is read through it.
    witness = {folder / source.WITNESS: source.witness_csv(folder)}
    return _renew(witness) + _renew(artefacts(folder))


def accept(folder: Path | None = None) -> list[str]:
    """Take curated and packaged files as reviewed: renew their hashes; say what changed.

    Returns
    -------
    list of str
        One line per file whose content is not what was accepted before.
    """
    folder = folder or paths.data()
    package = schema.package(folder)
    changes = []
    for each in package["resources"]:
        now = _state(folder, each)
        if changed := {key: value for key, value in now.items() if each.get(key) != value}:
            before, after = each.get("laoqu:rows"), now.get("laoqu:rows")
            rows = f" ({before} → {after} rows)" if before != after else ""
            changes.append(f"{each['path']}{rows}")
            each.update(changed)
    text = json.dumps(package, ensure_ascii=False, indent=1) + "\n"
    before = (folder / CHECKSUMS).read_text("utf-8") if (folder / CHECKSUMS).is_file() else ""
    _renew({folder / PACKAGE: text})
    after = checksums(folder)
    _renew({folder / CHECKSUMS: after})
    known = set(before.splitlines())
    changes += [line.partition(",")[0] for line in after.splitlines() if line not in known]
    return changes


def problems(folder: Path | None = None) -> list[Problem]:
    """Return a problem for every derived file that differs from what would be built now."""
    found = []
    for path, text in artefacts(folder).items():
        try:
            lines = path.read_bytes().decode("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            found.append(Problem(paths.display(path), 1, 1, f"cannot be read: {error}"))
            continue
        expected = text.split("\n")
        shorter = min(len(lines), len(expected))
        differs = (i for i in range(shorter) if lines[i] != expected[i])
        if (number := next(differs, shorter)) < max(len(lines), len(expected)):
            message = "is not what `laoqu build` writes: run it, or undo the change"
            found.append(Problem(paths.display(path), number + 1, 1, message))
    return found


def unreviewed(folder: Path) -> Iterator[Problem]:
    """Yield a problem for every reviewed file that is not as it was accepted."""
    declared = paths.display(folder / PACKAGE)
    known = set()
    for each in schema.package(folder)["resources"]:
        path = folder / str(each["path"])
        known.add(path)
        for key, value in _state(folder, each).items():
            if key != "laoqu:rows" and each.get(key, value) != value:
                message = (
                    f"is not the file that was reviewed ({key} in {declared}): undo the change, or "
                    "review it and run `laoqu build --accept`"
                )
                yield Problem(paths.display(path), 1, 1, message)
                break
    for path in sorted((folder / "curated").glob("*")):
        if path not in known:
            yield Problem(paths.display(path), 1, 1, f"is not declared in {declared}")
    now = checksums(folder).splitlines()
    accepted = folder / CHECKSUMS
    before = accepted.read_text("utf-8").splitlines() if accepted.is_file() else []
    for line in sorted(set(now) ^ set(before)):
        message = f"differs from {CHECKSUMS.as_posix()}: undo the change, or `laoqu build --accept`"
        yield Problem(paths.display(folder / line.partition(",")[0]), 1, 1, message)


def checksums(folder: Path | None = None) -> str:
    """Return the text of ``built/checksums.csv``: the SHA-256 of packaged files and declaration."""
    folder = folder or paths.data()
    lines = ["file,sha256"]
    lines += [f"{name},{_digest(folder / name)}" for name in sorted((*PACKAGED, PACKAGE))]
    return "\n".join(lines) + "\n"


def dictionary(folder: Path | None = None) -> str:
    """Return the data dictionary, Markdown, generated from the declaration."""
    out = ["# Data dictionary", "", "Generated from `data/datapackage.json` by `laoqu build`.", ""]
    for each in schema.tables(folder).values():
        keys = each["schema"].get("foreignKeys", [])
        targets = {column: key["reference"] for key in keys for column in key["fields"]}
        out += [f"## {each['name']}", "", f"`data/{each['path']}`: {each['description']}", ""]
        rows = f" Rows: {each['laoqu:rows']:,}." if "laoqu:rows" in each else ""
        shown = ", ".join(f"`{key}`" for key in each["schema"].get("primaryKey", []))
        out += [f"Key: {shown}.{rows}", ""]
        out += ["| column | type | required | meaning |", "|---|---|---|---|"]
        for column in each["schema"]["fields"]:
            required = "yes" if column.get("constraints", {}).get("required") else ""
            meaning = column["description"]
            if codes := column.get("laoqu:codes"):
                meaning += f" Codes: variable `{codes}` of the codebook."
            if target := targets.get(column["name"]):
                meaning += f" Refers to `{target['resource']}.{target['fields'][0]}`."
            out.append(f"| `{column['name']}` | {column['type']} | {required} | {meaning} |")
        out.append("")
    return "\n".join(out)


def _state(folder: Path, declared: dict[str, object]) -> dict[str, object]:
    """Return what a declaration says of the bytes of a curated file; of others it says nothing."""
    path = folder / str(declared["path"])
    if not str(declared["path"]).startswith("curated/") or not path.is_file():
        return {}
    data = path.read_bytes()
    found = {"bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
    return {"laoqu:rows": data.count(b"\n") - 1} | found if "schema" in declared else found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def _units(plan: Plan) -> pd.DataFrame:
    spans = [unit.spans for unit in plan.document.units]
    return plan.units().assign(
        raw_spans=[";".join(f"{start}-{end}" for start, end in each) for each in spans]
    )


def _reach(plan: Plan) -> pd.DataFrame:
    keys = ["scope_id", "region_id", "via"]
    return plan.reach(min_confidence="low").sort_values(keys, ignore_index=True)


def _tokens(plan: Plan) -> pd.DataFrame:
    listed, synonyms = plan.table("terms"), plan.table("term_synonyms")
    forms = dict(zip(synonyms["variant"], synonyms["term"], strict=True))
    words = measures.lexicon(listed["term"], forms, plan.table("term_stops")["stop"])
    found = measures.tokens(plan.document.units, words)
    concepts = dict(zip(listed["term"], listed["concept"], strict=True))
    return found.assign(concept=found["term"].map(concepts))


def _csv(frame: pd.DataFrame) -> str:
    out = io.StringIO()
    booleans = frame.select_dtypes("bool").columns
    words = {name: frame[name].map({True: "true", False: "false"}) for name in booleans}
    frame.assign(**words).to_csv(out, index=False, lineterminator="\n")
    return out.getvalue()


def _renew(files: dict[Path, str]) -> list[Path]:
    written = []
    for path, text in files.items():
        if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
            written.append(path)
    return written
