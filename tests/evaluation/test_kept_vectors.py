"""Metrics that compare distributions, from the pictures to the summary: what is kept, once or per seed, and what a lost picture means."""

from __future__ import annotations

import hashlib
import json
import math
import shutil

import numpy as np
import pytest

from huelab import metrics, paths
from huelab.data.store import Store
from huelab.errors import DataError
from huelab.evaluation import vectors
from huelab.evaluation.predict import Prediction
from huelab.evaluation.score import evaluate
from huelab.metrics import frechet
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair
from huelab.models import saved as saving
from huelab.models.saved import Saved

SEEN = []
"""Which photographs were looked at, and how."""


def predicted(pair):
    return pair.predicted_rgb.reshape(-1, 3).mean(axis=0, dtype=np.float32)


def truth(pair):
    SEEN.append("truth")
    return pair.truth_rgb.reshape(-1, 3).mean(axis=0, dtype=np.float32)


def training(pictures):
    SEEN.append("training")
    return np.stack([rgb.reshape(-1, 3).mean(axis=0, dtype=np.float32) for rgb in pictures])


def distance(vectors, reference, counts):
    return frechet.of_pairs(vectors["colour"], vectors["colour_truth"], counts) + frechet.from_others(vectors["colour"], reference, counts)


METRIC = Metric(
    name="fid_same",
    title="Distance of mean colours",
    unit="levels²",
    better="lower",
    kind="set",
    cost="cheap",
    citation="this test",
    columns={},
    vectors={"colour": predicted, "colour_truth": truth},
    reference=training,
    of_vectors=distance,
)


@pytest.fixture
def store(evaluated_project, monkeypatch):
    """The store of a project in which `fid_same` is a distance of three numbers per picture, which needs no weights."""
    SEEN.clear()
    known = metrics.metric
    monkeypatch.setattr(metrics, "metric", lambda name: METRIC if name == METRIC.name else known(name))
    return Store.open(paths.store())


@pytest.fixture
def chosen(settings):
    return settings.evaluate.model_copy(update={"metrics": ("ciede2000", "fid_same"), "pictures": 0})


def scored(name, store, chosen, **more):
    evaluate(Saved.open(paths.model(name)), store, chosen, out=paths.scores(name), device="cpu", **more)
    return json.loads((paths.scores(name) / "summary.json").read_text()), vectors.read(paths.scores(name))


def test_the_value_is_that_of_all_test_and_training_pictures(store, chosen):
    summary, kept = scored("gray", store, chosen)
    test, train = store.indices("test"), store.indices("train")
    assert kept["colour"].shape == kept["colour_truth"].shape == (len(test), 3)
    tops = zip(store.read(train), store.boxes(train), strict=True)
    contents = [picture[top : top + height, left : left + width] for picture, (top, left, height, width) in tops]
    np.testing.assert_array_equal(kept["fid_same_reference"], training(contents))
    first = store.read(test[:1])[0][tuple(slice(at, at + size) for at, size in zip(*np.split(store.boxes(test[:1])[0], 2), strict=True))]
    np.testing.assert_allclose(kept["colour_truth"][0], first.reshape(-1, 3).mean(axis=0), rtol=1e-6)
    expected = distance(kept, kept["fid_same_reference"], np.ones((1, len(test))))[0]
    assert summary["set_level"]["fid_same"] == pytest.approx(expected)
    assert expected > 0
    assert "fid_same" not in summary["excluded"]


def test_photographs_are_looked_at_once_for_all_colorizers(store, chosen):
    """Inception takes a tenth of a second per picture: not again for each of 18 colorizers."""
    _, first = scored("gray", store, chosen)
    assert SEEN.count("training") == 1
    assert SEEN.count("truth") == len(store.indices("test"))
    _, second = scored("mean", store, chosen)
    assert len(SEEN) == 1 + len(store.indices("test"))
    np.testing.assert_array_equal(first["colour_truth"], second["colour_truth"])
    assert (first["colour"] != second["colour"]).any()
    for file in (paths.cache() / "vectors").iterdir():
        file.write_bytes(b"half")
    _, third = scored("mean", store, chosen)
    np.testing.assert_array_equal(second["fid_same_reference"], third["fid_same_reference"])


def test_same_inputs_same_bytes(store, chosen):
    written = []
    for _ in range(2):
        shutil.rmtree(paths.cache() / "vectors", ignore_errors=True)
        scored("gray", store, chosen)
        written.append(hashlib.sha256((paths.scores("gray") / vectors.FILE).read_bytes()).hexdigest())
    scored("gray", store, chosen)
    written.append(hashlib.sha256((paths.scores("gray") / vectors.FILE).read_bytes()).hexdigest())
    assert len(set(written)) == 1


def test_seeds_keep_their_own_vectors_and_the_value_is_the_mean_of_theirs(store, chosen):
    one = Saved.open(paths.model("beta"))
    paler = {name: tensor * 0.9 for name, tensor in one.colorizer().net.state_dict().items()}
    card = {key: value for key, value in one.card.items() if key not in ("info", "weights_sha256")}
    saving.save(paths.model("beta", 7), card | {"seed": 7}, paler)
    summary, first = scored("beta", store, chosen, other_seeds=[Saved.open(paths.model("beta", 7))])
    second = vectors.read(paths.scores("beta"), 7)
    assert (first["colour"] != second["colour"]).any()
    np.testing.assert_array_equal(first["fid_same_reference"], second["fid_same_reference"])
    ones = np.ones((1, len(store.indices("test"))))
    own = [distance(tables, tables["fid_same_reference"], ones)[0] for tables in (first, second)]
    assert [summary["seeds"][seed]["fid_same"] for seed in ("0", "7")] == pytest.approx(own)
    assert summary["set_level"]["fid_same"] == pytest.approx(np.mean(own))
    both = vectors.read_all(paths.scores("beta"))
    assert len(both) == 2
    drawn = np.random.default_rng(0).integers(0, 3, (2, ones.shape[1])).astype(float)
    expected = np.mean([distance(tables, tables["fid_same_reference"], drawn) for tables in both], axis=0)
    np.testing.assert_allclose(vectors.values(METRIC, both, drawn), expected)


def test_a_picture_without_colours_is_left_out_and_named(store, chosen):
    """One broken picture must not make the distance of all others NaN, nor vanish."""
    gathering = vectors.KeptVectors([METRIC], store)
    gray = np.zeros((8, 8, 2), np.float32)
    rgbs = [np.full((8, 8, 3), level, np.uint8) for level in (10, 60, 90, 200)]
    for place, rgb in enumerate(rgbs):
        gathering.add(Prediction(place, rgb, gray), None if place == 2 else Pair.of(rgb, gray))
    folder = paths.scores("gray")
    gathering.write(folder)
    kept = vectors.read(folder)
    assert np.isnan(kept["colour"][2]).all()
    assert np.isnan(kept["colour_truth"][2]).all()
    assert vectors.usable(METRIC, [kept], 4).tolist() == [True, True, False, True]
    assert math.isfinite(vectors.values(METRIC, [kept], np.ones((1, 4)))[0])
    assert not any(file.exists() for file in gathering.files.values()), "photographs of which one is missing are not kept for others"
    with pytest.raises(DataError, match="4 pictures have vectors but 5 have scores"):
        vectors.values(METRIC, [kept], np.ones((1, 5)))


def test_a_colorizer_without_any_colours_has_no_value_but_a_count(store, chosen):
    broken = Saved.open(paths.model("beta"))
    state = {name: tensor * math.nan for name, tensor in broken.colorizer().net.state_dict().items()}
    saving.save(paths.model("beta"), {key: value for key, value in broken.card.items() if key not in ("info", "weights_sha256")}, state)
    summary, _ = scored("beta", store, chosen)
    assert summary["set_level"]["fid_same"] is None
    assert summary["excluded"]["fid_same"] == len(store.indices("test"))


def test_a_memorised_picture_has_no_distribution(store, chosen):
    summary, kept = scored("alpha", store, chosen)
    assert kept == {}
    assert summary["set_level"]["fid_same"] is None
    assert vectors.read_all(paths.scores("alpha")) == []


def test_a_damaged_file_names_the_command_that_mends_it(store, chosen):
    scored("gray", store, chosen)
    (paths.scores("gray") / vectors.FILE).write_bytes(b"half")
    with pytest.raises(DataError, match=r"vectors\.npz is damaged.*evaluate@gray"):
        vectors.read(paths.scores("gray"))


def test_a_hash_chooses_among_many_training_pictures(store, monkeypatch):
    """Neither the first ones, which may be of one class, nor others at the next run."""
    monkeypatch.setattr(vectors, "MOST", 5)
    train = store.indices("train")
    some = vectors._chosen(store)
    assert len(some) == 5 < len(train)
    assert some.tolist() == sorted(some.tolist()) != train[:5].tolist()
    assert set(some) <= set(train)
