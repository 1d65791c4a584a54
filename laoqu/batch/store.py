"""The outputs folder: locked while a batch writes, each run's folder replaced whole, a manifest."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from laoqu import paths
from laoqu.batch import key
from laoqu.errors import OutputError
from laoqu.paths import BESIDE


class Store:
    """An outputs folder under its lock, with the records of its runs by name.

    Parameters
    ----------
    folder : path, optional
        By default the checkout's ``outputs/`` or ``LAOQU_OUTPUTS``.

    Raises
    ------
    OutputError
        When it cannot be written, or another batch is writing into it.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        from filelock import FileLock, Timeout

        self.folder = Path(folder) if folder else paths.outputs()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.folder / ".lock", timeout=0)
            self._lock.acquire()
        except Timeout as error:
            message = f"another batch is writing into {self.folder}: wait for it to end"
            raise OutputError(f"{message}, or set LAOQU_OUTPUTS to another folder") from error
        except OSError as error:
            message = f"the outputs folder {self.folder} cannot be written: {error.strerror}"
            raise OutputError(f"{message} (set LAOQU_OUTPUTS to another folder)") from error
        self._clear()
        self.sets: dict[str, dict[str, str]] = {}
        self.records: dict[str, dict[str, object]] = {}
        try:
            manifest = json.loads(self.path.read_text(encoding="utf-8"))
            self.sets |= manifest["sets"]
            self.records |= {run["name"]: run for run in manifest["runs"] if _standing(run)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # none yet, or not one of ours: every run is new

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()  # the file stays: taking it away would open a gap for two

    @property
    def path(self) -> Path:
        """Where the manifest stands."""
        return self.folder / "manifest.json"

    def damaged(self, record: Mapping[str, object]) -> list[str]:
        """Return the files of a run that are not as it left them."""
        found = []
        for output in record["outputs"]:
            path = self.folder / output["path"]
            try:
                same = key.digest(path.read_bytes()) == output["sha256"]
                word = "" if same else "altered"
            except OSError:
                word = "missing"
            if word:
                found.append(f"{output['path']} {word}")
        return found

    def place(self, name: str, files: Mapping[str, bytes]) -> list[dict[str, object]]:
        """Write the files of a run beside its folder, then put them in the folder's place."""
        paths.place(self.folder, name, files)
        return [
            {"path": f"{name}/{file}", "bytes": len(data), "sha256": key.digest(data)}
            for file, data in sorted(files.items())
        ]

    def keep(self, name: str, files: Mapping[str, bytes]) -> None:
        """Put the notebook of a failed run beside what an earlier run left."""
        for file, data in files.items():
            self.write(f"{name}/{file}", data)

    def write(self, name: str, data: bytes) -> None:
        """Write one file whole, if it is not there already with the same bytes.

        Raises
        ------
        OutputError
            When it cannot be written; what stood there still stands.
        """
        path, beside = self.folder / name, None
        try:
            if path.is_file() and path.read_bytes() == data:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(prefix=BESIDE, dir=self.folder)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(beside).chmod(0o644)
            Path(beside).replace(path)
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            if beside:
                Path(beside).unlink(missing_ok=True)

    def drop(self, name: str) -> None:
        """Take away one file, if it is there."""
        with suppress(OSError):
            (self.folder / name).unlink(missing_ok=True)

    def save(self, **head: object) -> dict[str, object]:
        """Write ``manifest.json``: runs whose files stand, and the sets of files they used."""
        runs = [self.records[name] for name in sorted(self.records)]
        runs = [run for run in runs if run["status"] == "failed" or self._there(run)]
        used = {digest for run in runs for digest in run["parts"].values()}
        used |= {digest for run in runs for digest in (run.get("earlier") or run)["parts"].values()}
        sets = {digest: files for digest, files in sorted(self.sets.items()) if digest in used}
        manifest = {**head, "runs": runs, "sets": sets}
        text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
        self.write("manifest.json", text.encode())
        return manifest

    def _there(self, run: Mapping[str, object]) -> bool:
        return all((self.folder / output["path"]).is_file() for output in run["outputs"])

    def _clear(self) -> None:
        """Take away what a batch left that was killed; a folder it had just moved goes back."""
        paths.put_back(self.folder)
        for path in self.folder.glob(f"{BESIDE}*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _standing(run: Mapping[str, object]) -> bool:
    return {"name", "status", "key", "parts", "formats", "outputs", "parameters"} <= set(run)
