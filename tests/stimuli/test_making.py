"""What people judge must differ in colour alone: same part of the photograph, same lightness, same format, nothing told by a file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from huelab import models, params
from huelab.color import lab
from huelab.data import photo
from huelab.data.photographs import usable
from huelab.data.resize import resize
from huelab.data.standardize import standardize
from huelab.data.store import Store
from huelab.data.table import inspect
from huelab.errors import DataError
from huelab.models.saved import Saved, save
from huelab.stimuli import catches, making, renderer, sharp
from huelab.survey import manifest
from tests import generated_photographs

SIDE = 96


def colorizer(folder: Path) -> Saved:
    import torch

    module = models.module("plain")
    section = module.Params(width=0.125)
    torch.manual_seed(0)
    return save(
        folder, {"name": "plain", "params": section.model_dump(mode="json"), "size": 32}, module.build(section, size=32).state_dict()
    )


def made(
    folder: Path, *, by: str = "photo", ratio: str = "crop", count: int = 12, **survey: object
) -> tuple[manifest.Manifest, Path, Store]:
    data = folder / "data"
    generated_photographs.write(data, count)
    split = params.SplitParams.model_validate({"by": by, "val": 0.2, "test": 0.3, "region_side": 128})
    table = inspect(data, params.Inspect(near_duplicate_bits=0), split, cache=folder / "cache", workers=1)
    standard = params.Standardize.model_validate({"size": 32, "ratio": ratio, "workers": 1})
    standardize(table, data, out=folder / "store", standard=standard, split=split, max_pixels=10**7)
    store = Store.open(folder / "store")
    settings = params.SurveyParams.model_validate({"side": SIDE, "photographs": 8, "practice": 2, **survey})
    making.make(
        settings, store, usable(table), [colorizer(folder / "plain")], data=data, out=folder / "stimuli", max_pixels=10**7, device="cpu"
    )
    return manifest.read(folder / "stimuli"), folder / "stimuli", store


@pytest.mark.parametrize(("by", "ratio"), [("photo", "crop"), ("photo", "pad"), ("photo", "stretch"), ("region", "crop")])
def test_pictures_of_a_photograph_have_its_lightness_and_one_size(tmp_path: Path, by: str, ratio: str) -> None:
    found, folder, store = made(tmp_path, by=by, ratio=ratio, count=24 if by == "photo" else 6)
    for photograph in found.photographs("main"):
        rows = [row for row in found.pictures if row.photo_id == photograph]
        assert {(row.kind, row.model) for row in rows} == {("real", ""), ("catch", ""), ("model", "plain")}
        assert len({(row.width, row.height) for row in rows}) == 1
        assert max(row.width for row in rows) <= SIDE
        planes = [lab.rgb_to_lab(np.asarray(Image.open(folder / row.file))) for row in rows]
        assert max(float(np.abs(plane[..., 0] - planes[0][..., 0]).max()) for plane in planes) < 1.0
        index = store.items.index[store.items["item_id"] == photograph][0]
        top, left, height, width = store.boxes([index])[0]
        scored = store.read([index])[0, top : top + height, left : left + width]
        real = next(np.asarray(Image.open(folder / row.file)) for row in rows if row.kind == "real")
        small = resize(np.ascontiguousarray(real), height, width).astype(float)
        assert np.abs(small - scored).mean() < 12, "the part of the photograph that was scored"
    assert not set(found.photographs("main")) & set(found.photographs("practice"))
    assert all(row.lightness_error < 0.6 for row in found.pictures)


def test_files_hold_pixels_and_nothing_else(tmp_path: Path) -> None:
    found, folder, _ = made(tmp_path, count=24)
    for row in found.pictures:
        content = (folder / row.file).read_bytes()
        assert len(content) == row.bytes
        with Image.open(io.BytesIO(content)) as picture:
            assert picture.info == {}
        kinds, place = set(), 8
        while place < len(content):
            kinds.add(content[place + 4 : place + 8])
            place += 12 + int.from_bytes(content[place : place + 4])
        assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def test_real_colours_are_as_coarse_as_guessed_ones_unless_asked_otherwise(tmp_path: Path) -> None:
    def detail(folder: Path, *, coarse: bool) -> float:
        found, pictures, _ = made(folder, count=24, real_roundtrip=coarse)
        reals = [lab.rgb_to_lab(np.asarray(Image.open(pictures / row.file)))[..., 1:] for row in found.pictures if row.kind == "real"]
        return float(np.mean([np.abs(np.diff(ab, axis=1)).mean() for ab in reals]))

    assert detail(tmp_path / "coarse", coarse=True) < detail(tmp_path / "fine", coarse=False)


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    first, folder, _ = made(tmp_path / "one", count=24)
    again, other, _ = made(tmp_path / "two", count=24)
    assert [row.sha256 for row in first.pictures] == [row.sha256 for row in again.pictures]
    assert (folder / "manifest.json").read_text() == (other / "manifest.json").read_text()


def test_fewer_test_pictures_than_asked_for_are_shared_out(tmp_path: Path) -> None:
    found, _, store = made(tmp_path, count=24, photographs=500, practice=100)
    test = len(store.indices("test"))
    assert len(found.photographs("practice")) == test // 4
    assert len(found.photographs("main")) == test - test // 4
    off, folder, _ = made(tmp_path / "off", count=24, photographs=0, practice=0)
    assert off.pictures == ()
    assert json.loads((folder / "manifest.json").read_text())["models"]["plain"]["content"]


@pytest.mark.parametrize("kind", ["hue", "random"])
@pytest.mark.parametrize("chroma", [0.0, 3.0, 40.0])
def test_a_catch_is_far_from_the_truth_even_where_the_photograph_has_hardly_a_colour(kind: catches.Catch, chroma: float) -> None:
    truth = np.full((16, 16, 2), (chroma, 0), np.float32)
    wrong = catches.colours(truth, kind, seed=3)
    assert float(np.hypot(*(wrong - truth).reshape(-1, 2).T).mean()) > 25


def test_a_photograph_that_is_gone_is_named(tmp_path: Path) -> None:
    made(tmp_path, count=24)
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            file.write_bytes(b"")
    store = Store.open(tmp_path / "store")
    table = inspect(tmp_path / "data", params.Inspect(), params.SplitParams(), cache=tmp_path / "cache2", workers=1)
    with pytest.raises(DataError, match="can no longer be read"):
        list(making._cut(store, making.chosen(store, params.SurveyParams()), [], tmp_path / "data", SIDE, 10**7))
    assert not (table["reject_reason"] == "").any()


def test_the_renderer_keeps_the_lightness_of_any_colour() -> None:
    L = np.linspace(0, 100, 64, dtype=np.float32).reshape(8, 8)
    vivid = np.full((4, 4, 2), (100, -100), np.float32)
    assert renderer.render(L, vivid).lightness_error < 0.6


def test_a_tile_is_cut_where_it_was_scored(samples: Path) -> None:
    rgb = photo.read(samples / "china.jpg", max_pixels=10**7)[0]
    meta = {"split_by": "region", "photograph_side": 384, "size": 64, "ratio": "crop"}
    whole = resize(rgb, *sharp.scaled_to_shorter(*rgb.shape[:2], 384))
    top, left = (whole.shape[0] % 64) // 2 + 64, (whole.shape[1] % 64) // 2 + 128
    tile = resize(np.ascontiguousarray(sharp.cut(rgb, "x-1-2", meta, 256)), 64, 64).astype(float)
    apart = {shift: np.abs(tile - whole[top + shift : top + shift + 64, left : left + 64]).mean() for shift in (-3, 0, 3)}
    assert apart[0] < 0.5 * min(apart[-3], apart[3]), apart
