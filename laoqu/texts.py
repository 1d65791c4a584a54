"""Patterns of texts of the genre, which are data: ``texts.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from laoqu import paths

#: What texts of the genre look like.
TEXTS = paths.described("texts.toml")


def patterns(section: str, **known: str) -> dict[str, str]:
    """Return the patterns of a section of ``texts.toml``, each with those that it names."""
    for name, text in TEXTS[section].items():
        known[name] = re.sub(r"\{([a-z_]+)\}", lambda found: known[found[1]], "".join(text))
    return known


def compiled(known: dict[str, str], *names: str) -> Iterator[re.Pattern[str]]:
    """Return some of them as expressions."""
    return (re.compile(known[name]) for name in names)
