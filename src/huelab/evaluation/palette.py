"""One colour per model, the same everywhere: those of Okabe and Ito (2008), told apart by colour-blind eyes too; floors are gray."""

from __future__ import annotations

from huelab import models

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
FLOOR = "#8b8d92"


def colour(model: str) -> str:
    """Of a model, by its place among the learned ones."""
    learned = [name for name in models.NAMES if name not in models.FLOORS]
    return OKABE_ITO[learned.index(model) % len(OKABE_ITO)] if model in learned else FLOOR
