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
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from laoqu import paths
from laoqu.errors import LaoquError, ParameterError, nearest, shown

#: Bytes that a name of a folder may take; systems allow 255.
NAME_BYTES = 120
#: The most sets of parameters of one batch, and their values in YAML.
MOST_SETS, MOST_VALUES = 100_000, 2_000_000
#: What a parameter may be: a run and a record would make something else of anything else.
VALUE = "a finite number, text, True, False, None, or a list, or dict with text as keys, of such"
LITERAL = f"`name = value`, with {VALUE}"


class Notebook:
    """A notebook that can be run: read once, so that a change on disk meets no run half way.

    Parameters
    ----------
    name : str or Path
        A path, or the name of a notebook in ``notebooks/`` with or without suffix. A cell tagged
        ``parameters`` holds lines ``name = literal``; without one it takes none. Of a notebook
        that a run has made, the values of that run are the defaults.

    >>> Notebook("10_region_report").defaults
    {'region': 'yimeng', 'lang': 'zh'}
    """

    def __init__(self, name: Path | str) -> None:
        self.path = _find(str(name))
        self.name = paths.display(self.path)
        try:
            self.data = self.path.read_bytes()
            found = json.loads(self.data.decode())
            self.cells = found["cells"] if found["nbformat"] == 4 else None
            self.about = _dict(found["metadata"].get("laoqu"))
            kernel = _dict(found["metadata"].get("kernelspec"))
            self.language = str(kernel.get("language") or "python").lower()
            first, injected = (
                ["".join(cell["source"]) for cell in self.cells
                 if tag in cell["metadata"].get("tags", [])]
                for tag in ("parameters", "injected-parameters")
            )  # fmt: skip
        except OSError as error:
            raise ParameterError(f"{self.name} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            expected = "a notebook of format 4 in UTF-8 without a BOM: save it as such"
            raise ParameterError(f"{self.name} is not {expected}") from error
        for tag, cells in {"parameters": first, "injected-parameters": injected}.items():
            if len(cells) > 1:
                found = f"{len(cells)} cells are tagged {tag}, expected at most 1"
                raise ParameterError(f"{self.name}: {found}")
        self.defaults = self._read("".join(first), "parameters")
        self.injected = self._read("".join(injected), "injected-parameters")
        self.kinds = _dict(self.about.get("parameters"))
        #: A template makes what laoqu's own pages are; any other notebook is a user's.
        self.own = bool(self.about.get("folder")) and self.path.parent == paths.notebooks()
        #: In a folder that others share, the pages lie beside the folder of the run.
        self.shared = self.own and len(self.about["folder"]) == 1
        self.stem = _plain(str(self.about.get("kind", "report"))) or "report"

    def _read(self, source: str, cell: str) -> dict[str, object]:
        found, at = {}, 1
        try:
            for statement in ast.parse(source).body:
                at = statement.lineno
                (target,) = getattr(statement, "targets", None) or [statement.target]
                found[target.id] = value = ast.literal_eval(statement.value)
                if isinstance(statement, ast.AugAssign) or not _comes_back(value):
                    raise ValueError
        except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError) as error:
            at = getattr(error, "lineno", None) or at
            line = "".join(re.split("\r\n?|\n", source)[at - 1 : at]).strip()
            message = f"line {at} of the {cell} cell is `{line}`; expected {LITERAL}"
            raise ParameterError(f"{self.name}: {message}") from error
        return found

    def check(
        self, given: Mapping[str, object], kinds: Mapping[str, Callable], where: str = ""
    ) -> dict:
        """Return the full parameters of a run, or say what is wrong with `given`, and `where`.

        `kinds`: kind of a parameter in the notebook's metadata → what brings a value to its one
        form, or refuses it; others are taken as written. What is left out takes its default.
        """
        try:
            return self._checked(given, kinds)
        except LaoquError as error:
            if where:
                raise ParameterError(f"{where}: {error}") from error
            raise

    def _checked(self, given: Mapping[str, object], kinds: Mapping[str, Callable]) -> dict:
        given = self.injected | dict(given)
        for name in given:
            if name not in self.defaults:
                hint = ", ".join(nearest(str(name), self.defaults) or self.defaults)
                hint = f"nearest: {hint}" if hint else f"tag a cell `parameters` with {LITERAL}"
                message = f"unknown parameter {shown(name)} of {self.path.name}; {hint}"
                raise ParameterError(message)
        values = self.defaults | given
        for name, value in values.items():
            kind, default = kinds.get(str(self.kinds.get(name))), self.defaults[name]
            if value is default is None:
                continue
            expected = type(default) if default is not None else str if kind else type(value)
            if type(value) is int and (kind or expected is float):
                with suppress(ValueError, OverflowError):  # too long for either
                    value = expected(value)  # a code that YAML or papermill reads as a number
            wanted = f"{expected.__name__}, for example {default!r}"
            if type(value) is not expected or not _comes_back(value):
                found = f"{shown(value)} ({type(value).__name__})"
                wanted += "; only a default of None takes None" * (value is None)
                wanted = VALUE if type(value) is expected else wanted
                raise ParameterError(f"parameter {name!r} is {found}, expected {wanted}")
            values[name] = kind(value) if kind else value
        return values

    def parse(self, texts: Mapping[str, object]) -> dict[str, object]:
        """Return values from what a command line or a CSV file writes; `check` says what is wrong.

        >>> Notebook("11_county_card").parse({"adcode": "370323", "unknown": "7"})
        {'adcode': '370323', 'unknown': '7'}
        """
        found = dict(texts)
        for name, text in texts.items():
            if isinstance(text, str) and not isinstance(self.defaults.get(name, ""), str):
                plain = {"true": "True", "false": "False"}.get(text.casefold(), text)
                with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
                    found[name] = ast.literal_eval(plain)
        return found

    def place(self, values: Mapping[str, object]) -> str:
        """Return the folder of a run inside the outputs: always the same, and of no other run.

        A template names the parts of it in its metadata, ``$region`` for a value. Runs of any other
        notebook are below ``runs``, each with a hash of its notebook's path and its parameters.

        >>> Notebook("10_region_report").place({"lang": "en", "region": "taihang"})
        'en/taihang'
        """
        if self.own:
            parts = (str(part) for part in self.about["folder"])
            parts = [str(values[p[1:]]) or "default" if p[:1] == "$" else p for p in parts]
            parts += [self.stem] * self.shared
            return "/".join(_plain(part, part) for part in parts)
        shown = _plain(",".join(f"{name}={value}" for name, value in sorted(values.items())))
        stem = _plain(self.path.stem) or "notebook"
        code = digest_of([self.name, values])[:8]
        return f"runs/{stem}/{shown},{code}" if shown else f"runs/{stem}/{code}"

    def stands(self, name: str) -> str:
        """Return the folder of a run's pages."""
        return name.rpartition("/")[0] if self.shared else name

    def digest(self) -> str:
        """Return the digest of what the notebook does: its cells without outputs and counts."""
        keys = ("cell_type", "source", "metadata", "attachments")
        return digest_of([[each.get(key) for key in keys] for each in self.cells])

    def is_current(self) -> bool:
        """Whether the file still does what was read."""
        with suppress(LaoquError):
            return Notebook(self.path).digest() == self.digest()
        return False


def _dict(value: object) -> dict:
    """Return what a notebook's metadata say where they should say a dict."""
    return value if isinstance(value, dict) else {}


def _comes_back(value: object) -> bool:
    """Whether JSON, and so a run, gives a value back as it is."""
    with suppress(TypeError, ValueError, RecursionError):
        return repr(json.loads(json.dumps(value, allow_nan=False))) == repr(value)
    return False


def leaves(value: object) -> Iterator[object]:
    """Yield a value, or of a list or dict all that is in it, keys too."""
    if isinstance(value, list | dict):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        for each in inside:
            yield from leaves(each)
    else:
        yield value


def digest_of(value: object) -> str:
    """Return the SHA-256 of plain data, whatever the order of its keys."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def read_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """Return the parameters of texts ``NAME=VALUE``.

    >>> read_pairs(["region=yimeng", "lang=zh"])
    {'region': 'yimeng', 'lang': 'zh'}
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise ParameterError(f"-p {pair}: expected NAME=VALUE, also if VALUE begins with --")
        if name in found:
            raise ParameterError(f"-p {name} is given twice: several sets stand in a --params FILE")
        found[name] = value
    return found


def read_sets(file: Path, more: Mapping[str, object] = {}) -> dict[str, dict[str, object]]:
    """Return the sets of a CSV file (a row each) or a YAML list, each with `more`, given by -p.

    Each has the place where it stands, ``list.csv:2``.
    """
    if file.is_dir():
        raise ParameterError(f"{file} is a folder: name a .csv or .yaml file in it")
    if file.exists() and not file.is_file():
        raise ParameterError(f"{file} is no file: name a .csv or .yaml file")
    if file.suffix not in (".csv", ".yaml", ".yml"):
        raise ParameterError(f"{file}: expected a .csv or .yaml file")
    try:
        sets = (_rows if file.suffix == ".csv" else _items)(file)
    except ParameterError:
        raise
    except Exception as error:  # whatever YAML says of a file
        raise ParameterError(f"{file} cannot be read: {error}") from error
    if not 0 < len(sets) <= MOST_SETS:
        raise ParameterError(f"{file} holds {len(sets)} parameter sets, expected 1 to {MOST_SETS}")
    for where, each in sets.items():
        if both := [name for name in more if name in each]:
            message = f"{shown(both[0])} stands here and in -p: leave one of them out"
            raise ParameterError(f"{where}: {message}")
    return {where + " and -p" * bool(more): {**each, **more} for where, each in sets.items()}


def _rows(file: Path) -> dict[str, dict[str, object]]:
    """Read a CSV file as any program saves it; a cell that is missing or empty is refused."""
    from laoqu import grid

    text, _ = grid.decoded(file.read_bytes())
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first = text.partition("\n")[0]
    mark = max(",\t;|", key=first.count)
    try:
        grid.check_quotes(text, mark)
    except ValueError as error:
        why, line, column = error.args
        raise ParameterError(f"{file}:{line}:{column}: {why}") from error
    reader = csv.reader(io.StringIO(text), delimiter=mark, strict=True)
    head, sets = next(reader, []), {}
    if twice := [name for name in head if head.count(name) > 1]:
        raise ParameterError(f"{file}:1: the column {shown(twice[0])} stands there twice")
    for row in filter(None, reader):  # an empty line is no row
        where = f"{file}:{reader.line_num}"
        if len(row) != len(head):
            raise ParameterError(f"{where}: {len(row)} cell(s), expected {len(head)}")
        for at, (name, cell) in enumerate(zip(head, row, strict=True), start=1):
            if name and not cell.strip():  # the default may be another run than is meant
                why = f"empty cell for {name}: write a value, or leave the column out"
                raise ParameterError(f"{where}:{at}: {why}")
        sets[where] = {name: cell for name, cell in zip(head, row, strict=True) if name or cell}
    return sets


def _items(file: Path) -> dict[str, dict[str, object]]:
    """Read a YAML list; a key that stands in a mapping twice is refused."""
    import yaml

    from laoqu import grid

    # The reader of libyaml refuses deep nesting at once, ours after seconds.
    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
            names = [key.value for key, _ in node.value]
            for number, (key, _) in enumerate(node.value):
                if key.value in names[:number]:
                    where = f"{file}:{key.start_mark.line + 1}"
                    raise ParameterError(f"{where}: the key {shown(key.value)} stands there twice")
            return super().construct_mapping(node, deep)

        def whole(self, node: yaml.ScalarNode) -> int:
            found = self.construct_yaml_int(node)
            if re.match(r"[-+]?0\d|.*:", node.value):  # 010 is eight, 12:30 is 750
                where = f"{file}:{node.start_mark.line + 1}"
                why = f"{node.value} is {found} to YAML: write that, or quotation marks for text"
                raise ParameterError(f"{where}: {why}")
            return found

    Loader.add_constructor("tag:yaml.org,2002:int", Loader.whole)
    loader = Loader(grid.decoded(file.read_bytes())[0])
    node = loader.get_single_node()
    if _count(node, {}) > MOST_VALUES:
        message = f"{file} holds more than {MOST_VALUES:,} values, with those that its aliases"
        raise ParameterError(f"{message} repeat: write them out")
    sets = node and loader.construct_document(node)
    if not isinstance(sets, list) or not all(isinstance(each, dict) for each in sets):
        raise ParameterError(f"{file}: expected a list of parameter sets")
    lines = [each.start_mark.line + 1 for each in node.value]
    return {f"{file}:{line}": each for line, each in zip(lines, sets, strict=True)}


def _count(node: object, known: dict[int, int]) -> int:
    """Count the values below a node of YAML, those of an alias each time that it stands there."""
    inside = getattr(node, "value", node)  # of a mapping, pairs of nodes
    if not isinstance(inside, list | tuple):
        return 1
    if id(node) not in known:
        known[id(node)] = MOST_VALUES + 1  # what holds itself never ends
        known[id(node)] = 1 + sum(_count(each, known) for each in inside)
    return known[id(node)]


def expect_parameters(namespace: Mapping[str, object], *names: str) -> None:
    """Raise `ParameterError` when a notebook was given a parameter that is none of its `names`.

    papermill only warns of one; `namespace` is ``globals()``. In IPython the cells that papermill
    adds are looked at, elsewhere all that stands in `namespace`.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.expect_parameters({"region": "太行", "_": None}, "region", "lang")
    """
    plain = (str, int, float, bool, list, dict, tuple, type(None))
    if ran := namespace.get("In", [])[1:]:
        added = "\n".join(source for source in ran if source.startswith("# Parameters\n"))
        given = [each.targets[0].id for each in ast.parse(added).body]
    else:
        given = [name for name, value in namespace.items() if isinstance(value, plain)]
    for name in given:
        if name not in (*names, "In", "Out") and not name.startswith("_"):
            hint = ", ".join(nearest(name, names) or names)
            raise ParameterError(f"unknown parameter {name!r}; nearest: {hint}")


def _find(name: str) -> Path:
    path, found = Path(name), f"no file {shown(name)} here"
    known = {each.stem: each for each in sorted(paths.notebooks().glob("*.ipynb"))}
    try:
        if path.is_file() and path.suffix.lower() == ".ipynb":
            return path.resolve()
        if name and path.exists():
            found = f"{shown(name)} is {'a folder' if path.is_dir() else 'no .ipynb file'} here"
    except (OSError, ValueError, RuntimeError):
        pass  # a name that no system has
    if (stem := path.name.removesuffix(".ipynb")) in known and path.name == name:
        return known[stem]
    hint = ", ".join(nearest(stem, known) or known)
    message = f"{found} and no notebook of that name"
    raise ParameterError(f"{message}; nearest: {hint}")


def _plain(text: str, only: str = "") -> str:
    """Return `text` as the name of a folder; of a text that is none, `only` asks for a hash."""
    coding = sys.getfilesystemencoding()  # of an old locale, which may lack Chinese characters
    plain = text.encode(coding, errors="replace").decode(coding)
    plain = re.sub(r"[^\w=,.+-]", "-", plain).lstrip(".").encode(coding)[:NAME_BYTES]
    plain = plain.decode(coding, errors="ignore")
    return plain if plain == text or not only else f"{plain}-{digest_of(only)[:8]}"
