"""From the records of a report to a Word document: a small print-HTML, and pandoc.

Styles, running head and foot are those of ``templates/reference.docx``, which Word can edit.
"""

from __future__ import annotations

import html
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path

import pypandoc

from laoqu.pages import title_of
from laoqu.pages.html import TEMPLATES
from laoqu.pages.pdf import AUTHOR, KEYWORDS
from laoqu.show.table import runs, tagged, width
from laoqu.show.words import label

#: The earliest time that a ZIP file can hold: the same records give the same bytes.
EPOCH = "315532800"
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
#: Colours of a reach as in the figures; the others are an outline.
FILLS = {"named": "A4262C", "place": "D0674F", "class": "E6B08A", "everyone": "D9D4C7"}
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
        parts.append(f"<table>{_widths([1] * len(shown['tiles']))}<tr>{cells}</tr></table>")
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


def _table(shown: Mapping[str, object], inline: object) -> str:
    columns, rows = shown["columns"], shown["rows"]
    under = [i for i, each in enumerate(columns) if "under" in each["role"]]
    main = [i for i in range(len(columns)) if i not in under and any(row[i] for row in rows)]
    begins = dict(map(tuple, shown["groups"]))
    side = {i: "right" if columns[i]["role"] == "number" else "left" for i in main}

    def cell(at: int, i: int) -> str:
        text, role = rows[at][i], columns[i]["role"]
        if "words" in role:
            return _run(("quote", text, ""), shown["lang"]) if text else "–"
        said = inline(text or "–").replace("\n", "<br>")
        if role == "badge":
            code = shown["badges"][columns[i]["name"]][at]
            return f"{'■' if code in FILLS else '□'} {said}"
        return said

    lines = [
        "".join(
            f'<th style="text-align:{side[i]}">{inline(columns[i]["label"])}</th>' for i in main
        )
    ]
    for at in range(len(rows)):
        if at in begins:
            lines.append(f'<td colspan="{len(main)}">{_styled("Group", inline(begins[at]))}</td>')
        cells = []
        for i in main:
            below = [cell(at, j) for j in under if rows[at][j] and i == main[0]]
            more = "".join(f'<br><span data-custom-style="Under">{each}</span>' for each in below)
            cells.append(f'<td style="text-align:{side[i]}">{cell(at, i)}{more}</td>')
        lines.append("".join(cells))
    head, *body = (f"<tr>{line}</tr>" for line in lines)
    cols = [max(width(columns[i]["label"]), *(width(row[i]) for row in rows)) + 4 for i in main]
    return f"<table>{_widths(cols)}<thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"


def _widths(needs: Sequence[float]) -> str:
    """Return the columns of a table: what they need if there is room, else less for the widest."""
    total = sum(needs)
    if total > LINE:
        needs = [sqrt(need) for need in needs]
        total = sum(needs)
        shares = [need / total for need in needs]
    else:
        shares = [need / max(total, LINE) for need in needs]
    return "".join(f'<col style="width:{share:.1%}">' for share in shares)


def _run(run: Sequence[str], lang: str) -> str:
    kind, words, address = run
    if kind == "quote":
        return f'<span data-custom-style="Quotation" lang="zh">{html.escape(words)}</span>'
    text = tagged(words, lang)
    return f'<a href="{html.escape(address)}">{text}</a>' if kind == "link" else text


def _styled(name: str, text: str) -> str:
    return f'<div data-custom-style="{name}"><p>{text}</p></div>'
