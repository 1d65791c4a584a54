"""The manifest once more as a Process Run Crate: who made which file from what, for other tools.

RO-Crate 1.1 with the profile Process Run Crate 0.5: each run is a ``CreateAction`` whose instrument
is the notebook. What a run read is described by hash, not packed; ``File`` lies in the folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from laoqu.run import store as stores

CONTEXT = ["https://w3id.org/ro/crate/1.1/context",
           "https://w3id.org/ro/terms/workflow-run/context"]  # fmt: skip
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
CC_BY, MIT = (f"https://spdx.org/licenses/{name}" for name in ("CC-BY-4.0", "MIT"))


class Graph(dict):
    """The entities of a crate by id."""

    def add(self, id_: str, type_: object, **properties: object) -> dict[str, str]:
        """Add an entity, if it is not there yet, and return the reference to it."""
        self.setdefault(id_, {"@id": id_, "@type": type_, **properties})
        return {"@id": id_}


def metadata(manifest: Mapping, made: Mapping[str, bytes], sources: Mapping[str, dict]) -> bytes:
    """Return ``ro-crate-metadata.json`` for a manifest and the files that were made from all runs.

    Sorted, without random ids: but for recorded times the same for the same inputs. `sources`: id
    → name of what the data rest on. The agent is whom ``LAOQU_AGENT`` names.
    """
    graph = Graph()
    add = graph.add
    about = {"about": {"@id": "./"}, "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}}
    add("ro-crate-metadata.json", "CreativeWork", **about)
    root = graph[add("./", "Dataset", name="Outputs of laoqu")["@id"]]
    without = "Not of the plan's words and other quotations, nor of the county layer."
    packages = [add(f"pkg:pypi/{name}@{number}", "SoftwareApplication", name=name, version=number)
                for name, number in sorted(manifest["packages"].items())]  # fmt: skip
    mit = add(MIT, "CreativeWork", name="MIT License")
    add("#laoqu", "SoftwareApplication", name="laoqu", softwareVersion=manifest["laoqu"],
        license=mit, softwareRequirements=packages)  # fmt: skip
    agent = os.environ.get("LAOQU_AGENT") or "whoever ran the batch (not recorded)"
    add("#agent", "Organization", name=agent)
    for code, files in sorted(manifest["sets"].items()):
        parts = [add(f"#input/{quote(name)}@{sha[:16]}", "CreativeWork", name=name, sha256=sha)
                 for name, sha in sorted(files.items())]  # fmt: skip
        add(f"#inputs/{code[:16]}", "Collection", hasPart=parts, sha256=code)
    earlier = [run["earlier"] | {"id": "#earlier"} for run in manifest["runs"] if "earlier" in run]
    runs = [*earlier, *manifest["runs"]]
    files = [*stores.listed(made), *(file for run in runs for file in run["outputs"])]
    root |= {
        "datePublished": manifest["made"],
        "description": "Reports and cards on the 2021 plan for old revolutionary base areas",
        "license": add(CC_BY, "CreativeWork", name="CC BY 4.0", description=without),
        "conformsTo": add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5"),
        "hasPart": [add(quote(file["path"]), "File", name=file["path"], sha256=file["sha256"],
                        contentSize=str(file["bytes"])) for file in files],
        "mentions": [_action(graph, run, manifest["sets"]) for run in runs],
        "isBasedOn": [add(id_, "CreativeWork", **it) for id_, it in sorted(sources.items())],
    }  # fmt: skip
    return stores.text_of({"@context": CONTEXT, "@graph": list(graph.values())})


def _action(graph: Graph, run: Mapping, sets: Mapping) -> dict:
    """Add a run with its notebook and parameters."""
    code, name, given = run["parts"]["notebook"], run["notebook"], sorted(run["parameters"].items())
    notebook = graph.add(
        f"#{quote(name)}@{code[:16]}", ["SoftwareApplication", "SoftwareSourceCode"], name=name,
        sha256=code, license={"@id": MIT}, softwareRequirements={"@id": "#laoqu"},
    )  # fmt: skip
    values = [
        graph.add(f"#parameter/{quote(run['name'])}/{each}", "PropertyValue", name=each,
                  value=value if isinstance(value, (str, int, float, bool)) else json.dumps(value))
        for each, value in given
    ]  # fmt: skip
    read = [{"@id": f"#inputs/{each[:16]}"} for part, each in run["parts"].items()
            if part != "versions" and sets.get(each)]  # fmt: skip
    ended = datetime.fromisoformat(run["recorded"]["made"])
    began = ended - timedelta(seconds=run["recorded"]["seconds"])
    failed = {"error": run["error"]} if run["status"] == "failed" else {}
    status = f"http://schema.org/{'Failed' if failed else 'Completed'}ActionStatus"
    return graph.add(
        f"#run/{quote(run['name'])}{run.get('id', '')}", "CreateAction",
        name=f"{name}: {run['name']}", instrument=notebook, agent={"@id": "#agent"},
        description=" ".join([f"laoqu run {name}", *(f"-p {each}={it}" for each, it in given)]),
        object=[*values, *read], result=[{"@id": quote(each["path"])} for each in run["outputs"]],
        startTime=began.isoformat(timespec="seconds"), endTime=ended.isoformat(timespec="seconds"),
        actionStatus={"@id": status}, **failed,
    )  # fmt: skip
