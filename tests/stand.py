"""What batches of the tests make in the place of pages and index: little, and soon."""

import json
import os
import time
from uuid import uuid4

from laoqu import reports
from laoqu.run import batch


def few_forks(fork=os.fork):
    """Have a process make FORKS forks, its copies those that were left then, and no more."""
    left = [0] * int(os.environ["FORKS"])

    def few():
        if not left:
            raise BlockingIOError(11, os.strerror(11))
        left.pop()
        return fork()

    os.fork = few


if "FORKS" in os.environ:
    few_forks()


def render(notebook, lang, formats):
    if "render" in str(notebook.metadata.papermill.parameters.get("case")):
        raise RuntimeError("no page of this")
    if "late page" in str(notebook.metadata.papermill.parameters.get("case")):
        time.sleep(600)
    return {f"report.{form}": (lang or "zh").encode() for form in formats}


def index(manifest, parts):
    return json.dumps([run["name"] for run in manifest["runs"]]).encode()


def parts(tell):
    return {"made": str(uuid4())}


def with_parts(manifest, parts):
    return parts["made"].encode()


MAKER = batch.Maker(
    "stand:render", "stand:index", kinds=reports.KINDS,
    preload=("laoqu.run.engine", "laoqu.run.crate", "stand"),
)  # fmt: skip


def run(path, sets, out, maker=MAKER, **options):
    return batch.run_notebook(path, sets, out, maker=maker, **options)
