"""What a command says of a batch: its runs as they end, and what became of all."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from laoqu import paths
from laoqu.run import Run


class Progress:
    """Takes the events of a batch (`tell`): shows a bar on a terminal, else a line a run."""

    def __init__(self, quiet: bool) -> None:
        self.quiet, self.bar, self.began = quiet, None, time.monotonic()
        self.total = self.done = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, kind: str, what: object) -> None:
        """Take an event; what it is stands in `laoqu.run.batch.run_notebook`."""
        with suppress(OSError):  # nobody reads any more: the work goes on
            if not self.quiet:
                self.show(kind, what)

    def show(self, kind: str, what: object) -> None:
        """Show one event."""
        if kind == "note":
            print(f"laoqu: {what}", file=sys.stderr)
        elif kind == "begin":
            self.total = what
            if what and sys.stderr and sys.stderr.isatty():
                from tqdm import tqdm

                self.bar = tqdm(total=what, unit="run", leave=False)
        elif kind == "done" and self.bar is not None:
            self.bar.update()
        elif kind == "done":
            self.done += 1
            left = (time.monotonic() - self.began) / self.done * (self.total - self.done)
            end = f", about {left:.0f} s left" if left > 0 else ""
            text = f"{what.name}  {what.status}  {what.seconds:.1f} s{end}"
            print(f"[{self.done}/{self.total}] {text}", flush=True)


def explain(runs: Sequence[Run]) -> None:
    """Say why each run would be made (``--why``)."""
    for run in runs:
        print(f"{run.name}: {'; '.join(run.why) or run.status}")


def summarise(runs: Sequence[Run], quiet: bool, only_failed: bool) -> bool:
    """Say what failed and where the rest is; return whether all is well."""
    counts = Counter(run.status for run in runs)
    for run in runs:
        if run.status == "failed":
            where = f" in cell {run.cell}" if run.cell else ""
            print(f"{run.name}  FAILED{where}: {run.error}")
            lines = run.last_lines if list(run.last_lines) != [run.error] else ()
            print("".join(f"    {line}\n" for line in lines), end="")
            left = (paths.outputs() / run.name).glob("*.failed.ipynb")
            print("".join(f"    see {paths.display(path)}\n" for path in left), end="")
    if not quiet:
        left = f", {counts['skipped']} not failed and not run" if only_failed else ""
        print(f"{counts['ok']} written, {counts['unchanged']} unchanged{left}, "
              f"{counts['failed']} failed: {paths.outputs() / _best(runs)}")  # fmt: skip
    return not counts["failed"]


def _best(runs: Sequence[Run]) -> str:
    """Return what to open: the page or the folder of the only run, else the index."""
    if len(runs) != 1:
        return "index.html"
    pages = [each["path"] for each in runs[0].outputs if each["path"].endswith(".html")]
    return (pages or [runs[0].name])[0]
