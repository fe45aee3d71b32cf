"""The colorizers: one file each, loaded on demand by name.

A model file exports `INFO` (facts), `Params` (its section of params.yaml) and, unless it is a floor, `build(params, *, size)`: the net
that maps L (N, 1, H, W) in 0..100 to ab in CIE units, or to logits of colour bins; `size` is the side of the training pictures. torch is
imported inside `build`, so that params.yaml can be checked, and models listed, without it.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from huelab.errors import ParamsError

FLOORS = ("gray", "mean", "shuffled")
"""What costs nothing and must be beaten: no colour, the mean training colour, another photograph's colours."""

NAMES = (*FLOORS, "alpha", "beta", "plain", "pix2pix", "zhang")


def module(name: str) -> ModuleType:
    """The module of colorizer `name`; raises ParamsError with the names that exist."""
    if name not in NAMES:
        raise ParamsError(f"There is no colorizer {name!r}: choose from {', '.join(NAMES)}.")
    return importlib.import_module(f"huelab.models.{name}")
