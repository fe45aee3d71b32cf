"""Augmentation changes geometry and tone mildly, is what its file says it is, and is drawn from seed, epoch and picture alone."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from huelab import params
from huelab.data.augment import Policy
from huelab.data.augmentation import masks, write_augmentation
from huelab.data.copies import Copies
from huelab.data.store import Store
from huelab.errors import DataError
from tests.data.small_store import make_store

OFF = params.Augment(flip=0, affine=0, tone=0)
BUSY = params.Augment(flip=0.5, affine=1, tone=1)


@pytest.fixture
def rgb(samples: Path) -> np.ndarray:
    with Image.open(sorted(samples.glob("*.jpg"))[0]) as image:
        return np.asarray(image.convert("RGB").resize((64, 64)))


FULL = np.ones((64, 64), np.uint8)


def test_the_same_key_draws_the_same_and_every_part_of_it_counts(rgb: np.ndarray) -> None:
    policy = Policy.from_params(BUSY)
    first = policy.apply(rgb, FULL, key=(0, 0, 0))[0]
    others = [policy.apply(rgb, FULL, key=key)[0] for key in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, -1, 0))]
    np.testing.assert_array_equal(policy.apply(rgb, FULL, key=(0, 0, 0))[0], first)
    for other in others:
        assert (other != first).any()


def test_saved_policy_is_the_policy(rgb: np.ndarray, tmp_path: Path) -> None:
    policy = Policy.from_params(BUSY)
    policy.save(tmp_path / "policy.json")
    for other in (Policy.load(tmp_path / "policy.json"), copy.copy(policy)):
        for index in range(10):
            np.testing.assert_array_equal(other.apply(rgb, FULL, key=(0, 0, index))[0], policy.apply(rgb, FULL, key=(0, 0, index))[0])
    content = json.loads((tmp_path / "policy.json").read_text())
    assert content["settings"]["flip"] == 0.5
    assert [step["__class_fullname__"] for step in content["transform"]["transforms"]] == ["HorizontalFlip", "Affine", "OneOf"]


def test_file_decides_what_is_done(rgb: np.ndarray, tmp_path: Path) -> None:
    """Someone who edits the artefact gets what it says."""
    Policy.from_params(params.Augment(flip=1, affine=0, tone=0)).save(tmp_path / "policy.json")
    content = json.loads((tmp_path / "policy.json").read_text())
    content["transform"]["transforms"][0]["__class_fullname__"] = "VerticalFlip"
    (tmp_path / "policy.json").write_text(json.dumps(content))
    np.testing.assert_array_equal(Policy.load(tmp_path / "policy.json").apply(rgb, FULL, key=(0, 0, 0))[0], rgb[::-1])


def test_settings_mean_what_they_say(rgb: np.ndarray) -> None:
    def drawn(**settings: float) -> list[np.ndarray]:
        policy = Policy.from_params(OFF.model_copy(update=settings))
        return [policy.apply(rgb, FULL, key=(0, 0, index))[0] for index in range(200)]

    assert all((picture == rgb).all() for picture in drawn())
    flipped = [bool((picture == rgb[:, ::-1]).all()) for picture in drawn(flip=0.5)]
    assert 70 < sum(flipped) < 130
    assert all(mirrored or (picture == rgb).all() for mirrored, picture in zip(flipped, drawn(flip=0.5), strict=True))
    moved = [bool((picture != rgb).any()) for picture in drawn(affine=0.3)]
    assert 35 < sum(moved) < 85
    toned = drawn(tone=1)
    # mild: brightness and contrast within a tenth of the range, a few percent of gamma
    assert max(abs(float(picture.mean()) - float(rgb.mean())) for picture in toned) < 50
    assert len({picture.tobytes() for picture in toned}) > 150
    for nothing in ({"affine": 1, "rotate": 0, "zoom": 0, "shear": 0}, {"tone": 1, "brightness": 0, "contrast": 0, "gamma": 0}):
        assert all(np.abs(picture.astype(int) - rgb).max() <= 1 for picture in drawn(**nothing))


def test_mask_follows_the_picture() -> None:
    """Else padding would be taken for content in the loss."""
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 8:56] = 1
    rgb = np.repeat(mask[..., None] * 255, 3, axis=2)
    policy = Policy.from_params(BUSY.model_copy(update={"tone": 0.0}))
    for index in range(50):
        changed, cover = policy.apply(rgb, mask, key=(0, 0, index))
        assert set(np.unique(cover)) <= {0, 1}
        assert ((changed[..., 0] > 127) != cover.astype(bool)).mean() < 0.04
    # the draw itself does not depend on whether there is padding
    whole, _ = policy.apply(rgb, FULL, key=(0, 0, 3))
    np.testing.assert_array_equal(whole, policy.apply(rgb, mask, key=(0, 0, 3))[0])


def test_borders_are_reflected_never_black() -> None:
    policy = Policy.from_params(BUSY.model_copy(update={"tone": 0.0}))
    white = np.full((64, 64, 3), 200, np.uint8)
    assert all((policy.apply(white, FULL, key=(0, 0, index))[0] == 200).all() for index in range(30))


def test_no_policy_and_a_damaged_one_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dvc repro augment"):
        Policy.load(tmp_path / "policy.json")
    (tmp_path / "policy.json").write_text('{"settings": {}}')
    with pytest.raises(DataError, match="damaged"):
        Policy.load(tmp_path / "policy.json")


def test_stage_writes_policy_sheet_and_no_copies(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store")
    assert write_augmentation(store, params.Augment(), seed=0, out=tmp_path / "augment") == 0
    assert sorted(file.name for file in (tmp_path / "augment").iterdir()) == ["contact.png", "policy.json"]
    with Image.open(tmp_path / "augment" / "contact.png") as sheet:
        assert sheet.width > 6 * 128
        assert len(set(sheet.resize((100, 100)).get_flattened_data())) > 100  # pictures, not a blank page
    before = {file.name: file.read_bytes() for file in (tmp_path / "augment").iterdir()}
    write_augmentation(store, params.Augment(), seed=0, out=tmp_path / "augment")
    assert before == {file.name: file.read_bytes() for file in (tmp_path / "augment").iterdir()}


@pytest.mark.parametrize("ratio", ["crop", "pad"])
def test_copies_are_what_the_policy_draws(tmp_path: Path, ratio: str) -> None:
    store: Store = make_store(tmp_path / "store", ratio=ratio)
    settings = BUSY.model_copy(update={"copies": 2})
    train = store.indices("train")
    assert write_augmentation(store, settings, seed=7, out=tmp_path / "augment", per_shard=5) == 2 * len(train)
    policy = Policy.load(tmp_path / "augment" / "policy.json")
    copies = policy.copies
    assert isinstance(copies, Copies)
    assert copies.count == 2
    for index in train:
        for number in range(2):
            rgb, mask = copies.read(int(index), number)
            expected = policy.apply(store.read([index])[0], masks(store, np.array([index]))[0], key=(7, -1 - number, int(index)))
            np.testing.assert_array_equal(rgb, expected[0])
            if ratio == "pad":
                assert mask is not None
                np.testing.assert_array_equal(mask, expected[1])
            else:
                assert mask is None
