"""What every run begins with, imported and read once by the fork server for all its processes."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from importlib import import_module

MODULES = (
    "numpy.random",
    "pandas",
    "geopandas",
    "pyarrow.parquet",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
    "laoqu.run.engine",
    "laoqu.run.crate",
    "laoqu.pages",
    "laoqu.pages.html",
    "laoqu.show",
    "laoqu.site",
    "laoqu.analysis.answer",
    "laoqu.analysis.county",
)


def read() -> None:
    """Do once what every run would begin with."""
    import nbformat

    import laoqu
    from laoqu import pages

    plan = laoqu.load()
    show = laoqu.Show(plan, "zh")
    plan.measure_reach()
    show.map(plan.region_ids[0])  # the first figure loads fonts and much of matplotlib
    pages.render(nbformat.v4.new_notebook(), "zh")


# The grammar of a format that no notebook has would be parsed for a second.
sys.modules["rfc3987_syntax"] = None
for name in MODULES:
    with suppress(Exception):  # a run says what is wrong
        import_module(name)
del sys.modules["rfc3987_syntax"]
with suppress(Exception):
    read()
gc.collect()
gc.freeze()  # what is loaded stays shared: collecting garbage would copy its pages
