"""Whether people were fooled less often by one colorizer than by another: for the rule that decides who is champion."""

from __future__ import annotations

import math
from collections.abc import Sequence

from huelab.evaluation.human import HumanResult
from huelab.tracking.registered import Registered


def in_one_study(results: Sequence[HumanResult], champion: Registered, challenger: Registered) -> tuple[HumanResult, HumanResult] | None:
    """Both colorizers' results in the latest study that covers both: rates of different studies cannot be compared."""
    for study in dict.fromkeys(one.study for one in reversed(results)):
        own = [one for one in results if one.study == study]
        pair = [next((one for one in reversed(own) if is_of(one, which)), None) for which in (champion, challenger)]
        if pair[0] is not None and pair[1] is not None:
            return pair[0], pair[1]
    return None


def is_of(result: HumanResult, one: Registered) -> bool:
    """Whether this is a result of `one`."""
    return one.same(Registered(result.model, result.content, result.weights))


def difference(challenger: HumanResult, champion: HumanResult) -> tuple[float, float, float]:
    """Challenger's rate minus champion's in their study, with its interval, as the study found it over the same people and photographs.

    Results that were published without it are taken as of independent answers (Newcombe 1998, method 10), which is mostly too wide.
    """
    for one in challenger.against:
        if one.content == champion.content:
            return one.difference, one.low, one.high
    for one in champion.against:
        if one.content == challenger.content:
            return -one.difference, -one.high, -one.low
    value = challenger.rate - champion.rate
    low = value - math.hypot(challenger.rate - challenger.low, champion.high - champion.rate)
    high = value + math.hypot(challenger.high - challenger.rate, champion.rate - champion.low)
    return value, low, high
