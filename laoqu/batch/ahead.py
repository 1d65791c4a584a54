"""What every report begins with, read once by the warm server for all that it forks."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property

from laoqu import geo, plan
from laoqu.labels import LANGS
from laoqu.sections import report
from laoqu.sections.context import Frames, frames


def read() -> None:
    """Read the plan, what its reports share, and the layers of its maps."""
    with suppress(Exception):  # nothing depends on it; a run says what is wrong with the data
        it = plan.load()
        layers = _elsewhere(lambda: it.layers)
        shared = frames(it)
        for name, value in vars(Frames).items():
            if isinstance(value, cached_property):
                getattr(shared, name)
        for lang in LANGS:
            geo.names(lang)
        it.layers = layers()
        page = report(it.region_ids[0], plan=it)
        for section in (page.compared, page.instruments, page.themes):
            section()
        # The first figure loads fonts and much of matplotlib, in both of its forms.
        page.reach().files()


def forget() -> None:
    """Forget what was read: nothing is kept, since every `load` reads what stands now."""


def _elsewhere(make: Callable[[], object]) -> Callable[[], object]:
    """Have `make` called in a child, since reading the layers starts threads; return how to get it.

    Meanwhile this process goes on.
    """
    reader, writer = os.pipe()
    if not (pid := os.fork()):
        try:
            with open(writer, "wb") as out:
                pickle.dump(make(), out, protocol=5)
        finally:
            os._exit(0)
    os.close(writer)

    def collect() -> object:
        with open(reader, "rb") as made:
            data = made.read()
        os.waitpid(pid, 0)
        return pickle.loads(data)

    return collect
