"""Which notebook is meant, and where in the outputs its runs go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from laoqu import paths
from laoqu.batch import key
from laoqu.errors import ParameterError, nearest

TEMPLATE = "10_region_report.ipynb"
CARD = "11_county_card.ipynb"
#: Notebooks whose runs have a place of their own: folder by parameters, name of the files.
PLACES = {
    TEMPLATE: ("{lang}/{region}", "report"),
    CARD: ("{lang}/cards/{adcode}", "card"),
}


def find(notebook: Path | str) -> Path:
    """Return the path of a notebook named by path, or by its name in ``notebooks/``."""
    path = Path(notebook)
    known = {each.stem: each for each in sorted(paths.notebooks().glob("*.ipynb"))}
    if path.is_file() and path.suffix == ".ipynb":
        return path.resolve()
    if (name := path.name.removesuffix(".ipynb")) in known and path.name == str(path):
        return known[name]
    hint = ", ".join(nearest(name, known) or known)
    raise ParameterError(f"no notebook {str(notebook)!r}; nearest: {hint}")


def place(notebook: Path, values: Mapping[str, object]) -> str:
    """Return the folder of a run inside the outputs: the same for the same parameters, always.

    Examples
    --------
    >>> from pathlib import Path
    >>> from laoqu.batch.template import place
    >>> place(Path("10_region_report.ipynb"), {"lang": "en", "region": "taihang"})
    'en/taihang'
    >>> place(Path("sums.ipynb"), {"n": 3, "kind": "a/b"})
    'sums/kind=a-b,n=3,5e5e6130'
    """
    folder = PLACES.get(notebook.name, (notebook.stem, ""))[0]
    rest = {name: values[name] for name in sorted(values) if f"{{{name}}}" not in folder}
    folder = folder.format(**{name: str(value) for name, value in values.items()})
    if not rest:
        return folder
    plain = ",".join(f"{name}={value}" for name, value in rest.items())
    safe = re.sub(r"[^\w=,.+-]", "-", plain)[:80]
    end = "" if safe == plain else f",{key.of(rest)[:8]}"
    return f"{folder}/{safe}{end}"
