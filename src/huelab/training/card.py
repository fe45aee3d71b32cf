"""What a trained colorizer's card says beside its weights: facts that are the same for the same inputs, machine and threads."""

from __future__ import annotations

from typing import Any

from huelab.data.store import Store
from huelab.params import Params


def base(name: str, params: Params, store: Store) -> dict[str, Any]:
    """The part that does not depend on the result of training; a learned colorizer overrides the counts."""
    return {
        "name": name,
        "params": params.colorizer(name).model_dump(mode="json"),
        "train": params.train.model_dump(mode="json", exclude={"seeds"}),
        "budget": {key: value for key, value in params.budget.model_dump(mode="json").items() if value},
        **{key: store.meta[key] for key in ("data_hash", "split_by", "protocol")},
        "size": store.size,
        "photograph_side": store.meta["photograph_side"],
        "parameters": 0,
        "steps": 0,
        "best_step": 0,
        "val_mse_ab128": None,
        "one_picture": "",
        "mean_ab": None,
    }
