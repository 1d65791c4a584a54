"""The command line: parses, calls, prints; every piece of work lives in the library."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import click
from click import argument

import laoqu
from laoqu import paths
from laoqu.arguments import joined, option
from laoqu.errors import LaoquError, sentence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when fine, 1 when problems were found, 2 for misuse."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # closed, or none of a terminal
            stream.reconfigure(errors="backslashreplace")
    warnings.formatwarning = lambda message, *_, **__: f"laoqu: {message}\n"
    try:
        given = joined(sys.argv[1:] if argv is None else argv) or ["--help"]
        with command.make_context("laoqu", given) as context:
            status = command.invoke(context) or 0
        print(end="", flush=True)
        return status
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.ClickException, LaoquError) as error:
        problems = getattr(error, "problems", [])
        with suppress(OSError):  # nobody can be told
            if isinstance(error, click.ClickException):
                error.show()
            else:
                print(*problems or [f"laoqu: {error}"], sep="\n", file=sys.stderr)
        return 1 if problems else 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as a shell says it
    except (KeyboardInterrupt, OSError, MemoryError, ImportError) as error:
        with suppress(OSError):
            print(f"laoqu: {sentence(error)}", file=sys.stderr)
        return 1


@click.group(
    help=(laoqu.__doc__ or "laoqu").splitlines()[0], context_settings={"show_default": True}
)
@click.version_option(laoqu.__version__, prog_name="laoqu", message="%(prog)s %(version)s")
def command() -> None:
    """Choose the verb."""


def _names(text: str) -> list[str]:
    return [name.strip() for name in re.split("[,，、]", text)]


def _batch_of(name: str, *more: Callable) -> Callable:
    """Make a function a verb that runs notebooks, with the options that all of these have."""
    engines = click.Choice(["local", "dask"])
    options = (
        *more,
        option("--formats", type=_names, default="html", metavar="NAMES", help="html,pdf,docx"),
        option("--jobs", type=int, help="runs at a time; else one a core, as far as memory goes"),
        option("--timeout", type=float, default=600, help="seconds a cell may take"),
        option("--force", is_flag=True, help="run also what is unchanged"),
        option("--only-failed", is_flag=True, help="run only what failed last time"),
        option("--why", "only_say", is_flag=True, help="run nothing; say what changed, by run"),
        option("--kernel", metavar="NAME", help="an ordinary Jupyter kernel (python3, ir …)"),
        option("--engine", type=engines, default="local", help="where runs happen"),
        option("--scheduler", metavar="ADDRESS", help="of the Dask scheduler, tcp://host:port"),
        option("--quiet", is_flag=True, help="say only what failed"),
    )

    def add(function: Callable) -> click.Command:
        for each in reversed(options):
            function = each(function)
        return command.command(name)(function)

    return add


LANG = option("--lang", "langs", type=_names, default="zh", metavar="NAMES", help="zh, en or zh,en")


@_batch_of(
    "report",
    argument("names", nargs=-1, metavar="[AREA]..."),
    option("--all", is_flag=True, help="all twelve areas"),
    LANG,
)
def report(names: tuple[str], all: bool, langs: list[str], **options: object) -> int:
    """Write the reports of areas, by id or name, and their index."""
    return _batch(laoqu.run_reports, _some(names, all, "area"), langs, **options)


@_batch_of(
    "card",
    argument("names", nargs=-1, metavar="[COUNTY]..."),
    option("--all", is_flag=True, help="all counties that a source puts into an area"),
    option("--within", metavar="NAME", help="province, city or area of those named, or of --all"),
    LANG,
)
def card(names: tuple[str], all: bool, within: str | None, langs: list[str], **options) -> int:
    """Write the cards of counties, by code of the end of 2021 or name."""
    names = _some(names, all, "county")
    if within:
        from laoqu import reports

        names = reports.county_codes(within, names)
    return _batch(laoqu.run_cards, names, langs, **options)


def _some(names: tuple[str], every: bool, what: str) -> tuple[str] | None:
    if every == bool(names):
        raise LaoquError(f"name at least one {what}, or --all (not both)")
    return names or None


@_batch_of("plan", LANG)
def plan(langs: list[str], **options: object) -> int:
    """Write the annotated plan."""
    return _batch(laoqu.run_plan, langs, **options)


@_batch_of(
    "run",
    argument("notebook"),
    option("-p", "pairs", multiple=True, metavar="NAME=VALUE", help="a parameter; also NAME VALUE"),
    option("--params", metavar="FILE", help="sets of parameters: .csv, a row each; .yaml"),
    option("--resume", is_flag=True, help="skip what was made of the same notebook and parameters"),
)
def run(notebook: str, pairs: tuple[str], params: str | None, **options: object) -> int:
    """Run a notebook, by its name in notebooks/ or its path, for any sets of parameters."""
    from laoqu.reports import KINDS
    from laoqu.run.parameters import Notebook, read_pairs, read_sets

    given, book = read_pairs(pairs), Notebook(notebook)
    listed = read_sets(Path(params), given) if params else {"": given}
    sets = [book.check(book.parse(each), KINDS, at) for at, each in listed.items()]
    return _batch(laoqu.run_notebook, book.path, sets, **options)


@_batch_of(
    "monitor",
    argument("panel"),
    option("--outcome", metavar="COLUMN", help="of numbers; else the first"),
    option("--area", "areas", multiple=True, help="ids or names; else all; or each: all and each"),
    LANG,
)
def monitor(panel: str, outcome: str | None, areas: tuple, langs: list, **options) -> int:
    """Compare a panel of your own (.csv, .xlsx, .dta, .parquet) with what the plan asks for."""
    path = paths.expanded(panel).resolve()
    if not path.is_file():
        why = "is a folder" if path.is_dir() else "is no file"
        raise LaoquError(f"{panel}: {why if path.exists() else 'no such file'}")
    watched = laoqu.panel(path).monitor(outcome)
    if more := [] if outcome else [c for c in watched.panel.outcomes if c != watched.outcome]:
        said = f"{watched.outcome} is the outcome; others are {', '.join(more[:5])}"
        print(f"laoqu: {said} (--outcome NAME)", file=sys.stderr)
    wanted = [name for each in areas for name in _names(each)] or ["all"]
    if "each" in wanted:
        wanted = ["all", *watched.areas()]
        if left := [each for each in watched.plan.region_ids if each not in wanted]:
            said = f"{watched.outcome} has no value for a documented county of {', '.join(left)}"
            print(f"laoqu: {said}: no page of these", file=sys.stderr)
    wanted = [name if name == "all" else watched.plan.region(name).region_id for name in wanted]
    for name in wanted:
        watched.groups(None if name == "all" else name)
    given = {"panel": str(path), "outcome": watched.outcome}
    every = dict.fromkeys((lang, area) for lang in langs for area in wanted)
    sets = [given | {"area": area, "lang": lang} for lang, area in every]
    return _batch(laoqu.run_notebook, "08_monitoring", sets, resume=True, **options)


def _batch(function: Callable, *what: object, engine: str, quiet: bool, **options: object) -> int:
    """Run a batch, say how it goes, and return whether all is well."""
    if (engine == "dask") != bool(options["scheduler"]):
        raise LaoquError("--engine dask and --scheduler ADDRESS go together")
    done, total = 0, 0

    def tell(kind: str, about: object) -> None:
        nonlocal done, total
        with suppress(OSError):  # nobody reads any more: the work goes on
            if kind == "note":  # also of a quiet batch
                print(f"laoqu: {about}", file=sys.stderr)
            elif kind == "begin":
                done, total = 0, about
            elif kind == "done" and not quiet:
                done += 1
                total = max(total, done)  # an index that fails is one more
                text = f"{about.name}  {about.status}  {about.seconds:.1f} s"
                print(f"[{done}/{total}] {text}", flush=True)

    runs = function(*what, **options, tell=tell)
    if options["only_say"]:
        for run in runs:
            print(f"{run.name}: {'; '.join(run.why) or run.status}")
        return 0
    failed = [run for run in runs if run.status == "failed"]
    again = sum(run.status == "ok" and "changed during the run" in run.parts for run in runs)
    for run in failed:
        where = f" in cell {run.cell}" if run.cell else ""
        print(f"{run.name}  FAILED{where}: {run.error}")
        lines = run.last_lines if list(run.last_lines) != [run.error] else ()
        left = (paths.outputs() / run.name).glob("*.failed.ipynb")
        for line in [*lines, *(f"see {path}" for path in left)]:
            print(f"    {line}")
    if not quiet:
        counts = Counter(run.status for run in runs)
        pages = [file["path"] for file in runs[0].outputs if file["path"].endswith(".html")]
        best = [*pages, runs[0].name][0] if len(runs) == 1 else "index.html"
        best = best if (paths.outputs() / best).exists() else ""
        kept = f", {counts['skipped']} not failed and not run" if options["only_failed"] else ""
        kept += f", {again} to run again" if again else ""
        print(f"{counts['ok']} written, {counts['unchanged']} unchanged{kept}, "
              f"{counts['failed']} failed: {paths.outputs() / best}")  # fmt: skip
    return int(bool(failed or again))


TIMING, UNIVERSE, CONTROLS = map(
    click.Choice, (["next_year", "same_year"], ["areas", "all"], ["areas", "same_province"])
)


@command.group(invoke_without_command=True)
@option("--to", metavar="FOLDER", help="else treatment in the outputs folder")
@option("--estimator", metavar="NAME", help="write the panel for it: did, csdid, pyfixest, sunab …")
@option("--channel", "channels", multiple=True, metavar="NAME", help="only this; may be repeated")
@option("--years", default="2015-2024", help="of the panel")
@option("--first-treat", default="plan_reported", metavar="DATE", help="of treatment_dates.csv")
@option("--timing", type=TIMING, default="next_year", help="the year after the date, or its own")
@option("--universe", type=UNIVERSE, default="areas", help="counties of the areas, or all of China")
@option("--controls", type=CONTROLS, default="areas", help="all, or of treated provinces")
@option("--anticipation", type=int, default=1, metavar="YEARS", help="units may react before")
@click.pass_context
def export(context: click.Context, to: str | None, channels: tuple, **options: object) -> None:
    """Write treatment tables for diff-in-diff."""
    if inner := context.invoked_subcommand:
        asked = context.get_parameter_source
        if given := [each for each in context.params if asked(each).name != "DEFAULT"]:
            name = given[0].removesuffix("s").replace("_", "-")
            raise click.UsageError(
                f"--{name} before `{inner}` is of treatment tables: write what "
                f"`{inner}` takes behind it, `laoqu export {inner} --to FOLDER`"
            )
        return
    from laoqu.analysis import exporting

    folder = exporting.export(to, channels=list(channels) or None, **options)
    for path in sorted(folder.glob("[!.]*")):
        print(f"wrote {paths.display(path)} ({path.stat().st_size:,} bytes)")
    print("read README.md first: who is unknown, who was chosen, which date")


@export.command("all")
@option("--to", metavar="FOLDER", help="default: interchange in the outputs folder")
@option("--excel", is_flag=True, help="CSV with the mark by which Excel knows UTF-8")
def export_all(to: str | None, excel: bool) -> None:
    """Write every table as CSV, Parquet and DTA, a QDA project and a GeoPackage."""
    from laoqu import interchange

    folder = interchange.export(to, excel=excel)
    sizes = [path.stat().st_size for path in folder.rglob("[!.]*") if path.is_file()]
    print(f"wrote {len(sizes)} files to {paths.display(folder)} ({sum(sizes):,} bytes)")
    print("read README.md first: how to cite, which file is for what, what not to do")


@command.command()
def check() -> int:
    """List every problem in data/."""
    return _found(laoqu.check(), "data/ is clean")


def _found(problems: Sequence[object], none: str) -> int:
    print("\n".join(map(str, problems)) or none)
    return int(bool(problems))


@command.command()
@option("--check", is_flag=True, help="only say what is out of date")
@option("--accept", is_flag=True, help="renew the hashes of curated tables after a review")
def build(check: bool, accept: bool) -> int:
    """Write data/built and docs/dictionary.md."""
    from laoqu import build

    if check:
        return _found(build.problems(), "built files are current")
    for changed in build.accept() if accept else ():
        print(f"accepted data/{changed}")
    written = build.write()
    print("\n".join(f"wrote {paths.display(path)}" for path in written) or "nothing to do")
    return _found(laoqu.check(), "data/ is clean") if accept else 0


@command.command()
@argument("id")
def show(id: str) -> None:
    """Say what an id (of an area, clause, sentence, measure, county …) or a code stands for."""
    plan = laoqu.load()
    known = {name: key for key, each in plan.document.passages.items() for name in (key, each.name)}
    passage = known.get(id if id in set(plan.codebook()["code"]) else id.lower())
    print(plan.show(passage) if passage else plan.describe(id))


@command.command()
@argument("variable", required=False)
@option("--lang", type=click.Choice(["zh", "en"]), help="with definitions, limits and examples")
def codebook(variable: str | None, lang: str | None) -> None:
    """Print the codes, with --lang what they mean."""
    from laoqu.show.table import text_table

    plan = laoqu.load()
    codes = plan.codebook(variable).fillna("")
    if lang is None:
        columns = ["variable", "code", "label_zh", "label_en"]
        print(text_table(columns, codes[columns].to_numpy().tolist()))
        return
    words, end = laoqu.Show(plan, lang).words, "_zh" if lang == "zh" else ""
    for code in codes.to_dict("records"):
        print(f"{code['variable']} {code['code']}  {code[f'label_{lang}']}")
        for name in ("definition", "include", "exclude", "example", "near_miss"):
            if said := code.get(f"{name}{end}", code[name]):
                print(f"    {words(f'codebook.{name}')}{said}")


@command.group()
def coding() -> None:
    """Write, draw and compare sheets of codes."""


@coding.command("template")
@argument("file", default="coding.xlsx")
def coding_template(file: str) -> None:
    """Write an empty sheet (.xlsx or .csv) with the allowed codes."""
    from laoqu import sheets

    plan, path = laoqu.load(), Path(file)
    if path.exists():
        raise LaoquError(f"{path} exists: name another file, so that no coding is lost")
    sheets.template(plan.table("measures"), plan.codebook(), path, plan.sentences())
    print(f"wrote {path}: fill it in, then `laoqu coding compare {path}`")


@coding.command("sample")
@option("--to", required=True, metavar="FOLDER", help="a new folder")
@option("--n", type=int, default=100, metavar="N", help="units of each kind")
@option("--seed", type=int, default=2021, metavar="S", help="of the lot")
@option("--what", "kinds", multiple=True, metavar="KIND", help="measures, segments, … else all")
@option("--form", type=click.Choice(["xlsx", "csv"]), default="xlsx", help="of the sheets")
def coding_sample(to: str, kinds: tuple[str], **options: object) -> None:
    """Draw a sample and write blind sheets for two coders."""
    from laoqu import validation

    folder = validation.sample(laoqu.load(), to, kinds=list(kinds or validation.KINDS), **options)
    for path in sorted(folder.rglob("*.*")):
        print(f"wrote {paths.display(path)}")
    print(validation.drawn(folder, options["n"]))
    protocol = paths.display(paths.docs() / "validation.md")
    print(f"give each coder one folder and keep the key; {protocol} has the protocol")


@coding.command("compare")
@argument("sheet_a", metavar="SHEET")
@argument("sheet_b", metavar="[SHEET_B]", required=False)
@option("--key", metavar="FILE", help="key.csv, which was written with the sheets")
@option("--agreed", metavar="SHEET", help="what both coders settled on")
@option("--to", metavar="FOLDER", help="also write the tables as CSV, into a new folder")
@option("--lang", type=click.Choice(["zh", "en"]), default="en", help="of what is printed")
def coding_compare(to: str | None, lang: str, **sheets: str | None) -> None:
    """Compare a sheet with the shipped codes, or two of a sample with each other too."""
    from laoqu import validation
    from laoqu.show.table import compared_text
    from laoqu.show.words import label

    found = validation.compare(laoqu.load(), **sheets)
    # Written first: whoever reads may stop after some lines.
    written = paths.display(validation.write(found, to)) if to is not None else ""
    print(compared_text(found, lang))
    if written:
        print(label("compared.wrote", lang, folder=written))


@command.command(context_settings={"ignore_unknown_options": True})
@argument("options", nargs=-1, type=click.UNPROCESSED)
def lab(options: tuple[str]) -> None:
    """Open the notebooks in JupyterLab; its own options may follow."""
    folder = paths.notebooks_to_edit()
    print(f"the notebooks are in {folder}{paths.COPIES * (not paths.checkout())}", flush=True)
    from jupyterlab import labapp

    labapp.main([*options, str(folder)])  # in this process, which signals reach
