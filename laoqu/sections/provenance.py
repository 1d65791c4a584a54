"""Where the page comes from, and every file that goes with it."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

import laoqu
from laoqu.sections.context import Context
from laoqu.tables import Block

PACKAGES = ("numpy", "pandas", "matplotlib", "geopandas")
FIGURE_FORMS = ("png", "svg", "csv")


def provenance(
    it: Context,
    blocks: Sequence[Block],
    figures: Sequence[str],
    stem: str = "report",
    **given: str,
) -> Block:
    """Link the files of the report and say from what and by what it was made.

    Parameters
    ----------
    it : Context
    blocks : sequence of Block
        Those of the report: each with rows has a table.
    figures : sequence of str
        Names of the figures.
    stem : str
        Name of its page.
    **given : str
        The parameters beside the language.
    """
    meta, inputs = it.plan.source, _inputs(it)
    given["lang"] = it.lang
    packages = {"laoqu": laoqu.__version__, "Python": platform.python_version()}
    packages |= {name: version(name) for name in PACKAGES}
    facts = [
        ("text", f"SHA-256 {meta['sha256']}"),
        ("inputs", f"SHA-256 {inputs}"),
        ("params", ", ".join(f"{name} = {text}" for name, text in given.items())),
        ("versions", ", ".join(f"{name} {number}" for name, number in packages.items())),
    ]
    if commit := os.environ.get("LAOQU_COMMIT"):
        facts.append(("commit", commit))
    facts += [("own", f"{name} = {path.name}") for name, path in it.plan.own.items()]
    # Which other forms are made is known to the page, not to the notebook.
    links = [(it.say("files.ipynb"), f"{stem}.ipynb"), ("values.json", "values.json")]
    links += [
        (f"{block.title} (CSV)", f"tables/{block.name}.csv") for block in blocks if block.rows
    ]
    links += [
        (f"{it.say(f'files.{name}')} ({form.upper()})", f"figures/{name}.{form}")
        for name in figures
        for form in FIGURE_FORMS
    ]
    return it.block(
        "provenance",
        "provenance.title",
        lead=it.say("provenance.lead"),
        facts=tuple((it.say(f"provenance.{name}"), text) for name, text in facts),
        links=tuple(links),
        note=it.say("provenance.note"),
        values={
            "edition.version": laoqu.__version__, "input.text": f"SHA-256 {meta['sha256']}",
            "input.data": f"SHA-256 {inputs}", "edition.licences": "MIT, CC BY 4.0",
            "input.commit": commit or "",
            **{f"version.{name.lower()}": number for name, number in packages.items()},
            **{f"input.{name}": path.name for name, path in it.plan.own.items()},
        },
    )  # fmt: skip


def _inputs(it: Context) -> str:
    """Return one hash over the tables that the report was made from, own files in their place."""
    files = sorted(it.plan.folder.rglob("*.csv")) + sorted(it.plan.own.values())
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
