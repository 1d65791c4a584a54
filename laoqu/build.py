"""Derived files: what is built from ``data/raw`` and ``data/curated``, and whether it is current.

Everything here is committed, and CI proves that it rebuilds byte for byte.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pandas as pd

from laoqu import paths, schema, source, terms
from laoqu.errors import Problem
from laoqu.plan import Plan, load

CHECKSUMS = Path("built", "checksums.csv")
#: Built from packages by commands of their own (`make gazetteer`, `make layer`), not by this one.
PACKAGED = (
    "counties.parquet", "county_areas.csv", "gazetteer.csv", "gazetteer_history.csv",
    "outline.parquet",
)  # fmt: skip


def checksums(folder: Path | None = None) -> str:
    """Return the text of ``built/checksums.csv``: the SHA-256 of each packaged file."""
    built = (folder or paths.data()) / "built"
    lines = ["file,sha256"]
    for name in PACKAGED:
        path = built / name
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
        lines.append(f"{name},{digest}")
    return "\n".join(lines) + "\n"


def artefacts(folder: Path | None = None) -> dict[Path, str]:
    """Return the path and text of every derived file.

    Parameters
    ----------
    folder : Path, optional
        The data folder; the data dictionary in ``docs/`` is built only for the checkout's own.

    Returns
    -------
    dict of Path to str
    """
    folder = folder or paths.data()
    plan = load(folder)
    result = {
        folder / "built" / "raw_lines.csv": source.witness_csv(folder),
        folder / "built" / "units.csv": _csv(_units(plan)),
        folder / "built" / "reach.csv": _csv(_reach(plan)),
        folder / "built" / "tokens.csv": _csv(_tokens(plan)),
    }
    root = paths.checkout()
    if root and folder == root / "data":
        result[root / "docs" / "dictionary.md"] = schema.dictionary(folder)
    return result


def write(folder: Path | None = None) -> list[Path]:
    """Write every derived file that is missing or out of date; return those written."""
    folder = folder or paths.data()
    # The witness of the raw files comes first: everything else is read through it.
    (folder / "built").mkdir(exist_ok=True)
    witness = folder / source.WITNESS
    written = _renew({witness: source.witness_csv(folder), folder / CHECKSUMS: checksums(folder)})
    return written + _renew(artefacts(folder))


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
        for number, (have, want) in enumerate(zip(lines, expected, strict=False), start=1):
            if have != want:
                message = "is not what `laoqu build` writes: run it, or undo the change"
                found.append(Problem(paths.display(path), number, 1, message))
                break
        else:
            if len(lines) != len(expected):
                message = f"has {len(lines)} lines, `laoqu build` writes {len(expected)}"
                number = min(len(lines), len(expected))
                found.append(Problem(paths.display(path), number, 1, message))
    return found


def _units(plan: Plan) -> pd.DataFrame:
    units = plan.units()
    spans = [unit.spans for unit in plan.document.units]
    units["raw_spans"] = [";".join(f"{a}-{b}" for a, b in each) for each in spans]
    return units


def _reach(plan: Plan) -> pd.DataFrame:
    keys = ["scope_id", "region_id", "via"]
    return plan.reach(min_confidence="low").sort_values(keys, ignore_index=True)


def _tokens(plan: Plan) -> pd.DataFrame:
    listed, synonyms = plan.table("terms"), plan.table("term_synonyms")
    forms = dict(zip(synonyms["variant"], synonyms["term"], strict=True))
    words = terms.lexicon(listed["term"], forms, plan.table("term_stops")["stop"])
    found = terms.tokens(plan.document.units, words)
    concepts = dict(zip(listed["term"], listed["concept"], strict=True))
    return found.assign(concept=found["term"].map(concepts))


def _csv(frame: pd.DataFrame) -> str:
    out = io.StringIO()
    booleans = frame.select_dtypes("bool").columns
    shown = frame.assign(
        **{name: frame[name].map({True: "true", False: "false"}) for name in booleans}
    )
    shown.to_csv(out, index=False, lineterminator="\n")
    return out.getvalue()


def _renew(files: dict[Path, str]) -> list[Path]:
    written = []
    for path, text in files.items():
        data = text.encode("utf-8")
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            written.append(path)
    return written
