"""What styles of web pages, Word and OpenDocument do to words; what is not known may hide them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import tinycss2
from tinycss2.ast import Declaration, Node

from laoqu import paths

#: What is left out, and what stands above or below the line.
STRUCK, HIDDEN, TINY = LEFT_OUT = ("struck-out text", "hidden text", "text of size 0")
RAISED, LOWERED, SHOWN = "raised", "lowered", "shown"
ODD = "words in a style that may hide or move them"
#: How words are drawn apart from those beside them, of which no number goes on in them.
LINED, CELLED, ROW, BOXED = PARTED = ("lines", "cell", "row", "box")
#: Of what the styles of an element do, this counts first.
FIRST = (*LEFT_OUT, RAISED, LOWERED, ODD, *PARTED)
#: What a declaration of a style does to words is data; what none of these fits may hide them.
STYLES = paths.described("styles.toml")
KINDS = {kind: re.compile("|".join(forms)) for kind, forms in STYLES.items()}
#: Values that another place says, but for what hides nothing whatever its value.
ELSEWHERE = re.compile(
    r"(?!--|font-family|line-height|border|outline|padding|box-|transition|cursor)"
    r".*\b(?:var|env|attr|if)\(.*"
)
GROUND = re.compile("background|shd|highlight")
#: Of the selectors of a page these are read: an element, a class, an id.
SELECTOR = re.compile(r"[\w-]+(?:[.#][\w-]+)?|[.#][\w-]+")
#: What holds only while a reader does something; words before and after an element.
ACTED = re.compile(r".*:(?:hover|active|focus(?:-visible|-within)?|visited)")
ADDED = re.compile(r".*::?(?:before|after)")
PARTS = re.compile("content|display|margin|padding|border")  # of them: what parts words
#: At-rules that do nothing to words; those whose rules hold under a condition.
PLAIN = re.compile("charset|font-face|page|(?:-webkit-)?keyframes|namespace|counter-style")
AT_TIMES = {"media", "supports", "layer", "container", "scope", "starting-style"}


@lru_cache(10_000)
def judged(declared: tuple[str, ...]) -> frozenset[str]:
    """Return what a style does to words, by its declarations ``name:value``.

    >>> sorted(judged(("color:#333", "opacity:0", "left:-9999px")))
    ['hidden text', 'shown', 'words in a style that may hide or move them']
    """
    known = {each.lower() for each in declared}
    grounds = {each.partition(":")[2] for each in known if GROUND.match(each)}
    unseen = known & {f"color:{ground}" for ground in grounds - {"auto", "inherit", "initial"}}
    unseen |= {each for each in known if ELSEWHERE.fullmatch(each)}
    kinds = ([k for k, form in KINDS.items() if form.fullmatch(each)] or [ODD] for each in known)
    return frozenset([first for first, *_ in kinds] + [ODD] * bool(unseen))


@lru_cache(10_000)
def kinds(style: str) -> frozenset[str]:
    """Return what the ``style`` of an element does to its words."""
    return judged(tuple(_declared(_contents(tinycss2.parse_component_value_list(style, True)))))


def _contents(nodes: Sequence[Node] | None) -> list[Node]:
    return tinycss2.parse_blocks_contents(nodes or [], True, True)


def _declared(nodes: Iterable[Node]) -> list[str]:
    """Return declarations as ``name:value``; of one name the last counts, or an important one."""
    found: dict[str, Declaration] = {}
    for each in nodes:
        if each.type == "declaration":
            before = found.get(each.lower_name)
            if before is None or each.important or not before.important:
                found[each.lower_name] = each
    return [f"{n}:{' '.join(tinycss2.serialize(it.value).split())}" for n, it in found.items()]


def sheet(css: str) -> tuple[dict[str, frozenset[str]], list[str]]:
    """Return what rules do to what they match, and those that are not read and could hide.

    What they match is an element, a class, an id; of a rule that is not read, whatever it may
    match: also ``[x]`` (with an attribute) and ``*``.

    >>> found, unread = sheet("b{display:none} @media print{.y{opacity:0}} p i:not(.z){opacity:0}")
    >>> {key: [*does] == [ODD] for key, does in found.items()}, unread
    ({'b': False, 'i': True}, ['p i:not(.z)'])
    """
    read, unread, may = defaultdict(list), {}, defaultdict(frozenset)
    for where, selector, declared in _rules(tinycss2.parse_component_value_list(css, True)):
        said = re.sub(r"^[\w-]+", lambda tag: tag[0].lower(), tinycss2.serialize(selector).strip())
        said = "body" if said in (":root", "html") else said
        if ADDED.fullmatch(said):
            said_of = (each for each in declared if PARTS.match(getattr(each, "lower_name", "")))
            declared = [each for each in said_of if "none" not in tinycss2.serialize(each.value)]
        if not where and SELECTOR.fullmatch(said):
            read[said] += declared
        elif not ACTED.fullmatch(said) and (does := judged(tuple(_declared(declared))) - {SHOWN}):
            hides = bool(does - {*PARTED})
            may[_subject(selector)] |= {ODD} if hides else {BOXED, *does & {ROW}}
            unread |= {where or said: does} if hides else {}
        elif where.startswith("@") and where[1:] not in AT_TIMES:
            may["*"] |= {ODD}
            unread[where] = ODD
    found = {key: judged(tuple(_declared(each))) for key, each in read.items()}
    if found.get("body", frozenset()) - {SHOWN, *PARTED}:
        found["body"] = frozenset([ODD])  # what is in it may be shown again
    return {key: found.get(key, frozenset()) | may[key] for key in [*found, *may]}, [*unread]


def _rules(nodes: Sequence[Node], where: str = "") -> Iterator[tuple[str, list[Node], list[Node]]]:
    """Yield what each rule stands in, one of its selectors, its declarations."""
    for node in tinycss2.parse_stylesheet(nodes, True, True) if not where else nodes:
        if node.type == "qualified-rule":
            held, selectors = _contents(node.content), [[]]
            for each in node.prelude:
                selectors += [[]] if each == "," else []
                selectors[-1] += [each] if each != "," else []
            yield from ((where, selector, held) for selector in selectors)
            yield from _rules(held, where or tinycss2.serialize(node.prelude).strip())
        elif node.type == "at-rule":
            name, asked = node.lower_at_keyword, tinycss2.serialize(node.prelude).strip().lower()
            if not PLAIN.fullmatch(name) and (name, asked) != ("media", "print"):
                held = _contents(node.content)
                yield f"@{name}", [], held  # declarations of what is around, if any
                yield from _rules(held, f"@{name}")


def _subject(selector: Sequence[Node]) -> str:
    """Return what an element must have that a selector matches, or ``*``.

    >>> parsed = map(tinycss2.parse_component_value_list, ("a b:not(.c)", "p>[x=y]", ":is(i)"))
    >>> [*map(_subject, parsed)]
    ['b', '[x]', '*']
    """
    last: list[Node] = []
    for at, each in enumerate(selector):
        ends = each.type == "whitespace" or each in (">", "+", "~")
        last = [] if ends and any(e.type != "whitespace" for e in selector[at:]) else [*last, each]
    found, before = [], None
    for each in last:
        if each.type == "hash":
            found.append(f"#{each.value}")
        elif each.type == "ident" and before != ":":
            found.append(f".{each.value}" if before == "." else each.lower_value)
        elif each.type == "[] block" and not any(e == "|" for e in each.content):
            found += [f"[{e.lower_value}]" for e in each.content if e.type == "ident"][:1]
        before = each
    known = not any(each in ("|", "&") for each in last)
    return max(found, key=lambda each: " [.#".find(each[0])) if found and known else "*"
