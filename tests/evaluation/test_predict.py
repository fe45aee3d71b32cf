"""What is scored must be what the colorizer gives for the photograph, without padding, in the store's order."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from huelab import paths
from huelab.color import lab
from huelab.data.store import Store
from huelab.evaluation.predict import over_gallery, over_split
from huelab.models.saved import Saved


@pytest.fixture
def store(trained, monkeypatch):
    monkeypatch.setenv("HUELAB_ROOT", str(trained))
    return Store.open(paths.store())


def _over_test(name, store, **options):
    return list(over_split(Saved.open(paths.model(name)), store, "test", batch=options.pop("batch", 7), **options))


def test_floors_have_their_colour(store):
    assert all((prediction.ab == 0).all() for prediction in _over_test("gray", store))
    mean = Saved.open(paths.model("mean")).card["mean_ab"]
    for prediction in _over_test("mean", store):
        assert prediction.ab.reshape(-1, 2)[0].tolist() == pytest.approx(mean)


def test_covers_the_split_in_order_whatever_the_batch(store):
    one, other = (_over_test("beta", store, batch=batch, device="cpu") for batch in (5, 64))
    assert [prediction.index for prediction in one] == store.indices("test").tolist()
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.rgb, store.read([first.index])[0])
        np.testing.assert_allclose(first.ab, second.ab, atol=1e-4)


def test_a_learned_colorizer_is_the_one_on_disk(store):
    import torch

    prediction = _over_test("beta", store, device="cpu")[3]
    L = torch.from_numpy(lab.rgb_to_lab(prediction.rgb)[..., 0])[None, None]
    with torch.no_grad():
        expected = Saved.open(paths.model("beta")).colorizer()(L)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(prediction.ab, expected, atol=1e-3)


def test_shuffled_has_real_colours_of_other_photographs(store):
    predictions = _over_test("shuffled", store)
    photographs = store.items["photo_id"].to_numpy()
    everything = {lab.rgb_to_lab(store.read([index])[0])[..., 1:].tobytes(): index for index in store.indices("test")}
    for prediction in predictions:
        giver = everything[prediction.ab.tobytes()]
        assert photographs[giver] != photographs[prediction.index]


def test_padding_is_cropped_away(tmp_path, settings, samples):
    """With ratio: pad the gray bars would be scored as perfectly coloured pixels."""
    from huelab import params
    from huelab.data import table
    from huelab.data.standardize import standardize

    split = params.SplitParams(by="photo", val=0.3, test=0.3, seed=3)
    inspected = table.inspect(samples, settings.inspect, split, cache=tmp_path / "cache", workers=1)
    pad = params.Standardize(size=32, ratio="pad", gallery=0, workers=1)
    standardize(inspected, samples, out=tmp_path / "store", standard=pad, split=split, max_pixels=10**8)
    store = Store.open(tmp_path / "store")
    gray = Saved(tmp_path, {"name": "gray", "params": {}})
    shuffled = Saved(tmp_path, {"name": "shuffled", "params": {}})
    shapes = {prediction.rgb.shape for prediction in over_split(gray, store, "train", batch=4)}
    assert shapes == {(height, width, 3) for height, width in store.boxes(store.indices("train"))[:, 2:].tolist()}
    assert any(shape != (32, 32, 3) for shape in shapes)
    for prediction in over_split(shuffled, store, "train", batch=4):
        assert prediction.ab.shape[:2] == prediction.rgb.shape[:2]


def test_gallery_is_coloured_whole(store):
    for name in ("mean", "shuffled", "beta", "alpha"):
        shown = list(over_gallery(Saved.open(paths.model(name)), store, device="cpu"))
        assert len(shown) == 3
        for picture, rgb, ab in shown:
            np.testing.assert_array_equal(rgb, picture.rgb())
            assert ab.shape == (*rgb.shape[:2], 2)
            assert np.isfinite(ab).all()


def test_floors_need_no_torch(trained):
    """Scoring gray and mean must work, and start fast, where torch is not even installed."""
    code = (
        "import sys; sys.modules['torch'] = None; from huelab import paths; from huelab.data.store import Store; "
        "from huelab.evaluation.predict import over_split; from huelab.models.saved import Saved; store = Store.open(paths.store()); "
        "print(sum(len(list(over_split(Saved.open(paths.model(n)), store, 'test', batch=9))) for n in ('gray', 'mean', 'shuffled')))"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"HUELAB_ROOT": str(trained)}, capture_output=True, text=True, check=True)
    assert int(done.stdout) > 30
