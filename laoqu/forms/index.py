"""The index of an outputs folder: the twelve areas, their numbers and reports, county cards."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from laoqu.forms.page import index, index_parts
from laoqu.plan import load
from laoqu.sections import report

#: What a reader can compare at a glance.
NUMBERS = ("named", "place", "places", "key_counties", "zones")
#: How names of runs of county cards begin, behind the language.
CARDS = "cards/"


def parts() -> dict[str, object]:
    """Return what the page shows whatever was run: to be made meanwhile."""
    return index_parts(load())


def page(manifest: Mapping[str, object], parts: dict[str, object] | None = None) -> bytes:
    """Return ``index.html`` for a manifest, with the `parts` if they are there already.

    A report that failed after an earlier one stood has two entries: the one that stands, and the
    failure.
    """
    plan = load()
    numbers = report(plan.region_ids[0], plan=plan).all_numbers
    runs: dict[str, list[dict[str, object]]] = {}
    for run in manifest["runs"]:
        lang, _, region = run["name"].partition("/")
        base = {"region": region, "lang": lang, "seconds": run["recorded"]["seconds"]}
        good = run if run["status"] == "ok" else run.get("earlier")
        if good:
            runs.setdefault(region, []).append({**good, **base, "status": "ok"})
        if run["status"] == "failed":
            runs.setdefault(region, []).append({**run, **base})
    rows = [
        {
            "region_id": row.region_id,
            "name_zh": row.full_zh,
            "name_en": row.full_en,
            "documented": row.documented,
            "total": row.official_total,
            # More counties than the total would read as a slip: the table says why.
            "more": {"zh": row.note_zh, "en": row.note_en}
            if row.documented > row.official_total
            else None,
            "values": [_with_part(numbers.loc[row.region_id], name) for name in NUMBERS],
            "runs": sorted(
                runs.get(row.region_id, []), key=lambda run: run["lang"], reverse=True
            ),
        }
        for row in plan.regions().itertuples()
    ]  # fmt: skip
    context = {
        "rows": rows,
        "numbers": NUMBERS,
        "cards": {
            name.removeprefix(CARDS): found
            for name, found in runs.items()
            if name.startswith(CARDS)
        },
        "made": manifest["made"],
        "version": manifest["laoqu"],
        "sha": str(plan.source["sha256"])[:16],
        "manifest": manifest,
    }
    return index(context, plan, parts).encode()


def _with_part(numbers: pd.Series, name: str) -> str:
    """Return a number, in brackets how much of it rests on a partly documented city."""
    part = numbers.get(f"{name}_part", 0)
    return f"{numbers[name]} ({part})" if part else str(numbers[name])
