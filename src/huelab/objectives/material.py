"""What a colorizer and its loss are given beside the batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Material:
    """Facts about the photographs, and networks that were trained before."""

    size: int
    """Pixels of a side of the training pictures."""
    prior: NDArray[np.float64]
    """(313,) share of each colour bin among the training pixels."""
    clip_norm: float = 0.0
    """Bound of each network's gradient norm; 0 leaves it."""
    steps_per_epoch: int = 1
    """Batches in which every training picture is seen once."""
    classes: tuple[str, ...] = ()
    """Names of the folders of the training photographs, sorted; empty where they have none."""
    labels: Tensor | None = None
    """int64 (pictures of the store,): place of each picture's folder in `classes`, -1 for none."""
    backbone: nn.Module | None = None
    """The classifier the colorizer looks through; None for one that does without."""
    vectors: Tensor | None = None
    """float32 (pictures of the store, K): what that classifier says of each picture, computed once."""
    perceptual: nn.Module | None = None
    """The perceptual term (objectives.perceptual), where the section asks for one."""
