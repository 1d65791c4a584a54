"""What every run begins with, imported once by the fork server for all its processes.

Nothing here may start a thread, which a fork would lack (reading or grouping a table does), or keep
a file open, which forks would read at one position (a font is): both are left to the runs. A test
counts.
"""

import gc
import sys
from contextlib import suppress
from importlib import import_module

MODULES = """
numpy.random pyarrow.parquet matplotlib.backends.backend_agg matplotlib.backends.backend_svg
IPython.core.completerlib IPython.extensions.storemagic laoqu.run.engine laoqu.run.crate
laoqu.pages.html laoqu.site laoqu.analysis.county
"""

# The grammar of a format that no notebook has would be parsed for a second.
sys.modules["rfc3987_syntax"] = None
for name in MODULES.split():
    with suppress(Exception):  # a run says what is wrong
        import_module(name)
del sys.modules["rfc3987_syntax"]
with suppress(Exception):
    import_module("laoqu.pages").render(import_module("nbformat").v4.new_notebook(), "zh")
gc.collect()
gc.freeze()  # what is loaded stays shared: collecting garbage would copy its pages
