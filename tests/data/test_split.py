"""Splits: without these, photographs would wander from test to train when others are added, and scores would be of pictures trained on."""

from __future__ import annotations

import pytest

from huelab.data.split import folder_split, label_of, named_split, split_of, tile_split
from huelab.params import SplitParams

PARAMS = SplitParams(by="photo", seed=0, val=0.15, test=0.15)


def test_splits_of_fixed_keys_never_change_between_versions() -> None:
    # written down once: a change of the rule would silently move every user's photographs
    found = [split_of(f"photo-{number}", PARAMS) for number in range(16)]
    expected = "train train val train test val train train train test train train test train train train"
    assert found == expected.split()


def test_shares_are_as_asked() -> None:
    keys = [split_of(str(number), PARAMS) for number in range(20_000)]
    assert keys.count("test") / 20_000 == pytest.approx(0.15, abs=0.01)
    assert keys.count("val") / 20_000 == pytest.approx(0.15, abs=0.01)


def test_another_seed_is_another_split_and_a_larger_val_takes_from_train_only() -> None:
    other = SplitParams(seed=1)
    assert any(split_of(str(n), PARAMS) != split_of(str(n), other) for n in range(50))
    larger = SplitParams(val=0.3, test=0.15)
    for number in range(2_000):
        before, after = split_of(str(number), PARAMS), split_of(str(number), larger)
        assert after == before or (before == "train" and after == "val")


def test_tiles_of_one_photograph_land_in_every_split() -> None:
    tiles = {tile_split("0123", row, column, PARAMS) for row in range(8) for column in range(8)}
    assert tiles == {"train", "val", "test"}
    assert tile_split("0123", 1, 2, PARAMS) == tile_split("0123", 1, 2, PARAMS)
    assert [tile_split("0123", 0, c, PARAMS) for c in range(40)] != [tile_split("0123", c, 0, PARAMS) for c in range(40)]


@pytest.mark.parametrize(
    ("path", "split", "label"),
    [
        ("train/cat/1.jpg", "train", "cat"),
        ("Train/cat/1.jpg", "train", "cat"),
        ("mine/validation/dog/x/1.jpg", "val", "dog"),
        ("test/1.jpg", "test", ""),
        ("cats/2019/1.jpg", None, "cats"),
        ("1.jpg", None, ""),
        ("test.jpg", None, ""),
    ],
)
def test_folder_names_decide(path: str, split: str | None, label: str) -> None:
    assert named_split(path) == split
    assert label_of(path) == label


def test_val_is_carved_from_train_only_where_no_val_folder_stands() -> None:
    carved = [folder_split(f"train/cat/{n}.jpg", str(n), False, PARAMS) for n in range(2_000)]
    assert set(carved) == {"train", "val"}
    assert carved.count("val") / 2_000 == pytest.approx(0.15, abs=0.03)
    assert {folder_split(f"train/cat/{n}.jpg", str(n), True, PARAMS) for n in range(50)} == {"train"}
    assert folder_split("test/cat/1.jpg", "1", False, PARAMS) == "test"


def test_folders_without_such_names_are_kept_whole() -> None:
    for folder in range(30):
        assert len({folder_split(f"scene{folder}/{n}.jpg", str(n), False, PARAMS) for n in range(5)}) == 1
    assert {folder_split(f"scene{n}/1.jpg", "g", False, PARAMS) for n in range(60)} == {"train", "val", "test"}
