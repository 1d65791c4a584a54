"""What a cell shows: headings and text, tiles, tables, figures, each as one plain record.

The record is what page, PDF, Word, CSV and ``values.json`` are made from; its HTML and its text are
what a notebook and a terminal show of it.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup
from tabulate import tabulate
from wcwidth import wcswidth

from laoqu.errors import ParameterError, require
from laoqu.measures import with_labels
from laoqu.sheets import HEADS
from laoqu.show.words import HAN, Words, label, scalar
from laoqu.show.words import table as labels

if TYPE_CHECKING:
    from jinja2 import Template

    from laoqu.validation import Comparison

#: Under this type a cell carries its record, beside HTML and text.
MIME = "application/vnd.laoqu+json"
#: A cell longer than this makes a table one of cards on a phone; in half widths of a character.
CARD = 28
#: Chinese in an English text, and English in a Chinese one: abbreviations need no language.
CHINESE = rf"[{HAN}][{HAN}（）、，；]*[{HAN}）]|[{HAN}]"
ENGLISH = r"(?:[A-Z]?[a-z]{3,}[’'a-z-]*)(?: [A-Za-z][’'A-Za-z-]*)*"
#: A quotation of the plan, if it stands there word for word; “十四五” is but a name.
QUOTED = re.compile(r"“([^“”]{4,})”")
#: In a text: [words](plan#c07.s03) into the annotated plan, [words](https://…), an address; “…”.
RUNS = re.compile(
    r"\[([^\]]+)\]\((plan#[\w.-]*|https?://[^\s)]+)\)|(https?://[^\s，。；）)、“”]+)|"
    + QUOTED.pattern
)


@dataclass(frozen=True)
class Block:
    """One thing that a notebook shows; `record` is all of it as plain data."""

    record: dict[str, object]

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        images = {k: each for k, each in self.record["images"].items() if "narrow" not in k}
        css = (Path(__file__).parent / "notebook.css").read_text(encoding="utf-8")
        page = f"<style>{css}</style>{block_html({**self.record, 'images': images})}"
        return {"text/html": page, "text/plain": repr(self), MIME: self.record}

    def __repr__(self) -> str:
        shown = self.record
        parts = [plain(shown["title"]), *map(plain, shown["paragraphs"])]
        parts += [f"{each['label']}: {each['value']}" for each in shown["tiles"]]
        if shown["rows"]:
            groups, rows = dict(map(tuple, shown["groups"])), []
            for number, row in enumerate(shown["rows"]):
                rows += [[groups[number]], row] if number in groups else [row]
            numeric = [column["role"] == "number" for column in shown["columns"]]
            parts.append(text_table([each["label"] for each in shown["columns"]], rows, numeric))
        return "\n".join(filter(None, [*parts, shown["alt"], plain(shown["note"])]))


def new_record(kind: str, key: str, lang: str, **parts: object) -> dict[str, object]:
    """Return a record with every field of the contract; what is not given is empty."""
    return {
        "kind": kind, "key": key, "anchor": key, "level": 2, "title": "",
        "lang": lang, "folded": False, "form": "", "paragraphs": [],
        "tiles": [], "columns": [], "rows": [], "groups": [], "links": [],
        "note": "", "download": None, "values": {}, "quotes": [], "alt": "", "caption": "",
        "images": {},
    } | parts  # fmt: skip


def with_index(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a frame whose index, where it names rows, are its first columns, and their names.

    An index of whole numbers without a name names none. Heads of several levels become one; two
    columns of one name are refused.
    """
    index = frame.index
    if frame.columns.nlevels > 1:
        heads = [" ".join(str(part) for part in head if str(part)) for head in frame.columns]
        frame = frame.set_axis(heads, axis=1)
    named = index.nlevels > 1 or index.name is not None or index.dtype.kind not in "iu"
    names = [str(name or "") for name in index.names] if named and len(frame) else []
    twice = [name for name, n in Counter([*names, *map(str, frame)]).items() if n > 1]
    if twice:
        why = f"two columns, or one and the index, are called {twice[0]!r}: rename one"
        raise ParameterError(f"the frame: {why}")
    return (frame.reset_index(names=names) if names else frame), names


def check_columns(frame: pd.DataFrame, names: Iterable[str]) -> None:
    """Raise an UnknownId when a column is missing, with the nearest name."""
    for name in names:
        require(str(name), list(map(str, frame)), "column of the frame")


def as_download(frame: pd.DataFrame, words: Words | None = None) -> dict[str, object]:
    """Return a frame as plain columns and rows; with `words` codes have their names beside them."""
    if words:
        frame = with_labels(frame, words.plan.codebook(), words.lang)
    columns = [list(map(scalar, column)) for _, column in frame.items()]
    return {"columns": list(map(str, frame)), "rows": list(map(list, zip(*columns, strict=True)))}


def runs(text: str, quotes: Iterable[str] = ()) -> list[tuple[str, str, str]]:
    """Cut a text into runs of kind, words and address: ``""``, ``quote``, ``link`` or ``plan``.

    >>> runs("[第七条](plan#c07)：“革命老区”", ["革命老区"])
    [('plan', '第七条', 'c07'), ('', '：“', ''), ('quote', '革命老区', ''), ('', '”', '')]
    """
    known, out, at = set(quotes), [], 0
    for found in RUNS.finditer(text):
        words, address, url, quoted = found.groups()
        start, end = found.span(4) if quoted else found.span()
        if quoted and quoted not in known:
            continue
        kind = "quote" if quoted else "plan" if address and address[:5] == "plan#" else "link"
        to = (address or url or "").removeprefix("plan#")
        out += [("", text[at:start], ""), (kind, words or url or quoted, to)]
        at = end
    return [run for run in [*out, ("", text[at:], "")] if run[1]]


def plain(text: str) -> str:
    """Return a text without the marks of its links."""
    return "".join(words for _, words, _ in runs(text))


def block_html(
    shown: Mapping[str, object], plan: str = "", files: Mapping[str, str] | None = None
) -> str:
    """Return a record as HTML.

    `plan` is the relative address of the annotated plan, without which no row links there; `files`
    are what it can be taken away as: address → name.
    """
    columns = shown["columns"]
    under = [i for i, each in enumerate(columns) if "under" in each["role"]]
    main = [i for i in range(len(columns)) if i not in under]
    longest = max((wcswidth(cell) for row in shown["rows"] for cell in row), default=0)
    return _template().render(
        it=shown, plan=plan, files=files, under=under, main=main,
        linked=next((i for i in main if "link" in columns[i]["role"]), 0),
        shape="cards" if longest > CARD or len(main) > 4 else "compact",
        groups=dict(map(tuple, shown["groups"])), plain=plain, picture=picture,
        opens=label("fold.table" if columns else "fold.text", shown["lang"], n=len(shown["rows"])),
        inline=lambda text: _inline(text, shown, plan),
    )  # fmt: skip


@cache
def _template() -> Template:
    """Read at the first use: what shows nothing needs no templates."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=True)
    return environment.get_template("block.html.j2")


def picture(images: Mapping[str, str], alt: str) -> Markup:
    """Return the drawings of a figure as one picture; on a phone the narrow one."""
    address = {name: svg_address(drawn) for name, drawn in images.items() if name.endswith(".svg")}
    source = address.get("wide.svg") or f"data:image/png;base64,{images['png']}"
    narrow = Markup('<source media="(max-width: 40rem)" srcset="{}">')
    narrow = narrow.format(address["narrow.svg"]) if "narrow.svg" in address else ""
    return Markup('<picture>{}<img alt="{}" src="{}"></picture>').format(narrow, alt, source)


def svg_address(svg: str) -> str:
    """Return an SVG as an address of its own."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')}"


def _inline(text: object, shown: Mapping[str, object], plan: str) -> Markup:
    """Return a text with its quotations, its links and its other language marked."""
    out = []
    for kind, words, address in runs(str(text), shown["quotes"]):
        said = tagged(words, shown["lang"])
        if kind == "quote":
            said = Markup('<q lang="zh">{}</q>').format(words)
        elif kind == "link" or (kind == "plan" and plan):
            to = address if kind == "link" else f"{plan}#{address}"
            said = Markup('<a href="{}">{}</a>').format(to, said)
        out.append(said)
    return Markup("").join(out).replace("\n", Markup("<br>"))


def tagged(text: str, lang: str) -> Markup:
    """Escape a text and mark what is in the other language, for readers that speak it aloud."""
    pattern, other = (ENGLISH, "en") if lang == "zh" else (CHINESE, "zh")
    # Every second piece is in the other language.
    pieces = [Markup.escape(piece) for piece in re.split(f"({pattern})", text)]
    pieces[1::2] = [Markup(f'<span lang="{other}">{piece}</span>') for piece in pieces[1::2]]
    return Markup("").join(pieces)


def text_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool] = ()
) -> str:
    """Return rows as aligned text; a Chinese character takes two columns.

    >>> print(text_table(["老区", "n"], [["沂蒙", "2"], ["左右江", "16"]], [False, True]))
    老区      n
    沂蒙      2
    左右江   16
    """
    sides = ["right" if each else "left" for each in numeric] or ["left"] * len(heads)
    return tabulate(rows, heads, tablefmt="plain", colalign=sides, disable_numparse=True)


def compared_text(found: Comparison, lang: str) -> str:
    """Return what `laoqu.validation.compare` found, table by table, as text in one language."""
    keep = found.agreement["statistic"].str.match("percent|alpha|ac")
    columns = ["coders", "variable", "statistic", "value", "low", "high", "most_units", "n", "note"]
    unlike = found.confusion[found.confusion.drop(columns=["variable", "n"]).nunique(axis=1) > 1]
    agreement = found.agreement.loc[keep].reindex(columns=columns)
    parts = []
    for name, table in found._replace(agreement=agreement, confusion=unlike)._asdict().items():
        if len(table):
            table = _in_chinese(table) if lang == "zh" else table
            rows = table.map(lambda v: f"{v:.3f}" if isinstance(v, float) else str(v))
            numeric = [kind.kind in "fi" for kind in table.dtypes]
            text = text_table(list(table), rows.to_numpy().tolist(), numeric)
            parts.append(f"{label(f'compared.{name}', lang)}\n\n{text}\n")
    return "\n".join([*parts, *([label("compared.none", lang)] if found.differences.empty else [])])


def _in_chinese(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of a comparison with heads, variables, statistics and notes in Chinese."""
    known = labels().items()
    said = {key.removeprefix("compared."): text for key, text in known if "compared." in key}
    names = HEADS | {name: text["zh"] for name, text in said.items()}
    for column in frame.columns.intersection(["variable", "statistic"]):
        frame = frame.assign(**{column: frame[column].replace(names)})
    if "note" in frame:  # what a statistic is stands in its name
        why = {text["en"]: text["zh"] for name, text in said.items() if name.startswith("why")}
        notes = ["，".join(why[each] for each in why if each in note) for note in frame["note"]]
        frame = frame.assign(note=notes)
    return frame.rename(columns=names)
