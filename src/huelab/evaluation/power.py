"""What a comparison can show at all: the smallest paired difference that a number of photographs tells from chance."""

from __future__ import annotations

import math

from scipy.special import stdtrit

POWER = 0.8


def possible(photographs: int, alpha: float = 0.05) -> bool:
    """Whether the paired test can find anything at all: n photographs allow 2^(n - 1) sign flips, so that no p-value is below 2^(1 - n)."""
    return photographs > 1 and 2.0 ** (1 - photographs) <= alpha


def smallest(error: float, photographs: int, alpha: float = 0.05, power: float = POWER, degrees: float | None = None) -> float | None:
    """The true difference that a two-sided paired test at `alpha` finds with probability `power`, in the unit of `error`.

    (t(1 - alpha/2) + t(power)) · error, both quantiles of Student's t with `degrees` of freedom (photographs - 1 for None), `error` the
    standard error of the paired difference (for one picture per photograph: the standard deviation of the differences over √photographs).
    It is the usual approximation of the noncentral t (J. Cohen, Statistical Power Analysis, 1988), within 2 % from ten photographs on.
    None where no difference is `possible` to show, or nothing varied.
    """
    if not possible(photographs, alpha) or not 0 < error < math.inf:
        return None
    freedom = photographs - 1 if degrees is None else degrees
    return float((stdtrit(freedom, 1 - alpha / 2) + stdtrit(freedom, power)) * error)
