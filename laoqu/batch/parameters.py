"""A notebook's parameters: read from its parameters cell, checked before any kernel starts.

papermill itself only warns of an unknown parameter and then runs the default: here it is an error.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from laoqu import paths
from laoqu.errors import ParameterError, nearest


def declared(notebook: Path) -> dict[str, object]:
    """Return the parameters of a notebook with their default values.

    Parameters
    ----------
    notebook : Path
        A notebook with a cell tagged ``parameters`` that holds plain literals.

    Returns
    -------
    dict
        Name → default.

    Examples
    --------
    >>> from laoqu import paths
    >>> from laoqu.batch import parameters
    >>> parameters.declared(paths.notebooks() / "10_region_report.ipynb")
    {'region': 'yimeng', 'lang': 'zh'}
    """
    import nbformat

    name = paths.display(notebook)
    cells = nbformat.read(notebook, as_version=4).cells
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise ParameterError(f"{name}: found {len(tagged)} cells tagged parameters, expected 1")
    result: dict[str, object] = {}
    for statement in ast.parse(tagged[0].source).body:
        try:
            (target,) = statement.targets
            result[target.id] = ast.literal_eval(statement.value)
        except (AttributeError, ValueError) as error:
            line = ast.unparse(statement)
            message = f"{name}: parameter {line!r} is not a plain `name = literal`"
            raise ParameterError(message) from error
    return result


def check(notebook: Path, given: Mapping[str, object]) -> dict[str, object]:
    """Return the full parameter set of a run, or say what is wrong with `given`.

    Raises
    ------
    ParameterError
        For a name the notebook does not have (with the nearest) or a value of another type.
    """
    known = declared(notebook)
    for name, value in given.items():
        if name not in known:
            hint = nearest(name, known) or list(known)
            message = f"unknown parameter {name!r} of {notebook.name}; nearest: {', '.join(hint)}"
            raise ParameterError(message)
        expected = type(known[name])
        if type(value) is not expected:
            message = (
                f"parameter {name!r} is {value!r} ({type(value).__name__}), "
                f"expected {expected.__name__}, for example {known[name]!r}"
            )
            raise ParameterError(message)
    return {**known, **given}
