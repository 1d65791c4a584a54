"""A small notebook that shows one thing of every kind, and what our notebooks define."""

import ast
import re
import time
from types import SimpleNamespace

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

import laoqu as lq
from laoqu import pages, paths

#: The plan of all tests of a process: what it gives is fresh, and what it has read it keeps.
PLAN = lq.load()
SETUP = """
import laoqu as lq
import pandas as pd
plan = lq.load()
show = lq.Show(plan, lang)
zh = lang == "zh"
"""
#: What a reader of the notebook may change: the test does.
ANALYSIS = """
measures = plan.measures(region)
named = measures[measures["reach"].isin(["named", "place"])].sort_values(["theme", "start"])
named = named.assign(
    short=named[f"short_{lang}"],
    where=[show.words.clause(clause) for clause in named["clause_id"]],
    n=range(-1, len(named) - 1),
)
"""
CELLS = (
    SETUP,
    ANALYSIS,
    """
quote = "支持革命老区"
show.text(
    [f"方案两次写明沂蒙，原文说“{quote}”，见 [第七条](plan#c07)，共 {len(named)} 项。" if zh else
     f"The plan names the area: “{quote}”, see [clause 7](plan#c07), in {len(named)} measures."],
    level=1, title="沂蒙革命老区" if zh else "Yimeng old revolutionary base area",
    anchor="answer", form="answer",
)
""",
    """
show.tiles([
    (len(named), "col.measure", "col.note"), (2, "col.city", "第七条和专栏4" if zh else "x"),
    ("0", "col.target", "方案不写" if zh else "The plan sets none"), (12, "col.area", ""),
])
""",
    'show.text(level=2, title="措施" if zh else "Measures", anchor="measures")',
    """
show.table(
    named, "support", columns=["short", "quote", "instrument", "reach", "n", "where"],
    group="theme", link="measure_id", title="写明的措施" if zh else "Measures by name",
    roles={"quote": "under words", "instrument": "code", "reach": "code", "n": "number",
           "where": "link"},
    note="“支持革命老区”是原文。" if zh else "The plan says “支持革命老区”.",
    values={"measures": len(named), "share": len(named) / len(measures)},
)
""",
    """
frame = pd.DataFrame({"label": ["产业", "城市"] if zh else ["industry", "cities"],
                      "value": [2, 5], "group": ""})
show.chart("dots", frame, "dots", title="写明五座城市" if zh else "Five cities are named",
           subtitle="措施数" if zh else "measures",
           alt="产业 2，城市 5" if zh else "Industry 2, cities 5",
           caption="资料：方案原文" if zh else "Source: the plan")
""",
    """
hostile = pd.DataFrame({"name": ["<b>x</b> & <img src=x onerror=alert(1)>", "=1+1", "@SUM(A1)"],
                        "n": [1, -2, 0.123]})
show.table(hostile, "hostile", roles={"n": "number"}, title="<i>title</i>")
""",
    """
rows = plan.membership(region)[["adcode"]].assign(
    county=lambda f: f["adcode"].map(show.words.unit))
show.table(rows, "counties", folded=True, title="老区县（市、区）" if zh else "Counties")
""",
    'show.text(["@misc{laoqu,", "  year = 2026}"], title="BibTeX", folded=True)',
    'show.text(["甲 1", "乙，见 https://www.gov.cn/x"], form="list", anchor="list", level=3,'
    ' title="资料" if zh else "Sources")',
)


def notebook(lang: str, region: str = "yimeng", cells: tuple[str, ...] = CELLS):
    """Return the notebook as papermill would hand it over, not yet executed."""
    new, parameters = nbformat.v4, {"lang": lang, "region": region}
    made = new.new_notebook(cells=[new.new_code_cell(cell.strip()) for cell in cells])
    for cell in made.cells[:2]:
        cell.metadata["tags"] = ["notebook-only"]
    source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    made.cells.insert(0, new.new_code_cell(source, metadata={"tags": ["parameters"]}))
    made.cells.insert(4, new.new_markdown_cell("Prose with a [link](https://example.org/)."))
    other = {"zh": "en", "en": "zh"}[lang]
    places = {"place": f"{lang}/{region}", "others": {other: f"{other}/{region}"}}
    made.metadata["laoqu"] = {"kind": "report", **places}
    made.metadata["papermill"] = {"parameters": parameters}
    return made


def executed(lang: str, region: str = "yimeng", cells: tuple[str, ...] = CELLS):
    """Return the notebook with what its cells show, run here and now: no kernel, no files."""
    return shown(notebook(lang, region, cells))


def shown(made):
    """Run the cells of a notebook as plain Python; what they show must be plain data, too."""
    names = {}
    for cell in made.cells:
        body = ast.parse(cell.source).body if cell.cell_type == "code" else []
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        if "outputs" in cell:
            cell.outputs = []
        exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
        if last:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
            if hasattr(value, "_repr_mimebundle_"):
                output = nbformat.v4.new_output("display_data", value._repr_mimebundle_())
                cell.outputs.append(output)
    return nbformat.reads(nbformat.writes(made), as_version=4)


def book(path, parameters: str, *cells: str, kinds=()):
    """Write a notebook for a batch: its parameters cell, then code cells; some are of our kinds."""
    new = nbformat.v4.new_code_cell
    first = new(parameters, metadata={"tags": ["parameters"]})
    made = nbformat.v4.new_notebook(cells=[first, *map(new, cells)])
    made.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "x"}
    made.metadata["laoqu"] = {"parameters": {name: name for name in kinds}}
    for number, cell in enumerate(made.cells):
        cell.id = str(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    return path


#: What a page never says, by language: the words table of the report's design.
NOT_WORDS = {
    "zh": ["触及", "点名", "经由地方", "作为某一类之一", "与其他区共有", "本区", "其余十一区",
           "成员县", "交付物", "位次称号", "重抽", "措施句"],
    "en": ["through a place", "as one of a class", "with everyone", "redrawn",
           "protected-vegetable", "deliverable"],
}  # fmt: skip


def not_words(page: str, lang: str) -> list[str]:
    """Return the words that a page should not use, outside the plan's own and code."""
    text = re.sub(r"<style.*?</style>|<script.*?</script>|<pre.*?</pre>|<q .*?</q>", "", page,
                  flags=re.S)  # fmt: skip
    return [word for word in NOT_WORDS[lang] if word in re.sub(r"<[^>]*>|\u2009", "", text)]


def violations(page) -> list[tuple[str, str]]:
    """Return which rules of accessibility a page breaks, each with the first element."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found]


def refused(function, *given, seconds=5.0, **named) -> str:
    """Return what an error of ours says, in few words and soon."""
    began = time.process_time()
    with pytest.raises(lq.LaoquError) as raised:
        function(*given, **named)
    assert len(str(raised.value)) < 700
    assert time.process_time() - began < seconds
    return str(raised.value)


def squeezed(text):
    return re.sub(r"\s", "", text)


def printed(name, region="yimeng"):
    """Return the words of one of our pages in Chinese, made here and now, without blanks."""
    made = nbformat.read(paths.notebooks() / f"{name}.ipynb", as_version=4)
    for cell in made.cells:
        cell.source = re.sub('^region = "yimeng"', f'region = "{region}"', cell.source)
    files = pages.render(shown(made), "zh", ("html",))
    (page,) = (data.decode() for file, data in files.items() if file.endswith(".html"))
    return squeezed(re.sub("<style.*?</style>|<script.*?</script>|<[^>]*>", "", page, flags=re.S))


def refuses(kind, said, function, *given, **named):
    """Have a call end with an error of a kind that says something."""
    assert said  # nothing would be found in any
    with pytest.raises(kind, match=said):
        function(*given, **named)


def cells_of(name):
    cells = nbformat.read(paths.notebooks() / f"{name}.ipynb", as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def functions_of(name):
    """What a notebook imports and defines, without running it."""
    wanted = (ast.Import, ast.ImportFrom, ast.FunctionDef)
    nodes = [node for cell in cells_of(name) for node in ast.parse(cell).body]
    found = {}
    code = ast.Module([node for node in nodes if isinstance(node, wanted)], [])
    exec(compile(code, name, "exec"), found)
    return SimpleNamespace(**found)
