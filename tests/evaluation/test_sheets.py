"""Which pictures are shown must follow from the pictures and scores, and a sheet must say whose each picture is."""

from __future__ import annotations

import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from huelab import metrics, paths
from huelab.data.store import Store
from huelab.evaluation import palette, pictures, sheet_png
from huelab.evaluation.choosing import Kept
from huelab.evaluation.contact_sheet import Cell, Sheet
from huelab.evaluation.evaluated import Evaluated


@pytest.fixture
def two(evaluated_project):
    """Beta and a variant that made the same pictures."""
    shutil.copytree(paths.scores("beta"), paths.scores("beta-other"))
    file = paths.scores("beta-other") / "summary.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model": "beta-other"}))
    return ["gray", "alpha", "beta", "beta-other"]


def _kept(names):
    return Kept(Store.open(paths.store()), [Evaluated.read(name, paths.scores(name)) for name in names])


def test_the_most_disputed_picture_is_the_one_that_models_colour_differently(two):
    kept = _kept(two)
    assert len(kept.items) == 10
    assert all(distance == 0 for _, distance in kept.disputed(10))
    item = kept.items[6]
    file = pictures.of_test(paths.scores("beta-other"), item)
    made = pictures.read(file)
    pictures.write(file, np.ascontiguousarray(made[..., ::-1] // 2 + np.array([120, 0, 0], np.uint8)))
    (first, distance), (_, next_best) = kept.disputed(2)
    assert first == item
    assert distance > 10 > next_best == 0


def test_a_single_learned_model_disputes_with_nobody(evaluated_project, settings):
    assert _kept(settings.models).disputed(3) == []


def test_best_and_worst_follow_the_mean_over_the_learned_models(two):
    kept = _kept(two)
    for name in ("beta", "beta-other"):
        file = paths.scores(name) / "scores.parquet"
        table = pd.read_parquet(file).set_index("item_id")
        for metric, good, bad in (("ciede2000", 0.5, 90.0), ("ssim", 2.0, -1.0)):
            table.loc[kept.items[3], metric], table.loc[kept.items[5], metric] = good, bad
        table.loc[kept.items[1], "ciede2000"] = np.nan
        table.reset_index().to_parquet(file, index=False)
    kept = _kept(two)
    for name in ("ciede2000", "ssim"):
        metric = metrics.metric(name)
        assert kept.best(metric, 2)[0][0] == kept.items[3]
        assert kept.worst(metric, 2)[0][0] == kept.items[5]
    assert len(kept.best(metrics.metric("ssim"), 50)) == 5, "at most half, so that no picture is both"
    assert kept.items[1] not in [item for item, _ in kept._ranked(metrics.metric("ciede2000"))]
    assert kept.best(metrics.metric("colorfulness"), 3) == [], "without a direction nothing is best"


def _sheet(models):
    cells = [Cell(np.full((20, 30, 3), 40 + number, np.uint8), "1.00") for number in range(models + 2)]
    return Sheet("x", "Title", "A note of many words " * 30, ["gray", "truth", *(f"model{n}" for n in range(models))], [("row", cells)])


@pytest.mark.parametrize(("models", "lines", "columns"), [(5, 1, 7), (12, 1, 14), (13, 2, 9), (20, 2, 12)])
def test_many_models_fold_into_lines_that_stay_readable(models, lines, columns):
    picture = np.asarray(Image.open(io.BytesIO(sheet_png.draw(_sheet(models)))))
    assert picture.shape[1] == 2 * 18 + columns * 150 - 6
    neutral = (picture[..., 0] == picture[..., 1]) & (picture[..., 1] == picture[..., 2])
    level = np.where(neutral, picture[..., 0], 0)
    row = [np.flatnonzero((level == 40 + number).any(axis=1)) for number in range(models + 2)]
    assert all(len(where) >= 96 for where in row), "every picture is there, whole"
    assert len({int(where[len(where) // 2]) // 50 for where in row[2:]}) == lines


def test_no_two_models_of_a_board_share_a_colour_and_the_order_is_of_no_consequence():
    names = ["gray", "mean", "beta", "hage-strides", "hage-both", "hage-concat", "zhang", *(f"unet-v{number}" for number in range(20))]
    found = palette.colours(names)
    learned = [found[name] for name in names if name not in ("gray", "mean")]
    assert len(set(learned)) == len(learned) == 25
    assert found["gray"] == found["mean"] == palette.FLOOR
    assert palette.colours(reversed(names)) == found
    assert all(palette.contrast(palette.on_dark(colour), "#1f2227") >= 3 for colour in learned)
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
