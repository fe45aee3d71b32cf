"""params.yaml as one frozen, typed tree. Check a file: python -m huelab.params [FILE]

This is the only parser of params.yaml. A colorizer's own section is validated by the `Params` class its model file exports; the file is
found by name, and imports no torch, so a check stays under half a second.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from huelab import paths
from huelab.errors import HuelabError, ParamsError
from huelab.params_reading import describe, nearest, read
from huelab.sections import (
    Augment,
    Budget,
    ColorizerParams,
    Compare,
    Evaluate,
    Inspect,
    LearnedParams,
    Pretrain,
    Registry,
    Section,
    Split,
    SplitParams,
    Standardize,
    SurveyParams,
    Train,
    known_once,
)

__all__ = [
    "Augment",
    "Budget",
    "ColorizerParams",
    "Compare",
    "Evaluate",
    "Inspect",
    "LearnedParams",
    "Params",
    "Pretrain",
    "Registry",
    "Section",
    "Split",
    "SplitParams",
    "Standardize",
    "SurveyParams",
    "Train",
    "load",
    "parse",
]


class Params(Section):
    """The whole of params.yaml."""

    models: tuple[str, ...]
    inspect: Inspect = Inspect()
    split: SplitParams = SplitParams()
    standardize: Standardize = Standardize()
    augment: Augment = Augment()
    pretrain: Pretrain = Pretrain()
    budget: Budget = Budget()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    compare: Compare = Compare()
    registry: Registry = Registry()
    survey: SurveyParams = SurveyParams()
    colorizers: Mapping[str, Any] = Field(default_factory=dict)

    @field_validator("models")
    @classmethod
    def _known(cls, chosen: tuple[str, ...]) -> tuple[str, ...]:
        from huelab import models

        variants = (name for name in dict.fromkeys(chosen) if name not in models.NAMES and models.known(name))
        return known_once(chosen, (*models.NAMES, *variants), "colorizer")

    @model_validator(mode="after")
    def _splits_leave_training(self) -> Params:
        if self.split.val + self.split.test >= 0.9:
            raise ValueError("split.val + split.test must stay below 0.9: something must be left to train on")
        if self.compare.sort not in self.evaluate.metrics:
            raise ValueError(
                f"compare.sort is {self.compare.sort!r}, which evaluate.metrics does not list: add it there or sort by another"
            )
        strangers = [name for name in self.survey.models if name not in self.models]
        if strangers:
            raise ValueError(f"survey.models names {', '.join(strangers)}, which `models` does not list: add it there or leave it out")
        if self.registry.metric not in self.evaluate.metrics:
            raise ValueError(
                f"registry.metric is {self.registry.metric!r}, which evaluate.metrics does not list: add it there or choose by another"
            )
        return self

    def colorizer(self, name: str) -> Any:
        """The section of colorizer `name`, an instance of that model file's `Params`."""
        return self.colorizers[name]


def load(file: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Params:
    """Reads and checks params.yaml (the project's own by default); `overrides` maps dotted keys to values, e.g. {"train.threads": 1}.

    Raises ParamsError naming the file, the key, the value found and the values allowed.
    """
    file = file or paths.params_file()
    tree = read(file)
    for key, value in (overrides or {}).items():
        *parents, last = key.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return parse(tree, file)


def parse(tree: Mapping[str, Any], file: Path) -> Params:
    """Checks an already read tree; `file` is named in errors."""
    from huelab import models

    tree = dict(tree)
    sections = tree.pop("colorizers", None)
    sections = {} if sections is None else sections
    problems: list[str] = []
    colorizers: dict[str, Any] = {}
    if not isinstance(sections, Mapping):
        problems.append(f"colorizers: found {sections!r}, expected one section per colorizer")
        sections = {}
    for name in sections:
        if not models.known(str(name)):
            allowed = f"{', '.join(models.NAMES)}, or one of them with a dash and a name of your own (beta-wide)"
            problems.append(f"colorizers.{name}: unknown key{nearest(str(name), models.NAMES)}; allowed: {allowed}")
    entries = tree.get("models") or ()
    if isinstance(entries, (list, tuple)):
        problems += [
            f"colorizers.{name}: missing; `models` names it: add its section ({{}} takes the settings as published)"
            for name in dict.fromkeys(entries)
            if isinstance(name, str) and models.known(name) and name not in sections
        ]
    for name in dict.fromkeys((*models.NAMES, *(str(name) for name in sections if models.known(str(name))))):
        try:
            section = sections.get(name)
            colorizers[name] = models.module(name).Params.model_validate({} if section is None else section)
        except ValidationError as error:
            problems += describe(error, f"colorizers.{name}.", models.module(name).Params)
    params: Params | None = None
    try:
        params = Params.model_validate({**tree, "colorizers": colorizers})
    except ValidationError as error:
        problems += describe(error, "", Params)
    if problems or params is None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ParamsError(f"{file}: {count}\n" + "\n".join(f"  {problem}" for problem in problems))
    return params


def _main(arguments: Sequence[str]) -> int:
    try:
        file = Path(arguments[0]) if arguments else paths.params_file()
        params = load(file)
    except HuelabError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"{file}: good; {len(params.models)} colorizers: {', '.join(params.models)}")
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
