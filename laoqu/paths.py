"""Where things are: in a checkout, in an installed wheel, or where the environment says.

nbval runs a notebook in the notebook's own folder and papermill in the caller's, so nothing in
laoqu may rely on the working directory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from glob import escape
from itertools import chain
from pathlib import Path

from laoqu.errors import OutputError, ParameterError, nearest, shown

PACKAGE = Path(__file__).resolve().parent
#: A wheel carries data/, docs/ and notebooks/ inside the package (see pyproject.toml).
SHARED = PACKAGE / "_share"
#: What is said of the notebooks that `notebooks_to_edit` copies.
COPIES = ": copies; laoqu run FILE.ipynb runs one of them, laoqu report and others the installed"
#: Files of a reader's own that may stand in the place of ours.
OWN = ("membership", "boundaries", "coding")
#: What the environment can say, behind ``LAOQU_``.
VARIABLES = [*map(str.upper, OWN), "MEMBERSHIP_MODE", "DATA", "OUTPUTS", "AGENT", "COMMIT"]
VARIABLES += ["EXTERNAL_DATA", "REQUIRE_BROWSER"]
#: Whatever begins like this is unfinished; the number of its process follows, and once that has
#: ended, whoever finds it under the lock may clear it away.
BESIDE = ".laoqu-"
REPLACED = f"{BESIDE}old-"


def described(name: str) -> dict[str, object]:
    """Return what a ``.toml`` file of the package says, by its path inside."""
    return tomllib.loads((PACKAGE / name).read_text(encoding="utf-8"))


def checkout() -> Path | None:
    """Return the root of the checkout laoqu runs from, or None when it is an installed wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "data").is_dir() else None


def data() -> Path:
    """Return the data folder: ``LAOQU_DATA``, the checkout's, or the wheel's."""
    folder = _named("LAOQU_DATA", (checkout() or SHARED) / "data")
    if os.environ.get("LAOQU_DATA") and not (folder / "curated").is_dir():
        why = "has no folder 'curated': set it to a data folder of laoqu, or unset it"
        raise ParameterError(f"LAOQU_DATA is {folder}, which {why}")
    return folder


def notebooks() -> Path:
    """Return the folder of the notebooks and papermill templates."""
    return (checkout() or SHARED) / "notebooks"


def docs() -> Path:
    """Return the folder of the pages that messages name."""
    return (checkout() or SHARED) / "docs"


def notebooks_to_edit() -> Path:
    """Return `notebooks`; of a wheel, into which nothing is written, copies beside the caller.

    `OutputError` where JupyterLab, which opens them, has no folder to write into.
    """
    from jupyter_core.paths import jupyter_data_dir, jupyter_runtime_dir

    needed = {"JUPYTER_DATA_DIR": jupyter_data_dir(), "JUPYTER_RUNTIME_DIR": jupyter_runtime_dir()}
    for name, path in needed.items():
        with suppress(OSError):
            Path(path).mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            said = f"Jupyter cannot write into {path}: set {name} to another folder"
            raise OutputError(said)
    if checkout():
        return notebooks()
    folder = Path.cwd() / "laoqu-notebooks"
    folder.mkdir(exist_ok=True)
    for path in notebooks().glob("*.ipynb"):
        if not (folder / path.name).exists():
            shutil.copyfile(path, folder / path.name)
    return folder


def outputs() -> Path:
    """Return the outputs folder: ``LAOQU_OUTPUTS``, the checkout's, or ``./outputs``."""
    return _named("LAOQU_OUTPUTS", (checkout() or Path()) / "outputs")


def _named(variable: str, default: Path) -> Path:
    named = os.environ.get(variable) or default
    return expanded(named, f"set {variable} to another folder").resolve()


def require_paths(given: Mapping[str, object]) -> None:
    """Refuse what is neither a path nor None, by the name of the argument; "" is none."""
    for name, path in given.items():
        if path is not None and (not isinstance(path, str | os.PathLike) or path == ""):
            raise ParameterError(f"{name} is {shown(path)}, expected a path, or none at all")


def expanded(path: Path | str, hint: str = "write the folder out") -> Path:
    """Return a path whose ``~`` is written out; one that no system can find is an OutputError."""
    try:
        found = Path(path).expanduser()
        found.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # no such user, a loop of links
        why = "no such user is known" if str(path).startswith("~") else error
        raise OutputError(f"{str(path)!r} cannot be found: {why}; {hint}") from error
    return found


def folder_of(folder: Path | str | None) -> Path:
    """Return a data folder as given, by default the collection's own."""
    require_paths({"folder": folder})
    return Path(folder) if folder else data()


def own_files(given: Mapping[str, object] = {}, check: bool = True) -> dict[str, Path]:
    """Return the reader's own files: as given, else as the environment says (LAOQU_…)."""
    require_paths(given)
    for name in (each for each in os.environ if check and each[:6].upper() == "LAOQU_"):
        known = nearest(name[6:], VARIABLES, n=1, cutoff=0.7)
        if known and name != f"LAOQU_{known[0]}":
            raise ParameterError(f"nothing reads {name}; did you mean LAOQU_{known[0]}?")
    said = {name: given.get(name) or os.environ.get(f"LAOQU_{name.upper()}") for name in OWN}
    found = {name: Path(path) for name, path in said.items() if path}
    for name, path in found.items():
        if check and not given.get(name) and not path.is_file():
            why = "is no file: set it to a file, or unset it"
            raise ParameterError(f"LAOQU_{name.upper()} is {path}, which {why}")
    return found


def of_environment(given: Mapping[str, object]) -> str:
    """Say which of the reader's own files only the environment names, and what follows; or ""."""
    found = [kind for kind in own_files(given) if not given.get(kind)]
    names = ", ".join(f"LAOQU_{kind.upper()}={own_files()[kind]}" for kind in found)
    more = "the prose of notebooks 00 to 08 was written of the data as published"
    return f"in the place of shipped data: {names}; {more}" if found else ""


def beside(path: Path) -> list[Path]:
    """Return a file with those that belong to it: of a Shapefile all of its name.

    A database that is open elsewhere has its last changes in a file of its own.
    """
    if path.suffix.lower() != ".shp":
        log = Path(f"{path}-wal")
        return [path, log] if log.is_file() else [path]
    return sorted(path.parent.glob(f"{escape(path.stem)}.*"))


def other_data(folder: Path) -> dict[str, Path]:
    """Return a data folder that says another thing of itself than the collection as published."""
    ours, said = (checkout() or SHARED) / "data" / "datapackage.json", folder / "datapackage.json"
    if not ours.is_file() or not said.is_file() or ours.read_bytes() == said.read_bytes():
        return {}
    return {"data": folder}


def own_mode(given: str | None = None) -> str:
    """Return what is given, else what the environment says of areas that an own list leaves out."""
    return (os.environ.get("LAOQU_MEMBERSHIP_MODE") or "only") if given is None else given


def stamp(path: Path) -> object:
    """Return what changes when a file is written."""
    with suppress(OSError):  # it went
        stat = path.stat()
        return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
    return None


def state(folder: Path | None = None, own: Mapping | None = None, mode: str = "") -> object:
    """Return what differs once a file that a plan is read from has changed, or is another."""
    folder, own = folder or data(), own_files() if own is None else own
    files = [*sorted(folder.rglob("*")), *chain(*map(beside, own.values()))]
    return str(folder), mode or own_mode(), *((str(path), stamp(path)) for path in files)


def display(path: Path) -> str:
    """Return `path` as a person would name it: ``data/…`` rather than a place on this machine."""
    named = {data(): "data", notebooks(): "notebooks", checkout(): ""}
    if not os.environ.get("LAOQU_OUTPUTS"):
        named = {outputs(): "outputs", **named}
    for base, name in named.items():
        if base and Path(path).is_relative_to(base):
            return str(Path(name) / Path(path).relative_to(base))
    return str(path)


def write(path: Path, data: bytes, beside: Path | None = None) -> None:
    """Write one file: under its name stands all of it, or what stood there; else an OutputError.

    It is begun in the folder `beside`, by default its own.
    """
    begun = None
    try:
        target = expanded(path).resolve()
        handle, begun = tempfile.mkstemp(prefix=_begun(), dir=beside or target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(begun).chmod(0o666 & ~umask())
        Path(begun).replace(target)
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        hint = "" if path.parent.is_dir() else "; name a file in a folder that is there"
        raise OutputError(f"{str(display(path))!r} cannot be written: {why}{hint}") from error
    finally:
        if begun:
            Path(begun).unlink(missing_ok=True)


def place(folder: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Have `folder`/`name` hold these files (path → content) and no others, or an OutputError.

    They are written beside it and put there whole. What stood there is moved aside meanwhile, as
    ``.laoqu-old-…``; the next call for the same name, or `put_back`, returns it if a process is
    killed between the two.
    """
    target, old = folder / name, folder / f"{REPLACED}{name.replace('/', '~')}"
    beside = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        put_back(folder, old.name)
        beside = Path(tempfile.mkdtemp(prefix=_begun(), dir=folder))
        for file, data in files.items():
            for parent in [*Path(file).parents][-2::-1]:  # `beside` itself must still be there
                (beside / parent).mkdir(exist_ok=True)
            (beside / file).write_bytes(data)
        beside.chmod(0o777 & ~umask())
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.replace(old)
        beside.replace(target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{display(target)} cannot be written: {why}") from error
    finally:
        if beside:
            put_back(folder, old.name)
            shutil.rmtree(beside, ignore_errors=True)


def _begun() -> str:
    return f"{BESIDE}{os.getpid()}-"


def clear(folder: Path) -> None:
    """Take away what a process began in a folder and was killed; what it moved aside goes back."""
    import psutil

    put_back(folder)
    for path in folder.glob(f"{BESIDE}*"):
        number = path.name.removeprefix(BESIDE).partition("-")[0]
        if number.isdecimal() and psutil.pid_exists(int(number)):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def put_back(folder: Path, only: str = "") -> None:
    """Return what `place` had moved aside to its place, where nothing stands there now."""
    for path in [folder / only] if only else list(folder.glob(f"{REPLACED}*")):
        target = folder / path.name.removeprefix(REPLACED).replace("~", "/")
        if target.exists():
            shutil.rmtree(path, ignore_errors=True)
        elif path.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


def umask() -> int:
    """Return the rights that the user takes from new files."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
