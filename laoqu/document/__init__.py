"""The plan's raw text layer, read as a document: parts, clauses, boxes, sentences, offsets.

The parser follows the conventions of Chinese policy documents:

* the first block of lines is the title, what follows up to ``一、`` the preamble;
* ``一、`` at the start of a line heads a part (one line), ``（一）`` a clause (up to its first 。);
  both count up from 1 without a gap, and anything that breaks the count is an error;
* ``专栏 N`` at the start of a line heads a box (one line), which runs to the next heading;
* ``— N —`` alone on a line is a printed page mark and no text.

What is special to one file (where its pages begin, where a box floats into a clause) is data:
``data/curated/layout.toml``. The *canonical text* is the document in reading order without white
space and page marks; a box stands after the clause at, or inside, which it is printed. Offsets lead
both ways: a box that floats splits the raw span of the sentence it cuts, never the canonical one.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from laoqu import paths, source
from laoqu.document.model import Document, Passage, Unit
from laoqu.document.reading import NUMERALS, parse
from laoqu.errors import DataError, Problem

__all__ = ["NUMERALS", "Document", "Passage", "Unit", "load", "parse"]


def load(source_id: str = "plan", folder: Path | None = None) -> Document:
    """Read, verify and parse one registered source of ``data/raw``."""
    folder = folder or paths.data()
    src = source.load(source_id, folder)
    layout_path = folder / "curated" / "layout.toml"
    try:
        text = layout_path.read_text(encoding="utf-8")
        layout = tomllib.loads(text).get(source_id, {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError([Problem(paths.display(layout_path), 1, 1, str(error))]) from error
    if found := _misplaced(src.raw, layout, text, paths.display(layout_path)):
        raise DataError(found)
    return parse(src.raw, layout, name=paths.display(src.path))


def _misplaced(raw: str, layout: dict[str, object], text: str, name: str) -> list[Problem]:
    """Require each piece of layout.toml to begin and end with the words it states."""
    lines, rows, found = raw.split("\n"), text.split("\n"), []
    for number, piece in enumerate(layout.get("piece", []), start=1):
        at = [i for i, row in enumerate(rows, start=1) if row.startswith("[[") and "piece" in row]
        first, last = piece["lines"]
        for key, line in (("begins", first), ("ends", last)):
            here = lines[line - 1].strip() if 0 < line <= len(lines) else ""
            if here.startswith(piece[key]) if key == "begins" else here.endswith(piece[key]):
                continue
            block = range(at[number - 1], len(rows))
            row = next((i + 1 for i in block if rows[i].startswith("lines")), at[number - 1])
            message = f"line {line} of the text is {here!r}, but the piece {key} {piece[key]!r}"
            found.append(Problem(name, row, 1, message))
    return found
