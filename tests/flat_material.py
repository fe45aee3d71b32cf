"""The least a colorizer can be given to learn from: a flat colour prior, and what a test adds."""

from __future__ import annotations

from typing import Any

import numpy as np

from huelab.objectives.material import Material


def material(size: int = 32, **given: Any) -> Material:
    return Material(**{"size": size, "prior": np.full(313, 1 / 313), **given})
