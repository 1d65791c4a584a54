"""The Plan: text, tables, areas, reach and measures behind one object; `load` gives it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import citation, document, grid, measures, paths, places, regions, schema, sheets, source
from laoqu.errors import UnknownId, guard, guard_methods, nearest, require
from laoqu.own import CONVERSIONS, MODES
from laoqu.reprs import Keys, asked, card, no_name

if TYPE_CHECKING:
    import geopandas

    from laoqu import geo

#: Plans that a fork server has read for its runs (`laoqu.ahead`), by the `state` of their files.
AHEAD: dict[object, Plan] = {}


@asked
@guard_methods
class Plan:
    """One policy plan as data; get it from `laoqu.load`.

    Frames come out fresh: change them as you like. ``region=None`` means all areas; an area may
    be given by id, Chinese or English name.

    >>> import laoqu as lq
    >>> lq.load().sentences().shape
    (108, 7)
    """

    def __init__(
        self, folder: Path | str, own: Mapping[str, Path] | None = None,
        membership_mode: str = "only", tables: schema.Tables | None = None,
    ) -> None:  # fmt: skip
        #: The data folder, what stands in the place of the published, and ``membership_mode``.
        self.folder, self.own, self.mode = paths.folder_of(folder), dict(own or {}), membership_mode
        for path in self.own.values():
            grid.check_size(path, sys.maxsize)
        self.own |= paths.other_data(self.folder)
        self._converted: list[pd.DataFrame] = []
        self._made: dict[object, pd.DataFrame] = {}
        #: The parsed text: raw, canonical, units, offsets both ways.
        self._tables = tables or schema.Tables(self.folder, document.load(self.folder))
        self.document = text = self._tables.document
        #: The parts ``p1``…``p5``, clauses ``c01``…``c16`` and boxes (专栏) ``b1``…``b4``.
        self.parts, self.clauses, self.boxes = map(Keys, (text.parts, text.clauses, text.boxes))
        #: What ``data/raw/SOURCES.toml`` says of the plan: title, issuer, dates, hash.
        self.source = source.about(self.folder)
        #: What ``data/datapackage.json`` says of the collection: title, version, licences, tables.
        self.package = self._tables.package
        if path := self.own.get("membership"):
            from laoqu import membership

            table, found = membership.read(path, self._tables, membership_mode)
            self._converted.append(found)
            self._tables.put(table)
            self._tables.put(table, **membership.resting(self))  # which refuses one with problems
        path = self.own.get("coding")
        self._sheet = path and sheets.read(path, self.table("measures"), self.codebook())

    def table(self, name: str, region: str | None = None) -> pd.DataFrame:
        """Return any table of the data package (docs/dictionary.md), or its rows of an area."""
        require(name, self.tables, "table")
        table = self._tables.frame(name)
        return table if region is None else regions.of_area(table, self.region(region), name)

    @property
    def conversions(self) -> pd.DataFrame:
        """What was converted while files of a reader's own were read, one row each."""
        return pd.concat([pd.DataFrame(columns=CONVERSIONS), *self._converted], ignore_index=True)

    @property
    def tables(self) -> list[str]:
        """The names of the tables of the data package, for `table`."""
        return list(self._tables.declared)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.table(name)

    def __getattr__(self, name: str) -> object:
        raise no_name("a plan", name, dir(self))

    def _ipython_key_completions_(self) -> list[str]:
        return self.tables

    def units(self) -> pd.DataFrame:
        """Return every unit of the text in reading order, headings included."""
        return self.document.units()

    @schema.once
    def sentences(self) -> pd.DataFrame:
        """Return the sentences; those that ask for or promise something are ``directive``."""
        sentences = self.document.sentences()
        directive = self.scopes().query("scope != 'none'")["unit_id"]
        return sentences.assign(directive=sentences["unit_id"].isin(directive))

    def cite(self, rows: object) -> pd.DataFrame:
        """Return the plan's exact words for rows of any table, or for ids.

        One row per row: words, clause, page, offsets, ``raw`` spans, ``line`` of the raw file,
        ``citation``, ``link`` into the annotated plan.

        >>> import laoqu as lq
        >>> lq.load().cite("c08.s06").citation[0]
        '“积极推广三明医改经验。”（第八条，第 6 页，字符 3445–3456）'
        """
        return citation.cite(self.document, rows, self.table)

    def find(self, pattern: str) -> pd.DataFrame:
        """Return every match of a regular expression, ``before`` and ``after`` it 12 characters."""
        return citation.find(self.document, pattern)

    def clause_name(self, clause_id: str) -> str:
        """Return how the plan itself calls a passage: 第七条, 专栏2, 第三部分, 引言."""
        return citation.clause_name(self.document, clause_id)

    def describe(self, id: str) -> str:
        """Say in a few lines what an id or name stands for: area, clause, sentence, code, place."""
        with suppress(LookupError):
            return citation.describe(id, self.document, self.table, self.measures())
        try:
            area = self.region(id)
        except UnknownId as error:
            try:
                return self.describe(str(places.meant(id, folder=self.folder)))
            except UnknownId as place:  # ids, of which it knows nothing, are ASCII
                if isinstance(place, places.AmbiguousName) or place.why or not str(id).isascii():
                    raise
            hint = nearest(str(id), citation.ids(self.document, self.table))
            raise UnknownId(id, hint or error.suggestions) from None
        named = self.reach(area.region_id).query("how == 'named'")["unit_id"].nunique()
        said = f"{area.full_zh} / {area.name_en} ({area.region_id})\n{', '.join(area.provinces)}\n"
        said += f"named in {named} directive sentences; documented counties: "
        return f"{said}{area.documented} of {area.official_total}"

    def scopes(self) -> pd.DataFrame:
        """Return whom each segment of each sentence is for (see the data dictionary)."""
        return self.table("scopes")

    def codebook(self, variable: str | None = None) -> pd.DataFrame:
        """Return the codes with their definitions, all or of one variable."""
        table = self.table("codebook")
        return table if variable is None else schema.pick(table, "variable", variable)

    @schema.once
    def directives(self, region: str | None = None) -> pd.DataFrame:
        """Return the directive sentences, or those that reach an area and their nearest ``reach``.

        ``scopes`` is a tuple, narrowest first.
        """
        result = self.sentences().query("directive").drop(columns="directive")
        scopes = self.scopes().query("scope != 'none'").groupby("unit_id")["scope"]
        result["scopes"] = result["unit_id"].map(scopes.agg(measures.narrowest_first))
        if region is not None:
            near = self._of(region, self.nearest_reach())[["unit_id", "reach"]]
            result = result.merge(near[~near["reach"].isin(["open", "none"])], on="unit_id")
        return result.reset_index(drop=True)

    def codings(self, coder: str | None = None) -> pd.DataFrame:
        """Return the codings of the measures as they were made, all or of one `coder`.

        Coders are ``pass1``, ``pass2`` (automated), ``adjudicated``, ``own`` (your sheet).
        """
        table = self.table("codings")
        if self._sheet is not None:
            own = self._sheet.drop(columns="quote").assign(coder="own")
            table = pd.concat([table, own], ignore_index=True)
        return table if coder is None else schema.pick(table, "coder", coder)

    def measures(
        self, region: str | None = None, scheme: str = "default", labels: str | None = None
    ) -> pd.DataFrame:
        """Return the measures with their codes: adjudicated, or those of your own sheet.

        One row per measure: its place and words, ``sentence_zh`` (the words with the subject that
        earlier words of the sentence give them), ``same_as`` (the measure that says the same), the
        variables of `laoqu.measures.SCALES`, ``strength``, ``instrument_class`` (by one of the
        schemes of ``plan.table("crosswalk_rz")``), ``refers_to`` (titles), scope and its flags.
        With `region` only those that reach it, with ``reach``; with `labels` ("zh" or "en") also
        ``theme_label`` …, the codebook's words for the codes.
        """
        table = self._coded(scheme)
        if region is not None:
            near = self._of(region, self.measure_reach()).drop(columns="region_id")
            table = table.merge(near, on="measure_id")
        return table if labels is None else measures.with_labels(table, self.codebook(), labels)

    @schema.once
    def _coded(self, scheme: str) -> pd.DataFrame:
        classes = schema.pick(self.table("crosswalk_rz"), "scheme", scheme)
        codes = self.codings("adjudicated" if self._sheet is None else "own")
        tables = self.table("measures"), codes, classes, self.table("references")
        return measures.coded(*tables, self.scopes(), self.document.canonical)

    def targets(self, region: str | None = None) -> pd.DataFrame:
        """Return what each measure would have to be checked by: see `laoqu.measures.targets`."""
        figures, mentions = self.table("printed_figures"), self.table("mentions")
        return measures.targets(self.measures(region), figures, mentions)

    @schema.once
    def mentions(self, region: str | None = None) -> pd.DataFrame:
        """Return every naming of a place in the text, or those of an area and of places in it.

        ``region_id`` has the areas it names or lies in (documented, not weakly), joined by ``;``.
        """
        if region is not None:
            return self._of(region, self.mentions())
        return regions.located(self.table("mentions"), self._place_areas(), self.region_ids)

    def box_items(self, box: str | None = None, region: str | None = None) -> pd.DataFrame:
        """Return the places that boxes 1, 2 and 4 list, as `mentions` has them, by ``kind``."""
        if box is not None:
            require(box, self.boxes, "box")
        table = self.mentions(region).query("recipient").rename(columns={"role": "kind"})
        mine = table["clause_id"].isin([box] if box else ["b1", "b2", "b4"])
        return table[mine].reset_index(drop=True)

    @cached_property
    def region_ids(self) -> list[str]:
        """The twelve ids in the order of ``plan.regions()``."""
        return self.regions()["region_id"].tolist()

    @schema.once
    def regions(self) -> pd.DataFrame:
        """Return the twelve areas in the collection's order, which is no ranking.

        ``official_total`` is printed or derived; ``documented`` counties are known with high or
        medium confidence, ``low_confidence`` ones are not; ``counties_from`` is a file of yours.
        """
        table = self.table("regions").sort_values("order", ignore_index=True)
        return regions.documented(table, self.membership(), self.own.get("membership"), self.folder)

    def region(self, name: str) -> regions.Region:
        """Return one area by id, Chinese or English name, with or without 革命老区."""
        found = regions.find(name, self.regions())
        return regions.Region(**{field: found[field] for field in regions.Region._fields})

    def membership(self, region: str | None = None) -> pd.DataFrame:
        """Return which counties belong to which area, each with its basis and source.

        The plan never says this: the table is external and, for 太行 and 湘鄂渝黔, incomplete.
        """
        return self.table("membership", region)

    def gazetteer(self) -> pd.DataFrame:
        """Return all province-, prefecture- and county-level units valid at the end of 2021."""
        return self.table("gazetteer")

    @schema.once
    def counties(self, region: str | None = None) -> geopandas.GeoDataFrame:
        """Return the units of the end of 2021, or an area's counties, in longitude and latitude.

        They are ours, or those of the boundary file given to `load`: no standard map. An area's
        have ``confidence`` and ``documented``.
        """
        from laoqu import borders, geo

        path = self.own.get("boundaries")
        if region is not None:
            area = self.region(region).region_id
            return geo.area_counties(self.counties(), self.membership(), area, path)
        if path is None:
            return geo.load(self.folder)
        table, found = borders.read(path, self.folder)
        self._converted.append(found)
        return table

    @schema.once
    def outline(self) -> geopandas.GeoDataFrame:
        """Return the national outline and the maritime lines that national maps must show."""
        from laoqu import geo

        return geo.outline(self.folder)

    @cached_property
    def layers(self) -> geo.Layers:
        """What the maps are drawn from, in their projection; not to be changed."""
        from laoqu import geo

        # The shipped layer is one coverage (a test proves it); a file of one's own may not be.
        return geo.layers(self.counties(), self.outline(), shared="boundaries" not in self.own)

    @schema.once
    def reach(self, region: str | None = None, min_confidence: str = "medium") -> pd.DataFrame:
        """Return which segment reaches which area, and by what: see `laoqu.regions.reach`."""
        if region is not None:
            return self._of(region, self.reach(None, min_confidence))
        tables = self.scopes(), self.table("mentions"), self._place_areas(min_confidence)
        return regions.reach(*tables, self.region_ids)

    @schema.once
    def nearest_reach(self, min_confidence: str = "medium") -> pd.DataFrame:
        """Return how each directive sentence reaches each area at its nearest, all pairs."""
        reached = self.reach(None, min_confidence)
        return regions.nearest_reach(reached, self.scopes(), self.region_ids)

    @schema.once
    def measure_reach(self, min_confidence: str = "medium") -> pd.DataFrame:
        """Return how each measure reaches each area at its nearest.

        A pair without a row is not reached, or unknown where its list is open (``list_open``).
        """
        reached = self.reach(None, min_confidence), self.measures(), self.table("mentions")
        reached = regions.reach_of_measures(*reached)
        return regions.best_reach(reached, ["measure_id", "region_id"]).reset_index()

    def corrections(self, region: str | None = None) -> pd.DataFrame:
        """Return misprints, ambiguous names, layout breaks and open doubts, with their places."""
        return self.table("corrections", region)

    def _place_areas(self, min_confidence: str = "medium") -> pd.DataFrame:
        tables = self.membership(), self.gazetteer(), min_confidence, self.table("city_membership")
        return regions.place_areas(*tables)

    def _of(self, region: str | None, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table's rows of one area, or all."""
        return table if region is None else regions.of_area(table, self.region(region))

    def _counts(self) -> dict[str, int]:
        counted = {
            "characters": self.document.canonical,
            "pages": self.document.page_starts,
            **{name: getattr(self, name) for name in ("parts", "clauses", "boxes")},
            "sentences": self.sentences(),
            "directive sentences": self.directives(),
            "measures": self.table("measures"),
            "namings of places": self.table("mentions"),
            "areas": self.region_ids,
            "documented counties": {*self.membership().query("confidence != 'low'")["adcode"]},
        }
        return {name: len(each) for name, each in counted.items()}

    def __repr__(self) -> str:
        lines = [f"{name:<22}{value:>6}" for name, value in self._counts().items()]
        return "\n".join([str(self.source["title"]), *lines])

    def _repr_html_(self) -> str:
        return card(str(self.source["title"]), {k: f"{n:,}" for k, n in self._counts().items()})


@guard
def load(
    folder: Path | str | None = None,
    membership: Path | str | None = None,
    boundaries: Path | str | None = None,
    coding: Path | str | None = None,
    membership_mode: str | None = None,
    whole: bool = False,
) -> Plan:
    """Load the plan; a file that is not as it must be is a `DataError` with its lines.

    Parameters
    ----------
    folder : path, optional
        A data folder; by default the collection's own (or ``LAOQU_DATA``).
    membership, boundaries, coding : path, optional
        Files of your own in the place of the shipped ones (`laoqu.membership.read`,
        `laoqu.borders.read`, `laoqu.sheets.template`), as ``LAOQU_MEMBERSHIP`` … name them. What a
        sheet leaves empty is NA and said, or refused if `whole`; see ``plan.conversions``.
    membership_mode : {"only", "complete"}, optional
        Areas without a row of yours are empty or as shipped; default: ``LAOQU_MEMBERSHIP_MODE``.

    >>> import laoqu as lq
    >>> lq.load().regions().shape
    (12, 20)
    """
    given = {"membership": membership, "boundaries": boundaries, "coding": coding}
    require(mode := paths.own_mode(membership_mode), MODES, "membership_mode")
    which = paths.folder_of(folder), paths.own_files(given), mode
    if said := paths.of_environment(given):
        warnings.warn(said, stacklevel=3)
    plan = (AHEAD.pop(paths.state(*which), None) if AHEAD else None) or Plan(*which)
    if "boundaries" in plan.own:
        plan.counties()  # which reads them
    if (path := plan.own.get("coding")) and (said := sheets.left_empty(plan.codings("own"))):
        if whole:  # refused, by cell
            sheets.read(path, plan.table("measures"), plan.codebook(), whole)
        warnings.warn(f"{path.name}: {said}: tables leave these out", stacklevel=3)
    empty = {*plan.table("regions")["region_id"]} - {*plan.table("membership")["region_id"]}
    if "membership" in plan.own and empty:
        said = f"{plan.own['membership'].name} has no county of {', '.join(sorted(empty))}; "
        warnings.warn(f'{said}membership_mode="complete" keeps the shipped rows', stacklevel=3)
    return plan


@lru_cache(maxsize=2)
def kept(_: object) -> Plan:
    """Return the plan of the environment, read once as long as its `paths.state` stays."""
    return load()
