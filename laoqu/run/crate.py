"""The manifest once more as a Process Run Crate: who made which file from what, for other tools.

RO-Crate 1.1 with the profile Process Run Crate 0.5: each run is a ``CreateAction`` whose instrument
is the notebook. What a run read is described by hash, not packed; ``File`` lies in the folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from mimetypes import guess_type
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from laoqu.run.store import digest

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
CC_BY, MIT = (f"https://spdx.org/licenses/{name}" for name in ("CC-BY-4.0", "MIT"))
MEDIA = {"ipynb": "application/x-ipynb+json", "csv": "text/csv", "svg": "image/svg+xml"}


def metadata(manifest: Mapping, made: Mapping[str, bytes], sources: Mapping[str, dict]) -> bytes:
    """Return ``ro-crate-metadata.json`` for a manifest and the files that were made from all runs.

    Sorted, without random ids: but for recorded times the same for the same inputs. `sources`: id
    → name of what the data rest on. The agent is whom ``LAOQU_AGENT`` names.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append("https://w3id.org/ro/terms/workflow-run/context")

    def add(id_: str, type_: object, **properties: object) -> dict[str, str]:
        crate.add(ContextEntity(crate, id_, {"@type": type_, **properties}))
        return {"@id": id_}

    add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    without = "Not of the plan's words and other quotations, nor of the county layer."
    add(CC_BY, "CreativeWork", name="CC BY 4.0", description=without)
    add(MIT, "CreativeWork", name="MIT License")
    agent = os.environ.get("LAOQU_AGENT") or "whoever ran the batch (not recorded)"
    packages = [
        add(f"pkg:pypi/{name}@{number}", "SoftwareApplication", name=name, softwareVersion=number)
        for name, number in sorted(manifest["packages"].items())
    ]
    tool = {"name": "laoqu", "softwareVersion": manifest["laoqu"], "license": {"@id": MIT}}
    tool = add("#laoqu", "SoftwareApplication", softwareRequirements=packages, **tool)
    common = {"agent": add("#agent", "Organization", name=agent), "tool": tool}
    for code, files in sorted(manifest["sets"].items()):
        parts = [add(f"#input/{name}@{sha[:16]}", "CreativeWork", name=name, sha256=sha)
                 for name, sha in sorted(files.items())]  # fmt: skip
        add(f"#inputs/{code[:16]}", "Collection", hasPart=parts, sha256=code)
    # Before a failed run comes the earlier one whose files still stand.
    runs = [(f"#run/{run['name']}#earlier", run["earlier"]) for run in manifest["runs"]
            if "earlier" in run]  # fmt: skip
    runs += [(f"#run/{run['name']}", run) for run in manifest["runs"]]
    actions = [_action(add, quote(id_, "/#"), run, manifest["sets"], common) for id_, run in runs]
    files = {name: (len(data), digest(data)) for name, data in made.items()}
    files |= {each["path"]: (each["bytes"], each["sha256"])
              for _, run in runs for each in run["outputs"]}  # fmt: skip
    for path, (size, sha) in sorted(files.items()):
        kind = MEDIA.get(path.rpartition(".")[2]) or guess_type(path)[0] or "text/plain"
        about = {"name": path, "contentSize": str(size), "sha256": sha, "encodingFormat": kind}
        crate.add(File(crate, dest_path=path, properties=about))
    root = crate.root_dataset
    root["name"] = "Outputs of laoqu"
    root["description"] = (
        "Reports and cards on the 2021 implementation plan for old revolutionary base areas of "
        "China, with their values and tables."
    )
    root["datePublished"], root["license"] = manifest["made"], {"@id": CC_BY}
    root["conformsTo"], root["mentions"] = {"@id": PROFILE}, actions
    root["isBasedOn"] = [add(id_, "CreativeWork", **it) for id_, it in sorted(sources.items())]
    return (json.dumps(crate.metadata.generate(), ensure_ascii=False, indent=1) + "\n").encode()


def _action(add: Callable, id_: str, run: Mapping, sets: Mapping, common: Mapping) -> dict:
    """Add a run with its notebook and parameters."""
    code, name, parameters = run["parts"]["notebook"], run["notebook"], run["parameters"]
    program = ["SoftwareApplication", "SoftwareSourceCode"]
    notebook = add(f"#{quote(name)}@{code[:16]}", program, name=name, sha256=code,
                   license={"@id": MIT}, softwareRequirements=common["tool"])  # fmt: skip
    given = [add(f"#parameter/{quote(run['name'])}/{each}", "PropertyValue", name=each,
                 value=value if isinstance(value, (str, int, float, bool)) else json.dumps(value))
             for each, value in sorted(parameters.items())]  # fmt: skip
    read = [{"@id": f"#inputs/{each[:16]}"}
            for part, each in run["parts"].items()
            if part != "versions" and sets.get(each)]  # fmt: skip
    pairs = " ".join(f"-p {each}={value}" for each, value in sorted(parameters.items()))
    ended = datetime.fromisoformat(run["recorded"]["made"])
    began = ended - timedelta(seconds=run["recorded"]["seconds"])
    failed = {"error": run["error"]} if run["status"] == "failed" else {}
    status = "FailedActionStatus" if failed else "CompletedActionStatus"
    return add(
        id_, "CreateAction", name=f"{name}: {run['name']}",
        description=f"laoqu run {name} {pairs}".strip(), instrument=notebook,
        agent=common["agent"], object=[*given, *read],
        result=[{"@id": quote(each["path"])} for each in run["outputs"]],
        startTime=began.isoformat(timespec="seconds"), endTime=ended.isoformat(timespec="seconds"),
        actionStatus={"@id": f"http://schema.org/{status}"}, **failed,
    )  # fmt: skip
