"""The outputs folder: what lies in it and why, what a run depends on, folders replaced whole.

Each folder of a run holds its own record, so that files and record come and go together.
``manifest.json`` is made from the records and never the other way round.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import file_digest
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path

from laoqu import paths
from laoqu.errors import OutputError, sentence
from laoqu.run.parameters import digest_of
from laoqu.source import digest, regular

#: Of what stands in a folder, and of a run that failed since; that of the outputs folder, what is
#: made from all records, is gone while these change.
RECORD, FAILED = ".laoqu.json", ".laoqu.failed.json"
MANIFEST, FORMAT = "manifest.json", 3
#: What the index shows whatever was run.
PARTS = ".index.json"
FILES = [{"path": "", "bytes": 0, "sha256": ""}]
#: What a record has at least, and of which kinds; None stands for every name.
FORM = {
    "name": "", "notebook": "", "status": "", "error": "", "formats": [""], "parameters": {},
    "parts": {None: "", "notebook": ""}, "outputs": FILES,
    "recorded": {"made": "", "seconds": 0.0},
}  # fmt: skip
#: The same of files in the outputs folder: only what has this form is ours.
OURS = {
    MANIFEST: {"format": 0, "runs": [{}], "sets": {None: {None: ""}}},
    PARTS: {"digest": ""}, RECORD: FILES,
}  # fmt: skip
#: What is nobody's work: records, notebooks of runs that failed, what programs leave in folders.
NO_WORK = re.compile(
    r"(?:^|/)(?:\.laoqu[^/]*\.json|[^/]*\.failed\.ipynb|\.ipynb_checkpoints|\.DS_Store|Thumbs\.db"
    r"|desktop\.ini|~\$[^/]*|\.~lock[^/]*)(?:/|$)"
)
INDEX, CRATE = "index.html", "ro-crate-metadata.json"
PACKAGES = ("papermill", "nbclient", "nbconvert", "ipython", "numpy", "pandas", "geopandas",
            "matplotlib", "jinja2", "typst", "pypandoc-binary")  # fmt: skip
#: Where the system shows itself as files: no input of a run, and reading some never ends.
SYSTEM = ("/proc", "/sys")
#: Words in the environment that change what is made.
SETTINGS = ("LAOQU_MEMBERSHIP_MODE", "LAOQU_COMMIT")


class Inputs:
    """What every run depends on, as it is now: ``parts``, name → file → digest.

    Data, source, lock file, the reader's own files and settings, versions of packages.
    """

    def __init__(self) -> None:
        #: File → its state, and its digest.
        self.known: dict[Path, tuple[object, str]] = {}
        own = paths.own_files()
        self.parts = {
            part: self.add({path.relative_to(folder).as_posix(): path for path in _below(folder)})
            for part, folder in (("data", paths.data()), ("source", paths.PACKAGE))
        }
        said = {name: os.environ[name] for name in SETTINGS if os.environ.get(name)}
        every = {f"{name} ({each.name})": each for name in own for each in paths.beside(own[name])}
        own = self.add(every)
        lock = (paths.checkout() or Path()) / "requirements.lock"
        lock = {lock.name: lock} if paths.checkout() and lock.is_file() else {}
        versions = {"python": platform.python_version(), **packages()}
        self.parts |= {"own": own | said, "lock": self.add(lock), "versions": versions}
        self.common = [*self.known]

    def add(self, files: Mapping[str, Path]) -> dict[str, str]:
        """Return the digests of more files, which are watched from now on."""
        for path in {*files.values()} - {*self.known}:
            self.known[path] = paths.stamp(path), digest_now(path)
        return {name: self.known[path][1] for name, path in files.items()}

    def changed(self, more: Iterable[Path] = ()) -> list[str]:
        """Return the names of files of all runs, and `more`, that were written since."""
        known = {path: self.known[path][0] for path in (*self.common, *more) if path in self.known}
        return [path.name for path, stamp in known.items() if paths.stamp(path) != stamp]


def packages() -> dict[str, str]:
    """Return the versions of the packages that a run's bytes depend on."""
    found = dict.fromkeys(PACKAGES, "none")
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def is_system(path: Path) -> bool:
    """Whether a path lies where the system shows itself as files."""
    return any(map(path.is_relative_to, SYSTEM))


def digest_now(path: Path) -> str:
    """Return the digest of a file as it is now, if it is there."""
    with suppress(OSError):
        if path.is_file() and not is_system(path):
            with path.open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
    return "none"


def digests(parts: Mapping[str, object]) -> dict[str, str]:
    """Return the digest of each part."""
    return {name: digest_of(part) for name, part in parts.items()}


def changes(before: Mapping, now: Mapping, sets: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Say which parts of two keys differ, and in which files (`sets`: digest → file → digest)."""
    found = []
    for part in dict.fromkeys([*now, *before]):
        if before.get(part) != now.get(part):
            old, new = (sets.get(str(side.get(part)), {}) for side in (before, now))
            names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            found.append(f"{part}: {', '.join(names[:3])}{more}" if old and names else part)
    return found


class Store:
    """An outputs folder under its lock; with `look`, nothing is written and no lock taken.

    `OutputError` when it cannot be written, or another batch is writing into it.
    """

    def __init__(self, folder: Path | str | None = None, look: bool = False) -> None:
        from filelock import FileLock, Timeout

        try:
            folder, hint = folder or paths.outputs(), "set LAOQU_OUTPUTS to another folder"
            self.folder = paths.expanded(folder, hint).resolve()
            if self.folder == self.folder.parent:
                raise OutputError(f"the outputs folder is {folder}, the root of all files: {hint}")
            self._lock = None if look else FileLock(self.folder / ".lock", timeout=0)
            if self._lock:
                self.folder.mkdir(parents=True, exist_ok=True)
                # Without it filelock takes the folder for locked; a link leads outside.
                lock = self.folder / ".lock"
                lock.touch(exist_ok=not lock.is_symlink())
                self._lock.acquire()
                paths.clear(self.folder)
        except Timeout as error:
            message = f"another batch is writing into {self.folder}: wait for it to end"
            raise OutputError(f"{message}, or {hint}") from error
        except OSError as error:
            message = f"the outputs folder {folder} cannot be written: {sentence(error)}"
            raise OutputError(f"{message} ({hint})") from error
        self.sets: dict[str, dict[str, str]] = {}
        #: Files of others that stood where ours are written → what they are called now.
        self.aside: dict[str, str] = {}
        found = {name: _json(self.folder / name) for name in OURS}
        ours = {name for name, form in OURS.items() if found[name] and _fits(found[name], form)}
        if MANIFEST in ours and found[MANIFEST]["format"] != FORMAT:
            ours.remove(MANIFEST)
        elif MANIFEST in ours:
            self.sets |= found[MANIFEST]["sets"]
        ours |= {INDEX, CRATE} if ours else set()
        for name in () if look else (INDEX, CRATE, *OURS):
            path = self.folder / name
            if name in ours or not path.exists():
                continue
            self.aside[name] = self._free(path.stem, path.suffix)
            path.replace(self.folder / self.aside[name])

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.release()  # the file stays: taking it away would open a gap for two

    def target(self, name: str) -> Path:
        """Return the path of `name`, which is inside the outputs whatever it is called."""
        path = self.folder / name
        try:
            inside = path.resolve()  # a link in it may lead anywhere
        except (OSError, RuntimeError, ValueError):  # as no file can be called
            inside = self.folder
        if not inside.is_relative_to(self.folder) or inside == self.folder:
            link = next((each for each in path.parents if each.is_symlink()), path)
            why = f": {link} is a symbolic link" if link.is_symlink() else ""
            raise OutputError(f"{name!r} does not lie inside {self.folder}{why}")
        return path

    def linked(self, name: str) -> bool:
        """Say whether a symbolic link inside the outputs leads to `name`."""
        path = self.folder / name
        return any(each.is_symlink() for each in (path, *path.parents))

    def record(self, name: str, file: str = RECORD) -> dict[str, object] | None:
        """Return a record of a run's folder, if it is whole and of this folder."""
        found = _json(self.target(name) / file)
        if not _fits(found, FORM) or found["name"] != name:
            return None
        try:
            when, seconds = found["recorded"]["made"], found["recorded"]["seconds"]
            datetime.fromisoformat(when) - timedelta(seconds=seconds)
            for path in (self.target(output["path"]) for output in found["outputs"]):
                path.relative_to(self.folder / Path(name).parent)
                path.is_file()
        except (OSError, OverflowError, ValueError, OutputError):  # no time, or no file of it
            return None
        return found

    def damaged(self, outputs: list[Mapping[str, str]]) -> list[str]:
        """Return the files that are not as they were left."""
        found = []
        for output in outputs:
            now = digest_now(self.folder / output["path"])
            if now != output["sha256"]:
                found.append(f"{output['path']} {'missing' if now == 'none' else 'altered'}")
        return found

    def place(
        self, name: str, files: Mapping[str, bytes], record: dict, beside: Mapping = {}
    ) -> str:
        """Have the run's folder hold these files and its record, and no others.

        Those of `beside` lie above it. A folder that no run of ours made is not touched; files in
        ours that no run left so are put aside, which is said.
        """
        folder, above = self.claimed(name), name.rpartition("/")[0]
        ours = {each["path"] for each in (self.record(name) or {"outputs": ()})["outputs"]}
        for file in beside:
            if f"{above}/{file}" not in ours and self.target(f"{above}/{file}").exists():
                why = "was not made by laoqu and is left as it is: move it away first"
                raise OutputError(f"{self.folder / above / file} {why}")
        for file in files:
            if folder not in Path(os.path.normpath(folder / file)).parents:
                raise OutputError(f"{file!r} does not lie in the folder of the run {name}")
        every = {f"{name}/{file}": data for file, data in files.items()}
        every |= {f"{above}/{file}": data for file, data in beside.items()}
        record["outputs"] = listed(dict(sorted(every.items())))
        said = self._put_aside(name, [f"{above}/{file}" for file in beside])
        paths.place(self.folder, name, {**files, RECORD: text_of(record)})
        for file, data in beside.items():
            self.write(f"{above}/{file}", data)
        return said

    def _put_aside(self, name: str, beside: Iterable[str]) -> str:
        """Copy what a reader laid into the folder of a run, or changed in it, to one of its own."""
        folder, record = self.folder / name, self.record(name) or {"outputs": ()}
        known = {self.folder / each["path"]: each["sha256"] for each in record["outputs"]}
        every = [*folder.rglob("*"), *(self.folder / file for file in beside)]
        other = {
            path: path.name if path.parent == folder.parent else path.relative_to(folder)
            for path in sorted(every)
            if not NO_WORK.search(path.relative_to(folder.parent).as_posix())
            and path.is_file() and known.get(path) != digest_now(path)
        }  # fmt: skip
        if not other:
            return ""
        aside = self._free(name)
        try:
            for path, file in other.items():
                copy = self.target(f"{aside}/{file}")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy)
        except OSError as error:
            why = f"{aside} cannot be written: {sentence(error)}"
            raise OutputError(
                f"{why}; it would keep {', '.join(map(str, other.values()))}"
            ) from error
        shown = ", ".join(map(str, [*other.values()][:3])) + ", …" * (len(other) > 3)
        return f"{name} held what laoqu had not left so ({shown}): it is now in {aside}"

    def _free(self, name: str, suffix: str = "") -> str:
        """Return a name beside one in the folder, for what is put aside."""
        names = (f"{name}.aside-{number}{suffix}" for number in count(1))
        return next(each for each in names if not (self.folder / each).exists())

    def claimed(self, name: str) -> Path:
        """Return the folder of a run; one that no run of ours made is refused."""
        folder = self.target(name)
        ours = self.record(name) or self.record(name, FAILED)
        made = not folder.exists() or ours or not any(folder.iterdir())
        if folder.is_symlink() or not made:
            why = f"{name} was not made by laoqu and is left as it is: move it away first"
            if folder.is_symlink():
                why = "it is a symbolic link and is left as it is: remove it first"
            elif links := [each.name for each in folder.rglob("*") if each.is_symlink()]:
                why = f"{links[0]} in it is a symbolic link: remove it, or move the folder away"
            elif (folder / RECORD).exists():
                why = f"its {RECORD} is damaged or of another folder: move the folder away"
            raise OutputError(f"{folder}: {why}")
        return folder

    def keep(self, name: str, files: Mapping[str, bytes], record: dict[str, object]) -> None:
        """Put the notebook of a failed run, and its record, beside what an earlier run left."""
        self.claimed(name)
        for file, data in {**files, FAILED: text_of(record)}.items():
            self.write(f"{name}/{file}", data)

    def write(self, name: str, data: bytes) -> None:
        """Write one file whole, if it is not there already with the same bytes."""
        path = self.target(name)
        with suppress(OSError):
            if path.read_bytes() == data:
                return
        with suppress(OSError):  # it is said below
            path.parent.mkdir(parents=True, exist_ok=True)
        paths.write(path, data, beside=self.folder)

    def runs(self) -> Iterator[dict[str, object]]:
        """Yield the records of runs by name, of a failed one with the ``earlier`` that stands."""
        folders = {path.parent for path in self.folder.glob("*/**/.laoqu*.json")}
        names = {path.relative_to(self.folder).as_posix() for path in folders}
        for name in sorted(name for name in names if not self.linked(name)):
            good, failed = self.record(name), self.record(name, FAILED)
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

    def current(self) -> bool:
        """Say whether the files that are made from all records are as they were left."""
        found = _json(self.folder / RECORD)
        return _fits(found, FILES) and not self.damaged(found)

    def kept(self, key: str) -> object:
        """Return the parts of the index that were made from the same files, if they are whole."""
        found = _json(self.folder / PARTS)
        with suppress(KeyError, TypeError):
            if found["digest"] == digest_of([key, found["parts"]]):
                return found["parts"]
        return None

    def keep_parts(self, key: str, parts: object) -> None:
        """Keep the parts of the index, which take as long as a report and rarely change."""
        self.write(PARTS, text_of({"digest": digest_of([key, parts]), "parts": parts}))

    def begin(self) -> None:
        """Say that the records are about to change: a crate would say less than lies there."""
        for name in (RECORD, CRATE):
            with suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)


def listed(files: Mapping[str, bytes]) -> list[dict[str, object]]:
    """Return path, size and digest of each file."""
    return [{"path": path, "bytes": len(data), "sha256": digest(data)}
            for path, data in files.items()]  # fmt: skip


def text_of(value: object) -> bytes:
    """Return plain data as a JSON file."""
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    return text.encode(errors="backslashreplace")  # as JSON escapes a half character


def _fits(found: object, form: object) -> bool:
    """Whether what a file holds has the form of an example."""
    if not isinstance(found, type(form)):
        return False
    if isinstance(form, dict):
        form = dict.fromkeys(found, form[None]) | form if None in form else form
        return all(name in found and _fits(found[name], each)
                   for name, each in form.items() if name is not None)  # fmt: skip
    return not isinstance(form, list) or all(_fits(each, form[0]) for each in found)


def _below(folder: Path) -> list[Path]:
    found = sorted(regular(path) for path in folder.rglob("*.*") if path.is_file())
    skipped = {"__pycache__", "_share"}
    return [path for path in found if not skipped & set(path.relative_to(folder).parts)]


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return None
