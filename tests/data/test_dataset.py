"""An epoch shows every training picture once, is the same for any number of processes and after a resume, and differs from the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from huelab import params
from huelab.data.augment import Policy
from huelab.data.augmentation import write_augmentation
from huelab.data.dataset import Batch, batches, steps_per_epoch, training_batches
from huelab.data.store import Store
from tests.data.small_store import make_store

BUSY = Policy.from_params(params.Augment(flip=0.5, affine=0.5, tone=0.5))
OFF = Policy.from_params(params.Augment(flip=0, affine=0, tone=0))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("crop") / "store")


@pytest.fixture(scope="module")
def padded(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("pad") / "store", ratio="pad")


def assert_same(one: list[Batch], other: list[Batch]) -> None:
    assert len(one) == len(other) > 0
    for a, b in zip(one, other, strict=True):
        for name in ("L", "ab", "mask", "index"):
            assert torch.equal(getattr(a, name), getattr(b, name)), name


def epoch(store: Store, number: int = 0, *, policy: Policy = BUSY, seed: int = 0, start: int = 0, workers: int = 0) -> list[Batch]:
    return list(training_batches(store, policy, seed=seed, epoch=number, batch=4, start=start, workers=workers))


def test_workers_see_the_very_same_pictures(store: Store, padded: Store) -> None:
    for one in (store, padded):
        assert_same(epoch(one), epoch(one, workers=2))


def test_a_resumed_run_sees_the_very_same_pictures(store: Store) -> None:
    whole = epoch(store, 3)
    assert_same(whole[2:], epoch(store, 3, start=2))
    assert_same(whole[2:], epoch(store, 3, start=2, workers=1))
    assert epoch(store, 3, start=len(whole)) == []


def test_epochs_and_seeds_differ(store: Store) -> None:
    """In order and in what augmentation makes of a picture."""
    runs = [epoch(store, 0), epoch(store, 1), epoch(store, 0, seed=1)]
    orders = [torch.cat([batch.index for batch in run]).tolist() for run in runs]
    assert orders[0] != orders[1]
    assert orders[0] != orders[2]
    by_index = [{int(i): L for batch in run for i, L in zip(batch.index, batch.L, strict=True)} for run in runs]
    for other in by_index[1:]:
        common = by_index[0].keys() & other.keys()
        assert sum(not torch.equal(by_index[0][i], other[i]) for i in common) > len(common) / 2


def test_every_training_picture_once_and_no_other(store: Store) -> None:
    train = store.indices("train")
    seen = torch.cat([batch.index for batch in epoch(store)]).tolist()
    assert len(seen) == len(set(seen)) == len(train) // 4 * 4
    assert set(seen) <= set(train.tolist())
    assert len(list(training_batches(store, OFF, seed=0, epoch=0, batch=1000))) == 1  # less than one batch is still shown


def test_steps_per_epoch() -> None:
    assert [steps_per_epoch(count, 4) for count in (0, 1, 3, 4, 7, 8)] == [0, 1, 1, 1, 1, 2]


def test_batches_are_cie_lab_of_the_stored_pictures(store: Store) -> None:
    found = list(batches(store, "test", 4))
    indices = np.concatenate([batch.index.numpy() for batch in found])
    np.testing.assert_array_equal(indices, store.indices("test"))
    lab = np.concatenate([torch.cat([batch.L, batch.ab], dim=1).numpy() for batch in found])
    np.testing.assert_allclose(lab, rgb2lab(store.read(indices)).transpose(0, 3, 1, 2), atol=1e-3)
    assert found[0].L.dtype == found[0].ab.dtype == found[0].mask.dtype == torch.float32
    assert all(batch.L.is_contiguous() and batch.ab.is_contiguous() for batch in found)
    assert (torch.cat([batch.mask for batch in found]) == 1).all()


def test_without_augmentation_training_shows_the_stored_pictures(store: Store) -> None:
    for batch in epoch(store, policy=OFF):
        expected = rgb2lab(store.read(batch.index.numpy()))[..., 0]
        np.testing.assert_allclose(batch.L[:, 0].numpy(), expected, atol=1e-3)


def test_mask_tells_content_from_padding(padded: Store) -> None:
    for batch in batches(padded, "train", 8):
        for mask, (top, left, height, width) in zip(batch.mask[:, 0].numpy(), padded.boxes(batch.index.numpy()), strict=True):
            expected = np.zeros((32, 32))
            expected[top : top + height, left : left + width] = 1
            np.testing.assert_array_equal(mask, expected)
            assert 0 < mask.mean() < 1


@pytest.mark.parametrize("kind", ["store", "padded"])
def test_written_copies_take_turns_with_the_original(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Over copies + 1 epochs each version of each picture is shown once, and nothing else."""
    store: Store = request.getfixturevalue(kind)
    write_augmentation(store, params.Augment(flip=1, affine=1, tone=0, copies=2), seed=0, out=tmp_path / "augment")
    policy = Policy.load(tmp_path / "augment" / "policy.json")
    seen: dict[int, set[bytes]] = {}
    for number in range(3):
        for batch in training_batches(store, policy, seed=0, epoch=number, batch=1):
            assert batch.mask.max() == 1
            seen.setdefault(int(batch.index), set()).add(batch.L.numpy().tobytes() + batch.mask.numpy().tobytes())
    assert sorted(seen) == store.indices("train").tolist()
    assert all(len(versions) == 3 for versions in seen.values())
    one, two = (list(training_batches(store, policy, seed=0, epoch=1, batch=4, workers=workers)) for workers in (0, 2))
    assert_same(one, two)


def test_loader_processes_start_beside_opencv_threads(tmp_path: Path) -> None:
    """A forked process that inherits OpenCV's thread pool without its threads would wait for ever."""
    make_store(tmp_path / "store", count=30, size=256)
    code = f"""
import cv2, numpy as np
import subprocess
import sys
from pathlib import Path
from huelab import params
from huelab.data.augment import Policy
from huelab.data.dataset import training_batches
from huelab.data.store import Store
cv2.setNumThreads(4)
cv2.warpAffine(np.zeros((2000, 2000, 3), np.uint8), np.eye(2, 3), (2000, 2000))
store, policy = Store.open(Path({str(tmp_path / "store")!r})), Policy.from_params(params.Augment(affine=1))
for workers in (0, 2):
    print(sum(len(batch.index) for batch in training_batches(store, policy, seed=0, epoch=0, batch=2, workers=workers)))
assert cv2.getNumThreads() == 4
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    first, second = done.stdout.split()
    assert first == second
