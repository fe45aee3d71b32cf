"""The table of metrics: names a user may write into params.yaml, and what each promises."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import yaml

from huelab import metrics, params
from huelab.errors import ParamsError
from tests.conftest import ROOT


def test_every_name_gives_its_metric_with_unit_direction_and_source():
    for name in metrics.names():
        metric = metrics.metric(name)
        assert metric.name == name
        assert metric.title
        assert metric.citation
        assert metric.unit
        assert name in metric.columns or metric.kind == "set"
        assert (metric.of_means is None and metric.of_vectors is None) == (metric.kind == "paired")


def test_default_metrics_are_all_but_the_slow_ones():
    """Those that need weights stay, so that tables say what to do for them; a slow one that does not must be asked for."""
    chosen = params.Evaluate().metrics
    assert chosen == metrics.default_names()
    assert [name for name in metrics.names() if name in chosen] == list(chosen), "in the order of tables"
    left_out = [metrics.metric(name) for name in metrics.names() if name not in chosen]
    assert {metric.name for metric in left_out} == {"ms_ssim", "cdr"}
    assert not any(metric.needs_weights for metric in left_out)
    assert not [name for name in chosen if (metric := metrics.metric(name)).cost == "costly" and not metric.needs_weights]


def test_the_shipped_params_name_the_default_metrics():
    """params.yaml repeats the defaults; a metric missing there would be missing from every table."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert tuple(tree["evaluate"]["metrics"]) == metrics.default_names()


@pytest.mark.parametrize("name", [name for name in metrics.names() if not metrics.metric(name).needs_weights])
def test_undefined_is_nan_never_an_exception(name, gray, identical):
    """One odd photograph among thousands must not end an evaluation of hours."""
    metric = metrics.metric(name)
    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 3), np.uint8)
    pictures = [np.full((1, 1, 3), level, np.uint8) for level in (0, 93, 255)]
    pictures += [np.full((40, 40, 3), level, np.uint8) for level in (0, 93, 255)]
    pictures += [noise, noise[:, :1], noise[:1], np.full((2, 2, 3), (255, 0, 0), np.uint8)]
    for rgb in pictures:
        for make in (gray, identical):
            for of_pair in metric.columns.values():
                assert isinstance(of_pair(make(rgb)), float)


def test_unknown_name_lists_the_allowed_ones():
    with pytest.raises(ParamsError, match=r"did you mean 'ciede2000'.*allowed: mse_ab128, mse_ab110, mse_nazeri, mae_ab"):
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
