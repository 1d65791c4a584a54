"""The one object a notebook talks to: words, text, tiles, tables, charts and maps.

Each thing shown is HTML and text for the notebook, and one plain record under
`laoqu.show.table.MIME` that page, PDF, Word, CSV and ``values.json`` are made from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from laoqu.errors import ParameterError, require
from laoqu.show import table as tables
from laoqu.show.table import MIME, Block
from laoqu.show.words import KEY, Words, start

if TYPE_CHECKING:
    from laoqu.plan import Plan

__all__ = ["MIME", "Block", "Show", "Words"]

CHARTS = ("dots", "heat", "lines")
FILE = re.compile(r"[A-Za-z0-9][\w.-]{0,80}", re.ASCII)
#: How the paragraphs of a text are set.
FORMS = ("answer", "note", "list")
#: Of a figure, in the language of the page; a key of labels.csv or the text itself.
FIGURE_WORDS = ("title", "subtitle", "caption", "alt")


class Show:
    """Show results of one plan in one language.

    Parameters
    ----------
    plan : Plan
    lang : {"zh", "en"}

    Examples
    --------
    >>> import laoqu as lq
    >>> show = lq.Show(lq.load(), "en")
    >>> show.text(["Two measures name the area."], title="Yimeng")
    Yimeng
    Two measures name the area.
    """

    def __init__(self, plan: Plan, lang: str = "zh") -> None:
        self.plan, self.lang = plan, lang
        self.words = Words(plan, lang)

    def text(
        self,
        content: str | Sequence[str] = (),
        level: int = 2,
        title: str = "",
        anchor: str = "",
        form: str = "",
        folded: bool = False,
        values: Mapping[str, object] | None = None,
        **words: object,
    ) -> Block:
        """Show a heading and paragraphs: `title` and `content` are keys of labels.csv or texts.

        ``[words](plan#c07)`` links into the annotated plan; `level` 1 is the page's own heading;
        `anchor` is the id of the section, by default the key; `form` is ``answer``, ``note``
        or ``list`` (each paragraph an item). What is `folded` opens on the page on request and is
        not printed; `values` go to ``values.json``; `words` fill the labels: ``n=3``.
        """
        if form:
            require(form, FORMS, "form")
        key = content if isinstance(content, str) and KEY.fullmatch(content) else anchor or title
        if isinstance(content, str):
            content = self.words.say(content, **words).split("\n") if content else []
        paragraphs = [self.words.space(each) for each in content]
        return self._block(
            "text", key, level=level, title=self.words.say(title, **words), anchor=anchor,
            form=form, folded=folded, paragraphs=paragraphs, values=values,
            quotes=self._quotes(paragraphs),
        )  # fmt: skip

    def tiles(
        self,
        tiles: Sequence[tuple[object, str, str]],
        key: str = "glance",
        values: Mapping[str, object] | None = None,
    ) -> Block:
        """Show a few numbers side by side: value, label, note; the words are keys or texts.

        A whole number goes into ``values.json`` under the last part of its label's key.
        """
        say, shown, numbers = self.words.say, [], {}
        for value, name, note in tiles:
            text = self.words.space(str(value))
            shown.append({"value": text, "label": say(name), "note": say(note)})
            if KEY.fullmatch(name) and not isinstance(value, str):
                numbers[name.rpartition(".")[2]] = value
        return self._block("tiles", key, tiles=shown, values={**numbers, **(values or {})})

    def table(
        self,
        frame: pd.DataFrame,
        key: str,
        columns: Sequence[str] | None = None,
        group: str = "",
        roles: Mapping[str, str] | None = None,
        link: str = "",
        title: str = "",
        note: str = "",
        level: int = 3,
        folded: bool = False,
        values: Mapping[str, object] | None = None,
        download: pd.DataFrame | None = None,
    ) -> Block:
        """Show a frame as a table; heads are the labels ``col.NAME``, the rows stay in order.

        Parameters
        ----------
        frame : DataFrame
        key : str
            Name of the table: its id in the page and its file, ``tables/KEY.csv``.
        columns : list of str, optional
            Which are shown, in order; by default all.
        group : str
            Column that heads groups of rows, in the order of the frame.
        roles : mapping
            Column → ``words`` (the plan's own, in serif), ``number``, ``code`` (shown by its name),
            ``under`` (a second line below the first column, also ``under words``), ``link`` (the
            column that leads into the annotated plan).
        link : str
            Column of ids that the rows link to in the annotated plan.
        download : DataFrame, optional
            What the CSV holds; by default the frame.

        The other parameters are those of `text`.
        """
        roles = dict(roles or {})
        names = list(frame.columns) if columns is None else list(columns)
        tables.check_columns(frame, [*names, *roles, *filter(None, (group, link))])
        heads = tables.columns_of(frame[names], self.words, roles)
        rows = [
            [tables.cell_text(*cell, self.words) for cell in zip(row, heads, strict=True)]
            for row in frame[names].itertuples(index=False)
        ]
        note, begins, links = self.words.say(note), [], []
        if group:
            names = [self.words.cell(group, str(tables.scalar(each))) for each in frame[group]]
            texts = list(map(start, names))
            begins = [[i, text] for i, text in enumerate(texts) if texts[:i][-1:] != [text]]
        if link:
            links = frame[link].astype(str).tolist()
        return self._block(
            "table", key, level=level, title=self.words.say(title), note=note, folded=folded,
            columns=heads, rows=rows, groups=begins, links=links, ids=_unique(key, links),
            values=values, quotes=self._quotes([note]),
            download=tables.as_download(
                tables.labelled(frame if download is None else download, self.words)
            ),
        )  # fmt: skip

    def chart(self, kind: str, frame: pd.DataFrame, key: str, **roles: object) -> Block:
        """Show a frame as a chart: one of `CHARTS`.

        See the functions of these names in `laoqu.show.charts`; ``title`` states the finding.
        """
        require(kind, CHARTS, "chart")
        from laoqu.show import charts

        figure = getattr(charts, kind)(frame, self.words, **self._said(roles))
        return self.figure(figure, key)

    def map(self, region: str, key: str = "map", **layers: object) -> Block:
        """Show the map of one area; see `laoqu.plot_region`."""
        from laoqu.show import maps

        figure = maps.plot_region(region, self.lang, self.plan, **self._said(layers))
        return self.figure(figure, key)

    def figure(self, figure: object, key: str, alt: str = "", caption: str = "") -> Block:
        """Show a figure of `laoqu.show.charts` or `laoqu.show.maps`, or one of matplotlib.

        The files are ``figures/KEY.png``, ``.svg`` and ``.csv``. A figure of ours knows its words;
        for one of matplotlib give `alt` (what it shows, for those who cannot see it) and `caption`.
        """
        given = {"alt": self.words.say(alt), "caption": self.words.say(caption)}
        parts = tables.figure_parts(figure) | {name: text for name, text in given.items() if text}
        if not parts.get("alt"):
            raise ParameterError(f"figure {key!r} needs an alt text: what it shows, in words")
        return self._block("figure", key, **parts)

    def _said(self, parts: Mapping[str, object]) -> dict[str, object]:
        words = {name: self.words.say(str(parts[name])) for name in FIGURE_WORDS if name in parts}
        return {**parts, **words}

    def _quotes(self, texts: Sequence[str]) -> list[str]:
        """Return what the texts quote word for word from the plan."""
        said = {quoted for text in texts for quoted in tables.QUOTED.findall(text)}
        return sorted(each for each in said if each in self.plan.document.canonical)

    def _block(
        self, kind: str, key: str, anchor: str = "", values: object = None, **parts: object
    ) -> Block:
        if kind in ("table", "figure") and not FILE.fullmatch(key):
            raise ParameterError(f"key {key!r} names a file: expected letters, digits and _ - .")
        shown = tables.new_record(kind, key, self.lang, **parts)
        shown["anchor"] = anchor or re.sub(r"[^\w-]+", "-", key).strip("-")
        shown["values"] = {name: tables.scalar(each) for name, each in dict(values or {}).items()}
        return Block(shown)


def _unique(key: str, ids: Sequence[str]) -> list[str]:
    """Return ids of rows that no other table of the page has."""
    seen: Counter[str] = Counter()
    out = []
    for each in ids:
        seen[each] += 1
        out.append(f"{key}-{each}" + (f"-{seen[each]}" if seen[each] > 1 else ""))
    return out
