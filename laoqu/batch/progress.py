"""What a person, a log or a program sees of a batch while it runs."""

from __future__ import annotations

import json
import sys
import threading
import time

from laoqu.batch.job import Run

MODES = ("bar", "plain", "json", "quiet")


class Progress:
    """Takes the events of a batch and shows them.

    Parameters
    ----------
    mode : {"bar", "plain", "json", "quiet"}
        A bar on standard error, a line a run or one JSON object an event on standard output, or
        nothing.
    """

    def __init__(self, mode: str = "quiet") -> None:
        self.mode, self.total, self.finished, self.failed = mode, 0, 0, 0
        self.running: dict[str, None] = {}
        self.lock, self.bar = threading.Lock(), None

    def begin(self, total: int, unchanged: int) -> None:
        """Say how many runs there are to do, before the first."""
        self.total, self.began = total, time.monotonic()
        self._event(event="begin", runs=total, unchanged=unchanged)
        if self.mode == "bar" and total:
            from tqdm import tqdm

            self.bar = tqdm(total=total, unit="run", dynamic_ncols=True, leave=False)

    def start(self, name: str) -> None:
        """Say that a run has begun."""
        with self.lock:
            self.running[name] = None
            self._event(event="start", run=name)
            self._postfix()

    def done(self, run: Run) -> None:
        """Say how a run ended."""
        with self.lock:
            self.running.pop(run.name, None)
            self.finished += 1
            self.failed += run.status == "failed"
            self._event(
                event="done", run=run.name, status=run.status, seconds=round(run.seconds, 2),
                cell=run.cell, error=run.error, why=list(run.why),
            )  # fmt: skip
            line = f"{run.name}  {run.status}  {run.seconds:.1f} s"
            if self.mode == "plain":
                spent = time.monotonic() - self.began
                left = spent / self.finished * (self.total - self.finished)
                eta = f", about {left:.0f} s left" if self.finished < self.total else ""
                print(f"[{self.finished}/{self.total}] {line}{eta}", flush=True)
            elif self.bar is not None:
                if run.status == "failed":
                    self.bar.write(f"{run.name}  failed: {run.error}", file=sys.stderr)
                self.bar.update()
                self._postfix()

    def end(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()

    def say(self, text: str) -> None:
        """Say something about the batch as a whole."""
        self._event(event="note", text=text)
        if self.mode in ("bar", "plain"):
            print(f"laoqu: {text}", file=sys.stderr)

    def _postfix(self) -> None:
        if self.bar is not None:
            failed = f", {self.failed} failed" if self.failed else ""
            self.bar.set_postfix_str(f"{' '.join(self.running)}{failed}")

    def _event(self, **values: object) -> None:
        if self.mode == "json":
            print(json.dumps(values, ensure_ascii=False), flush=True)
