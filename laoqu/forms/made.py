"""What the runs of a batch left that an index can link: forms by language, cards by province."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from laoqu.forms import DEPTH
from laoqu.labels import LANGS
from laoqu.plan import Plan

#: Forms that the index links to, by the end of their names.
KINDS = {"html": ".html", "pdf": ".pdf", "docx": ".docx", "ipynb": ".ipynb", "values": "s.json"}
#: Of a card those that are read; 500 cards leave no room for the rest, which their pages link.
READ = ("html", "pdf", "docx")
#: As many cards stand open; of more, each province opens on request.
OPEN = 60


def forms(runs: Sequence[Mapping[str, object]], depth: int) -> dict[tuple[str, str], str]:
    """Return (language, form) → path of what the runs left that stands now.

    Parameters
    ----------
    runs : sequence of mapping
        As in the manifest, with ``lang``.
    depth : int
        Folders above the files, see `laoqu.forms.DEPTH`.

    Examples
    --------
    >>> run = {"lang": "zh", "status": "ok", "outputs": [{"path": "zh/yimeng/report.pdf"}]}
    >>> forms([run], 2)
    {('zh', 'pdf'): 'zh/yimeng/report.pdf'}
    """
    return {
        (run["lang"], kind): output["path"]
        for run in runs
        if run["status"] == "ok"
        for output in run["outputs"]
        for kind, end in KINDS.items()
        if output["path"].count("/") == depth and output["path"].endswith(end)
    }


def cards(plan: Plan, runs: Mapping[str, Sequence[Mapping[str, object]]]) -> dict[str, object]:
    """Return the county cards of a batch as the index lists them.

    Parameters
    ----------
    plan : Plan
        Whose gazetteer names the counties.
    runs : mapping of str to sequence of mapping
        Code of a county → its runs as in the manifest, with ``lang``.

    Returns
    -------
    dict
        ``n`` counties, ``open`` (few enough to stand open), ``provinces`` in the order of their
        codes: ``zh``, ``en``, ``counties`` in the order of theirs, each with ``adcode``, ``zh``,
        ``en``, ``runs``, and ``forms``: language of the reader → language of the card, and
        (form, path) in it. Who reads Chinese is given the English card only where there is no
        other, and the other way round.

    Examples
    --------
    >>> import laoqu as lq
    >>> run = {"lang": "en", "status": "ok", "outputs": [{"path": "en/cards/451081/card.html"}]}
    >>> found = cards(lq.load(), {"451081": [run]})["provinces"][0]
    >>> found["zh"], found["counties"][0]["forms"]["zh"]
    ('广西壮族自治区', ('en', [('html', 'en/cards/451081/card.html')]))
    """
    units = plan.gazetteer().set_index("adcode")
    provinces: dict[str, dict[str, object]] = {}
    for adcode in sorted(set(runs) & set(units.index)):
        unit, above = units.loc[adcode], units.loc[f"{adcode[:2]}0000"]
        head = {"zh": above["name"], "en": above["name_en"], "counties": []}
        county = {"adcode": adcode, "zh": unit["name"], "en": unit["name_en"]}
        county |= {"runs": runs[adcode], "forms": _read(forms(runs[adcode], DEPTH["card"]))}
        provinces.setdefault(above.name, head)["counties"].append(county)
    n = sum(len(each["counties"]) for each in provinces.values())
    return {"n": n, "open": n <= OPEN, "provinces": list(provinces.values())}


def _read(found: Mapping[tuple[str, str], str]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    by_lang = {
        lang: [(kind, found[lang, kind]) for kind in READ if (lang, kind) in found]
        for lang in LANGS
    }
    return {
        lang: next((each, by_lang[each]) for each in (lang, *LANGS) if by_lang[each])
        for lang in LANGS
        if any(by_lang.values())
    }
