"""Whether people agree on a picture: Krippendorff's α, nominal. Near 0 is what good fakes give, not a fault of the people."""

from __future__ import annotations

import krippendorff
import numpy as np
import pandas as pd


def alpha(table: pd.DataFrame) -> float | None:
    """Of the trials that count: units are photograph and model, raters the people. None where no picture was judged twice, or all alike.

    1: everybody says the same of each picture; 0: as much as by chance. In mode prefer units are photographs, values the model preferred or
    a tie, for each two models apart and averaged by their votes: over all at once, which two were shown would look like agreement.
    """
    asked = table[(table["model_right"] != "") & (table["choice"] != "")]
    if asked.empty:
        own = table[table["fooled"].notna()]
        return _alpha(own["participant"], own["photo_id"] + " " + own["model"], own["fooled"])
    first, second = asked[["model", "model_right"]].min(axis=1), asked[["model", "model_right"]].max(axis=1)
    preferred = asked["model"].where(asked["choice"] == "left", asked["model_right"]).where(asked["choice"] != "tie", "")
    value = (preferred == first) + 2.0 * (preferred == second)
    parts = [(_alpha(asked.loc[own, "participant"], asked.loc[own, "photo_id"], value[own]), len(own)) for own in _pairs(first, second)]
    told = [(found, size) for found, size in parts if found is not None]
    return sum(found * size for found, size in told) / sum(size for _, size in told) if told else None


def _pairs(first: pd.Series, second: pd.Series) -> list[pd.Index]:
    """The rows of each two models."""
    return [rows for _, rows in sorted((first + " " + second).groupby(first + " " + second).groups.items())]


def _alpha(people: pd.Series, units: pd.Series, values: pd.Series) -> float | None:
    wide = pd.DataFrame({"person": people, "unit": units, "value": values}).pivot_table(
        index="person", columns="unit", values="value", aggfunc="first"
    )
    wide = wide.loc[:, wide.notna().sum() > 1]
    found = wide.to_numpy(np.float64)
    domain = np.unique(found[np.isfinite(found)])
    if domain.size < 2:
        return None
    return float(krippendorff.alpha(reliability_data=found, level_of_measurement="nominal", value_domain=domain.tolist()))
