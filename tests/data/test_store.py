"""A store gives back the pictures that were put in, in any order, from any number of shards, in any process."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from huelab.data import shards
from huelab.data.replacing import replacing
from huelab.data.shards import ShardWriter, shard_file
from huelab.data.store import COLUMNS, Store
from huelab.errors import DataError

COUNT = 23


def pictures(count: int = COUNT, size: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    rows = []
    with ShardWriter(tmp_path, (16, 16, 3), per_shard=5) as writer:
        for number, picture in enumerate(pictures()):
            where = writer.append(picture)
            split = ("train", "val", "test")[number % 3]
            rows.append((f"item{number:02d}", "photo", "a.jpg", "", split, *where, 1, 2, 3, 4, "hash", "photo"))
    pd.DataFrame(rows, columns=list(COLUMNS)).to_parquet(tmp_path / "items.parquet")
    np.save(tmp_path / "prior.npy", np.full(313, 1 / 313))
    (tmp_path / "meta.json").write_text(json.dumps({"size": 16}))
    return Store.open(tmp_path)


def test_pictures_come_back_in_the_order_asked_for(store: Store) -> None:
    for indices in ([0], [22, 3, 3, 17], np.arange(COUNT)[::-1], [5, 6, 7]):
        np.testing.assert_array_equal(store.read(indices), pictures()[np.asarray(indices)])
    assert store.read([]).shape == (0, 16, 16, 3)
    assert store.boxes([4, 5]).tolist() == [[1, 2, 3, 4]] * 2


def test_what_is_read_may_be_changed_without_touching_the_store(store: Store) -> None:
    taken = store.read([1])
    taken[:] = 0
    np.testing.assert_array_equal(store.read([1]), pictures()[1:2])


def test_splits_are_found(store: Store) -> None:
    assert store.indices("val").tolist() == list(range(1, COUNT, 3))
    assert sum(len(store.indices(split)) for split in ("train", "val", "test")) == COUNT  # type: ignore[arg-type]


def test_shards_are_plain_npy_files(store: Store) -> None:
    """Any program reads them; the bytes are those NumPy itself writes."""
    for shard, expected in enumerate(np.split(pictures(), [5, 10, 15, 20])):
        file = shard_file(store.folder, shard)
        np.testing.assert_array_equal(np.load(file, allow_pickle=False), expected)
        np.save(store.folder / "numpy.npy", expected)
        assert file.read_bytes() == (store.folder / "numpy.npy").read_bytes()


def test_more_shards_than_open_files(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each map holds a file descriptor, of which a process has about a thousand."""
    monkeypatch.setattr(shards, "_OPEN", 2)
    np.testing.assert_array_equal(store.read(np.arange(COUNT)), pictures())
    assert len(store._shards._maps) == 2


def test_a_store_goes_to_another_process_without_its_pictures(store: Store) -> None:
    store.read(np.arange(COUNT))
    other = copy.copy(store)
    assert not copy.copy(store._shards)._maps
    np.testing.assert_array_equal(other.read([3]), pictures()[3:4])


def test_no_store_and_damaged_stores_say_what_to_run(store: Store, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dvc repro standardize"):
        Store.open(tmp_path / "nowhere")
    shard_file(tmp_path, 2).write_bytes(b"\x93NUMPY")
    with pytest.raises(DataError, match="shard-00002"):
        store.read([10])
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        Store.open(tmp_path)


def test_a_pickled_object_in_a_shard_is_not_loaded(store: Store) -> None:
    np.save(shard_file(store.folder, 0), np.array([{"code": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError):
        store.read([0])


# replacing a folder


def test_new_folder_takes_the_place_of_the_old(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with replacing(tmp_path / "deep" / "place") as folder:
            (folder / "file").write_text(text)
        assert (tmp_path / "deep" / "place" / "file").read_text() == text
        assert [entry.name for entry in (tmp_path / "deep").iterdir()] == ["place"]


def test_an_error_inside_leaves_the_old_folder(tmp_path: Path) -> None:
    place = tmp_path / "place"
    with replacing(place) as folder:
        (folder / "file").write_text("old")

    def fail() -> None:
        with replacing(place) as folder:
            (folder / "file").write_text("new")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert (place / "file").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["place"]


def test_without_exchange_a_crash_between_the_two_steps_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot exchange two folders at once."""
    from huelab.data import replacing as module

    monkeypatch.setattr(module, "_exchange", lambda one, other: False)
    place = tmp_path / "place"
    for text in ("one", "two"):
        with replacing(place) as folder:
            (folder / "file").write_text(text)
    assert (place / "file").read_text() == "two"
    place.rename(tmp_path / ".place.old")  # as a crash leaves it
    with pytest.raises(DataError, match="could not be written"), replacing(place) as folder:
        raise OSError(28, "No space left on device")
    assert (place / "file").read_text() == "two"


def test_a_place_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="could not be written"), replacing(tmp_path / "file" / "store"):
        pass
