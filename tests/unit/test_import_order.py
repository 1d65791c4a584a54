"""Modules import only from layers before their own, and nothing imports in a circle."""

import ast
import graphlib

from laoqu import paths

#: One line a layer, from the ground up; within a layer any order that is no circle.
LAYERS = """
errors reprs paths
source texts layout document schema
citation measures spelling numerals own magnitudes grid sheets formats
regions succession bearers places geo membership borders namings
plan concordance
analysis
validation interchange
show
metadata checks build
pages
run
site
reports ahead
arguments cli
"""
ORDER = {name: i for i, layer in enumerate(LAYERS.split("\n")) for name in layer.split()}
#: Public names at first use and the command line's door are outside the order.
DOORS = {"laoqu", "laoqu.__main__"}

FILES = {}
for path in sorted(paths.PACKAGE.rglob("*.py")):
    parts = path.relative_to(paths.PACKAGE).with_suffix("").parts
    FILES[".".join(["laoqu", *parts]).removesuffix(".__init__")] = path


def docstring_or_types(node: ast.AST) -> list[ast.AST]:
    """What of a node names modules and imports none: a docstring, a block for type checkers."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return [*ast.walk(node)]
    documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
    return [node.body[0].value] if documented and isinstance(node.body[0], ast.Expr) else []


def mentioned(module: str) -> set[str]:
    """Modules of laoqu that a module imports, or names in a string that is no docstring."""
    nodes = [*ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8")))]
    left_out = {id(inner) for node in nodes for inner in docstring_or_types(node)}
    found: set[str] = set()
    for node in (node for node in nodes if id(node) not in left_out):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports by a relative name"
            found.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(word for word in node.value.split() if word.startswith("laoqu."))
    known = {name.partition(":")[0] for name in found}
    modules = {name if name in FILES else name.rpartition(".")[0] for name in known}
    # Whoever takes `laoqu.show.table` also runs `laoqu.show`; the package itself is no dependency.
    return {name for name in modules if name in FILES} - {module, "laoqu"}


USED = {module: mentioned(module) for module in FILES if module not in DOORS}


def test_a_module_imports_only_from_layers_before_it_and_nothing_in_a_circle():
    for module, used in USED.items():
        own = ORDER[module.split(".")[1]]
        assert [name for name in used if ORDER[name.split(".")[1]] > own] == [], module
    # A package's `__init__` is run before its modules, so they do not depend on it by name.
    inner = {
        module: {name for name in used if not module.startswith(f"{name}.")}
        for module, used in USED.items()
    }
    assert list(graphlib.TopologicalSorter(inner).static_order())
