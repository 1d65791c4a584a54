"""The tables and figures of a notebook as files: what it prints can be looked up there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.errors import OutputError, ParameterError
from laoqu.figures.style import Drawn
from laoqu.tables import Block

#: Numbers that blocks state in words and that stand in no frame: counts, sums, shares.
STATED = "stated"


def write(
    notebook: str,
    frames: Mapping[str, pd.DataFrame],
    figures: Sequence[Drawn] = (),
    blocks: Sequence[Block] = (),
) -> pd.DataFrame:
    """Write what a notebook shows into ``notebooks/<notebook>`` of the outputs folder.

    The folder is made beside and moved into place, so that it holds one run and no rest of an
    earlier one. The same input gives the same bytes.

    Parameters
    ----------
    notebook : str
        Name of the notebook without suffix.
    frames : mapping of str to DataFrame
        File name without suffix → table, written to ``tables`` in full precision. An index with a
        name is written too.
    figures : sequence of Drawn
        Written to ``figures`` as PNG, SVG and the data drawn (CSV).
    blocks : sequence of Block
        Their ``values`` are written to ``tables/stated.csv``: ``block``, ``name``, ``value``.

    Returns
    -------
    DataFrame
        One row per table and figure: ``folder``, ``name``, ``files`` (suffixes), ``rows`` (of the
        table or of the data drawn).

    Raises
    ------
    ParameterError
        For a name that is no plain file name, or that two things have.
    OutputError
        When the folder cannot be written.
    """
    tables = list(frames.items())
    if blocks:
        tables.append((STATED, stated(blocks)))
    _check([notebook])
    _check([name for name, _ in tables])
    _check([figure.name for figure in figures])
    made = {
        f"tables/{name}.csv": frame.to_csv(
            index=any(frame.index.names), lineterminator="\n"
        ).encode()
        for name, frame in tables
    }
    for figure in figures:
        files = figure.files()
        made |= {f"figures/{figure.name}.{suffix}": data for suffix, data in files.items()}
    place(paths.outputs() / "notebooks" / notebook, made)
    rows = [("tables", name, "csv", len(frame)) for name, frame in tables]
    rows += [("figures", drawn.name, "png, svg, csv", len(drawn.data)) for drawn in figures]
    return pd.DataFrame(rows, columns=["folder", "name", "files", "rows"])


def place(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` hold these files and no others: whole, or as it was before.

    Parameters
    ----------
    folder : Path
        Replaced with all that is in it; the caller knows that it may be.
    files : mapping of str to bytes
        Path below `folder` → content.

    Raises
    ------
    OutputError
        When it cannot be written; what stood there still stands.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        paths.place(folder.parent, folder.name, files)
    except OSError as error:
        raise OutputError(f"cannot write {paths.display(folder)}: {error.strerror}") from error


def stated(blocks: Sequence[Block]) -> pd.DataFrame:
    """Return the numbers that `blocks` state in words: ``block``, ``name``, ``value``.

    A range takes two rows.

    Examples
    --------
    >>> from laoqu.publication.files import stated
    >>> from laoqu.tables import Block
    >>> stated([Block("breadth", values={"n": 3})]).values.tolist()
    [['breadth', 'n', 3]]
    """
    rows = [
        (block.anchor, name, value)
        for block in blocks
        for name, values in block.values.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    return pd.DataFrame(rows, columns=["block", "name", "value"])


def _check(names: list[str]) -> None:
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9_]+", name):
            raise ParameterError(f"{name!r} cannot name a file: expected letters, digits and _")
        if names.count(name) > 1:
            raise ParameterError(f"two files would have the name {name!r}")
