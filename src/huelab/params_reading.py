"""Reads params.yaml as plain YAML, and words what is wrong with it: dotted key, value found, values allowed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from huelab.errors import ParamsError


class UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error (plain YAML keeps the last, silently)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuses a key that stands twice in one mapping."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (str, int, float)) and key in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} stands twice", problem_mark=key_node.start_mark)
            if isinstance(key, (str, int, float)):
                seen.add(key)
        return super().construct_mapping(node, deep)


def read(file: Path, expected: str = "sections such as `models:` and `train:`") -> dict[str, Any]:
    """The tree as it stands in the file; raises ParamsError where it is missing, unreadable, not YAML or not a mapping (`expected`)."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ParamsError(f"{file} does not exist: restore it (git checkout params.yaml) or run from the project's folder.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError(f"{file} cannot be read: {error}") from None
    return read_text(text, file, expected)


def read_text(text: str, file: Path, expected: str = "sections such as `models:` and `train:`") -> dict[str, Any]:
    """The tree that `text` holds; `file` is named in errors, which are those of `read`."""
    try:
        tree = yaml.load(text, UniqueKeys)
    except yaml.YAMLError as error:
        raise ParamsError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict):
        raise ParamsError(f"{file}: expected {expected}, found {type(tree).__name__}.")
    return tree


def describe(error: ValidationError, prefix: str, root: type[BaseModel]) -> list[str]:
    """One line per problem: dotted key, what is wrong, value found, values allowed."""
    lines = []
    for problem in error.errors():
        key = prefix + ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            allowed = _fields_at(root, problem["loc"][:-1])
            lines.append(f"{key}: unknown key{nearest(str(problem['loc'][-1]), allowed)}; allowed: {', '.join(allowed)}")
        elif problem["type"] == "missing":
            lines.append(f"{key}: missing; add it")
        elif problem["type"] == "value_error":
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{key}: {message}" if problem["loc"] else message)
        else:
            wish = problem["msg"][:1].lower() + problem["msg"][1:]
            wish = wish.replace("input should be", "allowed:").replace("a valid tuple", "a list")
            lines.append(f"{key}: found {problem['input']!r}; {wish}")
    return lines


def _fields_at(root: type[BaseModel], location: Sequence[Any]) -> list[str]:
    section: type[BaseModel] = root
    for part in location:
        annotation = section.model_fields[part].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            section = annotation
    return list(section.model_fields)


def nearest(name: str, allowed: Sequence[str]) -> str:
    """' (did you mean …?)' where a known name is close, else nothing."""
    close = difflib.get_close_matches(name, allowed, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""
