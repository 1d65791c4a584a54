"""Derived files: what is built from ``data/raw`` and ``data/curated``, and whether it is current.

Everything here is committed, and CI proves that it rebuilds byte for byte. What people reviewed is
renewed only on request (`accept`): the hashes of curated files and of those that commands of their
own build (`make gazetteer`, `make layer`), and the declaration itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from laoqu import measures, paths, schema, source
from laoqu.errors import Problem
from laoqu.plan import Plan

PACKAGE = "datapackage.json"
#: Says which declaration was accepted, in the form of ``sha256sum``.
ACCEPTED = Path("built", "datapackage.sha256")
#: Declared tables that are built here; all others are reviewed files.
TABLES = ("units", "reach", "tokens")


def artefacts(folder: Path | None = None) -> dict[Path, str]:
    """Return the path and text of every derived file.

    The data dictionary in ``docs/`` is one of them only for the checkout's own data folder.
    """
    folder = folder or paths.data()
    plan = Plan(folder)
    spans = [";".join(f"{a}-{b}" for a, b in unit.spans) for unit in plan.document.units]
    keys = ["scope_id", "region_id", "via"]
    frames = {
        "units": plan.units().assign(raw_spans=spans),
        "reach": plan.reach(min_confidence="low").sort_values(keys, ignore_index=True),
        "tokens": _tokens(plan),
    }
    result = {folder / "built" / f"{name}.csv": _csv(frame) for name, frame in frames.items()}
    result[folder / source.WITNESS] = source.witness_csv(folder)
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
    """Take all files as reviewed: renew their hashes; return one line per file that changed."""
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
    accepted = {folder / PACKAGE: text, folder / ACCEPTED: _accepted(text.encode("utf-8"))}
    return changes + [paths.display(path) for path in _renew(accepted)]


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
    declared, advice = folder / PACKAGE, "undo the change, or review it and run"
    known = set()
    for each in schema.package(folder)["resources"]:
        path = folder / str(each["path"])
        known.add(path)
        if not path.is_file():
            yield Problem(paths.display(path), 1, 1, "is missing")
        changed = [key for key, value in _state(folder, each).items() if each.get(key) != value]
        if changed := [key for key in changed if key != "laoqu:rows"]:
            message = f"is not the file that was reviewed ({changed[0]} in {PACKAGE}): {advice}"
            yield Problem(paths.display(path), 1, 1, f"{message} `laoqu build --accept`")
    for path in sorted(set((folder / "curated").glob("*")) - known):
        yield Problem(paths.display(path), 1, 1, f"is not declared in {paths.display(declared)}")
    accepted = folder / ACCEPTED
    said = accepted.read_bytes() if accepted.is_file() else b""
    if said != _accepted(declared.read_bytes()).encode("utf-8"):
        message = f"differs from {ACCEPTED.as_posix()}: {advice} `laoqu build --accept`"
        yield Problem(paths.display(declared), 1, 1, message)


def _accepted(declaration: bytes) -> str:
    return f"{hashlib.sha256(declaration).hexdigest()}  {PACKAGE}\n"


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
    """Return what a declaration says of the bytes of a reviewed file."""
    path = folder / str(declared["path"])
    if declared["name"] in TABLES or not path.is_file():
        return {}
    data = path.read_bytes()
    found = {"bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
    return {"laoqu:rows": data.count(b"\n") - 1} | found if "schema" in declared else found


def _tokens(plan: Plan) -> pd.DataFrame:
    listed, synonyms = plan.table("terms"), plan.table("term_synonyms")
    forms = dict(zip(synonyms["variant"], synonyms["term"], strict=True))
    words = measures.lexicon(listed["term"], forms, plan.table("term_stops")["stop"])
    found = measures.tokens(plan.document.units, words)
    concepts = dict(zip(listed["term"], listed["concept"], strict=True))
    return found.assign(concept=found["term"].map(concepts))


def _csv(frame: pd.DataFrame) -> str:
    booleans = frame.select_dtypes("bool").columns
    words = {name: frame[name].map({True: "true", False: "false"}) for name in booleans}
    return frame.assign(**words).to_csv(index=False, lineterminator="\n")


def _renew(files: dict[Path, str]) -> list[Path]:
    written = []
    for path, text in files.items():
        if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
            written.append(path)
    return written
