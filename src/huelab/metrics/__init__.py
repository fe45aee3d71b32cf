"""The metrics: one file each, loaded on demand by name. `names()` lists them, `metric(name)` gives one.

Importing this package imports nothing heavy, so that params.yaml can be checked against `names()`.
"""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING

from huelab.errors import ParamsError

if TYPE_CHECKING:
    from huelab.metrics.definition import Metric

_NAMES = (
    "mse_ab128",
    "mse_nazeri",
    "mae_ab",
    "psnr_rgb",
    "ssim",
    "ciede2000",
    "colorfulness",
    "delta_colorfulness",
    "auc_ab",
    "auc_ab_rebalanced",
    "lpips_alex",
)


def names() -> tuple[str, ...]:
    """The metrics that exist, in the order in which tables show them."""
    return _NAMES


def metric(name: str) -> Metric:
    """The metric `name`; raises ParamsError with the names that exist."""
    if name not in _NAMES:
        close = difflib.get_close_matches(name, _NAMES, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ParamsError(f"There is no metric {name!r}{hint}; allowed: {', '.join(_NAMES)}.")
    found: Metric = importlib.import_module(f"huelab.metrics.{name}").METRIC
    return found
