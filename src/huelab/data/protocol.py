"""What the split means for the scores, in one sentence that stands beside every score; and the check that no split is empty."""

from __future__ import annotations

import pandas as pd

from huelab.errors import DataError
from huelab.params import SplitParams

SPLITS = ("train", "val", "test")


def sentence(split: SplitParams, photographs: int) -> str:
    """How pictures were divided into training, validation and test."""
    if split.by == "region":
        whose = "one photograph" if photographs == 1 else f"the same {photographs} photographs"
        return f"Split by region: train, val and test are disjoint regions of {whose}; the scores say nothing about other photographs."
    if split.by == "folder":
        return f"Split by folder: the folders of the {photographs} photographs say which train and which test; none is in two splits."
    return f"Split by photograph: each of the {photographs} photographs is in one split only, near-duplicates together."


def require_every_split(items: pd.DataFrame, split: SplitParams) -> None:
    """Raises DataError, saying what to change, when there is nothing to train on, to validate or to test on."""
    counts = {name: int((items["split"] == name).sum()) for name in SPLITS}
    empty = [name for name in SPLITS if counts[name] == 0]
    if not empty:
        return
    found = ", ".join(f"{name} {count}" for name, count in counts.items())
    advice = {
        "photo": "add photographs, set split.by: region (for fewer than about 50), or raise split.val and split.test or change split.seed",
        "folder": "put photographs into folders named train and test (and val), or set split.by: photo",
        "region": "add photographs, raise split.region_side or lower standardize.size for more regions, or change split.seed",
    }[split.by]
    raise DataError(f"The split by {split.by} leaves no picture for {' and '.join(empty)} ({found}): in params.yaml, {advice}.")
