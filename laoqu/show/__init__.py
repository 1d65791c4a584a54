"""The one object a notebook talks to: words, text, tiles, tables, charts and maps.

Each thing shown is HTML and text for the notebook, and one plain record under
`laoqu.show.table.MIME` that page, PDF, Word, CSV and ``values.json`` are made from.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from laoqu.errors import ParameterError, require, shown
from laoqu.show import table as tables
from laoqu.show.table import MIME, Block
from laoqu.show.words import KEY, Words, numbers, scalar, start

if TYPE_CHECKING:
    from laoqu.plan import Plan

__all__ = ["MIME", "Block", "Show", "Words"]

CHARTS = ("dots", "heat", "lines")
FILE = re.compile(r"[A-Za-z0-9][\w.-]{0,80}", re.ASCII)
#: How the paragraphs of a text are set.
FORMS = ("answer", "note", "list")
#: What a column of a table is; one may be two, ``under words``.
ROLES = ("text", "words", "number", "under", "code", "link")


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
        if not hasattr(plan, "document"):
            raise ParameterError(f"plan is {shown(plan)}, expected a plan (lq.load())")
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

        Numbers are written as in a table; what you write yourself stays as it is.

        A whole number goes into ``values.json`` under the last part of its label's key.
        """
        say, shown, numbers = self.words.say, [], {}
        for value, name, note in tiles:
            text = "–" if pd.isna(value) else self.words.cell("", value)
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
        labels: bool = False,
    ) -> Block:
        """Show a frame as a table; the rows stay in order, behind their names if the index has any.

        Numbers of a column have as many decimals as four digits of its largest need, at most those
        that they have; round them for fewer. The CSV has all.

        As every block, it is shown as the last expression of its cell; in a loop, or before
        another, hand it to ``display``: what is not shown stands in no report and leaves no file.

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
        labels : bool
            Whether columns are headed by what laoqu's own are called, the labels ``col.NAME`` of
            ``labels.csv``, as ``col.growth`` for growth in percent a year; else by their names.

        The other parameters are those of `text`.
        """
        roles, words = dict(roles or {}), self.words
        frame, index = tables.with_index(frame)
        names = list(frame.columns if columns is None else columns)
        names = [*(name for name in index if name not in names), *names]
        tables.check_columns(frame, [*names, *roles, *filter(None, (group, link))])
        for role in " ".join(roles.values()).split():
            require(role, ROLES, "role")
        roles = [roles.get(name, "text") for name in names]
        pairs = zip(names, roles, strict=True)
        cells = [self._cells(frame[name], name, role) for name, role in pairs]
        rows = list(map(list, zip(*cells, strict=True)))
        heads = [start(words.cell(group, each)) for each in frame[group]] if group else []
        groups = [[i, text] for i, text in enumerate(heads) if not i or heads[i - 1] != text]
        note = words.say(note)
        return self._block(
            "table", key, level=level, title=words.say(title), note=note, folded=folded,
            columns=[{"name": str(name), "label": words.column(str(name)) if labels else str(name),
                      "role": role}
                     for name, role in zip(names, roles, strict=True)],
            rows=rows, groups=groups, links=frame[link].astype(str).tolist() if link else [],
            values=values, quotes=self._quotes([note]),
            download=tables.as_download(
                frame if download is None else tables.with_index(download)[0], words
            ),
        )  # fmt: skip

    def chart(self, kind: str, frame: pd.DataFrame, key: str, **roles: object) -> Block:
        """Show a frame as a chart: one of `CHARTS`.

        See the functions of these names in `laoqu.show.charts`; ``title`` states the finding.
        """
        require(kind, CHARTS, "chart")
        from laoqu.show import charts

        return self.figure(getattr(charts, kind)(frame, self.words, **roles), key)

    def map(self, region: str, key: str = "map", **layers: object) -> Block:
        """Show the map of one area; see `laoqu.plot_region`."""
        from laoqu.show import maps

        return self.figure(maps.plot_region(region, self.lang, self.plan, **layers), key)

    def figure(self, figure: object, key: str, alt: str = "", caption: str = "") -> Block:
        """Show a figure of `laoqu.show.charts` or `laoqu.show.maps`, or one of matplotlib.

        The files are ``figures/KEY.png``, ``.svg`` and ``.csv``. A figure of ours knows its words;
        for one of matplotlib give `alt` (what it shows, for those who cannot see it) and `caption`.
        """
        if hasattr(figure, "savefig"):
            svg, png = io.StringIO(), io.BytesIO()
            figure.savefig(svg, format="svg", metadata={"Date": None})
            figure.savefig(png, format="png")
            coded = base64.b64encode(png.getvalue()).decode("ascii")
            parts = {"images": {"wide.svg": svg.getvalue(), "png": coded}}
        else:
            parts = figure.record()
        given = {"alt": self.words.say(alt), "caption": self.words.say(caption)}
        parts |= {name: text for name, text in given.items() if text}
        if (own := self.words.own_files()) not in (caption := parts.get("caption", "")):
            parts["caption"] = self.words.sentences([caption, own])
        if not parts.get("alt"):
            raise ParameterError(f"figure {key!r} needs an alt text: what it shows, in words")
        return self._block("figure", key, **parts)

    def _cells(self, column: pd.Series, name: str, role: str) -> list[str]:
        if "words" in role:
            return [str(scalar(value)) for value in column]
        if "code" in role:
            return [start(self.words.cell(name, value)) for value in column]
        column = column.infer_objects()
        if column.dtype.kind == "f":
            floats = column.to_numpy("float64", na_value=float("nan"))
            return numbers(floats, "," if "number" in role else "")
        return [self.words.cell("", value) for value in column]

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
        shown["values"] = {name: scalar(each) for name, each in dict(values or {}).items()}
        return Block(shown)
