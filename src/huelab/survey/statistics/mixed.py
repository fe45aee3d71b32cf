"""A second opinion on fooling rates: a marginal logistic model (GEE) with side and order, robust to repeated answers of one person."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Marginal:
    """Fooling rates at a balanced side and the middle of the session, with robust 95 % intervals over people, and two nuisances."""

    rates: dict[str, tuple[float, float, float]]
    """Model -> rate, low, high. Photographs count as given, so these are narrower than the two-way intervals."""
    side: float | None
    """Log odds of being fooled when the fake is on the right, against on the left; None in mode single."""
    order: float
    """Log odds from the first to the last trial."""


def marginal(table: pd.DataFrame, models: Sequence[str]) -> Marginal | None:
    """Of the trials that count, clustered by person; None where it cannot be fitted (under five people, or all answers alike)."""
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE

    own = table[table["fooled"].notna()].sort_values(["participant", "k"])
    present = [model for model in models if own.loc[own["model"] == model, "fooled"].nunique() == 2]
    own = own[own["model"].isin(present)]
    if not present or own["participant"].nunique() < 5:
        return None
    pair = bool((own["mode"] == "pair").all())
    order = own["k"] - own["k"].min()
    columns = [(own["model"] == model).to_numpy(np.float64) for model in present]
    columns.append((order / max(1, order.max()) - 0.5).to_numpy(np.float64))
    if pair:
        columns.append(np.where(own["fake_side"] == "right", 0.5, -0.5))
    design = np.column_stack(columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of iterations that ended early; the outcome is checked below
        fitted = GEE(
            own["fooled"].to_numpy(), design, groups=own["participant"].to_numpy(), family=Binomial(), cov_struct=Exchangeable()
        ).fit()
    ends = fitted.conf_int()
    if not np.isfinite(ends).all():
        return None

    def share(log_odds: float) -> float:
        return float(1 / (1 + np.exp(-log_odds)))

    rates = {model: (share(fitted.params[place]), share(ends[place, 0]), share(ends[place, 1])) for place, model in enumerate(present)}
    return Marginal(rates, float(fitted.params[len(present) + 1]) if pair else None, float(fitted.params[len(present)]))
