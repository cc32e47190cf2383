"""The modules of the core that the screen and the command line import, read from the source tree."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIGHT_PACKAGES = (
    "seqlm.cli",
    "seqlm.configuration",
    "seqlm.presets",
    "seqlm.protocol",
    "seqlm.runspec",
)
"""Packages of the core in which every module is light, whether or not a screen imports it."""


@cache
def light_modules() -> frozenset[str]:
    """Return the modules of ``seqlm`` that must import neither torch nor numpy.

    These are all modules of the light packages, every module of ``seqlm`` that a module of
    ``workbench`` imports, and what those import when they are imported.
    """
    pending = [name for name in _modules("seqlm") if name.startswith(LIGHT_PACKAGES)]
    for name in _modules("workbench"):
        pending += _imports(name, everywhere=True)
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found and name.partition(".")[0] == "seqlm":
            found.add(name)
            pending += _imports(name, everywhere=False)
    return frozenset(found)


def _modules(package: str) -> list[str]:
    paths = sorted((ROOT / package).rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def _path(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    if (path / "__init__.py").exists():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").exists() else None


def _imports(module: str, *, everywhere: bool) -> list[str]:
    """Return the modules that a module imports; ``everywhere``: inside functions too."""
    path = _path(module)
    if path is None:
        return []
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if everywhere else iter(tree.body)
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if _path(name) is not None]
