"""A module imports only from lower layers or its own package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "llmsim"

# From the bottom; what stands in one row may not import one another, unless it is one package.
LAYERS = [
    ["errors", "registry", "json_text", "settings"],
    ["conversation", "reply", "tokens", "usage", "sse"],
    ["script", "store"],
    ["sessions", "journal"],
    ["playback"],
    ["shared"],
    ["prefix"],
    ["apis"],
    ["control"],
    ["hot_path"],
    ["app"],
    ["server", "cli", "__main__"],
]
# Within a row, these build on one another in the order written.
ORDERED = {"errors", "registry", "json_text", "settings", "conversation", "reply", "tokens", "usage", "sse", "server", "cli", "__main__"}
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def modules() -> list[str]:
    return sorted(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in PACKAGE.rglob("*.py"))


def imports(module: str) -> Iterator[str]:
    tree = ast.parse((PACKAGE.parent / Path(*module.split("."))).with_suffix(".py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names) if node.module == "llmsim" else [node.module]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("module", [name for name in modules() if name != "llmsim.__init__"])
def test_a_module_imports_only_from_lower_layers(module: str) -> None:
    mine = part_of(module)
    for imported in imports(module):
        theirs = part_of(imported)
        if not imported.startswith("llmsim.") or theirs in (mine, "__version__"):
            continue
        same_row = LEVEL[theirs] == LEVEL[mine] and {mine, theirs} <= ORDERED
        assert LEVEL[theirs] < LEVEL[mine] or same_row, f"{module} imports {imported}"


@pytest.mark.parametrize("module", [name for name in modules() if LEVEL.get(part_of(name), 9) < LEVEL["apis"]])
def test_flask_and_gunicorn_are_imported_only_above_playback(module: str) -> None:
    assert not {"flask", "werkzeug", "gunicorn", "gevent"} & {name.split(".")[0] for name in imports(module)}
