"""What follows from ``data/datapackage.json`` alone: data dictionary, citation, tables of data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from laoqu.show.words import label

Package = Mapping[str, object]


def files(root: Path, package: Package) -> dict[Path, str]:
    """Return the path and text of every file of a checkout that tells what the package declares."""
    result = {
        root / "CITATION.cff": citation_cff(package),
        root / "docs" / "dictionary.md": dictionary(package, "en"),
        root / "docs" / "dictionary.zh.md": dictionary(package, "zh"),
    }
    blocks = {
        "cite": "\n".join([*references(package), "", "```bibtex", *bibtex(package), "```"]),
        "curated": contents(package, "curated"),
        "built": contents(package, "built"),
    }
    for name in ("README.md", "README.zh.md", "data/README.md"):
        text = (root / name).read_text(encoding="utf-8")
        for block, made in blocks.items():
            head, mark, rest = text.partition(f"<!-- {block}: written by laoqu build -->\n")
            if mark:
                text = f"{head}{mark}\n{made}\n\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
        result[root / name] = text
    return result


def authors(package: Package) -> str:
    """Return who made the package."""
    return ", ".join(each["title"] for each in package["contributors"])


def references(package: Package) -> list[str]:
    """Return how to cite the plan and the package, as a Markdown quotation."""
    (plan,), year = package["sources"], package["created"][:4]
    own = f"{authors(package)} ({year}). {package['title']}. Version {package['version']}."
    return [f"> {plan['laoqu:author']}（{plan['laoqu:year']}）. {plan['title']}.", ">", f"> {own}"]


def bibtex(
    package: Package, key: str = "laoqu", title: str | None = None, note: str = ""
) -> list[str]:
    """Return the lines of a BibTeX entry for the package, or for a work of this title from it.

    Braces of their own keep the title's capitals, and those who made it one name.
    """
    version, licence = package["version"], package["licenses"][0]["title"]
    note = re.sub(r"[{}\\%]", "", f". {note}" if note else "")
    return [
        f"@misc{{{key},",
        f"  title = {{{{{title or package['title']}}}}},",
        f"  author = {{{{{authors(package)}}}}},",
        f"  year = {{{package['created'][:4]}}},",
        f"  note = {{Version {version}, {licence}{note}}}}}",
    ]


def ris(package: Package, title: str | None = None, note: str = "") -> list[str]:
    """Return the lines of a RIS record: of the package, or of a report of this title from it."""
    return [
        f"TY  - {'RPRT' if title else 'DATA'}",
        f"AU  - {authors(package)}",
        f"TI  - {title or package['title']}",
        f"PY  - {package['created'][:4]}",
        f"ET  - {package['version']}",
        *([f"N1  - {note}"] if note else []),
        "ER  - ",
    ]


def citation_cff(package: Package) -> str:
    """Return ``CITATION.cff``: the package, and the document that it describes."""
    (plan,) = package["sources"]
    known = {
        "cff-version": "1.2.0",
        "message": "Please cite the data set and, separately, the plan it describes (references).",
        "title": package["title"],
        "type": "dataset",
        "version": package["version"],
        "date-released": package["created"][:10],
        "authors": [{"name": each["title"]} for each in package["contributors"]],
        "abstract": package["description"],
        "keywords": package["keywords"],
        "license": [each["name"] for each in package["licenses"]],
        "references": [
            {
                "type": "government-document",
                "title": plan["title"],
                "authors": [{"name": plan["laoqu:author"], "alias": plan["laoqu:author_en"]}],
                "year": plan["laoqu:year"],
                "languages": ["zh"],
                "notes": plan["laoqu:notes"],
            }
        ],
    }
    return yaml.safe_dump(known, allow_unicode=True, sort_keys=False, width=96)


def contents(package: Package, folder: str) -> str:
    """Return a table of the files of one folder of ``data``."""
    out = ["| file | what it holds | rows |", "|---|---|---|"]
    for each in sorted(package["resources"], key=lambda each: each["path"]):
        if each["path"].startswith(f"{folder}/"):
            rows = f"{each['laoqu:rows']:,}" if "laoqu:rows" in each else ""
            name = each["path"].removeprefix(f"{folder}/")
            out.append(f"| `{name}` | {each['description']} | {rows} |")
    return "\n".join(out)


def dictionary(package: Package, lang: str) -> str:
    """Return the data dictionary, Markdown, in English or Chinese."""
    about = {"en": "description", "zh": "laoqu:zh"}[lang]
    out = [f"# {label('dictionary.title', lang)}", "", label("dictionary.made", lang), ""]
    for each in (each for each in package["resources"] if "schema" in each):
        of, rows = each["schema"], each.get("laoqu:rows")
        refers = {
            key["fields"][0]: key["reference"]["resource"] for key in of.get("foreignKeys", [])
        }
        keys = ", ".join(f"`{key}`" for key in of["primaryKey"])
        out += [f"## {each['name']}", "", f"`data/{each['path']}`", ""]
        out += [each.get(about, each["description"]), ""]
        rows = "–" if rows is None else f"{rows:,}"
        out += [label("dictionary.key", lang, keys=keys, rows=rows), ""]
        out += [label("dictionary.head", lang), "|---|---|---|---|"]
        for column in of["fields"]:
            meaning = column.get(about, column["description"])
            if codes := column.get("laoqu:codes"):
                meaning += label("dictionary.codes", lang, codes=codes)
            if table := column.get("laoqu:refers") or refers.get(column["name"]):
                meaning += label("dictionary.refers", lang, table=table)
            required = column.get("constraints", {}).get("required")
            required = label("yes", lang) if required else ""
            out.append(f"| `{column['name']}` | {column['type']} | {required} | {meaning} |")
        out.append("")
    return "\n".join(out)
