"""scores.parquet and summary.json: one row per test picture, numbers anybody can recompute from the pictures, nothing hidden."""

from __future__ import annotations

import hashlib
import json
import math

import numpy as np
import pandas as pd
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio

from huelab import metrics, paths
from huelab.color import lab
from huelab.data.store import Store
from huelab.errors import ModelError
from huelab.evaluation import pictures
from huelab.evaluation.score import evaluate, summarize
from huelab.models.saved import Saved


@pytest.fixture
def store(evaluated_project):
    return Store.open(paths.store())


def _scores(name):
    return pd.read_parquet(paths.scores(name) / "scores.parquet")


def _summary(name):
    return json.loads((paths.scores(name) / "summary.json").read_text())


def test_one_row_per_test_picture_with_its_facts(store):
    for name in ("gray", "beta", "shuffled"):
        table = _scores(name)
        test = store.items.iloc[store.indices("test")].reset_index(drop=True)
        facts = ["item_id", "photo_id", "path", "label", "group"]
        pd.testing.assert_frame_equal(table[facts], test[facts])
        assert set(table["model"]) == {name}
        assert not table["own_picture"].any()
        assert table["ciede2000"].dtype == np.float64


def test_scores_can_be_recomputed_from_the_pictures_with_scikit_image(store):
    table = _scores("beta").set_index("item_id")
    kept = sorted((paths.scores("beta") / "pictures" / "test").glob("*.png"))
    assert len(kept) == 10
    places = dict(zip(store.items["item_id"], range(len(store)), strict=True))
    for file in kept:
        made, truth = pictures.read(file), store.read([places[file.stem]])[0]
        assert table.loc[file.stem, "psnr_rgb"] == pytest.approx(peak_signal_noise_ratio(truth, made, data_range=255), rel=1e-9)
        assert table.loc[file.stem, "ciede2000"] == pytest.approx(deltaE_ciede2000(rgb2lab(truth), rgb2lab(made)).mean(), abs=2e-3)


def test_summary_states_what_the_numbers_are(store, settings):
    summary = _summary("beta")
    assert summary["data_hash"] == store.meta["data_hash"]
    assert summary["protocol"] == store.meta["protocol"]
    assert summary["n_items"] == len(store.indices("test"))
    table = _scores("beta")
    assert summary["means"]["ssim"] == pytest.approx(table["ssim"].mean())
    assert summary["set_level"]["delta_colorfulness"] == pytest.approx(
        abs(table["colorfulness"].mean() - table["colorfulness_truth"].mean())
    )
    labels = set(store.items["label"])
    missing = {name: why for name in settings.evaluate.metrics if (why := metrics.metric(name).not_computed(labels))}
    assert summary["not_computed"] == missing
    assert ("lpips_alex" in table) == ("lpips_alex" not in missing)


def test_a_memorised_picture_is_scored_alone_beside_the_floors_on_it(store):
    table, summary = _scores("alpha"), _summary("alpha")
    assert len(table) == 1
    assert table["own_picture"].all()
    picture = next(picture for picture in store.gallery() if picture.name == summary["one_picture"])
    assert table["photo_id"][0] == picture.photo_id
    ab = lab.rgb_to_lab(picture.rgb())[..., 1:]
    floors = summary["own_picture_floors"]
    assert floors["gray"]["mse_ab128"] == pytest.approx(np.square(ab / 128).mean(), rel=1e-4)
    assert floors["mean"]["mse_ab128"] < floors["gray"]["mse_ab128"]
    assert not (paths.scores("alpha") / "pictures" / "test").exists()
    assert len(list((paths.scores("alpha") / "pictures" / "gallery").glob("*.png"))) == 3


def test_same_inputs_same_bytes(store, settings):
    before = _hashes(paths.scores("beta"))
    evaluate(Saved.open(paths.model("beta")), store, settings.evaluate, out=paths.scores("beta"), device="cpu")
    assert _hashes(paths.scores("beta")) == before


def test_names_no_folder_of_this_machine(evaluated_project):
    for file in evaluated_project.glob("work/scores/*/summary.json"):
        assert str(evaluated_project) not in file.read_text()


def test_refuses_a_model_of_other_data(store, settings):
    card = paths.model("beta") / "card.json"
    card.write_text(card.read_text().replace(store.meta["data_hash"], "0123456789ab"))
    with pytest.raises(ModelError, match=r"trained on data 0123456789ab, but the store holds data .*dvc repro train@beta"):
        evaluate(Saved.open(paths.model("beta")), store, settings.evaluate, out=paths.scores("beta"), device="cpu")
    assert (paths.scores("beta") / "scores.parquet").is_file(), "the old scores stay"


def test_a_colorizer_that_gives_no_finite_colours_is_named_not_hidden(store, settings):
    """Weights can be damaged by hand or by a bad recipe; the rest of the comparison must go on."""
    from huelab.models import saved as saving

    broken = Saved.open(paths.model("beta"))
    state = {name: tensor * math.nan for name, tensor in broken.colorizer().net.state_dict().items()}
    saving.save(paths.model("beta"), {key: value for key, value in broken.card.items() if key not in ("info", "weights_sha256")}, state)
    summary = evaluate(Saved.open(paths.model("beta")), store, settings.evaluate, out=paths.scores("beta"), device="cpu")
    count = len(store.indices("test"))
    assert summary["excluded"]["ciede2000"] == count
    assert _scores("beta")["ciede2000"].isna().all()
    assert _summary("beta")["means"]["ciede2000"] is None
    assert summary["excluded_scores"][0]["item_id"] == _scores("beta")["item_id"][0]


def test_infinite_scores_are_left_out_of_the_mean_and_named():
    """A perfect picture has infinite PSNR: one of them would make every mean infinite."""
    table = pd.DataFrame(
        {"item_id": ["a", "b"], "photo_id": ["p", "q"], "path": ["a.jpg", "b.jpg"], "psnr_rgb": [math.inf, 30.0], "ssim": [1.0, 0.5]}
    )
    meta = {"split_by": "photo", "protocol": "", "data_hash": ""}
    summary = summarize("beta", table, [metrics.metric("psnr_rgb"), metrics.metric("ssim")], meta)
    assert summary["means"] == {"psnr_rgb": 30.0, "ssim": 0.75}
    assert summary["excluded"] == {"psnr_rgb": 1}
    assert summary["excluded_scores"] == [{"metric": "psnr_rgb", "item_id": "a", "path": "a.jpg", "value": "inf"}]


def test_kept_pictures_are_of_as_many_photographs_as_possible(store):
    """Nobody picked them: a hash decides, and no photograph comes twice before each came once."""
    test = store.items.iloc[store.indices("test")]
    order = pictures.in_order(test)
    assert sorted(order) == sorted(test["item_id"])
    photographs = test.set_index("item_id")["photo_id"]
    count = photographs.nunique()
    assert photographs[order[:count]].nunique() == count
    assert pictures.in_order(test.sample(frac=1, random_state=0)) == order


def _hashes(folder):
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*") if file.is_file()}
