"""The index of an outputs folder: map, the twelve areas, county cards, and one search."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
#: What lies in these is reached from the pages.
FOLDERS = {"tables", "figures"}
#: Of a county card those that are read; 500 cards leave no room for the rest.
READ = ("html", "pdf", "docx")
#: As many cards stand open; of more, each province opens on request.
OPEN = 60


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
    """Return ``index.html`` for a manifest.

    Parameters
    ----------
    manifest : mapping
        ``runs`` (each ``name``, ``status``, ``outputs``, ``error``), ``made``, ``laoqu``,
        ``python``, ``packages``.
    parts : mapping, optional
        From `parts`, if they are made already; ``answers`` has the lines of the areas.
    """
    plan = load()
    shown = dict(parts or globals()["parts"]())
    words = {lang: Words(plan, lang) for lang in LANGS}
    runs = pd.DataFrame(_runs(manifest), columns=["lang", "name", "made", "error"])
    rows = [
        {
            "row": row, "runs": runs[runs["name"] == row.region_id].to_dict("records"),
            "answer": {lang: shown["answers"][lang][row.region_id] for lang in LANGS},
        }
        for row in plan.regions().itertuples()
    ]  # fmt: skip
    cards = _cards(plan, runs[runs["name"].str.startswith("cards/")])
    hrefs = {each["row"].region_id: {run["lang"]: run["made"].get("html") for run in each["runs"]}
             for each in rows}  # fmt: skip
    carded = {county["adcode"]: 1 for group in cards for county in group["counties"]}
    found = shown["found"]
    if carded.keys() - {place["k"] for place in found["places"]}:
        found = search.data(plan, carded)  # a county outside the areas, known by its card alone
    found = {**found, "areas": hrefs, "cards": carded}
    plans = {row.lang: row.made for row in runs[runs["name"] == "plan"].itertuples()}
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True
    )
    text = environment.get_template("index.html.j2").render(
        rows=rows, cards=cards, plans=plans, kinds=KINDS, map=shown["map"], manifest=manifest,
        words=words, open=len(runs) <= OPEN, n=sum(len(group["counties"]) for group in cards),
        sha=str(plan.source["sha256"])[:16], data=embedded(found),
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


def _cards(plan: Plan, runs: pd.DataFrame) -> list[dict[str, object]]:
    """Return the county cards by province: whoever reads one language gets it first."""
    units = plan.gazetteer().set_index("adcode")
    provinces: dict[str, dict[str, object]] = {}
    for name, group in runs.sort_values("name").groupby("name"):
        adcode = name.removeprefix("cards/")
        if adcode not in units.index:
            continue
        made = {row.lang: {kind: row.made[kind] for kind in READ if kind in row.made}
                for row in group.itertuples()}  # fmt: skip
        head = units.loc[f"{adcode[:2]}0000"]
        province = provinces.setdefault(head.name, {"unit": head, "counties": []})
        first = {
            lang: next(((each, made[each]) for each in (lang, *LANGS) if made.get(each)), None)
            for lang in LANGS
        }
        errors = [error for error in group["error"] if error]
        county = {"adcode": adcode, "unit": units.loc[adcode], "forms": first, "errors": errors}
        province["counties"].append(county)
    return list(provinces.values())


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
