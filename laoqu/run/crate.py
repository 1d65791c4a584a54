"""The manifest once more as a Process Run Crate: who made which file from what, for other tools.

RO-Crate 1.1 with the profile Process Run Crate 0.5: each run is a ``CreateAction`` whose instrument
is the notebook. What a run read is described by hash, not packed; ``File`` lies in the folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from urllib import parse

from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from laoqu.run import store as stores

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
#: Bytes of a name of a file that are no UTF-8 stay those bytes.
quote = partial(parse.quote, errors="surrogateescape")
CC_BY, MIT = (f"https://spdx.org/licenses/{name}" for name in ("CC-BY-4.0", "MIT"))


class Crate(ROCrate):
    """A crate to which entities are added by their ids."""

    def note(self, id_: str, type_: object, **properties: object) -> dict[str, str]:
        """Add an entity and return the reference to it."""
        self.add(ContextEntity(self, id_, {"@type": type_, **properties}))
        return {"@id": id_}


def metadata(manifest: Mapping, made: Mapping[str, bytes], sources: Mapping[str, dict]) -> bytes:
    """Return ``ro-crate-metadata.json`` for a manifest and the files that were made from all runs.

    Sorted, without random ids: but for recorded times the same for the same inputs. `sources`: id
    → name of what the data rest on. The agent is whom ``LAOQU_AGENT`` names.
    """
    crate = Crate(version="1.1")
    crate.metadata.extra_contexts.append(CONTEXT)
    crate.note(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    without = "Not of the plan's words and other quotations, nor of the county layer."
    crate.note(CC_BY, "CreativeWork", name="CC BY 4.0", description=without)
    crate.note(MIT, "CreativeWork", name="MIT License")
    agent = os.environ.get("LAOQU_AGENT") or "whoever ran the batch (not recorded)"
    crate.note("#agent", "Organization", name=agent)
    packages = [
        crate.note(f"pkg:pypi/{it}@{number}", "SoftwareApplication", name=it, version=number)
        for it, number in sorted(manifest["packages"].items())
    ]
    crate.note("#laoqu", "SoftwareApplication", name="laoqu", softwareVersion=manifest["laoqu"],
               license={"@id": MIT}, softwareRequirements=packages)  # fmt: skip
    for code, files in sorted(manifest["sets"].items()):
        parts = [crate.note(f"#input/{quote(it)}@{sha[:16]}", "CreativeWork", name=it, sha256=sha)
                 for it, sha in sorted(files.items())]  # fmt: skip
        crate.note(f"#inputs/{code[:16]}", "Collection", hasPart=parts, sha256=code)
    runs = [run["earlier"] | {"id": "#earlier"} for run in manifest["runs"] if "earlier" in run]
    runs += manifest["runs"]
    for file in [*stores.listed(made), *(file for run in runs for file in run["outputs"])]:
        size = {"contentSize": str(file["bytes"]), "sha256": file["sha256"]}
        crate.add(File(crate, dest_path=file["path"], properties={"name": file["path"], **size}))
    root = crate.root_dataset
    root["name"], root["datePublished"] = "Outputs of laoqu", manifest["made"]
    root["description"] = "Reports and cards on the 2021 plan for old revolutionary base areas"
    root["license"], root["conformsTo"] = {"@id": CC_BY}, {"@id": PROFILE}
    root["mentions"] = [_action(crate, run, manifest["sets"]) for run in runs]
    root["isBasedOn"] = [crate.note(id_, "CreativeWork", **sources[id_]) for id_ in sorted(sources)]
    return stores.text_of(crate.metadata.generate())


def _action(crate: Crate, run: Mapping, sets: Mapping) -> dict:
    """Add a run with its notebook and parameters."""
    code, name, given = run["parts"]["notebook"], run["notebook"], sorted(run["parameters"].items())
    about = {"name": name, "sha256": code, "license": {"@id": MIT}}
    kinds = ["SoftwareApplication", "SoftwareSourceCode"]
    notebook = crate.note(f"#{quote(name)}@{code[:16]}", kinds, **about,
                          softwareRequirements={"@id": "#laoqu"})  # fmt: skip
    read = [{"@id": f"#inputs/{each[:16]}"} for part, each in run["parts"].items()
            if part != "versions" and sets.get(each)]  # fmt: skip
    for each, value in given:
        plain = value if isinstance(value, (str, int, float, bool)) else json.dumps(value)
        id_ = f"#parameter/{quote(run['name'])}/{each}"
        read.append(crate.note(id_, "PropertyValue", name=each, value=plain))
    ended = datetime.fromisoformat(run["recorded"]["made"])
    began = ended - timedelta(seconds=run["recorded"]["seconds"])
    failed = {"error": run["error"]} if run["status"] == "failed" else {}
    status = f"http://schema.org/{'Failed' if failed else 'Completed'}ActionStatus"
    return crate.note(
        f"#run/{quote(run['name'])}{run.get('id', '')}", "CreateAction",
        name=f"{name}: {run['name']}", instrument=notebook, agent={"@id": "#agent"},
        description=" ".join([f"laoqu run {name}", *(f"-p {each}={it}" for each, it in given)]),
        object=read, result=[{"@id": quote(each["path"])} for each in run["outputs"]],
        startTime=began.isoformat(timespec="seconds"), endTime=ended.isoformat(timespec="seconds"),
        actionStatus={"@id": status}, **failed,
    )  # fmt: skip
