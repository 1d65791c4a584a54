"""The two maps of a plan."""

from __future__ import annotations

from laoqu.figures import maps
from laoqu.figures.style import Drawn
from laoqu.labels import check_lang
from laoqu.plan import Plan, load


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
        it, plan.layers, plan.membership(), plan.mentions(it.region_id),
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
    return maps.plot_overview(plan.regions(), plan.layers, plan.membership(), check_lang(lang))
