"""Who may import whom: a room imports from those above it, never from those below."""

import ast
import re
from pathlib import Path

import naslib_ext

PACKAGE = Path(naslib_ext.__file__).parent
HELPERS = {"atomic", "errors", "parameters", "random_streams", "registry", "state_file"}
ROOMS = [
    "naslib_bridge",
    "search_spaces",
    "networks",
    "proxies",
    "encodings",
    "benchmarks",
    "predictors",
    "shrinkage",
    "optimizers",
    "configuration",
    "naslib_bridge.adapters",
    "defaults",
    "experiments",
    "testing",
    "cli",
]
"""From top to bottom."""


MODULE = re.compile(r"naslib_ext(\.\w+)+(:\w+)?")


def room_of(module: str) -> str | None:
    """The room of ``naslib_ext.<module>``, ``None`` for what every room may use."""
    name = module.removeprefix("naslib_ext").lstrip(".")
    if not name or name.split(".")[0] in HELPERS:
        return None
    return "naslib_bridge.adapters" if name.startswith("naslib_bridge.adapters") else name.split(".")[0]


def imported(path: Path) -> set[str]:
    """The modules that a file imports, those that it names in a string included: they may be imported by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE.fullmatch(node.value):
            found.add(node.value.split(":")[0])
    return {name for name in found if name.split(".")[0] == "naslib_ext"}


def test_imports_point_upwards() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(("naslib_ext", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        room = room_of(module)
        for name in imported(path):
            source = room_of(name)
            if (
                module != "naslib_ext"
                and source is not None
                and (room is None or ROOMS.index(source) > ROOMS.index(room))
            ):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_naslib_is_mentioned_in_the_bridge_alone() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        if "naslib_bridge" in path.parts:
            continue
        names = {
            (node.module if isinstance(node, ast.ImportFrom) else alias.name) or ""
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert not [name for name in names if name.split(".")[0] == "naslib"], path
