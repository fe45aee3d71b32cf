"""Stage train@NAME: a floor writes its card, a learned colorizer learns. Imports torch for the latter only."""

from __future__ import annotations

from huelab import models, paths
from huelab.data.store import Store
from huelab.models.saved import Saved
from huelab.params import Params


def train(name: str, params: Params) -> Saved:
    """Trains colorizer `name` on work/store and writes work/models/NAME.

    Raises ParamsError for an unknown name, DataError without a store, and what `learned.learn` raises.
    """
    models.module(name)  # says which names exist
    store = Store.open(paths.store())
    if name in models.FLOORS:
        from huelab.training import floor

        return floor.write(name, params, store)
    from huelab.training import learned

    return learned.learn(name, params, store)
