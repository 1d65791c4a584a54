"""The manifest once more as a Process Run Crate: who made which file from what, for other tools.

RO-Crate 1.1 with the profile Process Run Crate 0.5: each run is a ``CreateAction`` whose instrument
is the notebook. What a run read is described by hash, not packed; ``File`` lies in the folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from laoqu.source import digest

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
CC_BY, MIT = (f"https://spdx.org/licenses/{name}" for name in ("CC-BY-4.0", "MIT"))


def metadata(manifest: Mapping, made: Mapping[str, bytes], sources: Mapping[str, dict]) -> bytes:
    """Return ``ro-crate-metadata.json`` for a manifest and the files that were made from all runs.

    Sorted, without random ids: but for recorded times the same for the same inputs. `sources`: id
    → name of what the data rest on. The agent is whom ``LAOQU_AGENT`` names.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(CONTEXT)

    def add(id_: str, type_: object, **properties: object) -> dict[str, str]:
        crate.add(ContextEntity(crate, id_, {"@type": type_, **properties}))
        return {"@id": id_}

    add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    without = "Not of the plan's words and other quotations, nor of the county layer."
    add(CC_BY, "CreativeWork", name="CC BY 4.0", description=without)
    add(MIT, "CreativeWork", name="MIT License")
    agent = os.environ.get("LAOQU_AGENT") or "whoever ran the batch (not recorded)"
    add("#agent", "Organization", name=agent)
    packages = [add(f"pkg:pypi/{name}@{number}", "SoftwareApplication", name=name, version=number)
                for name, number in sorted(manifest["packages"].items())]  # fmt: skip
    add("#laoqu", "SoftwareApplication", name="laoqu", softwareVersion=manifest["laoqu"],
        license={"@id": MIT}, softwareRequirements=packages)  # fmt: skip
    for code, files in sorted(manifest["sets"].items()):
        parts = [add(f"#input/{quote(name)}@{sha[:16]}", "CreativeWork", name=name, sha256=sha)
                 for name, sha in sorted(files.items())]  # fmt: skip
        add(f"#inputs/{code[:16]}", "Collection", hasPart=parts, sha256=code)
    earlier = [run["earlier"] | {"id": "#earlier"} for run in manifest["runs"] if "earlier" in run]
    runs = [*earlier, *manifest["runs"]]
    files = {name: (len(data), digest(data)) for name, data in made.items()}
    files |= {it["path"]: (it["bytes"], it["sha256"]) for run in runs for it in run["outputs"]}
    for path, (size, sha) in sorted(files.items()):
        about = {"name": path, "contentSize": str(size), "sha256": sha}
        crate.add(File(crate, dest_path=path, properties=about))
    root = crate.root_dataset
    root["name"], root["datePublished"] = "Outputs of laoqu", manifest["made"]
    root["description"] = "Reports and cards on the 2021 plan for old revolutionary base areas"
    root["license"], root["conformsTo"] = {"@id": CC_BY}, {"@id": PROFILE}
    root["mentions"] = [_action(add, run, manifest["sets"]) for run in runs]
    root["isBasedOn"] = [add(id_, "CreativeWork", **it) for id_, it in sorted(sources.items())]
    return (json.dumps(crate.metadata.generate(), ensure_ascii=False, indent=1) + "\n").encode()


def _action(add: Callable, run: Mapping, sets: Mapping) -> dict:
    """Add a run with its notebook and parameters."""
    code, name, given = run["parts"]["notebook"], run["notebook"], sorted(run["parameters"].items())
    kinds = ["SoftwareApplication", "SoftwareSourceCode"]
    notebook = add(f"#{quote(name)}@{code[:16]}", kinds, name=name, sha256=code,
                   license={"@id": MIT}, softwareRequirements={"@id": "#laoqu"})  # fmt: skip
    values = [add(f"#parameter/{quote(run['name'])}/{each}", "PropertyValue", name=each,
                  value=value if isinstance(value, (str, int, float, bool)) else json.dumps(value))
              for each, value in given]  # fmt: skip
    read = [{"@id": f"#inputs/{each[:16]}"} for part, each in run["parts"].items()
            if part != "versions" and sets.get(each)]  # fmt: skip
    ended = datetime.fromisoformat(run["recorded"]["made"])
    began = ended - timedelta(seconds=run["recorded"]["seconds"])
    failed = {"error": run["error"]} if run["status"] == "failed" else {}
    status = f"http://schema.org/{'Failed' if failed else 'Completed'}ActionStatus"
    return add(
        f"#run/{quote(run['name'])}{run.get('id', '')}", "CreateAction",
        name=f"{name}: {run['name']}", instrument=notebook, agent={"@id": "#agent"},
        description=" ".join([f"laoqu run {name}", *(f"-p {each}={it}" for each, it in given)]),
        object=[*values, *read], result=[{"@id": quote(each["path"])} for each in run["outputs"]],
        startTime=began.isoformat(timespec="seconds"), endTime=ended.isoformat(timespec="seconds"),
        actionStatus={"@id": status}, **failed,
    )  # fmt: skip
