"""Lays one tree of parameters over another, and words the difference as DVC's --set-param takes it.

Sections merge key by key; a list replaces the list, and an entry of `colorizers` replaces the whole entry: what a colorizer learns with
is then read in one place, and a key that params.yaml sets for its own budget does not leak into a published recipe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from huelab.errors import UsageError

WHOLE = "colorizers"
"""The section whose entries are replaced as a whole."""

_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def lay(over: Mapping[str, Any], tree: Mapping[str, Any]) -> dict[str, Any]:
    """`tree` with `over` laid over it; neither is changed."""
    laid = dict(tree)
    for key, value in over.items():
        below = laid.get(key)
        if not isinstance(value, Mapping) or not isinstance(below, Mapping):
            laid[key] = value
        elif key == WHOLE:
            laid[key] = {**below, **{name: {} if entry is None else entry for name, entry in value.items()}}
        else:
            laid[key] = {**below, **value}
    return laid


def assign(tree: Mapping[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """`tree` after each "some.key=value" (the value as YAML has it: 5, 1e-4, [gray, beta], true); `tree` itself is not changed.

    Raises UsageError where one is not of that form; that its key exists is for the check of the whole tree to say.
    """
    changed = dict(tree)
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise UsageError(f"--set {assignment!r}: write key=value, such as --set budget.steps=200 or --set 'models=[gray, beta]'")
        try:
            value = yaml.safe_load(text) if text else None
        except yaml.YAMLError:
            raise UsageError(f"--set {key}: {text!r} is no value of YAML: put text in quotes") from None
        *parents, last = key.split(".")
        place = changed
        for parent in parents:
            below = place.get(parent)
            if below is not None and not isinstance(below, Mapping):
                raise UsageError(f"--set {key}: {parent} is {below!r}, which has no keys")
            place[parent] = dict(below or {})  # a copy: the tree that was given stays as it is
            place = place[parent]
        place[last] = value
    return changed


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What leads from `before` to `after`, in the notation of `dvc exp run --set-param`: "a.b=1", "++a.new={c:2}", "~a.gone"."""
    return [*_steps(before, after, "")]


def _steps(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key in before:
        if key not in after:
            yield f"~{prefix}{key}"
    for key, value in after.items():
        if key not in before:
            yield f"++{prefix}{key}={_literal(value)}"
        elif isinstance(value, Mapping) and isinstance(before[key], Mapping):
            yield from _steps(before[key], value, f"{prefix}{key}.")
        elif not _same(before[key], value):
            yield f"{prefix}{key}={_literal(value)}"


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)  # True == 1


def _literal(value: Any) -> str:
    """A value in Hydra's notation, which DVC reads."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_literal(item) for item in value) + "]"
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
