"""The table of metrics: names a user may write into params.yaml, and what each promises."""

from __future__ import annotations

import subprocess
import sys

import pytest

from huelab import metrics, params
from huelab.errors import ParamsError


def test_every_name_gives_its_metric_with_unit_direction_and_source():
    for name in metrics.names():
        metric = metrics.metric(name)
        assert metric.name == name
        assert metric.title
        assert metric.citation
        assert metric.unit
        assert name in metric.columns or metric.kind == "set"
        assert (metric.of_means is None) == (metric.kind == "paired")


def test_default_metrics_exist_and_are_all_of_them():
    assert params.Evaluate().metrics == metrics.names()


def test_unknown_name_lists_the_allowed_ones():
    with pytest.raises(ParamsError, match=r"did you mean 'ciede2000'.*allowed: mse_ab128, mse_nazeri, mae_ab"):
        metrics.metric("ciede200")


def test_listing_names_is_cheap():
    """`python -m huelab.params` checks names on every start: no numpy, OpenCV or torch for that."""
    code = "import sys, huelab.metrics as m; m.names(); print([n for n in ('numpy', 'cv2', 'torch') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_sharing_a_pair_does_not_change_values(photograph, muted):
    """Metrics share lazily made planes: each alone must give what it gives after all the others."""
    together = muted(photograph)
    for name in metrics.names():
        metric = metrics.metric(name)
        if metric.needs_weights:
            continue
        for of_pair in metric.columns.values():
            alone = of_pair(muted(photograph))
            assert of_pair(together) == pytest.approx(alone, nan_ok=True, rel=1e-12)
