"""The head of a report, and how to cite it."""

from __future__ import annotations

import laoqu
from laoqu.sections.context import Context
from laoqu.tables import Block

#: Of this edition; it changes with the data, not with the day on which a report is made.
YEAR = 2026


def head(it: Context) -> Block:
    """Name the area, its provinces, how much of its membership is known, and how to cite."""
    region, meta = it.region, it.plan.source
    counties = it.say(
        "head.counties_value", documented=region.documented, total=region.official_total
    )
    basis = [it.say(f"head.total_{region.total_basis}")]
    if it.frames.regions.at[it.id, f"note_{it.lang}"]:
        basis.append(it.say("head.doubts"))
    published = it.say("head.published", year=int(meta["year"]))
    facts = (
        (it.say("head.plan"), it.bracketed(f"《{meta['title']}》", published)),
        (it.say("head.provinces"), it.listed(_provinces(it))),
        (it.say("head.counties"), it.bracketed(counties, it.say("list.clause").join(basis))),
        (it.say("head.version"), laoqu.__version__),
        (it.say("head.cite"), _text(it)),
    )  # fmt: skip
    return Block(
        "head",
        region.name(it.lang, full=True),
        level=1,
        lead=it.say("head.lead", plan=it.say("plan.short")),
        warning=it.say("head.incomplete") if it.incomplete else "",
        facts=facts,
        copy=(("BibTeX", _bibtex(it)), ("RIS", _ris(it))),
        values={
            "area.id": region.region_id,
            "area.order": region.order,
            "area.provinces": len(region.provinces),
            "area.documented": region.documented,
            "area.total": region.official_total,
            "area.total_basis": region.total_basis,
            "plan.year": int(meta["year"]),
            "edition.version": laoqu.__version__,
            "edition.year": YEAR,
            "plan.short": it.say("plan.short"),
            "plan.title": meta["title" if it.lang == "zh" else "title_en"],
        },
        lang=it.lang,
    )


def _provinces(it: Context) -> list[str]:
    if it.lang == "zh":
        return list(it.region.provinces)
    english = dict(it.frames.units.values())
    return [english[name] for name in it.region.provinces]


def _title(it: Context) -> str:
    return it.say("cite.title", region=it.region.name(it.lang, full=True))


def based(it: Context) -> str:
    """Say which document a page is about."""
    meta = it.plan.source
    title = meta["title"] if it.lang == "zh" else meta["title_en"]
    return it.say("cite.based", title=title, year=int(meta["year"]))


def _text(it: Context) -> str:
    words = {"title": _title(it), "version": laoqu.__version__, "year": YEAR}
    return it.sentences(it.say("cite.text", **words), based(it))


def _bibtex(it: Context) -> str:
    rows = {
        "author": f"{{{it.say('cite.author')}}}", "title": f"{{{_title(it)}}}", "year": str(YEAR),
        "version": laoqu.__version__, "note": based(it), "language": it.say("cite.language"),
    }  # fmt: skip
    body = ",\n".join(f"  {name} = {{{text}}}" for name, text in rows.items())
    return f"@misc{{laoqu_{it.id}_{it.lang},\n{body}\n}}"


def _ris(it: Context) -> str:
    rows = (
        ("TY", "DATA"), ("AU", it.say("cite.author")), ("TI", _title(it)), ("PY", str(YEAR)),
        ("ET", laoqu.__version__), ("N1", based(it)), ("LA", it.say("cite.language")), ("ER", ""),
    )  # fmt: skip
    return "\n".join(f"{tag}  - {text}" for tag, text in rows)
