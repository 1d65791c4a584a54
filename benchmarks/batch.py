"""What a batch of reports costs beside the shell loop that people write, in the same run.

Run ``python benchmarks/batch.py [cold | again | scale | dask]…`` (by default all four) from a
checkout; ``CARDS="24 96"`` chooses how many cards. Every figure is a ratio taken in one run of
this script; memory is the largest sum of private memory over the whole tree of processes,
sampled twice a second. That holds up who is looked at, so `cold` is timed without.
"""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
REPORT = ROOT / "notebooks" / "10_region_report.ipynb"
CARD = ROOT / "notebooks" / "11_county_card.ipynb"
LAOQU = [str(BIN / "laoqu")]
JOBS = 2


class Cost(NamedTuple):
    """What a command took: seconds of wall time, most memory of its tree (MiB), CPU seconds."""

    seconds: float
    mib: float | None = None
    cpu: float = 0.0


def timed(command: list[str], **variables: str) -> Cost:
    """Run a command to its end; a command that fails ends the benchmark."""
    began, before = time.perf_counter(), _cpu()
    subprocess.run(
        command, cwd=ROOT, env=os.environ | variables, stdout=subprocess.DEVNULL, check=True
    )
    return Cost(time.perf_counter() - began, cpu=_cpu() - before)


def measured(command: list[str], **variables: str) -> Cost:
    """As `timed`, with the memory of the whole tree."""
    began, before = time.perf_counter(), _cpu()
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | variables, stdout=subprocess.DEVNULL
    )
    most, done = [0.0], threading.Event()

    def sample() -> None:
        while not done.wait(0.5):
            most[0] = max(most[0], _memory(process.pid))

    watcher = threading.Thread(target=sample)
    watcher.start()
    status = process.wait()
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    if status:
        raise SystemExit(f"{shlex.join(command)} ended with {status}")
    return Cost(seconds, most[0], _cpu() - before)


def _cpu() -> float:
    """Return the CPU seconds of all processes that were started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory(pid: int) -> float:
    """Sum the private memory of a process and all below it; who has ended counts nothing."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_bytes().rpartition(b")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
    tree, new = {pid}, {pid}
    while new := {child for child, parent in parents.items() if parent in new} - tree:
        tree |= new
    total = 0
    for each in tree:
        with suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Private"))
    return total / 1024


def regions() -> list[str]:
    import laoqu

    return laoqu.load().region_ids


def loop(folder: Path, at_a_time: int) -> list[str]:
    """Return what a shell user writes: papermill, then nbconvert, area by area.

    One that fails, as two kernels do that take the same port, is done again and noted.
    """
    folder.mkdir()
    (folder / "again").touch()
    one = (
        f"{BIN}/papermill --no-progress-bar {REPORT} {folder}/{{}}.ipynb -p region {{}} -p lang zh"
        f" && {BIN}/jupyter nbconvert --log-level ERROR --to html {folder}/{{}}.ipynb"
    )
    one = f"{one} || (echo {{}} >> {folder}/again; {one})"
    names = " ".join(regions())
    pipe = f"printf '%s\\n' {names} | xargs -P{at_a_time} -I{{}} sh -c {shlex.quote(one)}"
    return ["sh", "-c", f"{pipe} 2>/dev/null"]


def with_plan(outputs: Path) -> dict[str, str]:
    """Make the annotated plan, which a shell loop does not: what follows makes its own pages."""
    variables = {"LAOQU_OUTPUTS": str(outputs)}
    timed([*LAOQU, "plan", "--formats", "html", "--quiet"], **variables)
    return variables


def report(*more: str) -> list[str]:
    flags = ["--all", "--lang", "zh", "--formats", "html", "--jobs", str(JOBS), "--quiet"]
    return [*LAOQU, "report", *flags, *more]


def row(name: str, cost: Cost, ratio: float | None = None, note: str = "") -> None:
    shown = f"{ratio:7.2f} ×" if ratio is not None else " " * 9
    memory = f"{cost.mib:8.0f} MiB" if cost.mib is not None else " " * 12
    spent = f"{cost.seconds:8.1f} s{cost.cpu:8.1f} s CPU"
    print(f"{name:<42}{spent}{memory}{shown}  {note}", flush=True)


def cold(folder: Path) -> None:
    """12 zh reports, notebook and page, nothing cached, against the shell loops."""
    outputs = with_plan(folder / "ours")
    before = timed(report("--force"), **outputs)
    two = timed(loop(folder / "two", 2))
    one = timed(loop(folder / "one", 1))
    after = timed(report("--force"), **outputs)  # what else the machine does may have changed
    ours = Cost((before.seconds + after.seconds) / 2, cpu=(before.cpu + after.cpu) / 2)
    forms = timed([each.replace("html", "html,pdf,docx") for each in report("--force")], **outputs)
    note = f"mean of {before.seconds:.1f} and {after.seconds:.1f} s, before and after the loops"
    row("laoqu report --all, 2 jobs", ours, 1.0, note)
    row("(a) papermill + nbconvert, one at a time", one, one.seconds / ours.seconds, "aim ≥ 10")
    failed = len((folder / "two" / "again").read_text().split())
    note = f"aim ≥ 5.5; {failed} of its runs failed and were done again"
    row("(b) the same, two at a time", two, two.seconds / ours.seconds, note)
    row("all three forms", forms, forms.seconds / ours.seconds, "aim ≤ 1.3 × pages only")


def again(folder: Path) -> None:
    """The same batch a second time: nothing changed, no kernel starts."""
    outputs = with_plan(folder / "again")
    first = measured(report(), **outputs)
    second = measured(report(), **outputs)
    row("first run", first, 1.0)
    row("second run, nothing changed", second, second.seconds / first.seconds, "aim ≤ 0.5 s")


def counties(folder: Path, number: int) -> Path:
    """Write a parameter file for `number` county cards."""
    import laoqu

    codes = list(dict.fromkeys(laoqu.load().membership()["adcode"]))[:number]
    path = folder / f"{number}.csv"
    path.write_text("adcode\n" + "\n".join(codes) + "\n", encoding="utf-8")
    return path


def cards(folder: Path, number: int, *more: str) -> Cost:
    flags = ["--formats", "html", "--jobs", str(JOBS), "--quiet", "--force", *more]
    command = [*LAOQU, "run", str(CARD), "--params", str(counties(folder, number)), *flags]
    return measured(command, **with_plan(folder / f"cards-{number}-{len(more)}"))


def scale(folder: Path) -> None:
    """48, 240 and 480 county cards: time per run and memory must stay flat."""
    base = None
    for number in map(int, os.environ.get("CARDS", "48 240 480").split()):
        cost = cards(folder, number)
        each = cost.seconds / number
        base = base or each
        note = f"{each:.3f} s a run ({cost.cpu / number:.2f} s of CPU); flat; tree < 400 MiB"
        row(f"{number} county cards", cost, each / base, note)


def dask(folder: Path) -> None:
    """County cards (48) on a local Dask cluster of two worker processes, against our own engine."""
    address, number = "tcp://127.0.0.1:8796", int(os.environ.get("CARDS", "48").split()[0])
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    started = [
        subprocess.Popen([str(BIN / "dask"), "scheduler", "--port", "8796", "--host", "127.0.0.1",
                          "--no-dashboard"], **quiet),
        subprocess.Popen([str(BIN / "dask"), "worker", address, "--nworkers", "2",
                          "--nthreads", "1", "--no-dashboard"], **quiet),
    ]  # fmt: skip
    try:
        # Warm both: the first run of a worker imports what the local engine's server imports.
        cards(folder, 2, "--engine", "dask", "--scheduler", address)
        there = cards(folder, number, "--engine", "dask", "--scheduler", address)
        here = cards(folder, number)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()
    row(f"{number} county cards, local engine", here, 1.0)
    row(
        f"{number} county cards, Dask, two workers",
        there,
        there.seconds / here.seconds,
        "aim ≤ 1.2 ×",
    )


def main(names: list[str]) -> None:
    parts: dict[str, Callable[[Path], None]] = {
        "cold": cold, "again": again, "scale": scale, "dask": dask
    }  # fmt: skip
    for name in names or parts:
        with tempfile.TemporaryDirectory(prefix="laoqu-benchmark-") as folder:
            print(f"{name}: {parts[name].__doc__}")
            parts[name](Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
