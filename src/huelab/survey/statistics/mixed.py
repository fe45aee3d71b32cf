"""A second opinion on fooling rates: a marginal logistic model (GEE) with side and order, robust to repeated answers of one person."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from huelab.survey.statistics.fooling import Z

FARTHEST = 10.0
"""Log odds beyond which a coefficient runs away, rather than being found: e¹⁰ to one."""


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
    """Of the trials that count, clustered by person; a model that fooled always, or never, has no log odds and is left out.

    None where the model cannot be estimated: under five people; a model always or never fooling on one side (its log odds there are
    infinite, and any finite ones are a matter of when the search was stopped); no convergence; or no positive variance.
    """
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE

    own = table[table["fooled"].notna()].sort_values(["participant", "k"])
    present = [model for model in models if own.loc[own["model"] == model, "fooled"].nunique() == 2]
    own = own[own["model"].isin(present)]
    if not present or own["participant"].nunique() < 5 or (own.groupby(["model", "fake_side"])["fooled"].nunique() < 2).any():
        return None
    pair = bool((own["mode"] == "pair").all())
    order = own["k"] - own["k"].min()
    columns = [(own["model"] == model).to_numpy(np.float64) for model in present]
    columns.append((order / max(1, order.max()) - 0.5).to_numpy(np.float64))
    if pair:
        columns.append(np.where(own["fake_side"] == "right", 0.5, -0.5))
    asked = GEE(
        own["fooled"].to_numpy(),
        np.column_stack(columns),
        groups=own["participant"].to_numpy(),
        family=Binomial(),
        cov_struct=Exchangeable(),
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what it warns of is checked below
        try:
            fitted = asked.fit()
        except (np.linalg.LinAlgError, ValueError):  # a singular design, or weights that were none
            return None
        found, variance = np.asarray(fitted.params), np.diag(np.asarray(fitted.cov_params()))
    sane = np.isfinite(found).all() and np.isfinite(variance).all() and (variance > 0).all() and (np.abs(found) <= FARTHEST).all()
    if not (fitted.converged and sane):
        return None
    half = Z * np.sqrt(variance)
    rates = {
        model: (float(expit(found[place])), float(expit(found[place] - half[place])), float(expit(found[place] + half[place])))
        for place, model in enumerate(present)
    }
    return Marginal(rates, float(found[len(present) + 1]) if pair else None, float(found[len(present)]))
