"""The index of an outputs folder: map, the twelve areas, county cards, and one search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from jinja2 import FileSystemLoader

from laoqu.pages import html
from laoqu.plan import Plan, load
from laoqu.show import maps
from laoqu.show.table import picture
from laoqu.show.words import LANGS, Words
from laoqu.site import search

#: Forms that the index links to, by the end of their names.
KINDS = {
    "html": ".html", "pdf": ".pdf", "docx": ".docx", "ipynb": ".ipynb", "values": "/values.json",
}  # fmt: skip
#: Of a county card those that are read; 500 cards leave no room for the rest.
READ = ("html", "pdf", "docx")
#: What lies in these is reached from the pages.
FOLDERS = {"tables", "figures"}
#: Where runs of other notebooks lie.
OWN = "runs"
#: With more runs than these, each province of the cards, and other notebooks, open on request.
OPEN = 60
ENVIRONMENT = html.ENVIRONMENT.overlay(loader=FileSystemLoader(Path(__file__).parent / "templates"))
ENVIRONMENT.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}


def parts(_: object = None) -> dict[str, object]:
    """Return what the index shows whatever was run, to be made while runs go on."""
    from laoqu.analysis import answer

    plan = load()
    drawn = {lang: maps.plot_overview(lang, plan) for lang in LANGS}
    answers = {}
    for lang in LANGS:
        words = Words(plan, lang)
        # Without what the answer of an area shares with all of them.
        answers[lang] = {
            area: text.removeprefix(words.of_plan()).strip()
            for area, text in answer.answers(plan, words).items()
        }
    return {
        "pictures": {lang: picture(each.drawings(), each.alt) for lang, each in drawn.items()},
        "credit": {lang: each.caption for lang, each in drawn.items()},
        "answers": answers, "found": search.data(plan),
    }  # fmt: skip


def page(manifest: Mapping[str, object], made: Mapping[str, object] | None = None) -> bytes:
    """Return ``index.html`` for a manifest, with what `parts` returned if it is made already.

    Of the manifest it uses ``runs`` (each ``name``, ``status``, ``outputs``, ``error``, ``parts``),
    ``inputs``, ``made``, ``laoqu``, ``python``, ``packages``.
    """
    plan = load()
    shown = made or parts()
    by_name: dict[str, list] = {}
    runs = [_run(run, manifest.get("inputs", {})) for run in manifest["runs"]]
    own = [run for run in runs if run["lang"] == OWN]
    for run in sorted(runs, key=lambda run: run["lang"] != "zh"):
        by_name.setdefault(run["name"], []).append(run)
    cards = _cards(plan, by_name)
    watched = {name: group for name, group in by_name.items() if name.startswith("monitor/")}
    carded = {county["adcode"]: 1 for group in cards for county in group["counties"]}
    found = shown["found"]
    if carded.keys() - {place["k"] for place in found["places"]}:
        found = search.data(plan, carded)  # a county outside the areas, known by its card alone
    hrefs = {name: {run["lang"]: run["made"].get("html") for run in by_name.get(name, [])}
             for name in (*plan.region_ids, "plan")}  # fmt: skip
    return ENVIRONMENT.get_template("index.html.j2").render(
        shown, rows=list(plan.regions().itertuples()), runs=by_name, cards=cards, read=READ,
        kinds=list(KINDS), manifest=manifest, open=len(by_name) <= OPEN, hrefs=hrefs, n=len(carded),
        own=own, open_own=OPEN, watched=watched,
        words={lang: Words(plan, lang) for lang in LANGS}, sha=str(plan.source["sha256"])[:16],
        data={**found, "plan": hrefs.pop("plan"), "areas": hrefs, "cards": carded},
        css=html.template("page.css"),
    ).encode()  # fmt: skip


def _run(run: Mapping[str, object], inputs: Mapping[str, str]) -> dict[str, object]:
    """Return language, name, form → path of what stands, and the error of what failed.

    ``other`` tells that what stands was made of other data than `inputs`.
    """
    lang, _, name = run["name"].partition("/")
    good = run if run["status"] == "ok" else run.get("earlier") or {}
    paths = [output["path"] for output in good.get("outputs", ())]
    paths = [path for path in paths if not set(path.split("/")) & FOLDERS]
    made = {kind: path for path in paths for kind, end in KINDS.items() if path.endswith(end)}
    error = run["error"] if run["status"] == "failed" else ""
    other = bool(made) and any(good["parts"].get(part) != now for part, now in inputs.items())
    return {"lang": lang, "name": name, "made": made, "error": error, "other": other}


def _cards(plan: Plan, runs: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
    """Return the county cards by province."""
    units = plan.gazetteer().set_index("adcode")
    codes = sorted(name.removeprefix("cards/") for name in runs if name.startswith("cards/"))
    counties = [{"adcode": code, "unit": units.loc[code], "runs": runs[f"cards/{code}"]}
                for code in codes if code in units.index]  # fmt: skip
    return [{"unit": units.loc[f"{province}0000"], "counties": list(group)}
            for province, group in groupby(counties, lambda each: each["adcode"][:2])]  # fmt: skip
