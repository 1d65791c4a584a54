"""Every code block and command of the pages that people read, run or at least parsed."""

import re
import shlex
import subprocess
import textwrap
from pathlib import Path

import pandas as pd
import pytest
from distributed.cli import dask_scheduler, dask_worker

import laoqu as lq
from laoqu import cli, paths

ROOT = paths.checkout()
if ROOT is None:
    pytest.skip("needs a checkout", allow_module_level=True)
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("*/*.md")} - set(ROOT.glob("outputs/*")))
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
#: Commands that make pages say what they would do: the pages are made by other tests.
BATCH = ("report", "card", "plan", "run", "monitor")
#: What is parsed and not run, and why.
NOT_RUN = {
    "laoqu lab": "waits for a browser",
    "laoqu build": "writes into the checkout",
    "laoqu coding compare": "takes sheets that people filled in; an empty one is refused",
    "make": "installs or takes minutes; `make -n` knows target and variables",
    "dask": "waits for other machines",
    "pip": "fetches",
    "conda": "fetches",
    "git": "fetches",
    **dict.fromkeys(("cd", "source", "sleep", "kill"), "is for a shell"),
    "python -m venv": "makes an environment",
}
TEXT = "某省实施方案\n一、重点任务\n（一）发展产业。支持环县、镇原县等建设3个产业园，面积2万亩。\n"


def own_files(text):
    """Write the reader's own files that a page names, and that no command of it writes."""
    plan = lq.load()
    rows = plan.membership().rename(columns={"region_id": "region"})[["region", "adcode"]]
    years = pd.DataFrame({"year": range(2018, 2025)})
    panel = rows[["adcode"]].drop_duplicates().merge(years, how="cross")
    panel["gdp"] = [1.0 + number % 97 for number in range(len(panel))]
    makers = {
        "my.csv": lambda name: rows.to_csv(name, index=False),
        "my.gpkg": lambda name: plan.counties("陕甘宁").to_file(name),
        "my.xlsx": lambda name: cli.main(["coding", "template", name]),
        "my_province.txt": lambda name: Path(name).write_text(TEXT, encoding="utf-8"),
        "county_gdp.csv": lambda name: panel.to_csv(name, index=False),
    }
    for name, make in makers.items():
        if name in text and f"template {name}" not in text:
            make(name)


def verb(words):
    """Return the verb that words begin with, and what is left of them."""
    found = cli.command
    while words and words[0] in getattr(found, "commands", ()):
        found, words = found.commands[words[0]], words[1:]
    return found, words


def parse(line, words):
    """Check a command that is not run as far as its own parser does."""
    if words[0] == "laoqu":
        verb(words[1:])[0].make_context(line, verb(words[1:])[1])
    elif words[0] == "make":
        subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, check=True)
    elif words[0] == "dask":
        command = {"scheduler": dask_scheduler, "worker": dask_worker}[words[1]].main
        command.make_context(line, words[2:])
    else:
        named = [word for word in words if word.endswith((".yml", ".lock", ".toml"))]
        assert all((ROOT / name).is_file() for name in named), line


def command(line, monkeypatch):
    if line.startswith("printf"):
        subprocess.run(line, shell=True, check=True)
        return
    alone = re.split(r" (?:>|&|\|\|) ", line.replace("python -m laoqu", "laoqu"))[0]
    words = shlex.split(alone, comments=True)
    while words and re.match(r"[A-Z_]+=", words[0]):
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    if any(" ".join(words).startswith(start) for start in NOT_RUN):
        parse(line, words)
    elif words:
        assert words[0] == "laoqu", f"neither run nor named as not run: {line}"
        assert cli.main([*words[1:], *["--why"] * (words[1] in BATCH)]) == 0, line


def blocks(path):
    found = BLOCK.findall(path.read_text(encoding="utf-8"))
    return [(kind, textwrap.dedent(text)) for _, kind, text in found]


def code(path):
    """Return the code of each block: without comments, and without the language of what is made."""
    said = r' *#.*|, "en"|, labels="\w+"| --lang (?:en|zh)'
    shown = [re.sub(said, "", text) for kind, text in blocks(path) if kind != "text"]
    return [[line for line in text.splitlines() if line] for text in shown]


def english(path):
    return path.with_name(path.name.replace(".zh", ""))


def test_the_readme_of_the_data_counts_rows_of_membership_by_basis_and_confidence(plan):
    rows, page = plan.table("membership"), (ROOT / "data" / "README.md").read_text("utf-8")
    patterns = {
        "basis": r"^\| `(\w+)` \| (\d+) \|",
        "confidence": r"(high|medium|low) \((\d+)(?: rows)?\)",
    }
    for column, pattern in patterns.items():
        counted = {code: int(n) for code, n in re.findall(pattern, page, re.M)}
        assert counted == rows[column].value_counts().to_dict(), column


def test_both_readmes_hold_the_same_code():
    assert code(ROOT / "README.zh.md") == code(ROOT / "README.md")
    assert len(code(ROOT / "README.md")[1]) <= 7


#: Pages with code; a Chinese one only where its code is not that of the English one.
RUN = [path for path in PAGES if blocks(path)]
RUN = [path for path in RUN if path == english(path) or code(path) != code(english(path))]


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.name)
def test_blocks_run_from_first_to_last(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "outputs"))
    text, names, printed = path.read_text(encoding="utf-8"), {}, None
    assert text.count("```") == 2 * len(blocks(path))
    own_files(text)
    for kind, block in blocks(path):
        assert kind in ("sh", "python", "bibtex", "text"), f"a block of {kind or 'no kind'}"
        if kind == "python":
            exec(compile(block, path.name, "exec"), names)
        elif kind == "sh":
            for line in block.replace("\\\n", " ").splitlines():
                command(line, monkeypatch)
        elif kind == "text" and printed is not None:
            assert [each for each in block.splitlines() if each.strip(" …") not in printed] == []
            left = [each for each in printed.splitlines() if each.strip() not in block]
            assert left == [] or "…" in block
        shown = capsys.readouterr().out
        printed = shown if kind == "python" else None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_in_sentences_name_verbs_and_options_that_exist(path):
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    for line in re.findall(r"`laoqu ([a-z][^`]*)`", text):
        found, _ = verb(line.split())
        assert found is not cli.command, line
        known = {option for each in found.params for option in each.opts}
        asked = set(re.findall(r"--[a-z-]+", line))
        assert asked <= known or found.name == "lab", line
