"""Tables as people keep them: CSV in any usual encoding, spreadsheets, Stata, Parquet."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.errors import LaoquError


def load(source: object, notes: list[tuple[str, int, str]]) -> pd.DataFrame:
    """Return the table of a file, text as text; what was done to read it goes to `notes`."""
    if not isinstance(source, str | Path):
        raise LaoquError(f"a panel is a path or a DataFrame, found {type(source).__name__}")
    path = Path(source).expanduser()
    if not path.is_file():
        raise LaoquError(f"there is no file {paths.display(path)}")
    kind = path.suffix.lower().lstrip(".")
    if kind in ("xls", "sav", "rds", "rdata", "shp", "json", "zip"):
        raise LaoquError(f"{path.name} is a .{kind} file: save it as CSV, XLSX, DTA or Parquet")
    try:
        if kind in ("parquet", "pq"):
            return pd.read_parquet(path)
        readers = {"xlsx": _excel, "xlsm": _excel, "dta": _stata}
        return readers.get(kind, _csv)(path, notes)
    except LaoquError:
        raise
    except Exception as error:  # each format's reader has errors of its own
        raise LaoquError(f"{path.name} cannot be read as {kind or 'csv'}: {error}") from error


def _csv(path: Path, notes: list) -> pd.DataFrame:
    raw = path.read_bytes()
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    encodings = ("utf-16",) if wide else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise LaoquError(f"{path.name} is neither UTF-8 nor GBK text")
    if encoding != "utf-8-sig":
        notes.append(("file", 0, f"read as {encoding.upper()}"))
    lines = text.splitlines()
    # A title above the head of the table fills fewer cells than the table.
    filled = [sum(map(bool, map(str.strip, re.split("[,\t;|]", line)))) for line in lines[:20]]
    skip = next((i for i, n in enumerate(filled) if n >= max(filled) / 2), 0) if filled else 0
    if skip:
        notes.append(("file", skip, "lines above the head were left out"))
    mark = max(",\t;|", key=lines[skip].count) if lines else ","
    body = io.StringIO("\n".join(lines[skip:]) if skip else text)
    return pd.read_csv(body, sep=mark, dtype=str, keep_default_na=False, skip_blank_lines=True)


def _excel(path: Path, notes: list) -> pd.DataFrame:
    sheet = pd.read_excel(path, header=None, dtype=object)
    sheet = sheet.dropna(how="all").dropna(how="all", axis=1).reset_index(drop=True)
    filled = sheet.notna().sum(axis=1)
    head = int((filled >= max(2, filled.max() / 2)).idxmax()) if len(sheet) else 0
    if head:
        notes.append(("file", head, "rows above the head were left out"))
    frame = sheet.iloc[head + 1 :].reset_index(drop=True)
    frame.columns = ["" if pd.isna(value) else value for value in sheet.iloc[head]]
    return frame.infer_objects()


def _stata(path: Path, notes: list) -> pd.DataFrame:
    with pd.read_stata(path, iterator=True) as reader:
        frame = reader.read(convert_categoricals=False)
        labels = {k: v for k, v in reader.variable_labels().items() if v}
    if labels:
        notes.append(("file", 0, f"{len(labels)} columns have labels in the file; names are kept"))
    return frame
