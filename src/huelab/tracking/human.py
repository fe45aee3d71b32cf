"""registry/human.json: how often people took a colorizer's pictures for real ones, and whether two colorizers differ in it.

    {"results": [{"study": "spring", "content": "0f…", "model": "beta", "rate": 0.31, "low": 0.26, "high": 0.37, "n": 240}, …]}

`content` is the content hash of a registered version, `weights` (optional) the SHA-256 of its weights, `rate` the share of its pictures
that were taken for real (0..1) with its 95 % interval, `n` the number of answers. Studies stand in order of time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from huelab import paths
from huelab.errors import DataError
from huelab.tracking.registered import Registered


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

    @model_validator(mode="after")
    def _in_order(self) -> HumanResult:
        if not self.low <= self.rate <= self.high:
            raise ValueError(f"low {self.low}, rate {self.rate} and high {self.high} are not in this order")
        return self

    def of(self, one: Registered) -> bool:
        """Whether this is the result of `one`."""
        return one.same(Registered(self.model, self.content, self.weights))


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    results: tuple[HumanResult, ...]


def read() -> tuple[HumanResult, ...]:
    """All results; none where no survey was held. Raises DataError naming the file, the key and what is allowed."""
    file = paths.human_results()
    remedy = "mend it, or set registry.human: false in params.yaml to leave it out"
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
        return f"{key}: unknown key; allowed: {', '.join(HumanResult.model_fields if len(found['loc']) > 1 else _File.model_fields)}"
    what = found["msg"].removeprefix("Value error, ")
    return f"{key}: {what}" if found["type"] in ("missing", "value_error") else f"{key}: found {found['input']!r}; {what}"


def in_one_study(results: Sequence[HumanResult], champion: Registered, challenger: Registered) -> tuple[HumanResult, HumanResult] | None:
    """Both colorizers' results in the latest study that covers both: rates of different studies cannot be compared."""
    for study in dict.fromkeys(one.study for one in reversed(results)):
        own = [one for one in results if one.study == study]
        pair = [next((one for one in reversed(own) if one.of(which)), None) for which in (champion, challenger)]
        if pair[0] is not None and pair[1] is not None:
            return pair[0], pair[1]
    return None


def difference(challenger: HumanResult, champion: HumanResult) -> tuple[float, float, float]:
    """Challenger's rate minus champion's with its interval, from both intervals (Newcombe 1998, method 10, for independent answers)."""
    value = challenger.rate - champion.rate
    low = value - math.hypot(challenger.rate - challenger.low, champion.high - champion.rate)
    high = value + math.hypot(challenger.high - challenger.rate, champion.rate - champion.low)
    return value, low, high
