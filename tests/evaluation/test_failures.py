"""Failures are found by numbers: each cause must find the picture that has it, and no other cause may claim it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from huelab import paths
from huelab.color import lab
from huelab.data.store import Store
from huelab.evaluation import failures, pictures
from huelab.evaluation.evaluated import Evaluated
from huelab.metrics.pair import Pair


@pytest.fixture
def photograph(samples):
    bgr = cv2.imread(str(samples / "astronaut.jpg"))
    return cv2.cvtColor(cv2.resize(bgr, (96, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)


def _causes(rgb, change):
    return failures.causes(Pair.of(rgb, change(lab.rgb_to_lab(rgb)[..., 1:])))


def test_the_photograph_itself_fails_by_nothing(photograph):
    assert _causes(photograph, lambda ab: ab) == {}


def test_gray_is_desaturation_and_nothing_else(photograph):
    found = _causes(photograph, np.zeros_like)
    assert set(found) == {"desaturation"}
    assert found["desaturation"] == pytest.approx(0, abs=0.01)
    assert set(_causes(photograph, lambda ab: 0.4 * ab)) == {"desaturation"}
    assert _causes(photograph, lambda ab: 0.7 * ab) == {}


def test_turned_hues_are_wrong_hue_and_nothing_else(photograph):
    found = _causes(photograph, lambda ab: 0.8 * np.stack([-ab[..., 1], ab[..., 0]], -1))
    assert set(found) == {"wrong hue"}
    assert found["wrong hue"] == pytest.approx(90, abs=15)


def test_blurred_colour_is_a_leak_and_nothing_else(photograph):
    found = _causes(photograph, lambda ab: cv2.GaussianBlur(ab, (0, 0), 8))
    assert set(found) == {"leak"}
    assert found["leak"] > failures.bled(Pair.of(photograph, cv2.GaussianBlur(lab.rgb_to_lab(photograph)[..., 1:], (0, 0), 1)))


def test_a_gray_photograph_cannot_be_failed():
    assert _causes(np.full((32, 32, 3), 90, np.uint8), lambda ab: ab + 40) is None


def test_planted_failures_are_found_counted_and_shown(evaluated_project, settings):
    """One kept picture of beta is made gray, one given turned hues, one blurred; the others are made the photographs themselves."""
    store = Store.open(paths.store())
    test = store.items.iloc[store.indices("test")]
    folder = paths.scores("beta")
    kept = pictures.in_order(test)[: settings.evaluate.pictures]
    truths = {
        str(row["item_id"]): store.read([index])[0] for index, row in zip(store.indices("test"), test.to_dict("records"), strict=True)
    }
    colourful = [item for item in kept if failures.bled(Pair.of(truths[item], lab.rgb_to_lab(truths[item])[..., 1:])) == 0]
    colourful = [item for item in colourful if _causes(truths[item], lambda ab: cv2.GaussianBlur(ab, (0, 0), 6)) not in (None, {})]
    for item in kept:
        pictures.write(pictures.of_test(folder, item), truths[item])
    gray, turned, blurred = colourful[:3]
    for item, change in (
        (gray, np.zeros_like),
        (turned, lambda ab: 0.8 * -ab),
        (blurred, lambda ab: cv2.GaussianBlur(ab, (0, 0), 6)),
    ):
        rgb = truths[item]
        pictures.write(pictures.of_test(folder, item), Pair.of(rgb, change(lab.rgb_to_lab(rgb)[..., 1:])).predicted_rgb)
    found = failures.find(store, [Evaluated.read(name, paths.scores(name)) for name in settings.models])
    assert set(found.counts) == {"beta"}, "floors and a model of one picture are not asked"
    assert found.counts["beta"]["desaturation"] == 1
    assert [case.item for case in found.worst["desaturation"]] == [gray]
    assert turned in [case.item for case in found.worst["wrong hue"]]
    assert blurred in [case.item for case in found.worst["leak"]]
    case = found.worst["desaturation"][0]
    np.testing.assert_array_equal(case.truth, truths[gray])
    assert np.ptp(case.made.astype(int), axis=2).max() < 10


def test_one_model_does_not_fill_the_gallery_where_others_fail_too():
    ranked = [(0.1 * number, "bad", f"item{number}") for number in range(9)] + [(0.95, "other", "item7"), (0.96, "other", "item20")]
    chosen = failures._varied(ranked)
    assert [model for _, model, _ in chosen].count("other") == 2
    assert len({item for *_, item in chosen}) == failures.SHOWN
    assert len(failures._varied(ranked[:9])) == failures.SHOWN
