"""Does a colorizer know when it guesses? The plot is only worth reading if pixels, confidence and error stay together."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from huelab import paths
from huelab.errors import DataError
from huelab.evaluation import confidence
from huelab.evaluation.confidence import Confidence
from huelab.evaluation.predict import Prediction, over_split
from huelab.metrics.pair import Pair
from huelab.models.colorizer import Colorizer
from huelab.models.layers import ToBins


def _shown(off, sure):
    """A gray photograph of one column per entry, coloured `off` CIE units away from gray, with that confidence."""
    rgb = np.full((10, len(off), 3), 128, np.uint8)
    ab = np.zeros((10, len(off), 2), np.float32)
    ab[..., 0] = off
    plane = np.broadcast_to(np.array(sure, np.float32), (10, len(off)))
    return Prediction(0, rgb, ab, plane), Pair.of(rgb, ab)


def test_a_hand_made_case(tmp_path):
    """Ten sure columns that are right, ten unsure ones that are 12 off: two kinds of pixels, and the numbers say so."""
    collector = Confidence()
    collector.add(*_shown([12.0] * 10, [0.2] * 10))
    collector.add(*_shown([0.0] * 10, [0.9] * 10))
    collector.write(tmp_path)
    unsure, sure = confidence.read(tmp_path)
    assert (unsure.count, sure.count) == (100, 100)
    assert (unsure.share, sure.share) == (0.5, 0.5)
    assert unsure.confidence == pytest.approx(0.2)
    assert sure.confidence == pytest.approx(0.9)
    assert unsure.error == pytest.approx(12.0, abs=0.1)
    assert sure.error == pytest.approx(0.0, abs=0.1)
    assert unsure.low <= 0.2 <= unsure.high


def test_groups_hold_about_equally_many_pixels_and_every_pixel_once():
    collector = Confidence()
    rng = np.random.default_rng(0)
    for _ in range(20):
        collector.add(*_shown(rng.uniform(0, 20, 40), rng.beta(2, 8, 40)))
    groups = collector.groups()
    assert len(groups) == confidence.GROUPS
    assert sum(group.count for group in groups) == 20 * 400
    assert sum(group.share for group in groups) == pytest.approx(1)
    assert all(0.7 < group.share * confidence.GROUPS < 1.3 for group in groups)
    assert all(first.high <= second.low for first, second in pairwise(groups))
    assert all(group.low <= group.confidence <= group.high for group in groups)


def test_a_colorizer_without_bins_has_no_file(tmp_path, trained, monkeypatch):
    monkeypatch.setenv("HUELAB_ROOT", str(trained))
    from huelab.data.store import Store
    from huelab.models.saved import Saved

    collector = Confidence()
    for prediction in over_split(Saved.open(paths.model("beta")), Store.open(paths.store()), "test", batch=8, device="cpu"):
        assert prediction.confidence is None
        collector.add(prediction, Pair.of(prediction.rgb, prediction.ab))
    collector.write(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert confidence.read(tmp_path) == []


def test_a_picture_without_finite_colours_counts_nowhere():
    prediction, _ = _shown([1.0], [0.5])
    collector = Confidence()
    collector.add(prediction, None)
    assert collector.groups() == []


def test_confidence_is_the_share_of_the_likeliest_bin_and_the_colours_stay_as_they_were():
    """Read off the softmax by hand, for a picture whose sides are no multiples of the net's."""
    torch.manual_seed(0)
    net = ToBins(nn.Conv2d(1, 313, 3, stride=4, padding=1), multiple=8, stride=4, scale_input=lambda L: L / 10)
    colorizer = Colorizer(net, temperature=0.38).eval()
    L = torch.rand(2, 1, 13, 18) * 100
    with torch.inference_mode():
        found = colorizer.with_confidence(L)
        assert found.shape == (2, 3, 13, 18)
        torch.testing.assert_close(found[:, :2], colorizer(L))
        shares = torch.softmax(net(L), 1).amax(1, keepdim=True)
    expected = nn.functional.interpolate(shares, scale_factor=4, mode="bilinear")[..., :13, :18]
    torch.testing.assert_close(found[:, 2:], expected)


@pytest.mark.parametrize("damage", ['{"groups": [{"low": 0}]}', '{"gro', '{"groups": []}', "[]", '{"groups": [1]}'])
def test_a_damaged_file_names_the_command_that_mends_it(tmp_path, damage):
    folder = tmp_path / "zhang"
    folder.mkdir()
    (folder / confidence.FILE).write_text(damage)
    with pytest.raises(DataError, match="dvc repro --force --single-item evaluate@zhang"):
        confidence.read(folder)


def test_a_number_that_is_none_is_damage_too(tmp_path):
    group = {"low": 0.0, "high": 1.0, "confidence": 0.5, "error": float("nan"), "share": 1.0, "count": 3}
    (tmp_path / confidence.FILE).write_text(json.dumps({"groups": [group]}))
    with pytest.raises(DataError, match="damaged"):
        confidence.read(tmp_path)
