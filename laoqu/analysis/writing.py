"""Rows written as what statistics programs read, with a note beside them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.errors import OutputError
from laoqu.sheets import csv_bytes, without_formulas

#: Characters that a cell of a workbook takes; a name, a label and a short text of Stata.
CELL, NAME, LABEL, SHORT = 32_767, 32, 80, 500


def write(data: pd.DataFrame, path: Path | str, about: str) -> Path:
    """Write rows in the form that `path` ends in, and `about` beside them: see `Panel.to_file`."""
    paths.require_paths({"path": "" if path is None else path})
    path, data = Path(path), data.reset_index(drop=True)
    writers = {
        ".csv": lambda: path.write_bytes(csv_bytes(data)),
        ".parquet": lambda: data.to_parquet(path, index=False),
        ".dta": lambda: _for_stata(data, path),
        ".xlsx": lambda: _for_excel(data, path),
    }
    if path.suffix not in writers:
        raise OutputError(f"{path}: expected a name that ends in one of {', '.join(writers)}")
    try:
        path = path.expanduser()
        note = path.with_name(f"{path.stem}.README.txt")
        for target in (path, note):
            if target.exists():
                raise OutputError(f"{paths.display(target)} is there already: name another file")
        writers[path.suffix]()
        note.write_text(about, encoding="utf-8")
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"{paths.display(path)} cannot be written: {why}") from error
    return path


def _for_stata(data: pd.DataFrame, path: Path) -> None:
    """Write what Stata can hold: no missing whole numbers, text without NA, names without signs."""
    numbers = data.select_dtypes("number").columns
    kept = [c for c in numbers if data[c].dtype.kind in "iuf" and data[c].notna().all()]
    words = data.columns.difference(numbers)
    text = {c: data[c].astype("object").where(data[c].notna(), "").astype(str) for c in words}
    data = data.astype(dict.fromkeys(numbers.difference(kept), "float64")).assign(**text)
    names = {c: re.sub(r"^(?=\d)|\W", "_", c)[:NAME] for c in data}
    if len(set(names.values())) < len(names):
        names = {c: c for c in data}  # pandas then makes them different, and Stata has no labels
    data = data.rename(columns=names)
    labels = tomllib.loads(Path(__file__).with_name("labels.toml").read_text(encoding="utf-8"))
    labels = {name: labels.get(c, c)[:LABEL] for c, name in names.items()}
    long = [names[c] for c in words if text[c].str.len().max() > SHORT]
    data.to_stata(path, write_index=False, version=118, convert_strl=long, variable_labels=labels)


def _for_excel(data: pd.DataFrame, path: Path) -> None:
    """Write a workbook; a text that a cell cannot hold is refused, not cut."""
    data = without_formulas(data)
    longest = max(data[c].astype("str").str.len().max() for c in data)
    if longest > CELL:
        raise ValueError(f"a cell holds {longest:,.0f} characters, XLSX takes {CELL:,}")
    data.to_excel(path, index=False)
