"""Modules import only from layers before their own, and nothing imports in a circle."""

from __future__ import annotations

import ast
import graphlib

from laoqu import paths

#: One line a layer, from the ground up; within a layer any order that is no circle.
LAYERS = """
errors reprs paths
source layout document schema
citation measures spelling own sheets
regions succession places geo membership borders namings concordance
plan
metadata checks build
analysis
validation interchange
show
pages
run
site
reports ahead
cli
"""
ORDER = {name: i for i, layer in enumerate(LAYERS.split("\n")) for name in layer.split()}
#: Public names at first use and the command line's door are outside the order.
DOORS = {"laoqu", "laoqu.__main__"}

FILES = {
    ".".join(["laoqu", *path.relative_to(paths.PACKAGE).with_suffix("").parts]).removesuffix(
        ".__init__"
    ): path
    for path in sorted(paths.PACKAGE.rglob("*.py"))
}


def mentioned(module: str) -> set[str]:
    """Modules of laoqu that a module imports, or names in a string that is no docstring."""
    package = module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in docstrings or id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*(parts if node.level else []), *filter(None, [node.module])])
            found.update(f"{base}.{alias.name}" for alias in node.names)
            found.add(base)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(word for word in node.value.split() if word.startswith("laoqu."))
    known = {name.partition(":")[0] for name in found if name.startswith("laoqu")}
    modules = {name if name in FILES else name.rpartition(".")[0] for name in known}
    # Whoever takes `laoqu.show.table` also runs `laoqu.show`; the package itself is no dependency.
    return {name for name in modules if name in FILES} - {module, "laoqu"}


def top(module: str) -> str:
    return module.split(".")[1]


USED = {module: mentioned(module) for module in FILES if module not in DOORS}


def test_a_module_imports_only_from_layers_before_it():
    assert {top(module) for module in USED} <= set(ORDER)
    assert not {
        (module, name)
        for module, used in USED.items()
        for name in used
        if ORDER[top(name)] > ORDER[top(module)]
    }


def test_nothing_imports_in_a_circle_inside_packages_too():
    graph = {
        # A package's `__init__` is run before its modules, so they do not depend on it by name.
        module: {name for name in used if not module.startswith(f"{name}.")}
        for module, used in USED.items()
    }
    assert list(graphlib.TopologicalSorter(graph).static_order())
