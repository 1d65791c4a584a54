"""All twelve reports in both languages, as `laoqu report --all` makes them."""

import html
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pypdf
import pytest
from fixture import PLAN

from laoqu import paths
from laoqu.cli import main
from laoqu.show import style
from laoqu.show.words import LANGS

#: Fragments without an element: the browser's own, and the languages that the index's script reads.
ANSWERED = {"top", *LANGS}
#: The size of type in printed tables.
TABLE = {"zh": 8.2, "en": 7.4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAOQU_OUTPUTS", str(root))
        assert main(["report", "--all", "--lang", ",".join(LANGS), "--formats", "html,pdf"]) == 0
    return root


@cache
def read(page: Path) -> tuple[set[str], list[str]]:
    """Return the ids of a page and the addresses that it links or shows."""
    ids, addresses = set(), []
    parser = HTMLParser()
    parser.handle_starttag = lambda _, given: (
        ids.update(value for key, value in given if key == "id"),
        addresses.extend(value for key, value in given if key in ("href", "src")),
    )
    parser.feed(page.read_text(encoding="utf-8"))
    return ids, addresses


def test_every_link_of_every_page_leads_to_what_is_there(folder):
    pages, dead, followed = sorted(folder.rglob("*.html")), [], 0
    assert len(pages) == len(LANGS) * (len(PLAN.region_ids) + 1) + 1
    for page in pages:
        for address in read(page)[1]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            followed += 1
            target = page.parent / unquote(parts.path) if parts.path else page
            asked = {unquote(parts.fragment)} - {"", *ANSWERED}
            if not target.exists() or (asked and not asked <= read(target.resolve())[0]):
                dead.append(f"{page.relative_to(folder)}: {address}")
    assert followed > 900
    assert dead == []


def test_a_printed_report_has_at_most_four_pages(folder):
    printed = {path: len(pypdf.PdfReader(path).pages) for path in folder.glob("*/*/report.pdf")}
    assert len(printed) == len(LANGS) * len(PLAN.region_ids)
    long = {path: n for path, n in printed.items() if n > (6 if "ganminyue" in path.parts else 4)}
    assert long == {}


def elements(node):
    """Yield headings and figures of a tagged PDF in the order in which they are read."""
    node = node.get_object()
    if isinstance(node, list):
        for each in node:
            yield from elements(each)
    elif isinstance(node, dict):
        if re.fullmatch("/(H[1-6]|Figure)", node.get("/S", "")):
            yield node
        yield from elements(node.get("/K", pypdf.generic.NullObject()))


def heads(outline):
    for each in outline:
        yield from heads(each) if isinstance(each, list) else [each]


def lines_of(page):
    """Return the texts of a page between its head and foot: height, size, face and words."""
    found = []
    page.extract_text(
        visitor_text=lambda text, cm, tm, font, size: text.strip() and found.append(
            (tm[5] * cm[3] + cm[5], size, (font or {}).get("/BaseFont", ""), text.strip())
        )
    )  # fmt: skip
    return sorted((line for line in found if 35 < line[0] < 800), key=lambda line: -line[0])


def test_figures_stand_in_order_at_full_size_on_pages_that_are_full(folder):
    for path in folder.glob("*/*/report.pdf"):
        reader = pypdf.PdfReader(path)
        numbers = {page.indirect_reference: k for k, page in enumerate(reader.pages)}
        named, at, boxes = heads(reader.outline), [], []
        for each in elements(reader.trailer["/Root"]["/StructTreeRoot"]["/K"]):
            if each["/S"] == "/Figure":
                left, foot, right, top = each["/A"][0]["/BBox"]
                at.append((numbers[each.raw_get("/Pg")], -top))
                boxes.append((at[-1][0], foot))
                # As it was drawn, where no type is smaller than 7 pt.
                assert right - left == pytest.approx(style.WIDE, abs=0.2), path
            else:
                head = next(named)
                at.append((reader.get_destination_page_number(head), -head.top))
        assert at == sorted(at), path
        assert len(boxes) == len([*path.parent.glob("figures/*.png")]) > 1
        for k, page in enumerate(reader.pages):
            lines = lines_of(page)
            feet = [lines[-1][0], *(foot for number, foot in boxes if number == k)]
            assert min(feet) < 842 / 2 or k == len(reader.pages) - 1, (path, k)
            # A table that is broken begins again with its head.
            rows = [face for _, size, face, _ in lines if size == TABLE[path.parts[-3]]]
            assert not rows or "Bold" in rows[0], (path, k)


def test_a_printed_title_is_not_broken_in_a_word(folder):
    broken = 0
    for path in folder.glob("zh/*/report.pdf"):
        title = {}
        for height, size, _, text in lines_of(pypdf.PdfReader(path).pages[0]):
            if size == 20:
                title[height] = title.get(height, "") + text
        *upper, _ = title.values()
        assert all(line[-1] in "，：；" for line in upper), path
        broken += len(upper)
    assert broken


#: What a page quotes.
QUOTED = re.compile(r'<q lang="zh">(.*?)</q>', re.S)


def test_every_quotation_stands_in_the_plan_and_carries_clause_and_page(folder):
    text, wrong, seen = PLAN.document.canonical, [], 0
    for page in sorted(folder.glob("*/*/report.html")):
        found = page.read_text(encoding="utf-8")
        for quoted in map(html.unescape, QUOTED.findall(found)):
            parts = [re.sub(r"\s", "", part) for part in quoted.split("……")]
            seen += 1
            wrong += [f"{page.parent}: {part}" for part in parts if part not in text]
        cited = found.partition('id="promised"')[2].partition("</table>")[0]
        pages = re.findall(r"，第\u2009?\d+\u2009?页</a>|, p\. \d+</a>", cited)
        assert len(pages) == cited.count("<q ") > 0, page.parent
    assert seen > 250
    assert wrong == []


#: What the page of an area says, and what it must not.
SAID = {
    "xiangeyuqian": ["（张家界、恩施）资料写明属本老区，但只查到部分县", "报刊报道（据转载页）",
                     "只面向本老区的一类县市", "专栏1，第3、4页；第四条，第3页"],
    "xiangganbian": ["其中11项只涉及仅部分县在本老区的城市", "（全部5个）"],
    "hailufeng": ["名单可能不全", "第六条和专栏2都写到海丰", "报道所列的规划范围内困难县"],
    "zuoyoujiang": ["计入的县除3个由专栏1推定外", "中央单位定点帮扶"],
    "chuanshaan": ["中央单位定点帮扶", "缺的2个应在宝鸡市"],
    "yimeng": ["专栏2印作“新泰县”"],
    "qiongya": ["第七条没有写到其城市"],
}  # fmt: skip
NOT_SAID = {
    "xiangeyuqian": ["十二个老区中只写到本老区", "部分县在本老区的城市",
                     ">央视网2022-05-22一睹贵州老区今日发展新貌</a>"],
    "zhexinan": ["推算总数"],
    "shaanganning": ["本老区都有"],
    "chuanshaan": ["中央单位对口支援"],
}  # fmt: skip


def test_pages_say_what_is_known_and_not_more(folder):
    pages = {}
    for region in PLAN.region_ids:
        text = (folder / "zh" / region / "report.html").read_text(encoding="utf-8")
        pages[region] = re.sub(r"\s", "", text)
        assert "另有170项面向全部老区或某类地区" in pages[region], region
    for region, texts in SAID.items():
        assert [text for text in texts if text not in pages[region]] == [], region
    for region, texts in NOT_SAID.items():
        assert [text for text in texts if text in pages[region]] == [], region


def test_both_languages_state_the_same_numbers(folder):
    text = (paths.checkout() / "docs" / "report.md").read_text(encoding="utf-8")
    listed = text.partition("## Keys of values.json")[2].partition("A card has")[0]
    listed = set(re.findall("`([a-z_]+)`", listed))
    for region in PLAN.region_ids:
        said = [
            json.loads((folder / lang / region / "values.json").read_text(encoding="utf-8"))
            for lang in LANGS
        ]
        zh, en = ({key: n for key, n in each.items() if key != "answer"} for each in said)
        assert zh == en
        assert sorted(set(zh) - listed) == []
        of_plan = PLAN.regions().set_index("region_id").loc[region]
        counted = of_plan[["documented", "official_total", "low_confidence"]].tolist()
        assert [zh["documented"], zh["total"], zh["low"], zh["targets"]] == [*counted, 0]
