"""A champion of earlier photographs meets a challenger on the same new ones, and on none that it learned from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from huelab import metrics, params, paths
from huelab.data import split_record
from huelab.data.standardize import data_hash
from huelab.data.store import Store
from huelab.errors import DataError
from huelab.evaluation import rescore
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.paired import paired
from huelab.evaluation.score import evaluate
from huelab.models.saved import Saved, save
from tests.data.small_store import make_store

SETTINGS = params.Evaluate(metrics=("ciede2000", "ssim", "delta_colorfulness"), batch=8, pictures=0)


@pytest.fixture
def stores(project: Path, tmp_path: Path) -> tuple[Store, Store]:
    """Thirty photographs, and the same with fifteen more."""
    before = make_store(tmp_path / "before" / "store", count=30)
    after = make_store(tmp_path / "after" / "store", count=45)
    return before, after


def beta(store: Store, *, seed: int = 0) -> Saved:
    """A colorizer with random weights, as if trained on `store`."""
    import torch

    from huelab import models

    module = models.module("beta")
    section = module.Params(width=0.05)
    torch.manual_seed(seed)
    card = {
        "name": "beta",
        "params": section.model_dump(mode="json"),
        "one_picture": "",
        "seed": seed,
        "data_hash": store.meta["data_hash"],
    }
    card |= {key: store.meta[key] for key in ("data_hash", "size", "photograph_side", "split_by")}
    return save(paths.model("beta", seed or None), card, module.build(section, size=32).state_dict())


def remember(store: Store) -> None:
    """As a run does while `store` is the project's."""
    shutil.rmtree(paths.store(), ignore_errors=True)
    shutil.copytree(store.folder, paths.store())
    store.items.to_parquet(paths.store() / "items.parquet")
    (paths.store() / "meta.json").write_text(json.dumps(store.meta))
    split_record.remember()


def moved(store: Store, split: dict[str, str]) -> Store:
    """The store with these items in another split."""
    items = store.items.assign(split=[split.get(item, own) for item, own in zip(store.items["item_id"], store.items["split"], strict=True)])
    return Store(store.folder, {**store.meta, "data_hash": data_hash(items)}, items)


def test_the_scores_are_those_that_stage_evaluate_would_give(stores: tuple[Store, Store]) -> None:
    before, after = stores
    champion = beta(before)
    remember(before)
    found = rescore.rescore(champion, after, SETTINGS, device="cpu")
    assert found.left_out == 0
    assert found.evaluated.summary["data_hash"] == after.meta["data_hash"] != before.meta["data_hash"]
    assert set(found.evaluated.table["item_id"]) == set(after.items.loc[after.items["split"] == "test", "item_id"])
    same = Saved(champion.folder, {**champion.card, "data_hash": after.meta["data_hash"]})
    evaluate(same, after, SETTINGS, out=paths.scores("beta"), device="cpu")
    pd.testing.assert_frame_equal(found.evaluated.table, Evaluated.read("beta", paths.scores("beta")).table)


def test_a_second_time_nothing_is_computed_and_other_weights_are(stores: tuple[Store, Store]) -> None:
    before, after = stores
    remember(before)
    first = rescore.rescore(beta(before), after, SETTINGS, device="cpu").evaluated
    written = (first.folder / "scores.parquet").stat().st_mtime_ns
    assert rescore.rescore(beta(before), after, SETTINGS, device="cpu").evaluated.folder == first.folder
    assert (first.folder / "scores.parquet").stat().st_mtime_ns == written
    other = rescore.rescore(beta(before, seed=1), after, SETTINGS, device="cpu").evaluated
    assert not np.allclose(other.table["ciede2000"], first.table["ciede2000"])


def test_what_it_learned_from_is_left_out_and_so_is_what_is_nearly_the_same(stores: tuple[Store, Store]) -> None:
    """Another split seed, or a near-duplicate that pulls an old photograph along, moves what it trained on into the test split."""
    before, after = stores
    remember(before)
    test = after.items.loc[after.items["split"] == "test", "item_id"].tolist()
    learned = before.items.loc[before.items["split"] == "train", "item_id"].tolist()
    chosen = moved(after, {learned[0]: "test"})
    found = rescore.rescore(beta(before), chosen, SETTINGS, device="cpu")
    assert found.left_out == 1
    assert set(found.evaluated.table["item_id"]) == set(test)

    new = next(item for item in test if item not in set(before.items["item_id"]))
    alike = after.items["group"].where(after.items["item_id"] != new, learned[0])
    twins = Store(after.folder, after.meta, after.items.assign(group=alike))
    found = rescore.rescore(beta(before), twins, SETTINGS, device="cpu")
    assert found.left_out == 1
    assert set(found.evaluated.table["item_id"]) == set(test) - {new}

    challenger, other_seed = beta(after), beta(after, seed=1)
    evaluate(challenger, after, SETTINGS, out=paths.scores("beta"), device="cpu", other_seeds=[other_seed])
    whole = Evaluated.read("beta", paths.scores("beta"))
    cut = found.same_pictures(whole)
    assert set(cut.table["item_id"]) == set(test) - {new}
    assert cut.summary["n_items"] == len(test) - 1
    assert cut.summary["means"]["ciede2000"] == pytest.approx(cut.table["ciede2000"].mean())
    assert [len(own) for own in cut.by_seed] == [len(test) - 1] * 2
    compared = paired(cut, found.evaluated, metrics.metric("ciede2000"), params.Compare(draws=100))
    assert compared.difference == pytest.approx(cut.table["ciede2000"].mean() - found.evaluated.table["ciede2000"].mean())
    assert cut.summary["means"]["ciede2000"] != pytest.approx(whole.summary["means"]["ciede2000"])


def test_where_nobody_remembers_only_what_it_was_tested_on_counts(stores: tuple[Store, Store], tmp_path: Path) -> None:
    """A copy of a champion on another machine has its scores, not the photographs it learned from."""
    before, after = stores
    champion = beta(before)
    with pytest.raises(DataError, match="nothing says any more which photographs beta learned from"):
        rescore.rescore(champion, after, SETTINGS, device="cpu")
    evaluate(champion, before, SETTINGS, out=tmp_path / "scores", device="cpu")
    found = rescore.rescore(champion, after, SETTINGS, scored=tmp_path / "scores", device="cpu")
    assert set(found.evaluated.table["item_id"]) == set(before.items.loc[before.items["split"] == "test", "item_id"])
    assert found.left_out == (after.items["split"] == "test").sum() - (before.items["split"] == "test").sum() > 0
    file = paths.split_record(before.meta["data_hash"])
    remember(after)
    paths.split_record(after.meta["data_hash"]).rename(file)  # not what that hash stands for
    with pytest.raises(DataError, match="nothing says any more"):
        rescore.rescore(champion, after, SETTINGS, device="cpu")


def test_no_comparison_where_none_would_be_honest(stores: tuple[Store, Store]) -> None:
    before, after = stores
    remember(before)
    champion = beta(before)
    learned = dict.fromkeys(before.items.loc[before.items["split"] == "train", "item_id"], "test")
    swapped = dict.fromkeys(after.items["item_id"], "train") | learned
    with pytest.raises(DataError, match=f"all {len(learned)} test pictures may be among those that beta learned from"):
        rescore.rescore(champion, moved(after, swapped), SETTINGS, device="cpu")
    larger = Saved(champion.folder, {**champion.card, "size": 64})
    with pytest.raises(DataError, match=r"beta learned on pictures made otherwise \(pixels of a side: 64, now 32\)"):
        rescore.rescore(larger, after, SETTINGS, device="cpu")
    memory = Saved(champion.folder, {**champion.card, "one_picture": "coffee.png"})
    with pytest.raises(DataError, match="memorised one picture"):
        rescore.rescore(memory, after, SETTINGS, device="cpu")


def test_by_region_a_photograph_only_the_challenger_knows_is_left_out(stores: tuple[Store, Store]) -> None:
    """The challenger learned other regions of it, the champion none: that would not be one and the same task."""

    def regions(store: Store) -> Store:
        """Each photograph as two tiles: one to train on, one to test on."""
        tiles = [
            store.items.assign(item_id=store.items["photo_id"] + tile, split=split)
            for tile, split in (("-000-000", "train"), ("-000-001", "test"))
        ]
        items = pd.concat(tiles, ignore_index=True)
        return Store(store.folder, {**store.meta, "split_by": "region", "data_hash": data_hash(items)}, items)

    before, after = (regions(store) for store in stores)
    remember(before)
    found = rescore.rescore(beta(before), after, SETTINGS, device="cpu")
    assert set(found.evaluated.table["photo_id"]) == set(before.items["photo_id"])
    assert found.left_out == 15
    turned = moved(after, {f"{photo}-000-000": "test" for photo in after.items["photo_id"]})
    again = rescore.rescore(beta(before), turned, SETTINGS, device="cpu")
    assert set(again.evaluated.table["item_id"]) == set(found.evaluated.table["item_id"])
