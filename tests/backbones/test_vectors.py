"""Class vectors are computed once, and never taken for those of other weights, pictures or ways of looking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from huelab import paths
from huelab.backbones import Source
from huelab.backbones.vectors import class_vectors, key
from huelab.color.lab import rgb_to_lab
from huelab.data.store import Store
from tests.data.small_store import make_store

SOURCE = Source("resnet10t", "file", None, "ab" * 32, 2, "backbone: resnet10t")


@pytest.fixture(scope="module")
def padded(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("vectors") / "store", count=30, ratio="pad", size=16)


class Look:
    """Mean and largest lightness of a picture; counts the pictures it was shown."""

    def __init__(self) -> None:
        self.shown = 0
        self.shapes: set[tuple[int, ...]] = set()

    def __call__(self, L: torch.Tensor) -> torch.Tensor:
        self.shown += len(L)
        self.shapes.add(tuple(L.shape[1:]))
        return torch.stack([L.mean((1, 2, 3)), L.amax((1, 2, 3))], 1)


def test_each_picture_gets_its_own_row(project: Path, padded: Store) -> None:
    look = Look()
    vectors = class_vectors(look, SOURCE, padded, recipe="", classes=2)
    assert (vectors.shape, vectors.dtype, look.shown) == ((len(padded), 2), np.float32, len(padded))
    assert look.shapes == {(1, 12, 16)}, "padding is not part of a photograph"
    for index, (top, left, height, width) in enumerate(padded.boxes(range(len(padded))).tolist()):
        L = rgb_to_lab(padded.read([index])[0, top : top + height, left : left + width])[..., 0]
        assert vectors[index] == pytest.approx([L.mean(), L.max()], rel=1e-5)


def test_a_second_run_reads_what_the_first_computed(project: Path, padded: Store) -> None:
    look = Look()
    first = class_vectors(look, SOURCE, padded, recipe="", classes=2)
    again = class_vectors(look, SOURCE, padded, recipe="", classes=2)
    assert np.array_equal(first, again)
    assert look.shown == len(padded)


def test_other_weights_or_another_way_of_looking_are_computed_anew(project: Path, padded: Store) -> None:
    """Vectors of yesterday's weights under today's name would spoil a comparison, and nobody would see it."""
    keys = {
        key(SOURCE, padded, recipe=""),
        key(replace(SOURCE, sha256="cd" * 32), padded, recipe=""),
        key(replace(SOURCE, name="resnet18"), padded, recipe=""),
        key(SOURCE, padded, recipe="softmax"),
    }
    assert len(keys) == 4


def test_a_photograph_that_changed_under_its_name_is_looked_at_again(project: Path, padded: Store) -> None:
    items = padded.items.copy()
    items.loc[0, "sha256"] = "0" * 64
    assert key(SOURCE, Store(padded.folder, padded.meta, items), recipe="") != key(SOURCE, padded, recipe="")


@pytest.mark.parametrize("damage", ["truncated", "other shape", "not finite", "text"])
def test_a_damaged_file_is_replaced(damage: str, project: Path, padded: Store) -> None:
    look = Look()
    good = class_vectors(look, SOURCE, padded, recipe="", classes=2)
    file = paths.features(key(SOURCE, padded, recipe=""))
    whole = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(whole[:-9])
    elif damage == "other shape":
        np.save(file, good[:3])
    elif damage == "not finite":
        np.save(file, np.full_like(good, np.nan))
    else:
        file.write_text("nothing")
    assert np.array_equal(class_vectors(look, SOURCE, padded, recipe="", classes=2), good)
    assert look.shown == 2 * len(padded)
    assert file.read_bytes() == whole
    assert [place.name for place in file.parent.iterdir()] == [file.name]
