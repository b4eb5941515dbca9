"""A module imports only from lower layers or its own package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.each import for_each

PACKAGE = Path(__file__).parent.parent / "llmsim"

# From the bottom; what stands in one row may not import one another, unless it is one package.
LAYERS = [
    [
        "errors",
        "registry",
        "json_text",
        "address",
        "latency_profiles",
        "session_source",
        "setting_value",
        "settings",
        "one_at_a_time",
        "tokens",
    ],
    ["allowance", "conversation", "made_ids", "reply", "usage", "sse", "part"],
    ["script", "store"],
    ["sessions"],
    ["playback", "delivery", "apis", "journal", "metrics"],
    ["serving"],
    ["app", "server", "control", "page", "transcript", "verdict"],
    ["cli", "testing", "pytest_plugin", "__main__"],
]
# Within these rows, modules build on one another in the order written.
ORDERED = [
    [
        "errors",
        "registry",
        "json_text",
        "address",
        "latency_profiles",
        "session_source",
        "setting_value",
        "settings",
        "one_at_a_time",
        "tokens",
    ],
    ["conversation", "reply", "usage", "sse"],
    ["delivery", "playback"],
    ["transcript", "verdict", "control", "page", "app", "server"],
    ["cli", "__main__"],
    ["testing", "pytest_plugin"],
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
NETWORK = {"flask", "werkzeug", "gunicorn", "gevent", "socket", "http"}
# What an API's rendering must not hang on: it gets ids and time from outside.
CHANCE = {"time", "random", "secrets", "uuid"}


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def modules() -> list[str]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in paths]


def imports(module: str) -> Iterator[str]:
    path = (PACKAGE.parent / Path(*module.split("."))).with_suffix(".py")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "llmsim":
                yield from (f"llmsim.{alias.name}" for alias in node.names)
            else:
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def may_import(mine: str, theirs: str) -> bool:
    if LEVEL[theirs] != LEVEL[mine]:
        return LEVEL[theirs] < LEVEL[mine]
    return any(
        mine in row and theirs in row and row.index(theirs) < row.index(mine) for row in ORDERED
    )


def roots(module: str) -> set[str]:
    return {name.split(".")[0] for name in imports(module)}


@for_each("module", [name for name in modules() if name != "llmsim.__init__"])
def test_a_module_imports_only_from_lower_layers(module: str) -> None:
    mine = part_of(module)
    for imported in imports(module):
        theirs = part_of(imported)
        if not imported.startswith("llmsim.") or theirs in (mine, "__version__"):
            continue
        assert may_import(mine, theirs), f"{module} imports {imported}"


BELOW_HTTP = [name for name in modules() if LEVEL.get(part_of(name), 9) < LEVEL["serving"]]


@for_each("module", BELOW_HTTP)
def test_flask_gunicorn_and_sockets_are_known_only_from_serving_upwards(module: str) -> None:
    assert not NETWORK & roots(module)


@for_each("module", [name for name in modules() if part_of(name) == "apis"])
def test_an_api_knows_no_clock_and_no_chance(module: str) -> None:
    assert not CHANCE & roots(module)


def test_every_room_has_a_layer() -> None:
    assert {part_of(name) for name in modules()} - {"__init__"} <= set(LEVEL)


def test_the_tests_mirror_the_package() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms <= {path.name for path in Path(__file__).parent.iterdir() if path.is_dir()}
