"""The store holds every usable photograph, antialiased and undistorted, and is the same whoever makes it and however often."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from huelab import params
from huelab.color.lab import rgb_to_lab
from huelab.data import geometry, standardize
from huelab.data.photographs import read_table
from huelab.data.resize import resize, square
from huelab.data.split import tile_split
from huelab.data.standardize import Standardized
from huelab.data.store import Store
from huelab.data.table import inspect
from huelab.errors import DataError
from tests import generated_photographs

SPLIT = params.SplitParams(by="photo", val=0.3, test=0.3)
SMALL = params.Standardize(size=32, workers=1, shard=8, gallery=3, gallery_side=64)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    generated_photographs.write(folder, 24)
    return folder


def table_of(data: Path, split: params.SplitParams = SPLIT) -> pd.DataFrame:
    loose = params.Inspect(near_duplicate_bits=0)
    return inspect(data, loose, split, cache=data.parent / "cache", workers=1)


def run(
    data: Path, out: Path, standard: params.Standardize = SMALL, split: params.SplitParams = SPLIT, table: pd.DataFrame | None = None
) -> Standardized:
    table = table_of(data, split) if table is None else table
    return standardize.standardize(table, data, out=out, standard=standard, split=split, max_pixels=10**7)


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


# resizing


def test_shrinking_does_not_alias() -> None:
    """A one-pixel chequerboard averages to gray; a resizer that samples points gives stripes."""
    for scale in (1.5, 1.8, 2.2, 2.5, 2.9, 3.1, 5.12, 11):
        side = round(100 * scale)
        board = (np.indices((side, side)).sum(0) % 2 * 255).astype(np.uint8)
        small = resize(np.repeat(board[..., None], 3, axis=2), 100, 100)
        assert small.min() > 110
        assert small.max() < 145


def test_shrinking_is_as_good_as_lanczos_allows(samples: Path) -> None:
    for file in sorted(samples.glob("*.jpg")):
        with Image.open(file) as image:
            rgb = np.asarray(image.convert("RGB"))
        side = min(rgb.shape[:2])
        for small in (round(side / 1.3), side // 2, round(side / 2.8), side // 4):
            reference = np.asarray(Image.fromarray(rgb[:side, :side]).resize((small, small), Image.Resampling.LANCZOS), dtype=float)
            error = np.mean((resize(rgb[:side, :side], small, small) - reference) ** 2)
            assert 10 * np.log10(255**2 / error) > 30


def test_crop_takes_the_middle_pad_keeps_all_stretch_distorts() -> None:
    rgb = np.zeros((40, 120, 3), np.uint8)
    rgb[:, :40, 0] = rgb[:, 40:80, 1] = rgb[:, 80:, 2] = 255
    middle, box = square(rgb, 32, "crop")
    assert box == (0, 0, 32, 32)
    assert (middle[..., 1] == 255).all()
    assert not middle[..., 0].any()
    padded, (top, left, height, width) = square(rgb, 32, "pad")
    assert (top, left, height, width) == (10, 0, 11, 32)
    assert [int(padded[top + 5, x].argmax()) for x in (2, 16, 30)] == [0, 1, 2]
    assert (padded[0] == padded[top]).all()
    stretched, box = square(rgb, 32, "stretch")
    assert box == (0, 0, 32, 32)
    assert [int(stretched[16, x].argmax()) for x in (2, 16, 30)] == [0, 1, 2]


@pytest.mark.parametrize("ratio", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (33, 7), (31, 32), (500, 20)])
def test_any_shape_becomes_a_square(ratio: str, shape: tuple[int, int]) -> None:
    picture, (top, left, height, width) = square(np.full((*shape, 3), 90, np.uint8), 32, ratio)  # type: ignore[arg-type]
    assert picture.shape == (32, 32, 3)
    assert (picture == 90).all()
    assert 0 <= top <= top + height <= 32
    assert 0 <= left <= left + width <= 32
    assert height >= 1
    assert width >= 1


# the store


def test_every_photograph_is_stored_with_its_own_pixels(data: Path, tmp_path: Path) -> None:
    done = run(data, tmp_path / "store")
    store = Store.open(tmp_path / "store")
    assert len(store) == 24 == done.read
    assert store.items["item_id"].is_monotonic_increasing
    assert set(store.items["split"]) == {"train", "val", "test"}
    pictures = store.read(np.arange(24))
    for row, picture in zip(store.items.itertuples(), pictures, strict=True):
        with Image.open(data / str(row.path)) as image:
            rgb = np.asarray(image.convert("RGB"))
        # not the very levels: the JPEG was decoded at half its size
        assert np.abs(picture.astype(int) - square(rgb, 32, "crop")[0]).mean() < 2
        assert row.label == Path(str(row.path)).parent.name
    meta = store.meta
    assert sum(meta["counts"].values()) == 24
    assert (meta["size"], meta["ratio"], meta["split_by"]) == (32, "crop", "photo")
    assert len(meta["data_hash"]) == 12


def test_store_is_the_same_for_any_number_of_processes(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standardize, "_ALONE", 0)  # two processes even for so few
    monkeypatch.setattr(standardize, "_TOGETHER", 3)
    table = table_of(data)
    for workers in (1, 2):
        run(data, tmp_path / f"store{workers}", SMALL.model_copy(update={"workers": workers}), table=table)
    assert content(tmp_path / "store1") == content(tmp_path / "store2")


@pytest.mark.parametrize("by", ["photo", "region"])
@pytest.mark.parametrize("ratio", ["crop", "pad"])
def test_one_added_photograph_costs_one_photograph(data: Path, tmp_path: Path, by: str, ratio: str) -> None:
    """And the store is byte for byte the one that is made from nothing."""
    split = SPLIT.model_copy(update={"by": by, "region_side": 96})
    standard = SMALL.model_copy(update={"ratio": ratio})
    run(data, tmp_path / "store", standard, split)
    Image.fromarray(generated_photographs.photograph(999)).save(data / "added.png")
    next(data.rglob("*00.jpg")).unlink()
    done = run(data, tmp_path / "store", standard, split)
    assert (done.read, done.kept) == (1, 23)
    run(data, tmp_path / "fresh", standard, split)
    assert content(tmp_path / "store") == content(tmp_path / "fresh")


def test_other_settings_or_another_file_are_not_taken_from_the_old_store(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "store")
    assert run(data, tmp_path / "store", SMALL.model_copy(update={"ratio": "stretch"})).kept == 0
    table = table_of(data)
    table["sha256"] = "0" * 64
    assert run(data, tmp_path / "store", SMALL.model_copy(update={"ratio": "stretch"}), table=table).kept == 0


def test_a_damaged_old_store_is_made_anew(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "store")
    expected = content(tmp_path / "store")
    (tmp_path / "store" / "items.parquet").write_bytes(b"PAR1 but not really")
    run(data, tmp_path / "store")
    assert content(tmp_path / "store") == expected


def test_regions_are_disjoint_tiles_split_by_their_own_hash(samples: Path, tmp_path: Path) -> None:
    split = params.SplitParams(by="region", region_side=128)
    data = tmp_path / "data"
    shutil.copytree(samples, data)
    table = table_of(data, split)
    done = run(data, tmp_path / "store", split=split, table=table)
    store = Store.open(tmp_path / "store")
    assert done.meta["counts"]["test"] > 0
    used = table[table["reject_reason"] == ""].set_index("photo_id")
    for photo_id, tiles in store.items.groupby("photo_id"):
        row = used.loc[photo_id]
        scale = 128 / min(row["width"], row["height"])
        whole = (round(float(row["height"] * scale)) // 32, round(float(row["width"] * scale)) // 32)
        places = [tuple(int(part) for part in item.split("-")[1:]) for item in tiles["item_id"]]
        assert sorted(places) == [(r, c) for r in range(whole[0]) for c in range(whole[1])]
        assert list(tiles["split"]) == [tile_split(row["group"], r, c, split) for r, c in places]
        assert set(tiles["group"]) == {row["group"]}
    assert "disjoint regions" in store.meta["protocol"]


def test_pictures_say_which_photographs_are_nearly_the_same(samples: Path, tmp_path: Path) -> None:
    """An interval that took them for two independent photographs would be too narrow."""
    data = tmp_path / "data"
    data.mkdir()
    for name in ("astronaut", "coffee", "flower", "chelsea"):
        picture = Image.open(samples / f"{name}.jpg")
        picture.save(data / f"{name}.png")
        picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS).save(data / f"{name}-half.png")
    table = table_of(data, params.SplitParams(by="region", region_side=128))
    run(data, tmp_path / "store", split=params.SplitParams(by="region", region_side=128), table=table)
    items = Store.open(tmp_path / "store").items
    assert items.groupby("group")["photo_id"].nunique().tolist() == [2] * items["group"].nunique()
    assert items["photo_id"].nunique() == 2 * items["group"].nunique()


def test_tiles_put_together_are_the_photograph(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (70, 101, 3), dtype=np.uint8)
    Image.fromarray(rgb).save(tmp_path / "x.png")
    recipe = geometry.Recipe(32, "crop", region_side=80, max_pixels=10**6)
    source = geometry.Source(tmp_path / "x.png", width=101, height=70)
    made = geometry.make(source, recipe)  # smaller than region_side: never enlarged
    assert geometry.grid(70, 101, recipe) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    rows = [np.concatenate(list(made.pictures[start : start + 3]), axis=1) for start in (0, 3)]
    np.testing.assert_array_equal(np.concatenate(rows), rgb[3:67, 2:98])


def test_prior_counts_the_training_pixels_alone(data: Path, tmp_path: Path) -> None:
    from huelab.color import bins

    run(data, tmp_path / "store", SMALL.model_copy(update={"ratio": "pad"}))
    store = Store.open(tmp_path / "store")
    assert store.prior.shape == (313,)
    assert store.prior.sum() == pytest.approx(1)
    train = store.indices("train")
    histogram = bins.AbHistogram()
    for rgb, (top, left, height, width) in zip(store.read(train), store.boxes(train), strict=True):
        histogram.add(rgb_to_lab(rgb[top : top + height, left : left + width])[..., 1:])
    np.testing.assert_allclose(store.prior, histogram.prior(), atol=1e-12)


def test_gallery_shows_whole_test_photographs(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "store")
    store = Store.open(tmp_path / "store")
    tests = set(store.items.loc[store.items["split"] == "test", "photo_id"])
    shown = store.gallery()
    assert [picture.name for picture in shown] == ["00.png", "01.png", "02.png"]
    for picture in shown:
        assert picture.photo_id in tests
        assert picture.rgb().shape == (48, 64, 3)


# what goes wrong


def test_what_cannot_be_read_any_more_is_left_out_and_named(data: Path, tmp_path: Path) -> None:
    table = table_of(data)
    files = sorted(data.rglob("*.jpg"))
    gone, cut, swapped = (file for file in files[:3])
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:900])
    Image.new("RGB", (50, 50)).save(swapped)
    done = run(data, tmp_path / "store", table=table)
    reasons = {path: reason.split(":")[0] for path, reason in done.skipped}
    assert reasons == {
        str(gone.relative_to(data)): "vanished",
        str(cut.relative_to(data)): "truncated",
        str(swapped.relative_to(data)): "changed since it was inspected",
    }
    store = Store.open(tmp_path / "store")
    assert len(store) == 21
    assert [entry["path"] for entry in store.meta["skipped"]] == [path for path, _ in done.skipped]
    assert not set(reasons) & set(store.items["path"])


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("by", "reused"), [("photo", False), ("photo", True), ("region", False)])
def test_what_cannot_be_read_any_more_leaves_no_gap(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str, reused: bool, workers: int
) -> None:
    """Places are planned before a photograph is read; the store is byte for byte the one that is made without those that failed."""
    monkeypatch.setattr(standardize, "_ALONE", 0)
    monkeypatch.setattr(standardize, "_TOGETHER", 3)
    split = SPLIT.model_copy(update={"by": by, "region_side": 96})
    standard = SMALL.model_copy(update={"workers": workers, "shard": 4, "ratio": "pad"})
    table = table_of(data, split)
    used = table[table["reject_reason"] == ""].sort_values("photo_id")
    assert len(used) == 24
    failing = [0, 5, 6, *range(12, 17), 23]  # the first, a whole shard, the last
    if reused:
        run(data, tmp_path / "store", standard, split, used.iloc[[2, 4, 10, 18, 22]])
    for path in used["path"].iloc[failing]:
        (data / path).unlink()
    done = run(data, tmp_path / "store", standard, split, table)
    assert len(done.skipped) == len(failing)
    assert done.kept == (5 if reused else 0)
    run(data, tmp_path / "without", SMALL.model_copy(update={"shard": 4, "ratio": "pad"}), split, used.drop(used.index[failing]))
    made, expected = content(tmp_path / "store"), content(tmp_path / "without")
    meta, expected_meta = json.loads(made.pop("meta.json")), json.loads(expected.pop("meta.json"))
    assert made == expected
    assert [entry["path"] for entry in meta.pop("skipped")] == list(used["path"].iloc[failing])
    assert expected_meta.pop("skipped") == []
    assert meta == expected_meta


def test_a_folder_that_vanishes_leaves_the_old_store(data: Path, tmp_path: Path) -> None:
    table = table_of(data)
    run(data, tmp_path / "store", table=table)
    before = content(tmp_path / "store")
    shutil.rmtree(data)
    with pytest.raises(DataError, match="leaves no picture"):
        run(data, tmp_path / "store", SMALL.model_copy(update={"size": 48}), table=table)
    assert content(tmp_path / "store") == before


@pytest.mark.parametrize(
    ("by", "advice"), [("photo", "split.by: region"), ("folder", "folders named train and test"), ("region", "region_side")]
)
def test_an_empty_split_says_what_to_change(data: Path, tmp_path: Path, by: str, advice: str) -> None:
    split = SPLIT.model_copy(update={"by": by, "region_side": 64})
    table = table_of(data, split)
    table = table[table["reject_reason"] == ""].head(1)
    with pytest.raises(DataError, match=advice):
        run(data, tmp_path / "store", SMALL.model_copy(update={"size": 64}), split, table)
    assert list(tmp_path.glob("*store*")) == []


def test_no_usable_photograph(data: Path, tmp_path: Path) -> None:
    table = table_of(data)
    table["reject_reason"] = "gray"
    with pytest.raises(DataError, match=r"rejects\.csv"):
        run(data, tmp_path / "store", table=table)


def test_a_killed_run_leaves_the_old_store_whole(data: Path, tmp_path: Path) -> None:
    """kill -9 in the middle of writing; the next run then clears what lies about."""
    run(data, tmp_path / "store")
    before = content(tmp_path / "store")
    table_of(data).to_parquet(tmp_path / "table.parquet")
    code = f"""
import os, signal, pandas as pd
from pathlib import Path
from huelab import params
from huelab.data import shards, standardize
write, written = shards.ShardPlaces.write, []
def place(self, number, arrays):
    written.append(1)
    if len(written) == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return write(self, number, arrays)
shards.ShardPlaces.write = place
standardize.standardize(pd.read_parquet({str(tmp_path / "table.parquet")!r}), Path({str(data)!r}), out=Path({str(tmp_path / "store")!r}),
    standard=params.Standardize(size=48, workers=1, shard=8), split=params.SplitParams(by="photo", val=0.3, test=0.3), max_pixels=10**7)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert (tmp_path / ".store.new").exists()
    assert content(tmp_path / "store") == before
    run(data, tmp_path / "store", SMALL.model_copy(update={"size": 48}))
    assert Store.open(tmp_path / "store").size == 48
    assert not list(tmp_path.glob(".store*"))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_leaves_the_old_store_whole(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """A file system of 300 kB: the store of 128 px does not fit beside that of 32 px."""
    monkeypatch.setattr(standardize, "_ALONE", 0)
    monkeypatch.setattr(standardize, "_TOGETHER", 3)
    mount = tmp_path / "small"
    mount.mkdir()
    mounting = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(mount)], check=False, capture_output=True, text=True)
    if mounting.returncode:
        pytest.skip(f"this machine lets nobody mount a small file system: {mounting.stderr.strip()}")
    try:
        table = table_of(data)
        run(data, mount / "store", table=table)
        before = content(mount / "store")
        with pytest.raises(DataError, match="No space left on device") as caught:
            run(data, mount / "store", SMALL.model_copy(update={"size": 128, "workers": workers}), table=table)
        assert "untouched" in str(caught.value)
        assert content(mount / "store") == before
        assert [entry.name for entry in mount.iterdir()] == ["store"]
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_a_worker_that_dies_is_an_error_not_a_hang(tmp_path: Path) -> None:
    from huelab.data.parallel import in_order

    with pytest.raises(DataError, match=r"standardize\.workers"):
        list(in_order(os._exit, [3, 3], workers=2))


def test_nothing_about_the_day_or_the_machine_is_stored(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "one" / "store")
    run(data, tmp_path / "two" / "store")
    assert content(tmp_path / "one" / "store") == content(tmp_path / "two" / "store")
    meta = (tmp_path / "one" / "store" / "meta.json").read_text()
    assert str(tmp_path) not in meta
    json.loads(meta)


def test_a_missing_or_damaged_table_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dvc repro inspect"):
        read_table(tmp_path / "table.parquet")
    (tmp_path / "table.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match="damaged"):
        read_table(tmp_path / "table.parquet")
