"""From the records of a report to a Word document: their HTML, made plain for pandoc.

Styles, running head and foot are those of ``templates/reference.docx``, which Word can edit.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pypandoc

from laoqu.pages import marked, title_of
from laoqu.pages.html import TEMPLATES
from laoqu.pages.pdf import AUTHOR, KEYWORDS, NARROW, printed, shares
from laoqu.show.table import block_html
from laoqu.show.words import label

#: The earliest time that a ZIP file can hold: the same records give the same bytes.
EPOCH = "315532800"
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
WORDS = '<span data-custom-style="{}" lang="zh">'
#: What pandoc needs in the place of the page's own marks: styles of the reference document.
STYLED = [
    (r'<small><q lang="zh">(.*?)</q></small>', rf"<br>{WORDS.format('Under Words')}\1</span>"),
    (r'<q lang="zh">(.*?)</q>', rf"{WORDS.format('Quotation')}\1</span>"),
    (
        r"<div><dt>(.*?)</dt><dd><b>(.*?)</b><small>(.*?)</small></dd></div>",
        r'<td><div data-custom-style="Tile Value"><p>\2</p></div><p>\1</p>'
        r'<div data-custom-style="Note"><p>\3</p></div></td>',
    ),
    (r'<dl class="tiles">(.*?)</dl>', r"<table><tbody><tr>\1</tr></tbody></table>"),
    (r"<small>(.*?)</small>", r'<br><span data-custom-style="Under">\1</span>'),
    (r'<p class="(\w+)">(.*?)</p>', r'<div data-custom-style="\1"><p>\2</p></div>'),
    (
        r'<tr class="group"><th [^>]*colspan="(\d+)">(.*?)</th></tr>',
        r'<tr><td colspan="\1"><div data-custom-style="group"><p>\2</p></div></td></tr>',
    ),
    (r' class="num"', ' style="text-align:right"'),
    (r"<img ", '<img width="605" '),
]


def docx(shown: Sequence[Mapping[str, object]], lang: str) -> bytes:
    """Return the Word document of what a report shows, without what is folded on the page."""
    title = title_of(shown, lang)
    kicker = html.escape(label("site.title", lang))
    body = [f'<p class="kicker">{kicker}</p><p class="title">{html.escape(title)}</p>']
    body += [_part(each) for each in printed(shown)]
    text = "".join(body)
    for pattern, replacement in STYLED:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL)
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
        environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        source = f"<html><body>{text}</body></html>".encode()
        subprocess.run(command, input=source, check=True, env=environment)
        return path.read_bytes()


def _part(shown: Mapping[str, object]) -> str:
    """Return the HTML of a record, its headings one level up, its table with widths."""
    if shown["kind"] == "plan":
        return marked.worded(shown)
    title = shown["title"] if shown["level"] > 1 else ""
    images = {name: data for name, data in shown["images"].items() if name == "png"}
    level = max(1, shown["level"] - 1)
    text = block_html({**shown, "title": title, "level": level, "images": images})
    widths = [share or NARROW for share in shares(shown).values()]
    columns = "".join(f'<col style="width:{each / sum(widths):.1%}">' for each in widths)
    return re.sub(r"(<table [^>]*>)", rf"\1<colgroup>{columns}</colgroup>", text, count=1)
