"""The manifest once more as a Process Run Crate: who made which file from what, for other tools.

RO-Crate 1.1 with the profile Process Run Crate 0.5 of Workflow Run RO-Crate: each run is a
``CreateAction`` whose instrument is the notebook. What a run read is described by hash and not
packed, so that it stands as ``CreativeWork``; ``File`` is what lies in the folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from mimetypes import guess_type
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from laoqu.run.store import digest

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
CC_BY, MIT = (f"https://spdx.org/licenses/{name}" for name in ("CC-BY-4.0", "MIT"))
MEDIA = {"ipynb": "application/x-ipynb+json", "csv": "text/csv", "svg": "image/svg+xml"}


def metadata(manifest: Mapping, made: Mapping[str, bytes], sources: Mapping[str, dict]) -> bytes:
    """Return ``ro-crate-metadata.json`` of an outputs folder.

    Parameters
    ----------
    manifest : mapping
        As `laoqu.run.store.Store.manifest` returns it.
    made : mapping of str to bytes
        The files that were made from all runs.
    sources : mapping of str to dict
        Address or id → name and more of what the data rest on.

    Returns
    -------
    bytes
        Sorted, without random ids: but for recorded times the same for the same inputs. The agent
        is the person or organisation named by ``LAOQU_AGENT``, or said to be not recorded.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(TERMS)

    def add(id_: str, type_: object, **properties: object) -> dict[str, str]:
        crate.add(ContextEntity(crate, id_, {"@type": type_, **properties}))
        return {"@id": id_}

    add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    without = "Not of the plan's words and other quotations, nor of the county layer."
    add(CC_BY, "CreativeWork", name="CC BY 4.0", description=without)
    add(MIT, "CreativeWork", name="MIT License")
    agent = os.environ.get("LAOQU_AGENT") or "whoever ran the batch (not recorded)"
    agent = add("#agent", "Organization", name=agent)
    needs = [add(f"pkg:pypi/{name}@{number}", "SoftwareApplication", name=name,
                 softwareVersion=number)
             for name, number in sorted({**manifest["packages"]}.items())]  # fmt: skip
    tool = add("#laoqu", "SoftwareApplication", name="laoqu", softwareVersion=manifest["laoqu"],
               license={"@id": MIT}, softwareRequirements=needs)  # fmt: skip
    for code, files in sorted(manifest["sets"].items()):
        parts = [add(f"#input/{name}@{sha[:16]}", "CreativeWork", name=name, sha256=sha)
                 for name, sha in sorted(files.items())]  # fmt: skip
        add(f"#inputs/{code[:16]}", "Collection", hasPart=parts, sha256=code)
    files = {name: (len(data), digest(data)) for name, data in made.items()}
    actions = []
    for id_, run in _records(manifest):
        files |= {each["path"]: (each["bytes"], each["sha256"]) for each in run["outputs"]}
        actions.append(add(id_, "CreateAction", **_action(run, manifest, add, agent, tool)))
    for path, (size, sha) in sorted(files.items()):
        kind = MEDIA.get(path.rpartition(".")[2]) or guess_type(path)[0] or "text/plain"
        about = {"name": path, "contentSize": str(size), "sha256": sha, "encodingFormat": kind}
        crate.add(File(crate, dest_path=path, properties=about))
    about = {
        "name": "Outputs of laoqu",
        "description": "Reports and cards on the 2021 implementation plan for old revolutionary "
        "base areas of China, with their values and tables.",
        "datePublished": manifest["made"],
        "license": {"@id": CC_BY},
        "conformsTo": {"@id": PROFILE},
        "mentions": actions,
        "isBasedOn": [add(id_, "CreativeWork", **what) for id_, what in sorted(sources.items())],
    }
    for name, value in about.items():
        crate.root_dataset[name] = value
    return (json.dumps(crate.metadata.generate(), ensure_ascii=False, indent=1) + "\n").encode()


def _records(manifest: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield every run, and before a failed one the earlier whose files still stand."""
    for run in manifest["runs"]:
        if "earlier" in run:
            yield quote(f"#run/{run['name']}#earlier", "/#"), run["earlier"]
        yield quote(f"#run/{run['name']}", "/#"), run


def _action(run: Mapping, manifest: Mapping, add: object, agent: dict, tool: dict) -> dict:
    """Return a run with its notebook and parameters."""
    code, name = run["parts"]["notebook"], run["notebook"]
    notebook = add(f"#{quote(name)}@{code[:16]}", ["SoftwareApplication", "SoftwareSourceCode"],
                   name=name, softwareVersion=manifest["laoqu"], sha256=code,
                   license={"@id": MIT}, softwareRequirements=tool)  # fmt: skip
    given = [add(f"#parameter/{quote(run['name'])}/{each}", "PropertyValue", name=each,
                 value=value if isinstance(value, (str, int, float, bool)) else json.dumps(value))
             for each, value in sorted(run["parameters"].items())]  # fmt: skip
    read = [{"@id": f"#inputs/{each[:16]}"}
            for part, each in run["parts"].items()
            if part != "versions" and manifest["sets"].get(each)]  # fmt: skip
    pairs = (f"-p {each}={value}" for each, value in sorted(run["parameters"].items()))
    ended, seconds = run["recorded"]["made"], timedelta(seconds=run["recorded"]["seconds"])
    failed = run["status"] == "failed"
    status = "FailedActionStatus" if failed else "CompletedActionStatus"
    return {
        "name": f"{name}: {run['name']}",
        "description": " ".join(["laoqu run", name, *pairs]),
        "instrument": notebook,
        "agent": agent,
        "object": [*given, *read],
        "result": [{"@id": quote(each["path"])} for each in run["outputs"]],
        "startTime": (datetime.fromisoformat(ended) - seconds).isoformat(timespec="seconds"),
        "endTime": ended,
        "actionStatus": {"@id": f"http://schema.org/{status}"},
    } | ({"error": run["error"]} if failed else {})
