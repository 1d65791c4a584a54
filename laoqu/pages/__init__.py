"""From an executed notebook to what readers take away: page, PDF, Word, values, tables, figures.

Each form is made from the records that the cells left (`laoqu.show.table.MIME`), so that no form
can say what another does not.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from urllib.parse import quote

import nbformat
import pandas as pd
from nbformat.v4.rwbase import rejoin_lines

from laoqu.errors import FORMATS, LANGS, LaoquError, require
from laoqu.sheets import csv_bytes
from laoqu.show.table import MIME, new_record
from laoqu.show.words import label

#: Cells with one of these tags stay out of every form.
HIDDEN = {"notebook-only", "parameters", "injected-parameters"}
#: What every record has, whatever it shows.
FIELDS = new_record("", "", "").keys()
#: Where a page stands of which no batch says it: as a run of a user's own notebook.
ELSEWHERE = "runs/notebook/run"


def render(
    notebook: nbformat.NotebookNode, lang: str, formats: Sequence[str] = ("html",)
) -> dict[str, bytes]:
    """Return the files of an executed notebook, by their path inside its folder.

    They are ``report.html`` …, ``values.json``, ``figures/KEY.png|svg|csv``, ``tables/KEY.csv``.
    The notebook's metadata ``laoqu`` says what its pages are called (``kind``), where they stand in
    the outputs (``place``) and in other languages (``others``). An UnknownId tells of an
    unknown format, a LaoquError of a page that would load something from outside. Without `lang`
    the page is in the language of what is shown first.
    """
    for form in formats:
        require(form, FORMATS, "format")
    rejoin_lines(notebook)  # a text may be a list of lines
    shown = list(records(notebook))
    lang = lang or next((str(each["lang"]) for each in shown), LANGS[0])
    place = Place.of(notebook, lang)
    if not shown and set(formats) & set(FORMATS[1:]):
        raise LaoquError(
            "PDF and Word hold what a notebook shows with lq.Show, and this one shows nothing with "
            "it: ask for html alone, or use show = lq.Show(plan, lang)"
        )
    title = _title(notebook, shown, lang)
    beside, values = [_files(each) for each in shown], {}
    files: dict[str, bytes] = {}
    for each, made in zip(shown, beside, strict=True):
        files |= made
        for name, value in each["values"].items():
            if values.setdefault(name, value) != value:
                raise LaoquError(f"two values shown are called {name!r}; values.json holds one")
    text = json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False)
    files["values.json"] = f"{text}\n".encode()
    if "html" in formats:
        from laoqu.pages.html import page

        forms = {form: f"{place.stem}.{form}" for form in FORMATS[1:] if form in formats}
        names = list(map(list, beside))
        files[f"{place.stem}.html"] = page(notebook, place, title, forms, shown, names).encode()
    for form in FORMATS[1:]:
        if form in formats:
            from laoqu.pages import paper

            files[f"{place.stem}.{form}"] = getattr(paper, form)(shown, lang, title)
    return files


@dataclass(frozen=True)
class Place:
    """Where a page stands in the outputs, and so what its relative links are."""

    lang: str
    stem: str = "report"
    folder: str = ELSEWHERE
    others: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, notebook: nbformat.NotebookNode, lang: str) -> Place:
        """Read the place from the metadata of a notebook that a batch ran."""
        about = notebook.metadata.get("laoqu", {})
        stem, folder = about.get("kind", "report"), about.get("place", ELSEWHERE)
        return cls(lang, str(stem), folder, about.get("others", {}))

    def to(self, path: str) -> str:
        """Return the relative address of a file of the outputs."""
        return quote(posixpath.relpath(f"/{path}", f"/{self.folder}"))

    @property
    def beside(self) -> str:
        """The way from the page to its tables and figures: pages of a shared folder lie above."""
        return "" if "/" in self.folder else f"{self.stem}/"

    @property
    def plan(self) -> str:
        """The annotated plan in the language of the page."""
        return self.to(f"{self.lang}/plan.html")

    @property
    def other(self) -> dict[str, str]:
        """The same page in the other languages in which it was made."""
        return {lang: self.to(f"{at}/{self.stem}.html") for lang, at in self.others.items()}


def cells(notebook: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    """Yield the cells that are for readers of a page."""
    for cell in notebook.cells:
        if not HIDDEN & set(cell.metadata.get("tags", ())):
            yield cell


def records(notebook: nbformat.NotebookNode) -> Iterator[dict[str, object]]:
    """Yield what the cells show, in order, as records; an id or a file of a page is given once."""
    given = set()
    for cell in cells(notebook):
        for record in filter(None, map(record_of, cell.get("outputs", ()))):
            kind, key = record["kind"], record["key"]
            key = _once(key, kind, given) if kind in ("figure", "table") else key
            yield {**record, "key": key, "anchor": _once(record["anchor"], "anchor", given)}


def _once(name: str, kind: str, given: set[tuple[str, str]]) -> str:
    """Return a name, with a number where it is given; Key and key are one file on some systems."""
    names = chain([name], (f"{name}-{n}" for n in count(2)))
    free = next(each for each in names if not name or (kind, each.casefold()) not in given)
    given.add((kind, free.casefold()))
    return free


def record_of(output: Mapping[str, object]) -> dict[str, object] | None:
    """Return the record of one output of a cell, if it has one; what is half of one is none."""
    found = output.get("data", {}).get(MIME)
    return found if isinstance(found, dict) and found.keys() >= FIELDS else None


def _title(
    notebook: nbformat.NotebookNode, shown: Sequence[Mapping[str, object]], lang: str
) -> str:
    """Return the title: the first heading of the highest level, else the name of the notebook."""
    found = [each["title"] for each in shown if each["level"] == 1 and each["title"]]
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    prose = re.sub("</?[A-Za-z][^<>]*>", "", prose)
    found += re.findall(r"^# +(.+)$", prose, re.MULTILINE)
    found += [each["title"] for each in shown if each["title"]]
    found += re.findall(r"^##+ +(.+)$", prose, re.MULTILINE)
    own = re.match(r"runs/([^/]+)/", f"{Place.of(notebook, lang).folder}/")
    return str([*found, own[1] if own else label("site.title", lang)][0]).strip()


def _files(shown: Mapping[str, object]) -> dict[str, bytes]:
    """Return what a table or figure can be taken away as: CSV, PNG, SVG."""
    name, files = f"{'figures' if shown['kind'] == 'figure' else 'tables'}/{shown['key']}", {}
    if "png" in shown["images"]:
        files[f"{name}.png"] = base64.b64decode(shown["images"]["png"])
    if "wide.svg" in shown["images"]:
        files[f"{name}.svg"] = shown["images"]["wide.svg"].encode()
    if table := shown["download"]:
        frame = pd.DataFrame(table["rows"], columns=table["columns"], dtype="object")
        files[f"{name}.csv"] = csv_bytes(frame)
    return files
