"""An experiment's file, experiments/NAME.yaml:

about: one sentence, what is compared and why
photographs: which photographs it is meant for, and the `huelab data use` line
params: a part of params.yaml that is laid over it, see overlay.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from huelab import params, paths
from huelab.errors import ParamsError, UsageError
from huelab.params_reading import describe, nearest, read


class Contents(params.Section):
    """The three keys of an experiment's file."""

    about: str = Field(min_length=1)
    photographs: str = Field(min_length=1)
    params: Mapping[str, Any] | None = Field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """A file of experiments/, read; that its parameters fit is known once they are laid over a params.yaml."""

    file: Path
    about: str
    photographs: str
    overlay: Mapping[str, Any]
    """What its `params` say."""

    @property
    def name(self) -> str:
        """NAME of experiments/NAME.yaml."""
        return self.file.stem


def names() -> list[str]:
    """The experiments of this project, in the alphabet's order."""
    return sorted(file.stem for file in paths.experiments().glob("*.yaml"))


def every() -> list[Experiment]:
    """All of them, read; raises ParamsError where one cannot be."""
    return [find(name) for name in names()]


def find(name: str) -> Experiment:
    """The experiment of that name. Raises UsageError where there is none, ParamsError where its file cannot be understood."""
    known = names()
    if name not in known:
        there = f"choose from {', '.join(known)}" if known else f"{paths.experiments()} holds none"
        raise UsageError(f"There is no experiment {name!r}{nearest(name, known)}: {there}; your own is a file experiments/NAME.yaml.")
    return open_file(paths.experiments() / f"{name}.yaml")


def open_file(file: Path) -> Experiment:
    """Reads `file`; raises ParamsError naming the file, the key and what is allowed there."""
    tree = read(file, expected="the keys `about`, `photographs` and `params`")
    try:
        contents = Contents.model_validate(tree)
    except ValidationError as error:
        problems = describe(error, "", Contents)
        raise ParamsError(f"{file}: {len(problems)} problem{'s' * (len(problems) > 1)}\n" + "\n".join(f"  {p}" for p in problems)) from None
    return Experiment(file, " ".join(contents.about.split()), contents.photographs.strip(), contents.params or {})
