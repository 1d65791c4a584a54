"""The report of one area, section by section; the notebook only calls these."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pandas as pd

from laoqu.figures.style import Drawn
from laoqu.labels import check_lang
from laoqu.plan import Plan, load
from laoqu.sections import compared, geography, glance, head, limits, provenance, support, targets
from laoqu.sections.context import Context
from laoqu.sections.draw import plot_region
from laoqu.tables import Block

#: What a report consists of, in order: the names of the methods that the notebook calls.
SECTIONS = (
    "head", "glance", "reach", "map_lead", "map", "counties", "support", "support_class",
    "support_everyone", "support_conditional", "targets", "targets_here", "places", "compared",
    "coverage", "instruments", "themes", "silent", "silent_open", "silent_absent", "doubts",
    "provenance",
)  # fmt: skip
FIGURES = ("reach", "map", "coverage")


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
    >>> lq.report("沂蒙", "en").glance().rows[0][:3]
    ('Directive sentences that name the area', '2', '1–6')
    """
    plan = plan or load()
    return Report(Context(plan, plan.region(region), check_lang(lang)))


class Report:
    """One area's report in one language. Get it from `report`."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.plan, self.region, self.lang = context.plan, context.region, context.lang
        # Two sections list what the others hold: each is made once.
        self._made = cache(lambda make: make(context))

    @property
    def all_numbers(self) -> pd.DataFrame:
        """All areas: `laoqu.analysis.exposure.numbers`."""
        return self.context.frames.numbers

    def head(self) -> Block:
        """Name the area, its provinces, how much of it is documented, how to cite the page."""
        return self._made(head.head)

    def glance(self) -> Block:
        """Give the key numbers and the cities with their roles."""
        return self._made(glance.glance)

    def reach(self) -> Drawn:
        """Draw what reaches the area, by part of the plan."""
        return self._made(glance.reach_figure)

    def map_lead(self) -> Block:
        """Introduce the map."""
        return self._made(geography.county_map)

    def map(self) -> Drawn:
        """Draw the map of the area."""
        return plot_region(self.region.region_id, self.lang, self.plan)

    def counties(self) -> Block:
        """List the counties of the map."""
        return self._made(geography.counties)

    def support(self) -> Block:
        """List the measures that name the area or a place in it, in the plan's own words."""
        return self._made(support.direct)

    def support_class(self) -> Block:
        """List the measures that reach it as one of a class."""
        return self._made(_for_class)

    def support_everyone(self) -> Block:
        """List the measures that reach it with everyone."""
        return self._made(_for_everyone)

    def support_conditional(self) -> Block:
        """List the measures that reach it only under a condition."""
        return self._made(_conditional)

    def targets(self) -> Block:
        """Say what could be checked, and how."""
        return self._made(targets.targets)

    def targets_here(self) -> Block:
        """List the direct measures by how well they can be checked."""
        return self._made(targets.checkable)

    def places(self) -> Block:
        """List every place of the area that the plan names, with its role."""
        return self._made(geography.places)

    def compared(self) -> Block:
        """Set the area beside the other eleven."""
        return self._made(compared.compared)

    def coverage(self) -> Drawn:
        """Draw what reaches the area clause by clause, beside the other eleven."""
        return self._made(glance.coverage_figure)

    def instruments(self) -> Block:
        """Give the instruments of its direct measures."""
        return self._made(compared.instruments)

    def themes(self) -> Block:
        """Give the themes of its direct measures."""
        return self._made(compared.themes)

    def silent(self) -> Block:
        """Say what the plan does not say here."""
        return self._made(limits.silent)

    def silent_open(self) -> Block:
        """List the open lists without the area."""
        return self._made(limits.open_lists)

    def silent_absent(self) -> Block:
        """List what the plan as a whole does not say."""
        return self._made(limits.absences)

    def doubts(self) -> Block:
        """List doubts and corrections, and how not to use the page."""
        return self._made(limits.doubts)

    def provenance(self) -> Block:
        """Link every file and say from what the page was made."""
        blocks = [getattr(self, name)() for name in SECTIONS if name not in NO_TABLE]
        return provenance.provenance(self.context, blocks, FIGURES, region=self.region.region_id)


NO_TABLE = (*FIGURES, "provenance")


def _shared(reach: str) -> Callable[[Context], Block]:
    return lambda context: support.shared(context, reach)


_for_class, _for_everyone, _conditional = (_shared(reach) for reach in support.SHARED)
