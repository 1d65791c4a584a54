"""What every run begins with, made once by the fork server for all its processes.

Nothing here may start a thread, which a fork would lack (reading or grouping a table does), or keep
a file open, which forks would read at one position (a font is). What is imported and rehearsed
here does neither, which a test counts; the plan is read in a process of its own meanwhile, and
handed over.
"""

import gc
import multiprocessing
import signal
import sys
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection

from laoqu import paths, plan
from laoqu.analysis import answer
from laoqu.run import Recipe, Run, keeper

MODULES = """
numpy.random pyarrow.parquet pandas.io.formats.csvs pandas.core.reshape.reshape
pandas.core.methods.to_dict matplotlib.pyplot matplotlib.backends.backend_agg
matplotlib.backends.backend_svg PIL.PngImagePlugin PIL.JpegImagePlugin PIL.GifImagePlugin
PIL.BmpImagePlugin PIL.PpmImagePlugin IPython.core.completerlib IPython.extensions.storemagic
encodings.utf_8_sig encodings.utf_16_be laoqu.run.engine laoqu.run.crate laoqu.pages.html
laoqu.site laoqu.show.charts laoqu.metadata laoqu.analysis.county
"""
#: Seconds that reading the plan may take.
LONGEST = 60.0
LINE = "import laoqu as lq; lq.Show(lq.load(), lang).text(['x'])"


def read(tell: Connection) -> None:
    """Read the plan, with what every report asks of it; tell it and the state of its files."""
    keeper.control(keeper.DIE_WITH_PARENT, signal.SIGKILL)
    which = paths.data(), paths.own_files(), paths.own_mode()
    state, made = paths.state(*which), plan.Plan(*which)
    answer.counts(made), made.layers
    tell.send((state, made))


def rehearse() -> None:
    """Run a notebook that shows a line: what IPython, papermill and templates do at first."""
    from nbformat import v4, writes

    from laoqu.run import engine

    first = v4.new_code_cell("lang = 'zh'", metadata={"tags": ["parameters"]})
    book = writes(v4.new_notebook(cells=[first, v4.new_code_cell(LINE)])).encode()
    recipe = Recipe(book, "report", "laoqu.pages:render")
    engine.execute(recipe, Run("", {}, formats=["html"]), lambda _: None)


hear, tell = multiprocessing.Pipe(duplex=False)
reader = multiprocessing.get_context("fork").Process(target=read, args=[tell])
reader.start()
tell.close()
# The grammar of a format that no notebook has would be parsed for a second.
sys.modules["rfc3987_syntax"] = None
for name in MODULES.split():
    with suppress(Exception):  # a run says what is wrong, here and below
        import_module(name)
del sys.modules["rfc3987_syntax"]
with suppress(Exception):
    rehearse()
with suppress(EOFError, MemoryError):
    if hear.poll(LONGEST):
        state, made = hear.recv()
        plan.AHEAD[state] = made
reader.kill()  # with little memory it may never end
reader.join()
gc.collect()
gc.freeze()  # what is loaded stays shared: collecting garbage would copy its pages
