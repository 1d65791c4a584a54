"""The outputs folder: what lies in it and why, what a run depends on, folders replaced whole.

Each folder of a run holds its own record, so that files and record come and go together.
``manifest.json`` is made from the records and never the other way round.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from laoqu import paths
from laoqu.errors import LaoquError, OutputError

#: Of what stands in a folder, and of the later run that failed.
RECORD, FAILED = ".laoqu.json", ".laoqu.failed.json"
#: Digests of the files that are made from all records; they tell whether these are current.
STATE = ".laoqu.state.json"
MANIFEST, FORMAT = "manifest.json", 2
#: Whatever begins like this is unfinished; whoever holds the lock clears it away.
BESIDE = paths.BESIDE
PACKAGES = ("papermill", "nbclient", "nbconvert", "ipython", "numpy", "pandas", "geopandas",
            "matplotlib", "jinja2", "typst", "pypandoc-binary")  # fmt: skip
#: Files of one's own that every notebook follows (see `laoqu.load`).
OWN = ("LAOQU_MEMBERSHIP", "LAOQU_BOUNDARIES", "LAOQU_CODING")
#: Words in the environment that change what is made.
SETTINGS = ("LAOQU_MEMBERSHIP_MODE", "LAOQU_COMMIT")


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def input_files() -> dict[str, dict[str, Path]]:
    """Return the files that every run depends on, by part: data, source, own, lock."""
    root, data, package = paths.checkout(), paths.data(), paths.PACKAGE
    own = {name: Path(os.environ[name]) for name in OWN if os.environ.get(name)}
    for name, path in own.items():
        if not path.is_file():
            raise LaoquError(f"{name}: {path} is not a file")
    lock = root / "requirements.lock" if root else None
    return {
        "data": {path.relative_to(data).as_posix(): path for path in _below(data)},
        "source": {path.relative_to(package).as_posix(): path for path in _below(package)},
        "own": {f"{name} ({path.name})": path for name, path in own.items()},
        "lock": {lock.name: lock} if lock and lock.is_file() else {},
    }


def inputs(files: Mapping[str, Mapping[str, Path]] | None = None) -> dict[str, dict[str, str]]:
    """Return the digests of `input_files`, and the versions of packages, by part."""
    files = input_files() if files is None else files
    found = {
        part: {name: digest(path.read_bytes()) for name, path in each.items()}
        for part, each in files.items()
    }
    found["own"] |= {name: os.environ[name] for name in SETTINGS if os.environ.get(name)}
    return found | {"versions": {"python": platform.python_version(), **packages()}}


def state(files: Mapping[str, Mapping[str, Path]]) -> dict[Path, object]:
    """Return what changes when a file is written, also when it is written as it was."""
    stats = {path: path.stat() for each in files.values() for path in each.values()}
    return {path: (it.st_size, it.st_mtime_ns, it.st_ctime_ns) for path, it in stats.items()}


def changed(files: Mapping[str, Mapping[str, Path]], before: Mapping[Path, object]) -> list[str]:
    """Return names of the files that are no more as in `before` (from `state`)."""
    try:
        now = state(files)
    except OSError as error:
        return [str(error.filename)]
    return [paths.display(path) for path in now if now[path] != before.get(path)]


def packages() -> dict[str, str]:
    """Return the versions of the packages that a run's bytes depend on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def changes(before: Mapping, now: Mapping, sets: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Say which parts of two keys differ, and in which files (`sets`: digest → file → digest)."""
    found = []
    for part in dict.fromkeys([*now, *before]):
        if before.get(part) == now.get(part):
            continue
        old, new = (sets.get(str(side.get(part)), {}) for side in (before, now))
        names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        found.append(f"{part}: {', '.join(names[:3])}{more}" if old and names else str(part))
    return found


class Store:
    """An outputs folder under its lock.

    Parameters
    ----------
    folder : path, optional
        By default the checkout's ``outputs/`` or ``LAOQU_OUTPUTS``.
    look : bool
        Only look: write nothing, take no lock.

    Raises
    ------
    OutputError
        When it cannot be written, or another batch is writing into it.
    """

    def __init__(self, folder: Path | str | None = None, look: bool = False) -> None:
        from filelock import FileLock, Timeout

        try:
            self.folder = (Path(folder).expanduser() if folder else paths.outputs()).resolve()
            self._lock = None if look else FileLock(self.folder / ".lock", timeout=0)
            if self._lock:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._lock.acquire()
                self._clear()
        except Timeout as error:
            message = f"another batch is writing into {self.folder}: wait for it to end"
            raise OutputError(f"{message}, or set LAOQU_OUTPUTS to another folder") from error
        except (OSError, RuntimeError, ValueError) as error:
            message = f"the outputs folder {folder or os.environ.get('LAOQU_OUTPUTS', 'outputs')}"
            message = f"{message} cannot be written: {getattr(error, 'strerror', '') or error}"
            raise OutputError(f"{message} (set LAOQU_OUTPUTS to another folder)") from error
        self.sets: dict[str, dict[str, str]] = {}
        self.aside = ""
        found = _json(self.folder / MANIFEST)
        if isinstance(found, dict) and found.get("format") == FORMAT:
            self.sets |= {k: v for k, v in found.get("sets", {}).items() if isinstance(v, dict)}
        elif (self.folder / MANIFEST).exists() and not look:
            self.aside = self._set_aside()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.release()  # the file stays: taking it away would open a gap for two

    def target(self, name: str) -> Path:
        """Return the path of `name`, which is inside the outputs whatever it is called."""
        path = self.folder / name
        inside = path.resolve()  # a link in it may lead anywhere
        if not inside.is_relative_to(self.folder) or inside == self.folder:
            raise OutputError(f"{name!r} does not lie inside {self.folder}")
        return path

    def record(self, name: str) -> tuple[dict | None, dict | None]:
        """Return the record of what stands in a run's folder, and of a later run that failed."""
        folder = self.target(name)
        return tuple(_record(folder / file, name) for file in (RECORD, FAILED))

    def damaged(self, record: Mapping[str, object]) -> list[str]:
        """Return the files of a run that are not as it left them."""
        found = []
        for output in record["outputs"]:
            try:
                data = self.target(output["path"]).read_bytes()
                word = "" if digest(data) == output["sha256"] else "altered"
            except OSError:
                word = "missing"
            if word:
                found.append(f"{output['path']} {word}")
        return found

    def place(self, name: str, files: Mapping[str, bytes], record: dict[str, object]) -> None:
        """Have the run's folder hold these files and its record, and no others.

        A file whose name begins with ``../`` lies beside the folder. A folder that no run of ours
        made is not touched.
        """
        folder = self.target(name)
        if folder.is_symlink() or (folder.exists() and not self._made(folder)):
            message = f"{name} was not made by laoqu and is left as it is: move it away first"
            raise OutputError(f"{paths.display(folder)}: {message}")
        above, inside, beside, outputs = name.rpartition("/")[0], {}, {}, []
        for file, data in sorted(files.items()):
            parts = Path(file.removeprefix("../")).parts
            path = f"{above}/{file[3:]}" if file.startswith("../") else f"{name}/{file}"
            if ".." in parts or not parts or parts[0] == "/":
                raise OutputError(f"{file!r} does not lie in the folder of the run {name}")
            (beside if file.startswith("../") else inside)[path if file[:3] == "../" else file] = (
                data
            )
            outputs.append({"path": path, "bytes": len(data), "sha256": digest(data)})
        record["outputs"] = outputs
        paths.place(self.folder, name, {**inside, RECORD: text_of(record)})
        for path, data in beside.items():
            self.write(path, data)

    def keep(self, name: str, files: Mapping[str, bytes], record: dict[str, object]) -> None:
        """Put the notebook of a failed run, and its record, beside what an earlier run left."""
        for file, data in {**files, FAILED: text_of(record)}.items():
            self.write(f"{name}/{file}", data)

    def write(self, name: str, data: bytes) -> None:
        """Write one file whole, if it is not there already with the same bytes."""
        path, beside = self.target(name), None
        try:
            if path.is_file() and path.read_bytes() == data:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(prefix=BESIDE, dir=self.folder)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(beside).chmod(0o666 & ~paths.umask())
            Path(beside).replace(path)
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            if beside:
                Path(beside).unlink(missing_ok=True)

    def runs(self) -> Iterator[dict[str, object]]:
        """Yield the records of all runs by name; a failed one holds its ``earlier``, if any."""
        folders = {path.parent for path in self.folder.rglob(".laoqu*.json")} - {self.folder}
        for folder in sorted(folders):
            name = folder.relative_to(self.folder).as_posix()
            good, failed = self.record(name)
            if good and not all(self.target(each["path"]).is_file() for each in good["outputs"]):
                good = None
            if failed:
                yield failed | ({"earlier": good} if good else {})
            elif good:
                yield good

    def manifest(self, **head: object) -> dict[str, object]:
        """Return what ``manifest.json`` says: every run, and the sets of files that they used."""
        runs = list(self.runs())
        every = [*runs, *(run["earlier"] for run in runs if "earlier" in run)]
        used = {code for run in every for code in run["parts"].values()}
        sets = {code: files for code, files in sorted(self.sets.items()) if code in used}
        return {"format": FORMAT, **head, "runs": runs, "sets": sets}

    def current(self, names: Iterable[str]) -> bool:
        """Say whether the files that are made from all records are as they were left."""
        found = _json(self.folder / STATE)
        try:
            return bool(found) and all(
                found[name] == digest((self.folder / name).read_bytes()) for name in names
            )
        except (OSError, KeyError, TypeError):
            return False

    def finish(self, files: Mapping[str, bytes]) -> None:
        """Write the files that are made from all records."""
        for name, data in files.items():
            self.write(name, data)
        self.write(STATE, text_of({name: digest(data) for name, data in files.items()}))

    def begin(self) -> None:
        """Say that the records are about to change."""
        with suppress(OSError):
            (self.folder / STATE).unlink(missing_ok=True)

    def _made(self, folder: Path) -> bool:
        name = folder.relative_to(self.folder).as_posix()
        return any(self.record(name)) or not any(folder.iterdir())

    def _set_aside(self) -> str:
        number = 1
        while (aside := self.folder / f"manifest.aside-{number}.json").exists():
            number += 1
        (self.folder / MANIFEST).replace(aside)
        return aside.name

    def _clear(self) -> None:
        """Take away what a batch left that was killed; a folder it had just moved goes back."""
        paths.put_back(self.folder)
        for path in self.folder.glob(f"{BESIDE}*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _below(folder: Path) -> list[Path]:
    skipped = {"__pycache__", "_share"}
    found = sorted(path for path in folder.rglob("*.*") if not skipped & set(path.parts))
    return [path for path in found if path.is_file()]


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _record(path: Path, name: str) -> dict[str, object] | None:
    """Return a record if it is whole, and of the folder in which it lies."""
    found = _json(path)
    needed = {"name", "notebook", "status", "parts", "formats", "outputs", "parameters", "recorded"}
    whole = isinstance(found, dict) and needed <= set(found) and found["name"] == name
    return found if whole else None


def text_of(value: object) -> bytes:
    """Return plain data as a JSON file."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
