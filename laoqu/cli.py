"""The command line: parses, calls, prints; every piece of work lives in the library."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import laoqu
from laoqu.errors import DataError, LaoquError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when fine, 1 when problems were found, 2 for misuse."""
    parser = _parser()
    args = parser.parse_args(argv)
    if not hasattr(args, "run"):
        parser.print_help()
        return 0
    try:
        status = args.run(args)
        sys.stdout.flush()
        return status
    except DataError as error:
        print("\n".join(str(problem) for problem in error.problems), file=sys.stderr)
        return 1
    except LaoquError as error:
        print(f"laoqu: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has seen enough: that is no failure of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("laoqu: stopped", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="laoqu", description=laoqu.__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"laoqu {laoqu.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, text, what, whole in (
        ("report", "write the reports of areas and their index", "area: id or name",
         "all twelve areas"),
        ("card", "write the cards of counties", "county: code of the end of 2021, or name",
         "all counties that a source puts into an area"),
    ):  # fmt: skip
        preset = commands.add_parser(name, help=text)
        preset.add_argument("names", nargs="*", help=what)
        preset.add_argument("--all", action="store_true", help=whole)
        preset.add_argument("--lang", default="zh", help="zh, en or zh,en (default: zh)")
        _batch_options(preset)
        preset.set_defaults(run=_preset, preset=name)
    run = commands.add_parser("run", help="run a notebook for any sets of parameters")
    run.add_argument("notebook", help="a name in notebooks/, or a path")
    run.add_argument("-p", action="append", default=[], metavar="NAME=VALUE", dest="pairs",
                     help="a parameter; may be given again")  # fmt: skip
    run.add_argument("--params", metavar="FILE", help="sets of parameters: .csv, a row each; .yaml")
    _batch_options(run)
    run.set_defaults(run=_run)
    between = commands.add_parser(
        "compare", help="which numbers changed between two outputs folders"
    )
    between.add_argument("old", help="an outputs folder")
    between.add_argument("new", help="another")
    between.add_argument("--json", action="store_true", help="one JSON object, for programs")
    between.set_defaults(run=_compare)
    export = commands.add_parser("export", help="write treatment tables for diff-in-diff")
    add = export.add_argument
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
    export.set_defaults(run=_export)
    check = commands.add_parser("check", help="list every problem in data/")
    check.set_defaults(run=_check)
    build = commands.add_parser("build", help="write data/built and docs/dictionary.md")
    build.add_argument("--check", action="store_true", help="only say what is out of date")
    build.add_argument(
        "--accept", action="store_true", help="take curated and packaged files as reviewed"
    )
    build.set_defaults(run=_build)
    show = commands.add_parser("show", help="say what an id stands for")
    show.add_argument("id", help="an area, clause, box, sentence, mention or code")
    show.set_defaults(run=_show)
    lab = commands.add_parser("lab", help="open the notebooks in JupyterLab")
    lab.add_argument("options", nargs="*", help="of JupyterLab, after --: lab -- --no-browser")
    lab.set_defaults(run=_lab)
    codebook = commands.add_parser("codebook", help="print the codes")
    codebook.add_argument("variable", nargs="?", help="only this variable")
    codebook.set_defaults(run=_codebook)
    sheets = commands.add_parser("coding", help="a coding of your own: template, compare")
    verbs = sheets.add_subparsers(metavar="VERB", required=True)
    template = verbs.add_parser("template", help="write an empty sheet with the allowed codes")
    template.add_argument("file", nargs="?", default="coding.xlsx", help="ends in .xlsx or .csv")
    template.set_defaults(run=_coding_template)
    compare = verbs.add_parser("compare", help="check a sheet and compare it with the shipped one")
    compare.add_argument("file")
    compare.set_defaults(run=_coding_compare)
    return parser


def _batch_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--formats", default="html", help="html, pdf, docx, with commas (default: html)")
    add("--jobs", type=int, help="runs at a time (default: one a core, as far as memory goes)")
    add("--timeout", type=float, default=600, help="seconds a cell may take (default: 600)")
    add("--force", action="store_true", help="run also what is unchanged")
    add("--only-failed", action="store_true", help="run only what failed last time")
    add("--why", action="store_true", help="run nothing; say for each run what changed")
    add("--engine", choices=("local", "dask"), default="local", help="where runs happen")
    add("--scheduler", metavar="ADDRESS", help="of the Dask scheduler, tcp://host:port")
    show = parser.add_mutually_exclusive_group()
    show.add_argument("--quiet", action="store_true", help="say only what failed")
    show.add_argument("--json", action="store_true", help="one JSON object an event, for programs")


def _preset(args: argparse.Namespace) -> int:
    what, function = {
        "report": ("area", laoqu.run_reports), "card": ("county", laoqu.run_cards)
    }[args.preset]  # fmt: skip
    if args.all == bool(args.names):
        raise LaoquError(f"name at least one {what}, or --all (not both)")
    langs = [lang.strip() for lang in args.lang.split(",")]
    return _batch(args, function, None if args.all else args.names, langs)


def _run(args: argparse.Namespace) -> int:
    from laoqu.batch import parameters
    from laoqu.batch.template import find

    notebook = find(args.notebook)
    given = {}
    for pair in args.pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise LaoquError(f"-p {pair}: expected NAME=VALUE")
        given[name] = value
    sets = parameters.read(args.params) if args.params else [{}]
    sets = [parameters.parse(notebook, {**each, **given}) for each in sets]
    return _batch(args, laoqu.run_notebook, notebook, sets)


def _batch(args: argparse.Namespace, function: Callable, *what: object) -> int:
    from laoqu.batch.progress import Progress

    for name, least in (("jobs", 1), ("timeout", 0)):
        value = getattr(args, name)
        if value is not None and (value < least or value == 0):
            raise LaoquError(f"--{name} is {value:g}, expected {'1 or more' if least else 'more'}")
    if (args.engine == "dask") != bool(args.scheduler):
        raise LaoquError("--engine dask and --scheduler ADDRESS go together")
    mode = "json" if args.json else "quiet" if args.quiet else None
    runs = function(
        *what,
        formats=[form.strip() for form in args.formats.split(",")],
        jobs=args.jobs,
        timeout=args.timeout,
        force=args.force,
        only_failed=args.only_failed,
        only_say=args.why,
        scheduler=args.scheduler,
        progress=Progress(mode or ("bar" if sys.stderr.isatty() else "plain")),
    )
    counts = Counter(run.status for run in runs)
    if args.why:
        for run in runs:
            print(f"{run.name}: {'; '.join(run.why) or 'unchanged'}")
        return 0
    if args.json:
        print(json.dumps({"event": "end", **counts}))
        return 1 if counts["failed"] else 0
    for run in runs:
        if run.status == "failed":
            where = f" in cell {run.cell}" if run.cell else ""
            print(f"{run.name}  FAILED{where}: {run.error}")
            print("".join(f"    {line}\n" for line in run.last_lines), end="")
    if not args.quiet:
        print(f"{counts['ok']} written, {counts['unchanged']} unchanged, {counts['failed']} failed")
    return 1 if counts["failed"] else 0


def _compare(args: argparse.Namespace) -> int:
    from laoqu.batch.compare import compare
    from laoqu.tables import text_table

    found = compare(args.old, args.new)
    if args.json:
        changes = [change._asdict() for change in found.changes]
        print(json.dumps(found._asdict() | {"changes": changes}, ensure_ascii=False, indent=1))
        return int(bool(found))
    for word, names in (("added", found.added), ("removed", found.removed)):
        print("".join(f"{word}: {name}\n" for name in names), end="")
    columns = ("run", "file", "what", "old", "new")
    cells = [["–" if cell is None else _short(cell) for cell in row] for row in found.changes]
    if cells:
        print(text_table(columns, cells))
    for (run, file), n in Counter((each.run, each.file) for each in found.changes).items():
        print(f"{run}/{file}: {n} changed")
    if not found:
        print("nothing differs")
    return int(bool(found))


def _short(cell: object) -> str:
    text = " ".join(str(cell).split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def _export(args: argparse.Namespace) -> int:
    from laoqu import paths
    from laoqu.publication import export

    made = export.files(
        laoqu.load(), args.estimator, args.channels, export.years_of(args.years),
        args.first_treat, args.timing, args.universe,
    )  # fmt: skip
    folder = export.write(args.to, made)
    for name, data in made.items():
        print(f"wrote {paths.display(folder)}/{name} ({len(data):,} bytes)")
    print("read README.md first: who is unknown, who was chosen, which date")
    return 0


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
    accepted = build.accept() if args.accept else []
    print("".join(f"accepted data/{each}\n" for each in accepted), end="")
    written = build.write()
    print("\n".join(f"wrote {paths.display(path)}" for path in written) or "nothing to do")
    return 0


def _coding_template(args: argparse.Namespace) -> int:
    from laoqu import sheets

    plan, path = laoqu.load(), Path(args.file)
    if path.exists():
        raise LaoquError(f"{path} exists: name another file, so that no coding is lost")
    try:
        sheets.template(plan.table("measures"), plan.codebook(), path)
    except OSError as error:
        raise LaoquError(f"{path} cannot be written: {error.strerror}") from error
    print(f"wrote {path}: fill it in, then `laoqu coding compare {path}`")
    return 0


def _coding_compare(args: argparse.Namespace) -> int:
    from laoqu.analysis.agreement import by_variable
    from laoqu.tables import text_table

    plan = laoqu.load(coding=args.file)
    own, shipped = plan.codings("own"), plan.codings("adjudicated")
    table = by_variable(own, shipped, draws=500)
    keep = table["statistic"].str.match("percent|alpha|ac1")
    columns = ["variable", "statistic", "value", "low", "high", "n", "note"]
    shown = table.loc[keep, columns].map(lambda v: f"{v:.3f}" if isinstance(v, float) else str(v))
    print(text_table(columns, shown.to_numpy().tolist(), frozenset({2, 3, 4, 5})))
    return 0


def _show(args: argparse.Namespace) -> int:
    print(laoqu.load().describe(args.id))
    return 0


def _lab(args: argparse.Namespace) -> int:
    import subprocess

    from laoqu import paths

    command = [sys.executable, "-m", "jupyterlab", *args.options, str(paths.notebooks())]
    return subprocess.call(command)


def _codebook(args: argparse.Namespace) -> int:
    from laoqu.tables import text_table

    codes = laoqu.load().codebook(args.variable)
    columns = ["variable", "code", "label_zh", "label_en"]
    print(text_table(columns, codes[columns].to_numpy().tolist()))
    return 0
