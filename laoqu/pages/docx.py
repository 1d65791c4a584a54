"""From the records of a report to a Word document: a small print-HTML, and pandoc.

Styles, running head and foot are those of ``templates/reference.docx``, which Word can edit.
"""

from __future__ import annotations

import html
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pypandoc

from laoqu.pages import title_of
from laoqu.pages.html import TEMPLATES
from laoqu.pages.pdf import AUTHOR, KEYWORDS, print_columns
from laoqu.show.table import runs, tagged, width
from laoqu.show.words import label

#: The earliest time that a ZIP file can hold: the same records give the same bytes.
EPOCH = "315532800"
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
#: Codes of a reach that have a colour, which is that of a style; the others are an outline.
FILLED = {"named", "place", "class", "everyone"}
#: Half widths of a character in a line of a table.
LINE = 110


def docx(shown: Sequence[Mapping[str, object]], lang: str) -> bytes:
    """Return the Word document of what a report shows, without what is folded on the page.

    Parameters
    ----------
    shown : sequence of records
    lang : {"zh", "en"}
    """
    title = title_of(shown, lang)
    kicker = _styled("Kicker", html.escape(label("site.title", lang)))
    body = [kicker, _styled("Title", html.escape(title))]
    body += [part for each in shown if not each["folded"] for part in _parts(each)]
    words = {"title": title, "author": AUTHOR, "lang": LANGUAGES[lang]}
    with tempfile.TemporaryDirectory(prefix="laoqu-") as folder:
        path = Path(folder) / "report.docx"
        command = [
            pypandoc.get_pandoc_path(), "--from=html", "--to=docx", f"--output={path}",
            f"--reference-doc={TEMPLATES / 'reference.docx'}",
            f"--template={TEMPLATES / 'body.openxml'}", "--quiet",
            *(f"--metadata={name}={text}" for name, text in words.items()),
            *(f"--metadata=keywords={word}" for word in KEYWORDS),
        ]  # fmt: skip
        text = f"<html><body>{''.join(body)}</body></html>"
        environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        subprocess.run(command, input=text.encode(), check=True, env=environment)
        return path.read_bytes()


def _parts(shown: Mapping[str, object]) -> list[str]:
    def inline(text: object) -> str:
        return "".join(_run(run, shown["lang"]) for run in runs(str(text), shown["quotes"]))

    parts = []
    if shown["title"] and shown["level"] > 1 and shown["kind"] != "figure":
        level = shown["level"] - 1
        parts.append(f"<h{level}>{inline(shown['title'])}</h{level}>")
    texts = [inline(text) for text in shown["paragraphs"]]
    if shown["form"] == "list":
        parts.append(f"<ul>{''.join(f'<li>{text}</li>' for text in texts)}</ul>")
    else:
        style = {"answer": "Answer", "note": "Note"}.get(shown["form"], "Body Text")
        parts += [_styled(style, text) for text in texts]
    if shown["tiles"]:
        cells = "".join(
            f"<td>{_styled('Tile Value', inline(each['value']))}"
            f"{_styled('Compact', inline(each['label']))}"
            f"{_styled('Note', inline(each['note'])) if each['note'] else ''}</td>"
            for each in shown["tiles"]
        )
        widths = _columns([1 / len(shown["tiles"])] * len(shown["tiles"]))
        parts.append(f"<table>{widths}<tbody><tr>{cells}</tr></tbody></table>")
    if shown["rows"]:
        parts.append(_table(shown, inline))
    if shown["images"]:
        address = f"data:image/png;base64,{shown['images']['png']}"
        alt = html.escape(shown["alt"], quote=True)
        caption = f"<figcaption>{inline(shown['caption'])}</figcaption>"
        parts.append(f'<figure><img src="{address}" alt="{alt}" width="605">{caption}</figure>')
    if shown["note"]:
        parts.append(_styled("Note", inline(shown["note"])))
    return parts


def _table(shown: Mapping[str, object], inline: Callable[[object], str]) -> str:
    columns, rows, begins = shown["columns"], shown["rows"], dict(map(tuple, shown["groups"]))
    main, under, shares = print_columns(shown)
    sides = {i: "right" if columns[i]["role"] == "number" else "left" for i in main}

    def cell(at: int, i: int) -> str:
        text, role = rows[at][i], columns[i]["role"]
        small = "Under Words" if i in under else "Quotation"
        if "words" in role and text:
            return f'<span data-custom-style="{small}" lang="zh">{html.escape(text)}</span>'
        said = inline(text or "–").replace("\n", "<br>")
        if role == "badge":
            code = shown["badges"][columns[i]["name"]][at]
            square = "■" if code in FILLED else "□"
            return f'<span data-custom-style="{code.title()}">{square}</span> {said}'
        return f'<span data-custom-style="Under">{said}</span>' if i in under else said

    heads = (f"<th style='text-align:{sides[i]}'>{inline(columns[i]['label'])}</th>" for i in main)
    body = []
    for at in range(len(rows)):
        if at in begins:
            group = _styled("Group", inline(begins[at]))
            body.append(f"<tr><td colspan='{len(main)}'>{group}</td></tr>")
        cells = {i: cell(at, i) for i in main}
        cells[main[0]] += "".join(f"<br>{cell(at, i)}" for i in under if rows[at][i])
        row = (f"<td style='text-align:{sides[i]}'>{cells[i]}</td>" for i in main)
        body.append(f"<tr>{''.join(row)}</tr>")
    needs = [max(width(row[i]) for row in [[c["label"] for c in columns], *rows]) + 3 for i in main]
    short = sum(need for need, share in zip(needs, shares, strict=True) if not share)
    rest = max(0.3, 1 - short / LINE) / (sum(shares) or 1)
    widths = [rest * s if s else need / LINE for need, s in zip(needs, shares, strict=True)]
    return (
        f"<table>{_columns(widths)}<thead><tr>{''.join(heads)}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def _columns(widths: Sequence[float]) -> str:
    """Return the columns of a table by their shares of a line."""
    full = max(1, sum(widths))
    columns = "".join(f"<col style='width:{each / full:.1%}'>" for each in widths)
    return f"<colgroup>{columns}</colgroup>"


def _run(run: Sequence[str], lang: str) -> str:
    kind, words, address = run
    if kind == "quote":
        return f'<span data-custom-style="Quotation" lang="zh">{html.escape(words)}</span>'
    text = tagged(words, lang)
    return f'<a href="{html.escape(address)}">{text}</a>' if kind == "link" else text


def _styled(name: str, text: str) -> str:
    return f'<div data-custom-style="{name}"><p>{text}</p></div>'
