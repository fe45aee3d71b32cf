"""registry/human.json: how often people took a colorizer's pictures for real ones, as surveys found.

    {"results": [{"study": "spring", "content": "0f…", "model": "beta", "rate": 0.31, "low": 0.26, "high": 0.37, "n": 240}, …]}

`content` names the colorizer: the content hash of a registered version, or what `identity` gives; `weights` (optional) is the SHA-256 of
its weights, `rate` the share of its pictures that were taken for real (0..1) with its 95 % interval, `n` the number of answers, `closed`
(optional) when the study ended, `against` (optional) its rate minus that of others of the same study, each pair at one of the two. Studies
stand in order of time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from huelab import paths
from huelab.errors import DataError


class Against(BaseModel):
    """A colorizer's rate minus that of `content` in the same study, with its 95 % interval over the same people and photographs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: str = Field(min_length=1)
    model: str = ""
    difference: float = Field(ge=-1, le=1)
    low: float = Field(ge=-1, le=1)
    high: float = Field(ge=-1, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> Against:
        if not self.low <= self.difference <= self.high:
            raise ValueError(f"low {self.low}, difference {self.difference} and high {self.high} are not in this order")
        return self


class HumanResult(BaseModel):
    """The fooling rate of one colorizer in one study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str = Field(min_length=1)
    content: str = Field(min_length=1)
    model: str
    weights: str = ""
    rate: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    n: int = Field(ge=1)
    closed: str = ""
    """ISO 8601, UTC; "" where it is not known."""
    against: tuple[Against, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> HumanResult:
        if not self.low <= self.rate <= self.high:
            raise ValueError(f"low {self.low}, rate {self.rate} and high {self.high} are not in this order")
        return self


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    results: tuple[HumanResult, ...]


def read() -> tuple[HumanResult, ...]:
    """All results; none where no survey was held. Raises DataError naming the file, the key and what is allowed."""
    file = paths.human_results()
    remedy = f"mend it, or take back the committed one (git checkout {file.parent.name}/{file.name})"
    try:
        tree: Any = json.loads(file.read_text(encoding="utf-8"))
        return _File.model_validate(tree).results
    except FileNotFoundError:
        return ()
    except ValidationError as error:
        raise DataError(f"{file}: {'; '.join(_problem(found) for found in error.errors())}: {remedy}.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read ({error}): {remedy}.") from None


def _problem(found: Any) -> str:
    key = ".".join(map(str, found["loc"]))
    if found["type"] == "extra_forbidden":
        level = (_File, HumanResult, Against)[found["loc"].count("against") + (len(found["loc"]) > 1)]
        return f"{key}: unknown key; allowed: {', '.join(level.model_fields)}"
    what = found["msg"].removeprefix("Value error, ")
    return f"{key}: {what}" if found["type"] in ("missing", "value_error") else f"{key}: found {found['input']!r}; {what}"


def identity(model: str, weights: str, data_hash: str) -> str:
    """By what a colorizer is known again: the SHA-256 of its weights; a floor has none, but is the same on the same photographs."""
    return weights or f"{model}-{data_hash}"


def latest(results: Sequence[HumanResult], *names: str) -> HumanResult | None:
    """What the latest study found of the colorizer that one of `names` stands for: SHA-256 of its weights, content hash or `identity`."""
    return next((one for one in reversed(results) if ({one.weights, one.content} - {""}) & set(names)), None)
