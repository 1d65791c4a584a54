"""Derived files: what is built from ``data/raw`` and ``data/curated``, and whether it is current.

Everything here is committed, and CI proves that it rebuilds byte for byte. What people reviewed is
renewed only on request (`accept`): the hashes of curated files and of those that commands of their
own build (`make gazetteer`, `make layer`), and the declaration itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from laoqu import grid, measures, metadata, paths, schema, source
from laoqu.errors import DataError, Problem
from laoqu.plan import Plan

PACKAGE = "datapackage.json"
#: Says which declaration was accepted, in the form of ``sha256sum``.
ACCEPTED = Path("built", "datapackage.sha256")
#: Declared tables that are built here; all others are reviewed files.
TABLES = ("units", "reach", "tokens")


def artefacts(folder: Path, tables: schema.Tables | None = None) -> dict[Path, str]:
    """Return the path and text of every derived file; `tables` are the folder's, if read before.

    In a checkout these are also the files that tell what `metadata` knows.
    """
    plan = Plan(folder, tables=tables)
    spans = [";".join(f"{a}-{b}" for a, b in unit.spans) for unit in plan.document.units]
    listed, synonyms = plan.table("terms"), plan.table("term_synonyms")
    forms = dict(zip(synonyms["variant"], synonyms["term"], strict=True))
    words = measures.lexicon(listed["term"], forms, plan.table("term_stops")["stop"])
    tokens = measures.tokens(plan.document.units, words)
    frames = {
        "units": plan.units().assign(raw_spans=spans),
        "reach": plan.reach(min_confidence="low").sort_values(["scope_id", "region_id", "via"]),
        "tokens": tokens.assign(concept=tokens["term"].map(listed.set_index("term")["concept"])),
    }
    result = {folder / source.WITNESS: source.witness_csv(folder)}
    for name, frame in frames.items():
        flags = frame.select_dtypes("bool").columns
        shown = frame.assign(**{name: frame[name].map(schema.text_of) for name in flags})
        text = shown.to_csv(index=False, lineterminator="\n")
        result[folder / "built" / f"{name}.csv"] = text
    root = paths.checkout()
    if root and folder == root / "data":
        result |= metadata.files(root, schema.package(folder))
    return result


def write(folder: Path | None = None) -> list[Path]:
    """Write every derived file that is missing or out of date; return those written."""
    folder = folder or paths.data()
    source.read(folder)  # a damaged text is refused while its witness says where
    # The witness of the raw files comes first: everything else is read through it.
    witness = {folder / source.WITNESS: source.witness_csv(folder)}
    return _renew(witness) + _renew(artefacts(folder))


def accept(folder: Path | None = None) -> list[str]:
    """Take all files as reviewed: renew their hashes; return one line per file that changed."""
    folder = folder or paths.data()
    package = schema.package(folder)
    source.read(folder)
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
    return changes + [path.relative_to(folder).as_posix() for path in _renew(accepted)]


def problems(folder: Path | None = None, tables: schema.Tables | None = None) -> list[Problem]:
    """Return a problem for every derived file that differs from what would be built now."""
    found = []
    for path, text in artefacts(folder or paths.data(), tables).items():
        here = source.held(path)
        if here == text.encode("utf-8"):
            continue
        lines, expected = here.decode("utf-8", "replace").split("\n"), text.split("\n")
        line = min(source.apart(lines, expected) + 1, len(lines))
        message = "is not what `laoqu build` writes: run it, or undo the change"
        found.append(Problem(paths.display(path), line, 1, message))
    return found


def unreviewed(folder: Path) -> list[Problem]:
    """Return a problem for every reviewed file that is not as it was accepted."""
    said: list[tuple[Path, int, str]] = []
    known, declaration = set(), folder / PACKAGE
    advice = "undo the change, or review it and run `laoqu build --accept`"
    for each in schema.package(folder)["resources"]:
        path = folder / str(each["path"])
        known.add(path)
        try:
            now = _state(folder, each)
        except DataError as error:
            said += ((path, 1, problem.message) for problem in error.problems)
            continue
        rows, expected = now.get("laoqu:rows"), each.get("laoqu:rows")
        changed = [key for key, value in now.items() if each.get(key) != value]
        if not path.is_file():
            said.append((path, 1, "is missing"))
        elif changed and rows != expected:
            said.append((path, rows + 1, f"found {rows} rows, expected {expected}: {advice}"))
        elif changed:
            message = f"is not the file that was reviewed ({changed[0]} in {PACKAGE}): {advice}"
            said.append((path, 1, message))
    known |= {folder / source.WITNESS, folder / ACCEPTED}
    for path in sorted({*folder.glob("curated/*"), *folder.glob("built/*")} - known):
        hidden = path.name.startswith((".", "~$")) and path.suffix != ".csv"  # none of ours
        if not hidden:
            said.append((path, 1, f"is not declared in {paths.display(declaration)}"))
    if source.held(folder / ACCEPTED) != _accepted(source.held(declaration)).encode("utf-8"):
        said.append((declaration, 1, f"differs from {ACCEPTED.as_posix()}: {advice}"))
    return [Problem(paths.display(path), line, 1, message) for path, line, message in said]


def _accepted(declaration: bytes) -> str:
    return f"{source.digest(declaration)}  {PACKAGE}\n"


def _state(folder: Path, declared: Mapping[str, object]) -> dict[str, object]:
    """Return what a declaration says of the bytes of a reviewed file."""
    path = folder / str(declared["path"])
    if not path.exists():
        return {}
    data = source.regular(path).read_bytes()
    if declared["name"] in TABLES:
        return {}
    if path.suffix == ".parquet":  # a layer that is cut off or none is refused
        try:
            grid.check_parquet(path)
        except (OSError, ValueError) as error:
            message = f"cannot be read: {error}"
            raise DataError([Problem(paths.display(path), 1, 1, message)]) from error
    if "schema" in declared and not data.endswith(b"\n"):
        data += b"\n"  # its table says that the end is missing
    rows = {"laoqu:rows": data.count(b"\n") - 1} if "schema" in declared else {}
    return {**rows, "bytes": len(data), "hash": f"sha256:{source.digest(data)}"}


def _renew(files: Mapping[Path, str]) -> list[Path]:
    written = []
    for path, text in files.items():
        if source.held(path) != text.encode("utf-8"):
            path.parent.mkdir(parents=True, exist_ok=True)
            paths.write(path, text.encode("utf-8"))
            written.append(path)
    return written
