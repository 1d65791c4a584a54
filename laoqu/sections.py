"""What the report of one area shows, section by section; the notebook only calls these."""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import cached_property

import pandas as pd

import laoqu
from laoqu.analysis import exposure
from laoqu.errors import ParameterError, nearest
from laoqu.figures import maps
from laoqu.figures.coverage import coverage
from laoqu.figures.style import Drawn
from laoqu.labels import check_lang, joined, label
from laoqu.plan import Plan, load
from laoqu.regions import REACH, Region
from laoqu.tables import Block, marked


def report(region: str, lang: str = "zh", plan: Plan | None = None) -> Report:
    """Return the report of one area; each of its methods is one section.

    Parameters
    ----------
    region : str
        Id, Chinese or English name.
    lang : {"zh", "en"}
        Language of the words around the plan's own, which stay Chinese.
    plan : Plan, optional
        By default ``laoqu.load()``.

    Returns
    -------
    Report

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.report("沂蒙", "en").numbers().rows[0][:3]
    ('Directive sentences that name the area', '2', '1–6')
    """
    plan = plan or load()
    return Report(plan, plan.region(region), check_lang(lang))


def expect_parameters(namespace: Mapping[str, object], *names: str) -> None:
    """Raise when a notebook was given a parameter it does not have.

    papermill only warns of a mistyped parameter and runs the default, so a template asks for
    this before anything else.

    Parameters
    ----------
    namespace : mapping
        The notebook's ``globals()``, before it has set names of its own.
    *names : str
        The parameters it has.

    Raises
    ------
    ParameterError
        With the nearest name.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.expect_parameters({"region": "太行", "_": None}, "region", "lang")
    """
    shell = {"In", "Out", "get_ipython", "exit", "quit", "open", "lq", "papermill"}
    for name, value in namespace.items():
        if name.startswith("_") or name in shell or name in names:
            continue
        if isinstance(value, (str, int, float, bool, list, dict, tuple, type(None))):
            hint = nearest(name, names) or names
            message = f"unknown parameter {name!r}; nearest: {', '.join(hint)}"
            raise ParameterError(message)


def plot_region(region: str, lang: str = "zh", plan: Plan | None = None) -> Drawn:
    """Draw the map of one area: its documented counties, key counties, named cities and zones.

    Parameters
    ----------
    region : str
        Id, Chinese or English name.
    lang : {"zh", "en"}
    plan : Plan, optional
        By default ``laoqu.load()``; its membership and boundary file are used.

    Returns
    -------
    Drawn
        Schematic, no standard map; ``data`` has one row per thing drawn.

    Examples
    --------
    >>> import laoqu as lq
    >>> drawn = lq.plot_region("沂蒙", "en")
    >>> int((drawn.data["kind"] == "county").sum())
    18
    """
    plan = plan or load()
    it = plan.region(region)
    return maps.plot_region(
        it, plan.counties(), plan.outline(), plan.membership(), plan.mentions(it.region_id),
        plan.box_items(region=it.region_id), check_lang(lang),
    )  # fmt: skip


def plot_overview(lang: str = "zh", plan: Plan | None = None) -> Drawn:
    """Draw the twelve areas in one map of China, their overlaps visible.

    Parameters
    ----------
    lang : {"zh", "en"}
    plan : Plan, optional
        By default ``laoqu.load()``.

    Returns
    -------
    Drawn
        Schematic, no standard map; follows the layer's national outline.
    """
    plan = plan or load()
    return maps.plot_overview(
        plan.regions(), plan.counties(), plan.outline(), plan.membership(), check_lang(lang)
    )


class Report:
    """One area's report in one language. Get it from `report`."""

    def __init__(self, plan: Plan, region: Region, lang: str) -> None:
        self.plan, self.region, self.lang = plan, region, lang

    @cached_property
    def clause_counts(self) -> pd.DataFrame:
        """All areas: `laoqu.analysis.exposure.by_clause`."""
        return exposure.by_clause(self.plan.nearest_reach(), self.plan.directives())

    @cached_property
    def all_numbers(self) -> pd.DataFrame:
        """All areas: `laoqu.analysis.exposure.numbers`."""
        plan = self.plan
        return exposure.numbers(self.clause_counts, plan.reach(), plan.mentions(), plan.box_items())

    @cached_property
    def reach_counts(self) -> dict[str, int]:
        """Directive sentences by how they reach this area at their nearest, and in all."""
        here = self.clause_counts[self.clause_counts["region_id"] == self.region.region_id]
        counts = here[[*REACH, "directives"]].sum().astype(int).to_dict()
        return {"class_" if key == "class" else key: value for key, value in counts.items()}

    def head(self) -> Block:
        """Name the area, its provinces and how much of its membership is known."""
        region = self.region
        counties = self._say(
            "head.counties_value", documented=region.documented, total=region.official_total
        )
        basis = self._say(f"head.total_{region.total_basis}")
        provinces = joined(self._provinces(), self.lang)
        rows = (
            (self._say("source.plan"), str(self.plan.source["title"])),
            (self._say("head.provinces"), provinces),
            (self._say("head.counties"), f"{counties}（{basis}）" if self.lang == "zh" else
             f"{counties} ({basis})"),
            (self._say("head.version"), laoqu.__version__),
        )  # fmt: skip
        pairs = "".join(
            f"<div><dt>{html.escape(key)}</dt><dd>{html.escape(value)}</dd></div>"
            for key, value in rows
        )
        warning = self._say("head.incomplete") if self._incomplete else ""
        shown = f'<p class="warning">{html.escape(warning)}</p>' if warning else ""
        page = (
            f'<p class="kicker">{self._say("head.kicker")}</p>'
            f"<h1>{html.escape(region.name(self.lang, full=True))}</h1>"
            f'<dl class="facts">{pairs}</dl>{shown}'
        )
        text = "\n".join(f"{key}: {value}" for key, value in rows)
        name = region.name(self.lang, full=True)
        return _Head("head", name, text + (f"\n{warning}" if warning else ""), extra_html=page)

    def numbers(self) -> Block:
        """Return the key numbers with the other eleven beside them."""
        rows = []
        for measure in exposure.NUMBERS:
            it = exposure.compared(self.all_numbers[measure], self.region.region_id)
            span = f"{it['low']}–{it['high']}" if it["low"] < it["high"] else str(it["low"])
            order = f"{it['more']} / {it['same']} / {it['fewer']}"
            name = self._say(f"measure.{measure}")
            rows.append((name, str(it["value"]), span, f"{it['median']:g}", order))
        lead = self._say("numbers.lead", region=self.region.name(self.lang), **self.reach_counts)
        return Block(
            "numbers",
            self._say("numbers.title"),
            lead,
            self._columns("numbers.col", "measure", "value", "range", "median", "order"),
            tuple(rows),
            numeric=frozenset({1, 2, 3, 4}),
            note=self._join(self._say("numbers.no_targets"), self._say("numbers.note")),
        )

    def coverage_lead(self) -> Block:
        """Introduce the figure."""
        return Block("coverage", self._say("coverage.title"), self._say("coverage.lead"))

    def coverage(self) -> Drawn:
        """Draw what reaches the area clause by clause, beside the other eleven."""
        return coverage(self.clause_counts, self.region, self._reach_words, self.lang)

    def map_lead(self) -> Block:
        """Introduce the map."""
        return Block("map", self._say("mapsection.title"), self._say("mapsection.lead"))

    def map(self) -> Drawn:
        """Draw the map of the area."""
        return plot_region(self.region.region_id, self.lang, self.plan)

    def measures(self) -> Block:
        """List the sentences that name the area or a place in it, in the plan's own words."""
        mine = self.plan.directives(self.region.region_id)
        mine = mine[mine["reach"].isin(["named", "place"])]
        if mine.empty:
            return Block("measures", self._say("measures.title"), self._say("measures.none"))
        rows, cells = [], []
        for unit in mine.itertuples():
            reached = self._reached(unit.unit_id)
            spans = [
                (row.start, row.end)
                for row in reached.itertuples()
                if unit.start <= row.start < unit.end
            ]
            how = [self._reach_words[unit.reach], *self._via(reached), *self._flags(unit.unit_id)]
            where = self._where(unit)
            rows.append((where[0], unit.text, joined(how, self.lang)))
            small = "".join(f"<small>{html.escape(part)}</small>" for part in where[1:])
            words = f"<q lang='zh'>{marked(unit.text, unit.start, spans)}</q>"
            if self.lang == "en":
                words += f"<small>{html.escape(self._english[unit.unit_id])}</small>"
            detail = "".join(f"<small>{html.escape(part)}</small>" for part in how[1:])
            badge = f'<span class="reach {unit.reach}">{html.escape(how[0])}</span>'
            place = f'<a id="{unit.unit_id}"></a>{html.escape(where[0])}{small}'
            cells.append((place, words, badge + detail))
        return Block(
            "measures",
            self._say("measures.title"),
            self._say("measures.lead"),
            self._columns("measures.col", "where", "words", "how"),
            tuple(rows),
            tuple(cells),
        )

    def shared(self) -> Block:
        """List, folded, the sentences that reach the area as one of a class or with everyone."""
        mine = self.plan.directives(self.region.region_id)
        parts, items = [], []
        for reach in ("class", "everyone", "conditional"):
            here = mine[mine["reach"] == reach]
            title = self._say(f"shared.{reach}", n=len(here))
            items.append(title)
            rows = "".join(
                f"<li><q lang='zh'>{html.escape(unit.text)}</q>"
                f"<small>{html.escape(' · '.join(self._where(unit)))}</small></li>"
                for unit in here.itertuples()
            )
            parts.append(
                f"<details><summary>{html.escape(title)}</summary><ol>{rows}</ol></details>"
            )
        return _Folded(
            "shared",
            self._say("shared.title"),
            self._say("shared.lead"),
            items=tuple(items),
            extra_html="".join(parts),
        )

    def boxes(self) -> Block:
        """List the area's places in boxes 1, 2 and 4."""
        items = self.plan.box_items(region=self.region.region_id)
        if items.empty:
            return Block("boxes", self._say("boxes.title"), self._say("boxes.none"))
        kinds = self.plan.codebook("role").set_index("code")[f"label_{self.lang}"]
        rows = []
        for item in items.itertuples():
            place = "".join((item.province, item.prefecture))
            notes = self._notes(item)
            if notes:
                open_, close = ("（", "）") if self.lang == "zh" else (" (", ")")
                place += f"{open_}{joined(notes, self.lang)}{close}"
            box = self._clause(item.clause_id)
            rows.append((box, kinds[item.kind], item.printed, item.name, item.adcode, place))
        return Block(
            "boxes",
            self._say("boxes.title"),
            self._say("boxes.lead"),
            self._columns("boxes.col", "box", "kind", "printed", "name", "code", "place"),
            tuple(rows),
        )

    def limits(self) -> Block:
        """Say what the plan does not say here, and what is in doubt."""
        region, counts = self.region, self.reach_counts
        low = int(self._regions.loc[region.region_id, "low_confidence"])
        items = [
            self._say("limits.no_target"),
            self._say("limits.open", n=counts["open"]),
            self._say("limits.class", n=counts["class_"]),
            self._say("limits.provincial"),
            self._say("limits.designated"),
            self._say(
                "limits.membership", documented=region.documented, total=region.official_total
            ),
        ]
        if low:
            items.append(self._say("limits.low", n=low))
        if note := self._regions.loc[region.region_id, f"note_{self.lang}"]:
            items.append(self._say("limits.note", note=note))
        items.append(self._say("limits.use", named=counts["named"]))
        items += [
            self._say(
                "limits.doubt",
                where=self._clause(row.unit_id.partition(".")[0]),
                quote=row.quote,
                text=getattr(row, f"text_{self.lang}"),
            )
            for row in self.plan.corrections(region.region_id).itertuples()
        ]
        return Block("limits", self._say("limits.title"), items=tuple(items))

    def source(self) -> Block:
        """Say where this page comes from and how to cite it."""
        meta, region = self.plan.source, self.region
        title = str(meta["title"] if self.lang == "zh" else meta["title_en"])
        cite = self._say(
            "source.cite_text",
            region=region.name(self.lang, full=True),
            version=laoqu.__version__,
            title=title,
        )
        rows = (
            (self._say("source.plan"), f"{meta['title']}（{meta['issuer']}等，{meta['year']}）"),
            (self._say("source.text"), f"SHA-256 {meta['sha256']}"),
            (self._say("source.params"), f"region = {region.region_id}, lang = {self.lang}"),
            (self._say("source.versions"), f"laoqu {laoqu.__version__}"),
            *(
                (self._say("source.own"), f"{name} = {path.name}")
                for name, path in self.plan.own.items()
            ),
            (self._say("source.cite"), cite),
        )
        pairs = "".join(
            f"<div><dt>{html.escape(key)}</dt><dd>{html.escape(value)}</dd></div>"
            for key, value in rows
        )
        items = tuple(f"{key}: {value}" for key, value in rows)
        return _Folded(
            "source",
            self._say("source.title"),
            note=self._say("source.coders"),
            items=items,
            extra_html=f'<dl class="facts">{pairs}</dl>',
        )

    @cached_property
    def _regions(self) -> pd.DataFrame:
        return self.plan.regions().set_index("region_id", drop=False)

    @cached_property
    def _incomplete(self) -> bool:
        # A tenth missing is the line between a few renamed counties and an unknown area.
        return self.region.documented < 0.9 * self.region.official_total

    def _say(self, key: str, **values: object) -> str:
        return label(key, self.lang, **values)

    def _join(self, *sentences: str) -> str:
        return ("" if self.lang == "zh" else " ").join(sentences)

    def _columns(self, prefix: str, *names: str) -> tuple[str, ...]:
        return tuple(self._say(f"{prefix}.{name}") for name in names)

    def _provinces(self) -> list[str]:
        if self.lang == "zh":
            return list(self.region.provinces)
        units = self.plan.gazetteer().set_index("name")["name_en"]
        return [str(units[name]) for name in self.region.provinces]

    def _clause(self, clause_id: str) -> str:
        if self.lang == "zh":
            return self.plan.clause_name(clause_id)
        if clause_id.startswith("b"):
            return self._say("where.box", number=int(clause_id[1:]))
        if clause_id.startswith("c"):
            return self._say("where.clause", number=int(clause_id[1:]))
        return self._say(f"clause.{clause_id}")

    def _where(self, unit: object) -> tuple[str, str, str]:
        return (
            self._clause(unit.clause_id),
            self._say("measures.page", page=unit.page),
            self._say("measures.offsets", start=unit.start, end=unit.end),
        )

    @cached_property
    def _english(self) -> dict[str, str]:
        """The renderings of a sentence's measures, made for this collection, by sentence."""
        measures = self.plan.table("measures").sort_values("start")
        return measures.groupby("unit_id")["content_en"].agg(" ".join).to_dict()

    @cached_property
    def _reach(self) -> pd.DataFrame:
        return self.plan.reach(self.region.region_id)

    def _reached(self, unit_id: str) -> pd.DataFrame:
        rows = self._reach
        return rows[(rows["unit_id"] == unit_id) & rows["how"].isin(["named", "place"])]

    @cached_property
    def _reach_words(self) -> dict[str, str]:
        codes = self.plan.codebook("reach").set_index("code")
        return codes[f"label_{self.lang}"].to_dict()

    def _via(self, reached: pd.DataFrame) -> list[str]:
        places = []
        for row in reached[reached["how"] == "place"].itertuples():
            name = row.quote
            if not row.whole:
                name = self._say("measures.city", city=name, n=row.counties)
            places.append(name)
        names = joined(list(dict.fromkeys(places)), self.lang)
        return [self._say("measures.via", places=names)] if places else []

    def _flags(self, unit_id: str) -> list[str]:
        """Return the caveats of the segments that reach the area in this sentence."""
        mine = set(self._reached(unit_id)["scope_id"])
        scopes = self.plan.scopes()
        scopes = scopes[scopes["scope_id"].isin(mine)]
        words = [
            self._say(f"measures.{word}")
            for word, column in (
                ("open", "list_open"), ("conditional", "conditional"), ("delegated", "delegated")
            )
            if scopes[column].any()
        ]  # fmt: skip
        for row in scopes.dropna(subset=["list_total"]).itertuples():
            named = self.plan.mentions()
            n = named["start"].between(row.start, row.end - 1) & named["list_total"].notna()
            words.append(self._say("measures.total", total=row.list_total, n=int(n.sum())))
        return words

    def _notes(self, item: object) -> list[str]:
        """Say where a box item lies only partly here, and which other areas it is in."""
        rows = self._reach[self._reach["via"] == item.mention_id]
        notes = [
            self._say("boxes.partly", city=item.prefecture or item.name, n=row.counties)
            for row in rows[~rows["whole"]].head(1).itertuples()
        ]
        others = [other for other in item.region_id.split(";") if other != self.region.region_id]
        if others:
            names = [self.plan.region(other).name(self.lang) for other in others]
            key = "boxes.city_also" if item.level == "zone" else "boxes.also"
            notes.append(self._say(key, regions=joined(names, self.lang)))
        return notes


class _Head(Block):
    """The head of a report: its HTML is its own, its text is the lead."""

    def _repr_html_(self) -> str:
        return f'<header class="laoqu" id="{self.anchor}">{self.extra_html}</header>'


class _Folded(Block):
    """A block whose items have a richer form in HTML."""

    def _repr_html_(self) -> str:
        bare = Block(self.anchor, self.title, self.lead, note=self.note, extra_html=self.extra_html)
        return bare._repr_html_()
