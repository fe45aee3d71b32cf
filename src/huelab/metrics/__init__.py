"""The metrics: one file each, loaded on demand by name. `names()` lists them, `metric(name)` gives one.

Those a run scores unless told otherwise are `default_names()`.

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
    "mse_ab110",
    "mse_nazeri",
    "mae_ab",
    "rmse_ab",
    "psnr_rgb",
    "psnr_ab",
    "ssim",
    "ms_ssim",
    "ciede2000",
    "flip",
    "colorfulness",
    "delta_colorfulness",
    "colorfulness_abs",
    "delta_colorfulness_abs",
    "chroma_ratio",
    "hue_distance",
    "gamut_coverage",
    "auc_ab",
    "auc_ab_rebalanced",
    "eps2",
    "eps5",
    "cdr",
    "lpips_alex",
    "lpips_vgg",
    "fid_same",
    "fid_other",
    "vgg_accuracy",
)

_ON_REQUEST = {
    "ms_ssim",  # undefined below 161 pixels, and the default pictures have 64
    "cdr",  # ten times as slow as all others together
}


def names() -> tuple[str, ...]:
    """The metrics that exist, in the order in which tables show them."""
    return _NAMES


def default_names() -> tuple[str, ...]:
    """Those scored where params.yaml names none: all but the slow ones. Where a metric's weights are missing, tables say what to do."""
    return tuple(name for name in _NAMES if name not in _ON_REQUEST)


def metric(name: str) -> Metric:
    """The metric `name`; raises ParamsError with the names that exist."""
    if name not in _NAMES:
        close = difflib.get_close_matches(name, _NAMES, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ParamsError(f"There is no metric {name!r}{hint}; allowed: {', '.join(_NAMES)}.")
    found: Metric = importlib.import_module(f"huelab.metrics.{name}").METRIC
    return found
