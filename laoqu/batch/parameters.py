"""A notebook's parameters: read from its parameters cell, checked before any kernel starts.

papermill itself only warns of an unknown parameter and then runs the default: here it is an error.
Light on purpose: a batch with nothing to do comes through here and imports no pandas.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
import tokenize
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from laoqu import paths
from laoqu.errors import ParameterError, nearest
from laoqu.labels import check_lang

#: At the end of a parameter's comment: ``[full|fractional]`` or ``[1..20]``.
ALLOWED = re.compile(r"\s*\[([^\[\]]+)\]$")
REQUIRED = object()


class Parameter(NamedTuple):
    """One parameter: its name, type, default (`REQUIRED` if none), comment and allowed values."""

    name: str
    type: type
    default: object
    help: str
    allowed: tuple[str, ...] | tuple[float, float] | None

    def check(self, value: object) -> object:
        """Return `value` when it may be given; an int is fine where a float is expected."""
        if self.type is float and type(value) is int:
            value = float(value)
        if type(value) is not self.type:
            eg = "" if self.default is REQUIRED else f", for example {self.default!r}"
            raise ParameterError(
                f"parameter {self.name!r} is {value!r} ({type(value).__name__}), "
                f"expected {self.type.__name__}{eg}"
            )
        if self.allowed and isinstance(self.allowed[0], float):
            low, high = self.allowed
            if not low <= value <= high:
                raise ParameterError(
                    f"parameter {self.name!r} is {value!r}, expected {low:g} to {high:g}"
                )
        elif self.allowed and str(value) not in self.allowed:
            hint = nearest(str(value), self.allowed) or self.allowed
            raise ParameterError(
                f"parameter {self.name!r} is {value!r}, expected one of "
                f"{', '.join(self.allowed)}; nearest: {hint[0]}"
            )
        return RESOLVE[self.name](value) if self.name in RESOLVE else value

    def parse(self, text: str) -> object:
        """Return the value that a command line or a CSV file writes as `text`."""
        if self.type is str:
            return text
        if self.type is bool:
            return {"true": True, "false": False}.get(text.casefold(), text)
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text  # `check` says what is wrong with it


def schema(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters of a notebook by name, in the order of its parameters cell.

    Parameters
    ----------
    notebook : Path
        A notebook with one cell tagged ``parameters`` that holds ``name = literal``, or
        ``name: type`` for one without default; the comment behind each is its help, and may end
        in its allowed values, ``[full|fractional]`` or ``[1..20]``.

    Returns
    -------
    dict of str to Parameter

    Raises
    ------
    ParameterError
        For a notebook without such a cell, or with anything else in it.

    Examples
    --------
    >>> from laoqu import paths
    >>> from laoqu.batch import parameters
    >>> found = parameters.schema(paths.notebooks() / "10_region_report.ipynb")
    >>> found["lang"].default, found["lang"].help
    ('zh', 'language of the page: zh or en')
    """
    name = paths.display(notebook)
    try:
        cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    except OSError as error:
        raise ParameterError(f"{name} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ParameterError(f"{name} is not a notebook (format 4)") from error
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise ParameterError(f"{name}: found {len(tagged)} cells tagged parameters, expected 1")
    source = "".join(tagged[0]["source"])
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    result: dict[str, Parameter] = {}
    for statement in ast.parse(source).body:
        try:
            parameter = _parameter(statement, comments.get(statement.end_lineno, ""))
        except (AttributeError, ValueError, KeyError) as error:
            line = ast.unparse(statement)
            message = f"{name}: parameter {line!r} is not a plain `name = literal`"
            raise ParameterError(message) from error
        result[parameter.name] = parameter
    return result


def check(notebook: Path, given: Mapping[str, object]) -> dict[str, object]:
    """Return the full parameter set of a run, or say what is wrong with `given`.

    Raises
    ------
    ParameterError
        For a name the notebook does not have (with the nearest), one that is missing, a value of
        another type or out of range.
    UnknownId
        For an area nobody knows.
    """
    known = schema(notebook)
    for name in given:
        if name not in known:
            hint = nearest(name, known) or list(known)
            message = f"unknown parameter {name!r} of {notebook.name}; nearest: {', '.join(hint)}"
            raise ParameterError(message)
    values = {name: each.default for name, each in known.items()} | dict(given)
    if missing := [name for name, value in values.items() if value is REQUIRED]:
        raise ParameterError(f"parameter {missing[0]!r} of {notebook.name} is missing")
    return {name: known[name].check(value) for name, value in values.items()}


def parse(notebook: Path, texts: Mapping[str, str]) -> dict[str, object]:
    """Return values from their texts; an unknown name is left to `check`."""
    known = schema(notebook)
    return {
        name: known[name].parse(text) if name in known and isinstance(text, str) else text
        for name, text in texts.items()
    }


def read(file: Path) -> list[dict[str, object]]:
    """Return the parameter sets of a CSV file (a row each, empty cells left out) or a YAML list.

    Raises
    ------
    ParameterError
        When the file cannot be read or holds anything else.
    """
    file = Path(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{file} cannot be read: {error}") from error
    if file.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(text), strict=True, restkey="(one cell too many)"))
        sets = [{k: v for k, v in row.items() if v not in ("", None)} for row in rows]
    elif file.suffix in (".yaml", ".yml"):
        import yaml

        try:
            sets = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ParameterError(f"{file} is not YAML: {error}") from error
    else:
        raise ParameterError(f"{file}: expected a file that ends in .csv, .yaml or .yml")
    if not (isinstance(sets, list) and sets and all(isinstance(each, dict) for each in sets)):
        raise ParameterError(f"{file}: expected a list of parameter sets, one or more")
    return sets


def area_ids() -> list[str]:
    """Return the ids of the areas in printed order, without loading the plan."""
    try:
        with (paths.data() / "curated" / "regions.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [row["region_id"] for row in sorted(rows, key=lambda row: int(row["order"]))]
    except (OSError, ValueError, KeyError):
        from laoqu.plan import load

        return load().region_ids  # which says what is wrong with the table


def _area(name: str) -> str:
    if name in area_ids():
        return name
    from laoqu.plan import load

    return load().region(name).region_id


def county_codes() -> list[str]:
    """Return the codes of all counties that some source puts into an area."""
    own = os.environ.get("LAOQU_MEMBERSHIP")
    path = Path(own) if own else paths.data() / "curated" / "membership.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return sorted({row["adcode"] for row in csv.DictReader(file)})
    except (OSError, ValueError, KeyError):
        from laoqu.plan import load

        return sorted(set(load().membership()["adcode"]))  # or it says what is wrong


def _county(name: str) -> str:
    if name in county_codes():
        return name
    from laoqu.places import resolve_place

    return str(resolve_place(name))


#: Parameters whose values laoqu knows: a name is brought to the one form of it.
RESOLVE = {"region": _area, "adcode": _county, "lang": check_lang}
TYPES = {kind.__name__: kind for kind in (str, int, float, bool, list, dict)}


def _parameter(statement: ast.stmt, comment: str) -> Parameter:
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        name, kind, default = statement.target.id, TYPES[statement.annotation.id], REQUIRED
    else:
        (target,) = (
            [statement.target] if isinstance(statement, ast.AnnAssign) else statement.targets
        )
        name, default = target.id, ast.literal_eval(statement.value)
        kind = type(default)
    allowed = None
    if found := ALLOWED.search(comment):
        low, dots, high = found[1].partition("..")
        allowed = (float(low), float(high)) if dots else tuple(found[1].split("|"))
    return Parameter(name, kind, default, ALLOWED.sub("", comment).strip(), allowed)
