"""What a notebook says of itself: its parameters, and where in the outputs its runs belong.

papermill only warns of an unknown parameter and then runs the default: here it is an error, before
anything starts. Light on purpose: a batch with nothing to do comes through here.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import io
import json
import re
import tokenize
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from laoqu import paths
from laoqu.errors import ParameterError, nearest

#: At the end of a parameter's comment: ``[full|fractional]`` or ``[1..20]``.
ALLOWED = re.compile(r"\s*\[([^\[\]]+)\]$")
REQUIRED = object()
TYPES = {kind.__name__: kind for kind in (str, int, float, bool, list, dict)}
#: Bytes that a name of a folder may take; systems allow 255.
NAME_BYTES = 120
#: The most sets of parameters of one batch.
MOST_SETS = 100_000


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
            found = f"{_short(value)} ({type(value).__name__})"
            raise ParameterError(
                f"parameter {self.name!r} is {found}, expected {self.type.__name__}{eg}"
            )
        if self.allowed and isinstance(self.allowed[0], float):
            low, high = self.allowed
            if not low <= value <= high:
                message = f"parameter {self.name!r} is {value!r}, expected {low:g} to {high:g}"
                raise ParameterError(message)
        elif self.allowed and str(value) not in self.allowed:
            hint = nearest(str(value), self.allowed) or self.allowed
            raise ParameterError(
                f"parameter {self.name!r} is {_short(value)}, expected one of "
                f"{', '.join(self.allowed)}; nearest: {hint[0]}"
            )
        return value

    def parse(self, text: str) -> object:
        """Return the value that a command line or a CSV file writes as `text`."""
        if self.type is str:
            return text
        if self.type is bool:
            return {"true": True, "false": False}.get(text.casefold(), text)
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return text  # `check` says what is wrong with it


class Notebook:
    """A notebook that can be run: read once, so that a change on disk meets no run half way.

    Parameters
    ----------
    name : str or Path
        A path, or the name of a notebook in ``notebooks/`` with or without suffix. It has one cell
        tagged ``parameters`` that holds ``name = literal``, or ``name: type`` for one without
        default; the comment behind each is its help, and may end in its allowed values,
        ``[full|fractional]`` or ``[1..20]``.

    Raises
    ------
    ParameterError
        For a notebook that is not there, or has no such cell, or anything else in it.

    Examples
    --------
    >>> from laoqu.run.parameters import Notebook
    >>> found = Notebook("10_region_report").parameters
    >>> found["lang"].default, found["lang"].help
    ('zh', 'language of the page: zh or en')
    """

    def __init__(self, name: Path | str) -> None:
        self.path = _find(str(name))
        self.name = paths.display(self.path)
        try:
            self.data = self.path.read_bytes()
            found = json.loads(self.data)
            self.cells = found["cells"]
            self.about = found["metadata"].get("laoqu", {})
            tagged = [each for each in self.cells if "parameters" in _tags(each)]
        except OSError as error:
            raise ParameterError(f"{self.name} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ParameterError(f"{self.name} is not a notebook (format 4)") from error
        if len(tagged) != 1:
            count = f"{len(tagged)} cells tagged parameters, expected 1"
            raise ParameterError(f"{self.name}: found {count}")
        self.parameters = self._read("".join(tagged[0]["source"]))
        #: A template makes what laoqu's own pages are; any other notebook is a user's.
        self.own = bool(self.about.get("folder")) and self.path.parent == paths.notebooks()
        #: In a folder that others share, the pages lie beside the folder of the run.
        self.shared = self.own and len(self.about["folder"]) == 1
        self.stem = _plain(str(self.about.get("kind", "report"))) or "report"

    def _read(self, source: str) -> dict[str, Parameter]:
        comments, found = {}, {}
        try:
            for token in tokenize.generate_tokens(io.StringIO(source).readline):
                if token.type == tokenize.COMMENT:
                    comments[token.start[0]] = token.string.lstrip("# ")
            statements = ast.parse(source).body
        except (SyntaxError, ValueError, tokenize.TokenError, RecursionError) as error:
            message = f"{self.name}: the parameters cell is not plain Python: {error}"
            raise ParameterError(message) from error
        for statement in statements:
            try:
                each = _parameter(statement, comments.get(statement.end_lineno, ""))
            except (AttributeError, ValueError, KeyError, TypeError) as error:
                line = _short(ast.unparse(statement))
                message = f"{self.name}: parameter {line} is not a plain `name = literal`"
                raise ParameterError(message) from error
            found[each.name] = each
        return found

    def check(self, given: Mapping[str, object], kinds: Mapping[str, Callable]) -> dict:
        """Return the full parameters of a run, or say what is wrong with `given`.

        Parameters
        ----------
        given : mapping
            A parameter that is left out takes its default.
        kinds : mapping of str to callable
            Name of a parameter, or its kind in the notebook's metadata → what brings a value to
            its one form, or refuses it.
        """
        for name in given:
            if name not in self.parameters:
                hint = ", ".join(nearest(str(name), self.parameters) or self.parameters)
                message = f"unknown parameter {_short(name)} of {self.path.name}; nearest: {hint}"
                raise ParameterError(message)
        values = {name: each.default for name, each in self.parameters.items()} | dict(given)
        for name, value in values.items():
            kind = kinds.get(self.about.get("parameters", {}).get(name, name))
            if value is REQUIRED:
                raise ParameterError(f"parameter {name!r} of {self.path.name} is missing")
            if kind and type(value) is int:
                value = str(value)  # a code that YAML or papermill reads as a number
            value = self.parameters[name].check(value)
            values[name] = kind(value) if kind else value
        return values

    def parse(self, texts: Mapping[str, object]) -> dict[str, object]:
        """Return values from their texts; an unknown name is left to `check`."""
        return {
            name: self.parameters[name].parse(value)
            if name in self.parameters and isinstance(value, str)
            else value
            for name, value in texts.items()
        }

    def place(self, values: Mapping[str, object]) -> str:
        """Return the folder of a run inside the outputs: always the same, and of no other run.

        A template names the parts of it in its metadata, ``$region`` for a value. Runs of any other
        notebook are below ``runs``, each with a hash of its notebook's path and its parameters.

        Examples
        --------
        >>> from laoqu.run.parameters import Notebook
        >>> Notebook("10_region_report").place({"lang": "en", "region": "taihang"})
        'en/taihang'
        """
        if self.own:
            parts = (str(part) for part in self.about["folder"])
            parts = [str(values[part[1:]]) if part[:1] == "$" else part for part in parts]
            parts += [self.stem] * self.shared
            return "/".join(_plain(part, part) for part in parts)
        shown = ",".join(f"{name}={value}" for name, value in sorted(values.items()))
        code = digest_of([self.name, values])[:8]
        named = _plain(shown) if shown else ""
        stem = _plain(self.path.stem) or "notebook"
        return f"runs/{stem}/{named},{code}" if named else f"runs/{stem}/{code}"

    def digest(self) -> str:
        """Return the digest of what the notebook does: its cells without outputs and counts."""
        keys = ("cell_type", "source", "metadata")
        return digest_of([[each.get(key) for key in keys] for each in self.cells])


def digest_of(value: object) -> str:
    """Return the SHA-256 of plain data, whatever the order of its keys."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def read_sets(file: Path) -> list[dict[str, object]]:
    """Return the sets of a CSV file (a row each, empty cells left out) or a YAML list.

    Raises
    ------
    ParameterError
        When the file cannot be read or holds anything else.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix == ".csv":
            rows = csv.DictReader(io.StringIO(text), strict=True, restkey="(one cell too many)")
            sets = [{k: v for k, v in row.items() if v not in ("", None)} for row in rows]
        elif file.suffix in (".yaml", ".yml"):
            import yaml

            sets = yaml.safe_load(text)
        else:
            raise ParameterError(f"{file}: expected a .csv or .yaml file")
    except (OSError, UnicodeDecodeError, csv.Error, RecursionError) as error:
        raise ParameterError(f"{file} cannot be read: {_short(error)}") from error
    except ParameterError:
        raise
    except Exception as error:  # whatever YAML says of a file
        raise ParameterError(f"{file} is not YAML: {_short(error)}") from error
    if not isinstance(sets, list) or not all(isinstance(each, dict) for each in sets):
        raise ParameterError(f"{file}: expected a list of parameter sets")
    if not sets or len(sets) > MOST_SETS:
        raise ParameterError(f"{file} holds {len(sets)} parameter sets, expected 1 to {MOST_SETS}")
    return sets


def _find(name: str) -> Path:
    path = Path(name)
    known = {each.stem: each for each in sorted(paths.notebooks().glob("*.ipynb"))}
    try:
        if path.is_file() and path.suffix == ".ipynb":
            return path.resolve()
    except (OSError, ValueError, RuntimeError):
        pass  # a name that no system has
    if (stem := path.name.removesuffix(".ipynb")) in known and path.name == name:
        return known[stem]
    hint = ", ".join(nearest(stem, known) or known)
    raise ParameterError(f"no notebook {_short(name)}; nearest: {hint}")


def _tags(cell: Mapping[str, object]) -> list[str]:
    return cell["metadata"].get("tags", [])


def _plain(text: str, only: str = "") -> str:
    """Return `text` as the name of a folder; of a text that is none, `only` asks for a hash."""
    plain = re.sub(r"[^\w=,.+-]", "-", text).lstrip(".").encode(errors="replace")[:NAME_BYTES]
    plain = plain.decode(errors="ignore")
    return plain if plain == text or not only else f"{plain}-{digest_of(only)[:8]}"


def _short(value: object, most: int = 200) -> str:
    text = value if isinstance(value, str) else str(value)
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= most else f"{text[:most]}…"


def _parameter(statement: ast.stmt, comment: str) -> Parameter:
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        name, kind, default = statement.target.id, TYPES[statement.annotation.id], REQUIRED
    else:
        annotated = isinstance(statement, ast.AnnAssign)
        (target,) = [statement.target] if annotated else statement.targets
        name, default = target.id, ast.literal_eval(statement.value)
        kind = type(default)
    allowed = None
    if found := ALLOWED.search(comment):
        low, dots, high = found[1].partition("..")
        allowed = (float(low), float(high)) if dots else tuple(found[1].split("|"))
    return Parameter(name, kind, default, ALLOWED.sub("", comment).strip(), allowed)


def expect_parameters(namespace: Mapping[str, object], *names: str) -> None:
    """Raise when a notebook was given a parameter it does not have.

    papermill only warns of a mistyped parameter and runs the default, so a template asks for
    this before anything else.

    Parameters
    ----------
    namespace : mapping
        The notebook's ``globals()``, before it has set names of its own.
    *names : str
        The parameters it has.

    Raises
    ------
    ParameterError
        With the nearest name.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.expect_parameters({"region": "太行", "_": None}, "region", "lang")
    """
    shell = {"In", "Out", "get_ipython", "exit", "quit", "open", "lq", "papermill"}
    plain = (str, int, float, bool, list, dict, tuple, type(None))
    for name, value in namespace.items():
        if name.startswith("_") or name in shell or name in names:
            continue
        if isinstance(value, plain):
            hint = nearest(name, names) or names
            raise ParameterError(f"unknown parameter {name!r}; nearest: {', '.join(hint)}")
