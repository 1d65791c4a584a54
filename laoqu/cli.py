"""The command line: parses, calls, prints; every piece of work lives in the library."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import laoqu
from laoqu.errors import DataError, LaoquError

#: What a shell says of a command whose reader has gone.
CLOSED_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when fine, 1 when problems were found, 2 for misuse."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # closed, or none of a terminal
            stream.reconfigure(errors="backslashreplace")
    try:
        args = _parsed(sys.argv[1:] if argv is None else list(argv))
        status = args.run(args)
        if sys.stdout:
            sys.stdout.flush()
        return status
    except DataError as error:
        print("\n".join(str(problem) for problem in error.problems), file=sys.stderr)
        return 1
    except LaoquError as error:
        print(f"laoqu: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except KeyboardInterrupt:
        print("laoqu: stopped", file=sys.stderr)
        return 1
    except (OSError, MemoryError) as error:
        where = f": {error.filename}" if getattr(error, "filename", None) else ""
        what = getattr(error, "strerror", None) or f"{type(error).__name__} {error}"
        with suppress(OSError):
            print(f"laoqu: {what}{where}", file=sys.stderr)
        return 1


def _parsed(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="laoqu", description=laoqu.__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"laoqu {laoqu.__version__}")
    parser.set_defaults(run=lambda _: parser.print_help() or 0)
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(name: str, run: Callable, text: str) -> Callable:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added.add_argument

    for name, text, what, whole in (
        ("report", "write the reports of areas and their index", "area: id or name",
         "all twelve areas"),
        ("card", "write the cards of counties", "county: code of the end of 2021, or name",
         "all counties that a source puts into an area"),
        ("plan", "write the annotated plan", "", ""),
    ):  # fmt: skip
        add = command(name, _pages, text)
        add("--lang", default="zh", help="zh, en or zh,en (default: zh)")
        if what:
            add("names", nargs="*", help=what)
            add("--all", action="store_true", help=whole)
        if name == "card":
            add("--within", metavar="NAME", help="province or city in which a name is looked for")
        _batch_options(add)
        commands.choices[name].set_defaults(preset=name)
    add = command("run", _run, "run a notebook for any sets of parameters")
    add("notebook", help="a name in notebooks/, or a path")
    add("-p", action="append", default=[], metavar="NAME=VALUE", dest="pairs",
        help="a parameter, NAME VALUE or NAME=VALUE; may be given again")  # fmt: skip
    add("--params", metavar="FILE", help="sets of parameters: .csv, a row each; .yaml")
    _batch_options(add)
    add = command("export", _export, "write treatment tables for diff-in-diff")
    add("--to", metavar="FOLDER", help="default: treatment in the outputs folder")
    add("--estimator", metavar="NAME", help="write the panel for it: did, csdid, pyfixest, sunab …")
    add("--channel", action="append", metavar="NAME", dest="channels",
        help="only this one; may be given again")  # fmt: skip
    add("--years", default="2015-2024", help="of the panel (default: 2015-2024)")
    add("--first-treat", default="plan_reported", metavar="DATE",
        help="a date of treatment_dates.csv (default: plan_reported)")  # fmt: skip
    add("--timing", choices=("next_year", "same_year"), default="next_year",
        help="first treated year: the one after the date, or that of the date")  # fmt: skip
    add("--universe", choices=("areas", "all"), default="areas",
        help="counties of the twelve areas, or of all China")  # fmt: skip
    add("--controls", choices=("areas", "eligible"), default="areas",
        help="all counties of the areas, or those where selection was possible")  # fmt: skip
    add("--anticipation", type=int, default=1, metavar="YEARS",
        help="in which units may react before (default: 1)")  # fmt: skip
    add = command("monitor", _monitor, "compare a panel of your own with what the plan asks for")
    add("panel", help="a table of counties and years: .csv, .xlsx, .dta, .parquet")
    add("--outcome", default="", help="a column of numbers (default: the first)")
    add("--area", action="append", help="an area, or all; may be given again (default: all)")
    add("--lang", default="zh", help="zh, en or zh,en (default: zh)")
    _batch_options(add)
    command("check", _check, "list every problem in data/")
    add = command("build", _build, "write data/built and docs/dictionary.md")
    add("--check", action="store_true", help="only say what is out of date")
    add("--accept", action="store_true", help="renew the hashes of curated tables after a review")
    add = command("show", _show, "say what an id or a code stands for")
    add("id", help="an area, clause, box, sentence, measure, mention, county or code")
    command("lab", _lab, "open the notebooks in JupyterLab; its own options may follow")
    add = command("codebook", _codebook, "print the codes")
    add("variable", nargs="?", help="only this variable")
    command("coding", lambda _: parser.parse_args(["coding", "--help"]), "a coding of your own")
    verbs = commands.choices["coding"].add_subparsers(metavar="VERB", required=True)
    for verb, text in (
        ("template", "write an empty sheet with the allowed codes"),
        ("compare", "check a sheet and compare it with the shipped one"),
    ):
        sheet = verbs.add_parser(verb, help=text)
        sheet.add_argument("file", **({} if verb == "compare" else {"nargs": "?"}),
                           help="a sheet, .xlsx or .csv (default: coding.xlsx)")  # fmt: skip
        sheet.set_defaults(run=_coding, verb=verb)
    args, rest = parser.parse_known_args(_joined(argv))
    if rest and args.run is not _lab:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    args.options = [text for text in rest if text != "--"]
    return args


def _joined(argv: list[str]) -> list[str]:
    """Return the arguments with ``-p NAME VALUE``, as papermill has it, as ``-p NAME=VALUE``."""
    found, left = [], list(argv)
    while left:
        found.append(left.pop(0))
        if found[-1] == "-p" and left and "=" not in left[0] and len(left) > 1:
            left[:2] = [f"{left[0]}={left[1]}"]
    return found


def _batch_options(add: Callable) -> None:
    add("--formats", default="html", help="html, pdf, docx, with commas (default: html)")
    add("--jobs", type=int, help="runs at a time (default: one a core, as far as memory goes)")
    add("--timeout", type=float, default=600, help="seconds a cell may take (default: 600)")
    add("--force", action="store_true", help="run also what is unchanged")
    add("--only-failed", action="store_true", help="run only what failed last time")
    add("--why", action="store_true", help="run nothing; say for each run what changed")
    add("--kernel", metavar="NAME", help="run in an ordinary Jupyter kernel (python3, ir …)")
    add("--engine", choices=("local", "dask"), default="local", help="where runs happen")
    add("--scheduler", metavar="ADDRESS", help="of the Dask scheduler, tcp://host:port")
    add("--quiet", action="store_true", help="say only what failed")
    add("--json", action="store_true", help="one JSON object an event, for programs")


def _pages(args: argparse.Namespace) -> int:
    langs = [lang.strip() for lang in args.lang.split(",")]
    if args.preset == "plan":
        return _batch(args, laoqu.run_plan, langs)
    what = {"report": "area", "card": "county"}[args.preset]
    if args.all == bool(args.names):
        raise LaoquError(f"name at least one {what}, or --all (not both)")
    names = None if args.all else args.names
    if names and getattr(args, "within", None):
        names = [str(laoqu.resolve_place(name, within=args.within)) for name in names]
    return _batch(args, laoqu.run_reports if what == "area" else laoqu.run_cards, names, langs)


def _run(args: argparse.Namespace) -> int:
    from laoqu.run.parameters import Notebook, read_sets

    given = {}
    for pair in args.pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise LaoquError(f"-p {pair}: expected NAME=VALUE")
        given[name] = value
    notebook = Notebook(args.notebook)
    sets = read_sets(Path(args.params)) if args.params else [{}]
    sets = [notebook.parse({**each, **given}) for each in sets]
    return _batch(args, laoqu.run_notebook, notebook.path, sets)


def _batch(args: argparse.Namespace, function: Callable, *what: object) -> int:
    if (args.engine == "dask") != bool(args.scheduler):
        raise LaoquError("--engine dask and --scheduler ADDRESS go together")
    if args.quiet and args.json:
        raise LaoquError("--quiet and --json exclude each other")
    mode = "json" if args.json else "quiet" if args.quiet else "lines"
    if mode == "lines" and sys.stderr and sys.stderr.isatty():
        mode = "bar"
    from laoqu.run.progress import Progress

    progress = Progress(mode)
    try:
        runs = function(
            *what,
            formats=[form.strip() for form in args.formats.split(",")],
            jobs=args.jobs,
            timeout=args.timeout,
            force=args.force,
            only_failed=args.only_failed,
            only_say=args.why,
            kernel=args.kernel,
            scheduler=args.scheduler,
            tell=progress,
        )
    finally:
        progress.end()
    runs += progress.more(runs)
    counts = Counter(run.status for run in runs)
    if args.why:
        for run in runs:
            print(f"{run.name}: {'; '.join(run.why) or run.status}")
        return 0
    if args.json:
        print(json.dumps({"event": "end", **counts}))
        return int(counts["failed"] > 0)
    for run in runs:
        if run.status == "failed":
            where = f" in cell {run.cell}" if run.cell else ""
            print(f"{run.name}  FAILED{where}: {run.error}")
            print("".join(f"    {line}\n" for line in run.last_lines), end="")
    if not args.quiet:
        skipped = f", {counts['skipped']} not failed and not run" if args.only_failed else ""
        print(f"{counts['ok']} written, {counts['unchanged']} unchanged{skipped}, "
              f"{counts['failed']} failed: {_outputs(runs)}")  # fmt: skip
    return int(counts["failed"] > 0)


def _outputs(runs: Sequence[object]) -> str:
    """Return where runs wrote: the page or the folder of the only one, or the index."""
    from laoqu import paths

    if len(runs) != 1:
        return str(paths.outputs() / "index.html")
    pages = [each["path"] for each in runs[0].outputs if each["path"].endswith(".html")]
    return str(paths.outputs() / (pages or [runs[0].name])[0])


def _export(args: argparse.Namespace) -> int:
    from laoqu import paths
    from laoqu.analysis import exporting

    folder = exporting.export(
        args.to, estimator=args.estimator, channels=args.channels, years=args.years,
        first_treat=args.first_treat, timing=args.timing, universe=args.universe,
        controls=args.controls, anticipation=args.anticipation,
    )  # fmt: skip
    for path in sorted(folder.glob("[!.]*")):
        print(f"wrote {paths.display(path)} ({path.stat().st_size:,} bytes)")
    print("read README.md first: who is unknown, who was chosen, which date")
    return 0


def _monitor(args: argparse.Namespace) -> int:
    given = {"panel": str(Path(args.panel).expanduser().resolve()), "outcome": args.outcome}
    sets = [
        {**given, "area": area, "lang": lang}
        for lang in args.lang.split(",")
        for area in args.area or ["all"]
    ]
    return _batch(args, laoqu.run_notebook, "08_monitoring", sets)


def _check(_: argparse.Namespace) -> int:
    found = laoqu.check()
    print("\n".join(found) if found else "data/ is clean")
    return 1 if found else 0


def _build(args: argparse.Namespace) -> int:
    from laoqu import build, paths

    if args.check:
        found = build.problems()
        print("\n".join(str(problem) for problem in found) or "built files are current")
        return 1 if found else 0
    for changed in build.accept() if args.accept else ():
        print(f"accepted data/{changed}")
    written = build.write()
    print("\n".join(f"wrote {paths.display(path)}" for path in written) or "nothing to do")
    return 0


def _coding(args: argparse.Namespace) -> int:
    from laoqu import sheets

    plan, path = laoqu.load(), Path(args.file or "coding.xlsx")
    if args.verb == "compare":
        print(_compared(str(path)))
        return 0
    if path.exists():
        raise LaoquError(f"{path} exists: name another file, so that no coding is lost")
    try:
        tables = plan.table("measures"), plan.codebook()
        sheets.template(*tables, path, plan.sentences())
    except OSError as error:
        raise LaoquError(f"{path} cannot be written: {error.strerror}") from error
    print(f"wrote {path}: fill it in, then `laoqu coding compare {path}`")
    return 0


def _compared(path: str) -> str:
    from laoqu import sheets
    from laoqu.analysis.agreement import by_variable
    from laoqu.show.table import text_table

    plan = laoqu.load(coding=path)
    table = by_variable(plan.codings("own"), plan.codings("adjudicated"), draws=500)
    keep = table["statistic"].str.match("percent|alpha|ac")
    columns = ["variable", "statistic", "value", "low", "high", "most_units", "n", "note"]
    shown = table.loc[keep, columns].map(lambda v: f"{v:.3f}" if isinstance(v, float) else str(v))
    text = text_table(columns, shown.to_numpy().tolist(), frozenset({2, 3, 4, 5, 6}))
    coded = (plan.codings("own"), plan.codings("adjudicated"))
    differ = sheets.differences(*coded, plan.measures()).astype("str")
    if differ.empty:
        return f"{text}\n\nno unit differs"
    return f"{text}\n\n{text_table(list(differ.columns), differ.to_numpy().tolist())}"


def _show(args: argparse.Namespace) -> int:
    plan = laoqu.load()
    passages = {*plan.clauses, *plan.boxes, *plan.parts}
    print(plan.show(args.id) if args.id in passages else plan.describe(args.id))
    return 0


def _lab(args: argparse.Namespace) -> int:
    import subprocess

    from laoqu import paths

    folder = paths.notebooks()
    if paths.checkout() is None:
        import shutil

        folder = Path.cwd() / "laoqu-notebooks"
        for path in paths.notebooks().glob("*.ipynb"):
            folder.mkdir(exist_ok=True)
            if not (folder / path.name).exists():
                shutil.copyfile(path, folder / path.name)
        print(f"the notebooks are in {folder}")
    return subprocess.call([sys.executable, "-m", "jupyterlab", *args.options, str(folder)])


def _codebook(args: argparse.Namespace) -> int:
    from laoqu.show.table import text_table

    codes = laoqu.load().codebook(args.variable)
    columns = ["variable", "code", "label_zh", "label_en"]
    print(text_table(columns, codes[columns].to_numpy().tolist()))
    return 0
