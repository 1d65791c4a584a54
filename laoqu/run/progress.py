"""What a person, a log or a program sees of a batch while it runs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence


class Progress:
    """Shows the events of a batch: a bar, a line a run, a JSON object an event, or nothing."""

    def __init__(self, mode: str) -> None:
        self.mode, self.bar, self.runs = mode, None, []
        self.total, self.began = 0, time.monotonic()

    def __call__(self, event: Mapping[str, object]) -> None:
        """Show an event of `laoqu.run.batch`; where nobody reads any more, the work goes on."""
        try:
            self._show(event)
        except OSError:
            self.mode = "quiet"

    def _show(self, event: Mapping[str, object]) -> None:
        kind, run = event["event"], event.get("run")
        if self.mode == "json":
            shown = {k: v for k, v in event.items() if k != "run"}
            if kind == "done":
                shown |= {name: getattr(run, name) for name in ("status", "cell", "error", "why")}
                shown |= {"run": run.name, "seconds": round(run.seconds, 2)}
            print(json.dumps({"run": run} | shown if kind == "start" else shown), flush=True)
        elif kind == "note" and self.mode != "quiet":
            print(f"laoqu: {event['text']}", file=sys.stderr)
        elif kind == "begin":
            self.total = event["runs"]
            if self.mode == "bar" and self.total:
                from tqdm import tqdm

                self.bar = tqdm(total=self.total, unit="run", dynamic_ncols=True, leave=False)
        elif kind == "done" and self.bar is not None:
            if run.status == "failed":
                self.bar.write(f"{run.name}  failed: {run.error}", file=sys.stderr)
            self.bar.update()
        if kind == "done":
            self.runs.append(run)
            if self.mode == "lines":
                left = (time.monotonic() - self.began) / len(self.runs)
                left *= self.total - len(self.runs)
                end = f", about {left:.0f} s left" if left > 0 else ""
                text = f"{run.name}  {run.status}  {run.seconds:.1f} s{end}"
                print(f"[{len(self.runs)}/{self.total}] {text}", flush=True)

    def more(self, runs: Sequence[object]) -> list[object]:
        """Return what was made beside the runs that were asked for, such as the index."""
        return [run for run in self.runs if run.name not in {each.name for each in runs}]

    def end(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
