"""The index of an outputs folder: map, the twelve areas, county cards, and one search."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from laoqu.pages.html import template, with_spaces
from laoqu.plan import Plan, load
from laoqu.show import maps
from laoqu.show.table import picture
from laoqu.show.words import LANGS, Words
from laoqu.site import search

TEMPLATES = Path(__file__).parent / "templates"
#: Forms that the index links to, by the end of their names.
KINDS = {"html": ".html", "pdf": ".pdf", "docx": ".docx", "ipynb": ".ipynb", "values": "s.json"}
#: Of a county card those that are read; 500 cards leave no room for the rest.
READ = ("html", "pdf", "docx")
#: What lies in these is reached from the pages.
FOLDERS = {"tables", "figures"}
#: With more runs than these, each province of the cards opens on request.
OPEN = 60
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True
)


def parts() -> dict[str, object]:
    """Return what the index shows whatever was run, to be made while runs go on."""
    plan = load()
    drawn = {lang: maps.plot_overview(lang, plan) for lang in LANGS}
    drawn = {lang: picture(each.images(), each.alt) for lang, each in drawn.items()}
    return {"map": drawn, "found": search.data(plan), "answers": answers(plan)}


def answers(plan: Plan) -> dict[str, dict[str, str]]:
    """Return language → area → its answer, without what it shares with all of them."""
    from laoqu.analysis import answer

    found = answer.findings(plan)
    texts: dict[str, dict[str, str]] = {}
    for lang in LANGS:
        words = Words(plan, lang)
        texts[lang] = {
            each: answer.paragraph(words, found[each]).removeprefix(words("answer.plan")).strip()
            for each in found
        }
    return texts


def page(manifest: Mapping[str, object], parts: Mapping[str, object] | None = None) -> bytes:
    """Return ``index.html`` for a manifest, with what `parts` made if it is there already.

    Of the manifest it uses ``runs`` (each ``name``, ``status``, ``outputs``, ``error``), ``made``,
    ``laoqu``, ``python``, ``packages``.
    """
    plan = load()
    shown = parts or globals()["parts"]()
    runs = pd.DataFrame(_runs(manifest), columns=["lang", "name", "made", "error"])
    runs = runs.sort_values("lang", ascending=False, kind="stable")
    by_name = {name: rows.to_dict("records") for name, rows in runs.groupby("name")}
    cards = _cards(plan, by_name)
    carded = {county["adcode"]: 1 for group in cards for county in group["counties"]}
    found = shown["found"]
    if carded.keys() - {place["k"] for place in found["places"]}:
        found = search.data(plan, carded)  # a county outside the areas, known by its card alone
    hrefs = {region: {run["lang"]: run["made"].get("html") for run in by_name.get(region, [])}
             for region in plan.region_ids}  # fmt: skip
    text = ENVIRONMENT.get_template("index.html.j2").render(
        rows=list(plan.regions().itertuples()), runs=by_name, cards=cards, kinds=list(KINDS),
        read=READ,
        answers=shown["answers"], map=shown["map"], manifest=manifest, open=len(runs) <= OPEN,
        words={lang: Words(plan, lang) for lang in LANGS}, n=len(carded),
        sha=str(plan.source["sha256"])[:16],
        credit={lang: maps.source(plan, Words(plan, lang)) for lang in LANGS},
        data=embedded({**found, "areas": hrefs, "cards": carded}),
        css=template("page.css") + _text("index.css"), script=_text("index.js"),
    )  # fmt: skip
    return with_spaces(text).encode()


def embedded(data: object) -> str:
    r"""Return data as JSON that may stand in a ``<script>``: no tag can end it.

    >>> embedded({"a": "</script>"})
    '{"a":"\\u003c/script>"}'
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _runs(manifest: Mapping[str, object]) -> list[tuple[str, str, dict[str, str], str]]:
    """Return language, name, form → path of what stands, and the error of what failed."""
    rows = []
    for run in manifest["runs"]:
        lang, _, name = run["name"].partition("/")
        good = run if run["status"] == "ok" else run.get("earlier")
        paths = [output["path"] for output in good["outputs"]] if good else []
        made = {
            kind: path
            for path in paths
            for kind, end in KINDS.items()
            if path.endswith(end) and not set(path.split("/")) & FOLDERS
        }
        rows.append((lang, name, made, run["error"] if run["status"] == "failed" else ""))
    return rows


def _cards(plan: Plan, runs: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
    """Return the county cards by province."""
    units = plan.gazetteer().set_index("adcode")
    codes = sorted(name.removeprefix("cards/") for name in runs if name.startswith("cards/"))
    counties = [{"adcode": code, "unit": units.loc[code], "runs": runs[f"cards/{code}"]}
                for code in codes if code in units.index]  # fmt: skip
    return [{"unit": units.loc[f"{province}0000"], "counties": list(group)}
            for province, group in groupby(counties, lambda each: each["adcode"][:2])]  # fmt: skip


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
