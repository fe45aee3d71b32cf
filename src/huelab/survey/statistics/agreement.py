"""Whether people agree on a picture: Krippendorff's α, nominal. Near 0 is what good fakes give, not a fault of the people."""

from __future__ import annotations

import krippendorff
import numpy as np
import pandas as pd


def alpha(table: pd.DataFrame) -> float | None:
    """Of the trials that count: units are photograph and model, raters the people. None where no picture was judged twice, or all alike.

    1: everybody says the same of each picture; 0: as much as by chance.
    """
    own = table[table["fooled"].notna()]
    wide = own.pivot_table(index="participant", columns=["photo_id", "model"], values="fooled", aggfunc="first")
    wide = wide.loc[:, wide.notna().sum() > 1]
    values = wide.to_numpy(np.float64)
    if not values.size or np.unique(values[np.isfinite(values)]).size < 2:
        return None
    return float(krippendorff.alpha(reliability_data=values, level_of_measurement="nominal", value_domain=[0.0, 1.0]))
