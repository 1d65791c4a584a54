"""The manifest once more as a Process Run Crate: who made which file from what, for other tools.

RO-Crate 1.1 with the profile Process Run Crate 0.5 of Workflow Run RO-Crate: each run is a
``CreateAction`` whose instrument is the notebook. What a run read is described by hash and not
packed, so that it stands as ``CreativeWork``; ``File`` is what lies in the folder.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from laoqu import paths, source
from laoqu.batch import key

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
CC_BY, MIT = (f"https://spdx.org/licenses/{name}" for name in ("CC-BY-4.0", "MIT"))
#: Parts of a run's key that are files.
FILES = ("data", "source", "own", "lock")
SCHEMA = "http://schema.org/"


def metadata(manifest: Mapping[str, object], folder: Path) -> bytes:
    """Return ``ro-crate-metadata.json`` of an outputs folder.

    Parameters
    ----------
    manifest : mapping
        As `laoqu.batch.store.Store.save` returns it.
    folder : Path
        The outputs folder; ``index.html`` and ``manifest.json`` in it are hashed.

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
    add(
        CC_BY,
        "CreativeWork",
        name="Creative Commons Attribution 4.0 International",
        description="Not of the plan's words and other quotations, nor of the county layer.",
    )
    add(MIT, "CreativeWork", name="MIT License")
    agent = os.environ.get("LAOQU_AGENT")
    agent = add("#agent", "Organization", name=agent or "whoever ran the batch (not recorded)")
    packages = {"python": manifest["python"], **manifest["packages"]}
    needs = [
        add(f"pkg:pypi/{name}@{number}" if name != "python" else f"pkg:generic/{name}@{number}",
            "SoftwareApplication", name=name, softwareVersion=number)
        for name, number in sorted(packages.items())
    ]  # fmt: skip
    tool = add("#laoqu", "SoftwareApplication", name="laoqu", softwareVersion=manifest["laoqu"],
               license={"@id": MIT}, softwareRequirements=needs)  # fmt: skip
    for digest, files in sorted(manifest["sets"].items()):
        parts = [
            add(f"#input/{name}@{sha[:16]}", "CreativeWork", name=name, sha256=sha)
            for name, sha in sorted(files.items())
        ]
        add(f"#inputs/{digest[:16]}", "Collection", hasPart=parts, sha256=digest)
    files: dict[str, dict[str, object]] = {}
    actions = []
    for name, run in _records(manifest):
        files |= {each["path"]: each for each in run["outputs"]}
        actions.append(_action(add, name, run, manifest, agent, tool))
    for name in ("index.html", "manifest.json"):
        data = (folder / name).read_bytes()
        files[name] = {"path": name, "bytes": len(data), "sha256": key.digest(data)}
    for path, file in sorted(files.items()):
        properties = {"name": path, "contentSize": str(file["bytes"]), "sha256": file["sha256"]}
        if kind := MEDIA.get(Path(path).suffix) or guess_type(path)[0]:
            properties["encodingFormat"] = kind
        crate.add(File(crate, dest_path=path, properties=properties))
    about = {
        "name": "Outputs of laoqu",
        "description": "Reports and cards on the 2021 implementation plan for old revolutionary "
        "base areas of China, with their values and tables.",
        "datePublished": manifest["made"],
        "license": {"@id": CC_BY},
        "conformsTo": {"@id": PROFILE},
        "mentions": actions,
        "isBasedOn": [add(id_, "CreativeWork", **what) for id_, what in _sources()],
    }
    for name, value in about.items():
        crate.root_dataset[name] = value
    return (json.dumps(crate.metadata.generate(), ensure_ascii=False, indent=1) + "\n").encode()


MEDIA = {".ipynb": "application/x-ipynb+json", ".csv": "text/csv", ".svg": "image/svg+xml"}


def _records(manifest: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield every run, and before a failed one the earlier whose files still stand."""
    for run in manifest["runs"]:
        if run.get("earlier"):
            yield f"{run['name']}#earlier", run["earlier"]
        yield run["name"], run


def _action(
    add: Callable,
    name: str,
    run: Mapping[str, object],
    manifest: Mapping[str, object],
    agent: dict[str, str],
    tool: dict[str, str],
) -> dict[str, str]:
    """Add a run with its notebook and parameters."""
    code = run["parts"]["notebook"]
    notebook = add(
        f"#{run['notebook']}@{code[:16]}", ["SoftwareApplication", "SoftwareSourceCode"],
        name=run["notebook"], softwareVersion=manifest["laoqu"], sha256=code,
        license={"@id": MIT}, softwareRequirements=tool,
    )  # fmt: skip
    given = [
        add(f"#parameter/{name}/{each}", "PropertyValue", name=each,
            value=value if isinstance(value, (str, int, float, bool)) else json.dumps(value))
        for each, value in sorted(run["parameters"].items())
    ]  # fmt: skip
    read = [
        {"@id": f"#inputs/{run['parts'][part][:16]}"}
        for part in FILES
        if manifest["sets"].get(run["parts"].get(part))
    ]
    times = run["recorded"]
    ended = datetime.fromisoformat(times["made"])
    more = {"error": run["error"]} if run["status"] == "failed" else {}
    status = "FailedActionStatus" if more else "CompletedActionStatus"
    return add(
        f"#run/{name}", "CreateAction", name=f"{run['notebook']}: {name}",
        description=" ".join(
            ["laoqu run", run["notebook"],
             *(f"-p {each}={value}" for each, value in sorted(run["parameters"].items()))]
        ),
        instrument=notebook, agent=agent, object=[*given, *read],
        result=[{"@id": quote(each["path"])} for each in run["outputs"]],
        startTime=(ended - timedelta(seconds=times["seconds"])).isoformat(timespec="seconds"),
        endTime=ended.isoformat(timespec="seconds"),
        actionStatus={"@id": f"{SCHEMA}{status}"}, **more,
    )  # fmt: skip


def _sources() -> list[tuple[str, dict[str, str]]]:
    """Return what the data rest on: the plan, and the sources of membership."""
    plan = source.registry()["plan"]
    found = {"#source/plan": {"name": plan["title"], "sha256": plan["sha256"]}}
    with (paths.data() / "curated" / "membership.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            id_ = row["source_url"] or f"#source/{key.of(row['source'])[:16]}"
            found.setdefault(id_, {"name": row["source"]})
    return sorted(found.items())
