"""What follows from ``data/datapackage.json`` alone: data dictionary, citation, tables of data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def files(root: Path, package: Mapping[str, object]) -> dict[Path, str]:
    """Return the path and text of every file of a checkout that follows from the declaration."""
    return {root / "docs" / "dictionary.md": dictionary(package)}


def dictionary(package: Mapping[str, object]) -> str:
    """Return the data dictionary, Markdown."""
    out = ["# Data dictionary", "", "Generated from `data/datapackage.json` by `laoqu build`.", ""]
    for each in (each for each in package["resources"] if "schema" in each):
        keys = each["schema"].get("foreignKeys", [])
        targets = {column: key["reference"] for key in keys for column in key["fields"]}
        out += [f"## {each['name']}", "", f"`data/{each['path']}`: {each['description']}", ""]
        rows = f" Rows: {each['laoqu:rows']:,}." if "laoqu:rows" in each else ""
        shown = ", ".join(f"`{key}`" for key in each["schema"].get("primaryKey", []))
        out += [f"Key: {shown}.{rows}", ""]
        out += ["| column | type | required | meaning |", "|---|---|---|---|"]
        for column in each["schema"]["fields"]:
            required = "yes" if column.get("constraints", {}).get("required") else ""
            meaning = column["description"]
            if codes := column.get("laoqu:codes"):
                meaning += f" Codes: variable `{codes}` of the codebook."
            if target := targets.get(column["name"]):
                meaning += f" Refers to `{target['resource']}.{target['fields'][0]}`."
            out.append(f"| `{column['name']}` | {column['type']} | {required} | {meaning} |")
        out.append("")
    return "\n".join(out)
