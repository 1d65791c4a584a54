"""The Plan: the document and every table about it, behind one object."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import citation, coding, document, paths, regions, schema, source
from laoqu.document import Document, Passage
from laoqu.errors import DataError, Problem, UnknownId, nearest

if TYPE_CHECKING:
    import geopandas

    from laoqu import geo


class Plan:
    """One policy plan as data; get it from `laoqu.load`.

    Frames come out fresh: change them as you like. ``region=None`` means all areas; an area may
    be given by id, Chinese or English name.

    Examples
    --------
    >>> import laoqu as lq
    >>> plan = lq.load()
    >>> plan.region("陕甘宁").region_id
    'shaanganning'
    >>> plan.sentences().shape
    (108, 7)
    """

    def __init__(
        self,
        folder: Path,
        membership: Path | None = None,
        boundaries: Path | None = None,
        sheet: Path | None = None,
    ) -> None:
        self._folder = folder
        self._sheet: pd.DataFrame | None = None
        self._boundaries = boundaries
        self._own = {"membership": membership} if membership else {}
        #: Files given in the place of shipped tables, by what they replace.
        self.own = {
            name: path
            for name, path in (
                ("membership", membership), ("boundaries", boundaries), ("coding", sheet)
            )
            if path
        }  # fmt: skip
        for path in self.own.values():
            if not path.is_file():
                raise DataError([Problem(paths.display(path), 1, 1, "there is no such file")])
        self._tables: dict[str, schema.Table] = {}
        self._frames: dict[str, pd.DataFrame] = {}
        if membership:
            self._frame("membership")
        if sheet:
            self._sheet = coding.read_sheet(sheet, self._frame("measures"), self.codebook())

    @cached_property
    def document(self) -> Document:
        """The parsed text: raw, canonical, units, offsets both ways."""
        return document.load("plan", self._folder)

    @cached_property
    def source(self) -> Mapping[str, object]:
        """What ``data/raw/SOURCES.toml`` says of the plan: title, issuer, dates, hash."""
        return source.registry(self._folder)["plan"]

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self._folder

    @property
    def parts(self) -> dict[str, Passage]:
        """The five parts, ``p1``…``p5``."""
        return dict(self.document.parts)

    @property
    def clauses(self) -> dict[str, Passage]:
        """The 16 clauses, ``c01``…``c16``."""
        return dict(self.document.clauses)

    @property
    def boxes(self) -> dict[str, Passage]:
        """The four boxes (专栏), ``b1``…``b4``."""
        return dict(self.document.boxes)

    def units(self) -> pd.DataFrame:
        """Return every unit of the text, headings included.

        Returns
        -------
        DataFrame
            One row per unit in reading order: ``unit_id``, ``kind``, ``clause_id``, ``text``,
            ``start``, ``end`` (canonical offsets), ``page``; the texts joined are the plan.
        """
        columns = ["unit_id", "kind", "clause_id", "text", "start", "end", "page"]
        rows = [[getattr(unit, column) for column in columns] for unit in self.document.units]
        return pd.DataFrame(rows, columns=columns)

    def sentences(self) -> pd.DataFrame:
        """Return the sentences (headings are none).

        Returns
        -------
        DataFrame
            One row per sentence: ``unit_id``, ``clause_id`` (also ``pre``, ``p1``, ``b1``…),
            ``text``, ``start``, ``end``, ``page``, ``directive`` (it asks for or promises
            something; coded in ``scopes``).
        """
        units = self.units()
        units = units[units["kind"] == "sentence"].drop(columns="kind").reset_index(drop=True)
        scopes = self._frame("scopes")
        directive = set(scopes.loc[scopes["scope"] != "none", "unit_id"])
        return units.assign(directive=units["unit_id"].isin(directive))

    def scopes(self) -> pd.DataFrame:
        """Return whom each segment of each sentence is for (see the data dictionary)."""
        return self._frame("scopes")

    def directives(self, region: str | None = None) -> pd.DataFrame:
        """Return the directive sentences.

        Parameters
        ----------
        region : str, optional
            Only those that reach this area.

        Returns
        -------
        DataFrame
            One row per sentence: ``unit_id``, ``clause_id``, ``text``, ``start``, ``end``,
            ``page``, ``scopes`` (tuple, narrowest first); with `region` also ``reach``, how
            the sentence reaches the area at its nearest.
        """
        result = self.sentences()
        result = result[result["directive"]].drop(columns="directive").reset_index(drop=True)
        order = ["area", "place", "facility", "class", "universal"]
        found = self._frame("scopes").groupby("unit_id")["scope"].agg(set)
        result["scopes"] = [
            tuple(sorted(found[unit_id], key=order.index)) for unit_id in result["unit_id"]
        ]
        if region is None:
            return result
        region_id = self.region(region).region_id
        near = self.nearest_reach()
        near = near[near["region_id"] == region_id][["unit_id", "reach"]]
        result = result.merge(near, on="unit_id")
        return result[~result["reach"].isin(["open", "none"])].reset_index(drop=True)

    def codings(self, coder: str | None = None) -> pd.DataFrame:
        """Return the codings of the measures as they were made.

        Parameters
        ----------
        coder : str, optional
            ``pass1``, ``pass2`` (independent automated passes; no human took part) or
            ``adjudicated``; ``own`` where a sheet was given to `load`.

        Returns
        -------
        DataFrame
            One row per measure and coder: ``coder``, ``measure_id`` and the variables of
            `laoqu.coding.SCALES`.
        """
        table = self._frame("codings")
        if self._sheet is not None:
            table = pd.concat([table, self._sheet.assign(coder="own")], ignore_index=True)
            table = table.drop(columns="quote")
        if coder is None:
            return table
        if coder not in set(table["coder"]):
            raise UnknownId(coder, table["coder"].unique(), "coder")
        return table[table["coder"] == coder].reset_index(drop=True)

    def measures(self, region: str | None = None, scheme: str = "default") -> pd.DataFrame:
        """Return the measures with their codes: adjudicated, or those of your own sheet.

        Parameters
        ----------
        region : str, optional
            Only measures that reach this area.
        scheme : str
            Mapping of instruments to classes, see ``plan.table("crosswalk_rz")``.

        Returns
        -------
        DataFrame
            One row per measure: ``measure_id``, ``unit_id``, ``clause_id``, ``start``, ``end``,
            ``quote``, ``sentence_zh`` (the words with the subject that earlier words of the
            sentence give them), ``content_en``, ``short_zh`` and ``short_en`` (labels),
            ``same_as`` (the measure that says the same), ``n_objects``, the variables of `laoqu.coding.SCALES`,
            ``strength``, ``instrument_class``, ``refers_to`` (titles), scope and its
            flags (`laoqu.coding.with_scope`); with `region` also ``reach``.
        """
        crosswalk = self._frame("crosswalk_rz")
        if scheme not in set(crosswalk["scheme"]):
            raise UnknownId(scheme, crosswalk["scheme"].unique(), "scheme")
        classes = crosswalk[crosswalk["scheme"] == scheme].set_index("code")["class"]
        codes = self.codings("adjudicated" if self._sheet is None else "own")
        table = coding.coded(self._frame("measures"), codes, classes, self._frame("references"))
        table = coding.with_scope(table, self._frame("scopes"))
        table["sentence_zh"] = coding.whole_sentences(table, self.document.canonical)
        if region is None:
            return table
        near = self.measure_reach()
        near = near.loc[near["region_id"] == self.region(region).region_id]
        return table.merge(near.drop(columns="region_id"), on="measure_id", how="inner")

    def measure_reach(self, min_confidence: str = "medium") -> pd.DataFrame:
        """Return how each measure reaches each area at its nearest.

        Returns
        -------
        DataFrame
            One row per (measure, area reached): ``measure_id``, ``region_id``, ``reach``
            (named, place, class, everyone, conditional). A pair without a row is not reached, or
            unknown where the measure's list ends in 等 (``list_open``).
        """
        table = self._frame("measures").sort_values("start", ignore_index=True)
        table = coding.with_scope(table, self._frame("scopes"))
        reached = regions.reach_of_measures(self.reach(None, min_confidence), table)
        return regions.best_reach(reached, ["measure_id", "region_id"]).reset_index()

    def targets(self, region: str | None = None) -> pd.DataFrame:
        """Return what each measure would have to be checked by; the plan sets no quantified one.

        See `laoqu.coding.targets` for the columns.
        """
        figures, mentions = self._frame("printed_figures"), self._frame("mentions")
        return coding.targets(self.measures(region), figures, mentions)

    def mentions(self, region: str | None = None) -> pd.DataFrame:
        """Return every naming of a place in the text.

        Parameters
        ----------
        region : str, optional
            Only namings of this area and of places in it (documented with high or medium
            confidence).

        Returns
        -------
        DataFrame
            One row per naming: ``mention_id``, ``printed``, ``name``, ``level``, ``adcode``,
            ``code_date``, ``province``, ``prefecture``, ``unit_id``, ``clause_id``, ``start``,
            ``end``, ``role``, ``recipient``, ``list_open``, ``list_total``, ``region_id`` (areas it
            names or lies in, joined by ``;``, empty where none is known), ``reason``.
        """
        table = self._mentions.copy(deep=False)
        if region is None:
            return table
        region_id = self.region(region).region_id
        keep = [region_id in ids.split(";") for ids in table["region_id"]]
        return table[keep].reset_index(drop=True)

    @cached_property
    def _mentions(self) -> pd.DataFrame:
        return regions.located(self._frame("mentions"), self._place_areas(), self.region_ids)

    def box_items(self, box: str | None = None, region: str | None = None) -> pd.DataFrame:
        """Return the places that boxes 1, 2 and 4 list; box 3 lists none.

        Parameters
        ----------
        box : str, optional
            ``b1``, ``b2`` or ``b4``.
        region : str, optional
            Only those in this area.

        Returns
        -------
        DataFrame
            One row per item in printed order: the columns of `mentions`, with ``kind`` in the
            place of ``role`` (``national_key_county``, ``power_county``, ``etdz`` …).
        """
        table = self.mentions(region)
        table = table[table["recipient"] & table["clause_id"].isin(["b1", "b2", "b4"])]
        if box is not None:
            if box not in self.boxes:
                raise UnknownId(box, self.boxes, "box")
            table = table[table["clause_id"] == box]
        return table.rename(columns={"role": "kind"}).reset_index(drop=True)

    @cached_property
    def region_ids(self) -> list[str]:
        """The twelve ids in the collection's printed order."""
        return self._frame("regions").sort_values("order")["region_id"].tolist()

    def regions(self) -> pd.DataFrame:
        """Return the twelve areas in printed order.

        Returns
        -------
        DataFrame
            One row per area: ``region_id``, names, ``aliases``, ``provinces`` (tuples),
            ``official_total`` (counties, printed or derived), ``documented`` (counties known
            with high or medium confidence), ``low_confidence``, ``note``.
        """
        return self._regions.copy(deep=False)

    @cached_property
    def _regions(self) -> pd.DataFrame:
        table = regions.documented(self._frame("regions"), self._frame("membership"))
        return table.sort_values("order").reset_index(drop=True)

    def region(self, name: str) -> regions.Region:
        """Return one area by id, Chinese or English name, with or without 革命老区.

        Raises
        ------
        UnknownId
            With the nearest ids.
        """
        return regions.find(name, self._regions)

    def membership(self, region: str | None = None) -> pd.DataFrame:
        """Return which counties belong to which area, each with its basis and source.

        The plan never says this: the table is external and, for 太行 and 湘鄂渝黔, incomplete.
        """
        table = self._frame("membership")
        if region is None:
            return table
        here = table["region_id"] == self.region(region).region_id
        return table[here].reset_index(drop=True)

    def gazetteer(self) -> pd.DataFrame:
        """Return all province-, prefecture- and county-level units valid at the end of 2021."""
        return self._frame("gazetteer")

    def counties(self) -> geopandas.GeoDataFrame:
        """Return the county layer, or the boundary file given to `load`.

        Returns
        -------
        GeoDataFrame
            One row per unit, keyed by ``adcode`` of the end of 2021, in longitude and latitude;
            schematic, no standard map (see docs/county_layer.md).

        Raises
        ------
        DataError
            When a boundary file of your own is not usable: the row and what is wrong with it.
        """
        from laoqu import geo

        return geo.load(self._folder, self._boundaries)

    def outline(self) -> geopandas.GeoDataFrame:
        """Return the national outline and the maritime lines that national maps must show."""
        from laoqu import geo

        return geo.outline(self._folder)

    @cached_property
    def layers(self) -> geo.Layers:
        """What the maps are drawn from, in their projection; not to be changed."""
        from laoqu import geo

        return geo.layers(self.counties(), self.outline())

    def reach(self, region: str | None = None, min_confidence: str = "medium") -> pd.DataFrame:
        """Return which segment of which sentence reaches which area, and by what.

        See `laoqu.regions.reach` for the columns.
        """
        areas = self._place_areas(min_confidence)
        table = regions.reach(
            self._frame("scopes"), self._frame("mentions"), areas, self.region_ids
        )
        if region is None:
            return table
        here = table["region_id"] == self.region(region).region_id
        return table[here].reset_index(drop=True)

    def nearest_reach(self, min_confidence: str = "medium") -> pd.DataFrame:
        """Return how each directive sentence reaches each area at its nearest, all pairs."""
        reached = self.reach(None, min_confidence)
        return regions.nearest_reach(reached, self._frame("scopes"), self.region_ids)

    def corrections(self, region: str | None = None) -> pd.DataFrame:
        """Return misprints, ambiguous names, layout breaks and open doubts, with their places."""
        table = self._frame("corrections")
        if region is None:
            return table
        region_id = self.region(region).region_id
        keep = ["*" in ids or region_id in ids for ids in table["region_ids"]]
        return table[keep].reset_index(drop=True)

    def codebook(self, variable: str | None = None) -> pd.DataFrame:
        """Return the codes, all or of one variable, with their definitions."""
        table = self._frame("codebook")
        if variable is None:
            return table
        if variable not in set(table["variable"]):
            raise UnknownId(variable, table["variable"].unique(), "variable")
        return table[table["variable"] == variable].reset_index(drop=True)

    def table(self, name: str) -> pd.DataFrame:
        """Return any table of the data package as it stands, checked and typed.

        Parameters
        ----------
        name : str
            A table of ``data/datapackage.json``: ``corrections``, ``not_names``,
            ``gazetteer_history`` …

        Raises
        ------
        UnknownId
            With the nearest names.
        """
        known = schema.names(self._folder)
        if name not in known:
            raise UnknownId(name, nearest(str(name), known) or known, "table")
        return self._frame(name)

    def cite(self, rows: object) -> pd.DataFrame:
        """Return the plan's exact words for rows of any table of the collection.

        Parameters
        ----------
        rows : DataFrame, Series, mapping, str or iterable of these
            Anything with ``start`` and ``end``, or an id of a unit or a mention.

        Returns
        -------
        DataFrame
            One row per input row: ``quote``, ``clause_id``, ``clause`` (as printed), ``page``,
            ``start``, ``end``, ``raw`` (raw spans), ``line`` (of the raw file), ``citation``.

        Examples
        --------
        >>> import laoqu as lq
        >>> lq.load().cite("c08.s06").citation[0]
        '“积极推广三明医改经验。”（条目八，第 6 页，字符 3445–3456）'
        """
        return citation.cite(self.document, citation.spans(rows, self.document, self._frame))

    def find(self, pattern: str) -> pd.DataFrame:
        """Return every match of a regular expression in the canonical text.

        Returns
        -------
        DataFrame
            One row per match: ``unit_id``, ``clause_id``, ``page``, ``start``, ``end``,
            ``quote``, ``before`` and ``after`` (up to 12 characters). No row means that the
            plan does not say it.
        """
        return citation.find(self.document, pattern)

    def describe(self, id: str) -> str:
        """Say in a few lines what an id stands for: area, clause, box, sentence, mention, code.

        Raises
        ------
        UnknownId
            With the nearest ids of any kind.
        """
        try:
            return citation.describe(id, self.document, self._frame)
        except KeyError:
            pass
        try:
            region = self.region(id)
        except UnknownId as error:
            hint = nearest(str(id), citation.ids(self.document, self._frame))
            raise UnknownId(id, hint or error.suggestions) from None
        named = self.reach(region.region_id)
        named = named.loc[named["how"] == "named", "unit_id"].nunique()
        return (
            f"{region.full_zh} / {region.name_en} ({region.region_id})\n"
            f"{', '.join(region.provinces)}\n"
            f"named in {named} directive sentences; "
            f"documented counties: {region.documented} of {region.official_total}"
        )

    def clause_name(self, clause_id: str) -> str:
        """Return how the plan itself calls a passage: 条目七, 专栏2, 第三部分, 引言."""
        return citation.clause_name(self.document, clause_id)

    def __repr__(self) -> str:
        scopes = self._frame("scopes")
        counts = {
            "characters": len(self.document.canonical),
            "pages": len(self.document.page_starts),
            "parts": len(self.document.parts),
            "clauses": len(self.document.clauses),
            "boxes": len(self.document.boxes),
            "sentences": int((self.units()["kind"] == "sentence").sum()),
            "directive sentences": scopes.loc[scopes["scope"] != "none", "unit_id"].nunique(),
            "measures": len(self._frame("measures")),
            "namings of places": len(self._frame("mentions")),
            "areas": len(self.region_ids),
            "documented counties": self._frame("membership")
            .query("confidence != 'low'")["adcode"]
            .nunique(),
        }
        lines = [f"{name:<22}{value:>6}" for name, value in counts.items()]
        return "\n".join([str(self.source["title"]), *lines])

    def _frame(self, name: str) -> pd.DataFrame:
        """Return a fresh frame of one checked table."""
        if name not in self._frames:
            self._frames[name] = self._checked(name).frame()
        return self._frames[name].copy(deep=False)  # written into, it becomes another

    def _checked(self, name: str) -> schema.Table:
        table = self._table(name)
        if table.problems:
            raise DataError(table.problems)
        return table

    def _table(self, name: str) -> schema.Table:
        if name not in self._tables:
            self._tables[name] = schema.read(
                name, self._folder, self._own.get(name), self.document, self._table
            )
        return self._tables[name]

    def _place_areas(self, min_confidence: str = "medium") -> pd.DataFrame:
        # A membership table of your own says everything: our cities are left out then.
        cities = None if "membership" in self._own else self._frame("city_membership")
        membership = self._frame("membership")
        return regions.place_areas(membership, self.gazetteer(), min_confidence, cities)


def load(
    folder: Path | str | None = None,
    membership: Path | str | None = None,
    boundaries: Path | str | None = None,
    coding: Path | str | None = None,
) -> Plan:
    """Load the plan and everything the collection knows of it.

    Parameters
    ----------
    folder : path, optional
        A data folder; by default the collection's own (or ``LAOQU_DATA``).
    membership : path, optional
        A membership table of your own in the place of the shipped one: the same columns, checked
        the same way.
    boundaries : path, optional
        A boundary file of your own (GeoParquet, GeoPackage, GeoJSON, Shapefile) with ``adcode``,
        in the place of the county layer; read and checked when maps first need it.
    coding : path, optional
        A coding sheet of your own (see `laoqu.coding.template`) in the place of the adjudicated
        coding; what it leaves empty is NA. Each of the three can also be named in the
        environment (``LAOQU_MEMBERSHIP``, ``LAOQU_BOUNDARIES``, ``LAOQU_CODING``), which every
        notebook and report then follows.

    Returns
    -------
    Plan

    Raises
    ------
    DataError
        When a file is not as it must be: ``file:line:column: what, what was expected``.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.load().regions().shape
    (12, 17)
    """
    files = _files(folder, membership, boundaries, coding)
    if (plan := read_before(files)) is None:
        plan = Plan(*files)
        plan.document  # noqa: B018 - verify the raw text now, not at the first question
    return plan


def read_ahead() -> Plan:
    """Load the plan for every later `load` of this process and its forks."""
    files = _files()
    _ahead[files] = _state(files), load()
    return _ahead[files][1]


def read_before(files: tuple[Path | None, ...] | None = None) -> Plan | None:
    """Return what `read_ahead` loaded, if it was from these files and they stand as they did."""
    files = files or _files()
    state, plan = _ahead.get(files, (None, None))
    return plan if state and state == _state(files) else None


_ahead: dict[tuple[Path | None, ...], tuple[object, Plan]] = {}


def _files(*given: Path | str | None) -> tuple[Path | None, ...]:
    """Return the data folder and the reader's own files: as given, else as the environment says."""
    folder, *own = given or [None] * 4
    # The environment reaches the kernels of a batch: every notebook and report then uses it.
    names = ("MEMBERSHIP", "BOUNDARIES", "CODING")
    own = [a or os.environ.get(f"LAOQU_{name}") for a, name in zip(own, names, strict=True)]
    return Path(folder) if folder else paths.data(), *(Path(a) if a else None for a in own)


def _state(files: tuple[Path | None, ...]) -> list[tuple[Path, int, int]]:
    """Return size and time of change of every file of a plan."""
    found = [*files[0].rglob("*"), *filter(None, files[1:])]
    stats = [(path, path.stat()) for path in found if path.exists()]
    return [(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats]
