"""A small store of generated photographs, for tests."""

from __future__ import annotations

from pathlib import Path

from huelab import params
from huelab.data.standardize import standardize
from huelab.data.store import Store
from huelab.data.table import inspect
from tests import generated_photographs


def make_store(folder: Path, *, count: int = 30, ratio: str = "crop", size: int = 32) -> Store:
    """`count` photographs, split by photograph, in shards of 8."""
    data = folder.parent / "data"
    generated_photographs.write(data, count)
    split = params.SplitParams(by="photo", val=0.2, test=0.2)
    table = inspect(data, params.Inspect(near_duplicate_bits=0), split, cache=folder.parent / "cache", workers=1)
    standard = params.Standardize.model_validate({"size": size, "ratio": ratio, "shard": 8, "workers": 1})
    standardize(table, data, out=folder, standard=standard, split=split, max_pixels=10**7)
    return Store.open(folder)
