"""What batches of the tests make in the place of pages and index: little, and soon."""

from __future__ import annotations

import json
from uuid import uuid4

from laoqu import reports
from laoqu.run import batch


def render(notebook, lang, formats):
    if "render" in str(notebook.metadata.papermill.parameters.get("case")):
        raise RuntimeError("no page of this")
    return {f"report.{form}": lang.encode() for form in formats}


def index(manifest, parts):
    return json.dumps([run["name"] for run in manifest["runs"]]).encode()


def parts():
    return {"made": str(uuid4())}


def with_parts(manifest, parts):
    return parts["made"].encode()


MAKER = batch.Maker(
    "stand:render", "stand:index", kinds=reports.KINDS,
    preload=("laoqu.run.engine", "laoqu.run.crate", "stand"),
)  # fmt: skip


def run(path, sets, out, maker=MAKER, **options):
    return batch.run_notebook(path, sets, out, maker=maker, **options)
