"""What every run begins with, imported once by the fork server for all its processes.

Nothing here may start a thread, since a fork has none but its own: reading a table or grouping one
does (pandas and Arrow), so that is left to the runs. A test counts.
"""

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


def draw() -> None:
    """Load what the first figure and the first page load: fonts, templates."""
    import nbformat

    from laoqu import pages
    from laoqu.show import style

    for character in "革命老区abc0123":
        style.glyph(character)
    pages.render(nbformat.v4.new_notebook(), "zh")


# The grammar of a format that no notebook has would be parsed for a second.
sys.modules["rfc3987_syntax"] = None
for name in MODULES:
    with suppress(Exception):  # a run says what is wrong
        import_module(name)
del sys.modules["rfc3987_syntax"]
with suppress(Exception):
    draw()
gc.collect()
gc.freeze()  # what is loaded stays shared: collecting garbage would copy its pages
