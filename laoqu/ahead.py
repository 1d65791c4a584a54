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
    from laoqu.show import maps

    plan = laoqu.load()
    show = laoqu.Show(plan, "zh")
    plan.measure_reach()
    # Not its PNG: Typst would begin threads here that no forked process has, and waits for.
    maps.area(plan, plan.region_ids[0], show.words).svg()
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
