"""Which files of this project a file imports, read from its syntax tree; imports inside functions count too."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACES = {"huelab": ROOT / "src" / "huelab", "pipelines": ROOT / "pipelines", "dashboards": ROOT / "dashboards"}


def file_of(module: str) -> Path | None:
    """The file of a dotted module of ours, or None."""
    top, *rest = module.split(".")
    if top not in PLACES:
        return None
    base = PLACES[top].joinpath(*rest)
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def module_of(file: Path) -> str:
    """The dotted name of one of our files."""
    for top, place in PLACES.items():
        if file.is_relative_to(place):
            parts = [top, *file.relative_to(place).with_suffix("").parts]
            return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    raise ValueError(file)


@cache
def imported_modules(file: Path) -> frozenset[str]:
    """Every dotted name the file imports, ours and others', without what stands under TYPE_CHECKING."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    only_for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in only_for_types:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f"{file}: relative imports hide where a module stands; write the whole name")
    return frozenset(names)


def closure(*files: Path) -> set[Path]:
    """The files and every file of ours they import, directly or not, packages' __init__ included."""
    found: set[Path] = set()
    todo = list(files)
    while todo:
        file = todo.pop()
        if file in found:
            continue
        found.add(file)
        for name in imported_modules(file):
            parts = name.split(".")
            for length in range(1, len(parts) + 1):
                target = file_of(".".join(parts[:length]))
                if target is not None and target not in found:
                    todo.append(target)
    return found
