"""One colour per model, the same everywhere: Okabe and Ito's (2008) and Tol's (2021), for colour-blind eyes too; floors are gray."""

from __future__ import annotations

import zlib

from huelab import models

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
TOL_MUTED = ("#882255", "#117733", "#332288", "#AA4499", "#999933", "#CC6677", "#44AA99")
COLOURS = OKABE_ITO + TOL_MUTED
FLOOR = "#8b8d92"


def colour(model: str) -> str:
    """Of a colorizer, by its place among the learned ones; of a variant, by its name from there on."""
    base = models.base(model)
    if base not in models.NAMES or base in models.FLOORS:
        return FLOOR
    place = models.NAMES.index(base) - len(models.FLOORS)
    variant = model.partition("-")[2]
    return COLOURS[(place + zlib.crc32(variant.encode()) * bool(variant)) % len(COLOURS)]
