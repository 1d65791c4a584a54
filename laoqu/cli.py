"""The command line: parses, calls, prints; every piece of work lives in the library."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import laoqu
from laoqu import paths
from laoqu.errors import DataError, LaoquError
from laoqu.verbs import arg, parsed, verb

#: What a shell says of a command whose reader has gone.
CLOSED_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when fine, 1 when problems were found, 2 for misuse."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # closed, or none of a terminal
            stream.reconfigure(errors="backslashreplace")
    warnings.formatwarning = lambda message, *_, **__: f"laoqu: {message}\n"
    try:
        given = parsed(sys.argv[1:] if argv is None else list(argv))
        status = given.pop("function")(**given) or 0
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
    except (KeyboardInterrupt, OSError, MemoryError) as error:
        what = getattr(error, "strerror", None) or f"{type(error).__name__} {error}"
        where = f": {error.filename}" if getattr(error, "filename", None) else ""
        with suppress(OSError):
            stopped = isinstance(error, KeyboardInterrupt)
            print(f"laoqu: {'stopped' if stopped else what + where}", file=sys.stderr)
        return 1


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


LANG = arg("--lang", type=_names, default="zh", help="zh, en or zh,en (default: zh)", dest="langs")
BATCH = (
    arg("--formats", type=_names, default="html",
        help="html, pdf, docx, with commas (default: html)"),
    arg("--jobs", type=int, help="runs at a time (default: one a core, as far as memory goes)"),
    arg("--timeout", type=float, default=600, help="seconds a cell may take (default: 600)"),
    arg("--force", action="store_true", help="run also what is unchanged"),
    arg("--only-failed", action="store_true", help="run only what failed last time"),
    arg("--why", action="store_true", dest="only_say",
        help="run nothing; say for each run what changed"),
    arg("--kernel", metavar="NAME", help="run in an ordinary Jupyter kernel (python3, ir …)"),
    arg("--engine", choices=("local", "dask"), default="local", help="where runs happen"),
    arg("--scheduler", metavar="ADDRESS", help="of the Dask scheduler, tcp://host:port"),
    arg("--quiet", action="store_true", help="say only what failed"),
)  # fmt: skip


@verb(
    "report",
    arg("names", nargs="*", help="area: id or name"),
    arg("--all", action="store_true", help="all twelve areas"), LANG, *BATCH,
)  # fmt: skip
def report(names: list[str], all: bool, langs: list[str], **options: object) -> int:
    """Write the reports of areas and their index."""
    return _batch(laoqu.run_reports, _some(names, all, "area"), langs, **options)


@verb(
    "card",
    arg("names", nargs="*", help="county: code of the end of 2021, or name"),
    arg("--all", action="store_true", help="all counties that a source puts into an area"),
    arg("--within", metavar="NAME",
        help="province, city or area of the counties named, or of --all"),
    LANG, *BATCH,
)  # fmt: skip
def card(
    names: list[str], all: bool, within: str | None, langs: list[str], **options: object
) -> int:
    """Write the cards of counties."""
    names = _some(names, all, "county")
    if names and within:
        names = [str(laoqu.resolve_place(name, within=within)) for name in names]
    elif within:
        names = _counties(within)
    return _batch(laoqu.run_cards, names, langs, **options)


def _counties(within: str) -> list[str]:
    """Return the documented counties of a province, a city or an area."""
    from laoqu import places, reports

    inside = places.inside(within)
    codes = reports.county_codes()
    found = [c for c in codes if inside & {c, f"{c[:4]}00", f"{c[:2]}0000"}]
    if not found:
        raise LaoquError(f"no source puts a county of {within} into an area: name its counties")
    return found


def _some(names: list[str], every: bool, what: str) -> list[str] | None:
    if every == bool(names):
        raise LaoquError(f"name at least one {what}, or --all (not both)")
    return names or None


@verb("plan", LANG, *BATCH)
def plan(langs: list[str], **options: object) -> int:
    """Write the annotated plan."""
    return _batch(laoqu.run_plan, langs, **options)


@verb(
    "run",
    arg("notebook", help="a name in notebooks/, or a path"),
    arg("-p", action="append", default=[], metavar="NAME=VALUE", dest="pairs",
        help="a parameter, NAME VALUE or NAME=VALUE; may be given again"),
    arg("--params", metavar="FILE", help="sets of parameters: .csv, a row each; .yaml"), *BATCH,
)  # fmt: skip
def run(notebook: str, pairs: list[str], params: str | None, **options: object) -> int:
    """Run a notebook for any sets of parameters."""
    from laoqu.run.parameters import Notebook, read_pairs, read_sets

    given = read_pairs(pairs)
    book = Notebook(notebook)
    sets = [book.parse({**each, **given}) for each in (read_sets(Path(params)) if params else [{}])]
    return _batch(laoqu.run_notebook, book.path, sets, **options)


@verb(
    "monitor",
    arg("panel", help="a table of counties and years: .csv, .xlsx, .dta, .parquet"),
    arg("--outcome", default="", help="a column of numbers (default: the first)"),
    arg("--area", action="append", dest="areas",
        help="ids or names of areas, all (default), or each: all and every area"), LANG, *BATCH,
)  # fmt: skip
def monitor(panel: str, outcome: str, areas: list | None, langs: list, **options: object) -> int:
    """Compare a panel of your own with what the plan asks for."""
    path = Path(panel).expanduser().resolve()
    if not path.is_file():
        raise LaoquError(f"{panel}: no such file")
    given = {"panel": str(path), "outcome": laoqu.panel(path).monitor(outcome or None).outcome}
    if areas:
        plan = laoqu.load()
        areas = [name for each in areas for name in _names(each)]
        areas = ["all", *plan.region_ids] if "each" in areas else areas
        areas = ["all" if area == "all" else plan.region(area).region_id for area in areas]
    wanted = dict.fromkeys(areas or ["all"])
    sets = [{**given, "area": area, "lang": lang} for lang in langs for area in wanted]
    return _batch(laoqu.run_notebook, "08_monitoring", sets, **options)


def _batch(function: Callable, *what: object, engine: str, quiet: bool, **options: object) -> int:
    from laoqu.run import progress

    if (engine == "dask") != bool(options["scheduler"]):
        raise LaoquError("--engine dask and --scheduler ADDRESS go together")
    with progress.Progress(quiet) as tell:
        runs = function(*what, tell=tell, **options)
    if options["only_say"]:
        progress.explain(runs)
        return 0
    return 0 if progress.summarise(runs, quiet, options["only_failed"]) else 1


@verb(
    "export",
    arg("--to", metavar="FOLDER", help="default: treatment in the outputs folder"),
    arg("--estimator", metavar="NAME",
        help="write the panel for it: did, csdid, pyfixest, sunab …"),
    arg("--channel", action="append", metavar="NAME", dest="channels",
        help="only this one; may be given again"),
    arg("--years", default="2015-2024", help="of the panel (default: 2015-2024)"),
    arg("--first-treat", default="plan_reported", metavar="DATE",
        help="a date of treatment_dates.csv (default: plan_reported)"),
    arg("--timing", choices=("next_year", "same_year"), default="next_year",
        help="first treated year: the one after the date, or that of the date"),
    arg("--universe", choices=("areas", "all"), default="areas",
        help="counties of the twelve areas, or of all China"),
    arg("--controls", choices=("areas", "eligible"), default="areas",
        help="all counties of the areas, or those where selection was possible"),
    arg("--anticipation", type=int, default=1, metavar="YEARS",
        help="in which units may react before (default: 1)"),
)  # fmt: skip
def export(to: str | None, **options: object) -> None:
    """Write treatment tables for diff-in-diff."""
    from laoqu.analysis import exporting

    for path in sorted(exporting.export(to, **options).glob("[!.]*")):
        print(f"wrote {paths.display(path)} ({path.stat().st_size:,} bytes)")
    print("read README.md first: who is unknown, who was chosen, which date")


@verb(
    "export all",
    arg("--to", metavar="FOLDER", help="default: interchange in the outputs folder"),
    arg("--excel", action="store_true", help="CSV with the mark by which Excel knows UTF-8"),
)  # fmt: skip
def export_all(to: str | None, excel: bool) -> None:
    """Write every table as CSV, Parquet and DTA, a QDA project and a GeoPackage."""
    from laoqu import interchange

    folder = interchange.export(to, excel=excel)
    sizes = [path.stat().st_size for path in folder.rglob("[!.]*") if path.is_file()]
    print(f"wrote {len(sizes)} files to {paths.display(folder)} ({sum(sizes):,} bytes)")
    print("read README.md first: how to cite, which file is for what, what not to do")


@verb("check")
def check() -> int:
    """List every problem in data/."""
    found = laoqu.check()
    print("\n".join(found) if found else "data/ is clean")
    return int(bool(found))


@verb(
    "build",
    arg("--check", action="store_true", help="only say what is out of date"),
    arg("--accept", action="store_true", help="renew the hashes of curated tables after a review"),
)  # fmt: skip
def build(check: bool, accept: bool) -> int:
    """Write data/built and docs/dictionary.md."""
    from laoqu import build

    if check:
        found = build.problems()
        print("\n".join(str(problem) for problem in found) or "built files are current")
        return int(bool(found))
    for changed in build.accept() if accept else ():
        print(f"accepted data/{changed}")
    written = build.write()
    print("\n".join(f"wrote {paths.display(path)}" for path in written) or "nothing to do")
    return 0


@verb("show", arg("id", help="an area, clause, box, sentence, measure, mention, county or code"))
def show(id: str) -> None:
    """Say what an id or a code stands for."""
    plan = laoqu.load()
    passages = {*plan.clauses, *plan.boxes, *plan.parts}
    print(plan.show(id) if id in passages else plan.describe(id))


@verb(
    "codebook",
    arg("variable", nargs="?", help="only this variable"),
    arg("--lang", choices=("zh", "en"), help="with definitions, limits and examples"),
)
def codebook(variable: str | None, lang: str | None) -> None:
    """Print the codes, with --lang what they mean."""
    from laoqu.show.table import text_table

    plan = laoqu.load()
    codes = plan.codebook(variable)
    if lang is None:
        columns = ["variable", "code", "label_zh", "label_en"]
        print(text_table(columns, codes[columns].to_numpy().tolist()))
        return
    words, end = laoqu.Show(plan, lang).words, "_zh" if lang == "zh" else ""
    said = {name: f"{name}{end}" for name in ("definition", "include", "exclude")}
    said |= {name: name for name in ("example", "near_miss")}
    for code in codes.fillna("").to_dict("records"):
        print(f"{code['variable']} {code['code']}  {code[f'label_{lang}']}")
        for name, column in said.items():
            if code[column]:
                print(f"    {words(f'codebook.{name}')}{code[column]}")


@verb(
    "coding template",
    arg("file", nargs="?", default="coding.xlsx", help=".xlsx or .csv (default: coding.xlsx)"),
)  # fmt: skip
def coding_template(file: str) -> None:
    """Write an empty sheet with the allowed codes."""
    from laoqu import sheets

    plan, path = laoqu.load(), Path(file)
    if path.exists():
        raise LaoquError(f"{path} exists: name another file, so that no coding is lost")
    try:
        sheets.template(plan.table("measures"), plan.codebook(), path, plan.sentences())
    except OSError as error:
        raise LaoquError(f"{path} cannot be written: {error.strerror}") from error
    print(f"wrote {path}: fill it in, then `laoqu coding compare {path}`")


@verb(
    "coding sample",
    arg("--to", required=True, metavar="FOLDER", help="a new folder"),
    arg("--n", type=int, default=100, metavar="N", help="units of each kind (default: 100)"),
    arg("--seed", type=int, default=2021, metavar="S", help="of the lot (default: 2021)"),
    arg("--what", action="append", dest="kinds", metavar="KIND",
        help="measures, segments, scopes or namings; may be given again (default: all)"),
    arg("--form", choices=("xlsx", "csv"), default="xlsx", help="of the sheets (default: xlsx)"),
)  # fmt: skip
def coding_sample(to: str, kinds: list[str] | None, **options: object) -> None:
    """Draw a sample and write blind sheets for two coders."""
    from laoqu import validation

    kinds = kinds or list(validation.KINDS)
    folder = validation.sample(laoqu.load(), to, kinds=kinds, **options)
    for path in sorted(folder.rglob("*.*")):
        print(f"wrote {paths.display(path)}")
    protocol = paths.display(paths.docs() / "validation.md")
    print(f"give each coder one folder and keep the key; {protocol} has the protocol")


@verb(
    "coding compare",
    arg("sheet_a", metavar="SHEET", help="a sheet, .xlsx or .csv"),
    arg("sheet_b", metavar="SHEET_B", nargs="?", help="the sheet of a second coder"),
    arg("--key", metavar="FILE", help="key.csv, which was written with the sheets"),
    arg("--agreed", metavar="SHEET", help="what both coders settled on"),
    arg("--to", metavar="FOLDER", help="also write the tables as CSV, into a new folder"),
)  # fmt: skip
def coding_compare(to: str | None, **sheets: str | None) -> None:
    """Compare a sheet with the shipped codes, or two of a sample with each other too."""
    from laoqu import validation
    from laoqu.show.table import frame_text

    found = validation.compare(laoqu.load(), **sheets)
    keep = found.agreement["statistic"].str.match("percent|alpha|ac")
    columns = ["coders", "variable", "statistic", "value", "low", "high", "most_units", "n", "note"]
    unlike = found.confusion[found.confusion.drop(columns=["variable", "n"]).nunique(axis=1) > 1]
    shown = {
        "agreement": found.agreement.loc[keep].reindex(columns=columns),
        "confusion": unlike,
        "differences": found.differences,
        "shares": found.shares,
    }
    for name, table in shown.items():
        if len(table):
            print(f"{name}\n\n{frame_text(table)}\n")
    if found.differences.empty:
        print("no unit differs")
    if to:
        print(f"wrote {paths.display(validation.write(found, to))}")


@verb("lab", further="options")
def lab(options: list[str]) -> int:
    """Open the notebooks in JupyterLab; its own options may follow."""
    import subprocess

    folder = paths.notebooks_to_edit()
    print(f"the notebooks are in {folder}")
    return subprocess.call([sys.executable, "-m", "jupyterlab", *options, str(folder)])
