"""The photograph table: a file that got lost, a gray one taken for colour, or a copy in both train and test would spoil every score."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from huelab import params
from huelab.data import table
from huelab.data.duplicates import near_duplicate_groups
from huelab.data.listing import list_files
from huelab.data.measure import perceptual_hash, photo_id
from huelab.data.measurements import measure_all
from huelab.errors import DataError
from tests.generated_photographs import photograph

RULES, BY_PHOTO = params.Inspect(), params.SplitParams(by="photo")


def inspected(
    folder: Path, cache: Path, rules: params.Inspect = RULES, split: params.SplitParams = BY_PHOTO, workers: int = 1
) -> pd.DataFrame:
    return table.inspect(folder, rules, split, cache=cache, workers=workers).set_index("path", drop=False)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.fixture
def awkward(tmp_path: Path, samples: Path) -> Path:
    """A folder with everything that people have in folders of photographs."""
    folder = tmp_path / "awkward"
    folder.mkdir()
    rgb = photograph(1)
    picture = Image.fromarray(rgb)
    picture.save(folder / "good.jpg")
    (folder / "again.jpg").write_bytes((folder / "good.jpg").read_bytes())
    picture.convert("L").save(folder / "gray.png")
    Image.fromarray(photograph(2)).convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    Image.fromarray(photograph(3)).save(folder / "anim.gif", save_all=True, append_images=[Image.fromarray(photograph(4))])
    rgba = Image.fromarray(photograph(5))
    rgba.putalpha(200)
    rgba.save(folder / "rgba.jpg", format="PNG")
    Image.fromarray(np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)).save(folder / "sixteen.png")
    Image.fromarray(photograph(6, width=400, height=80)).save(folder / "long.png")
    Image.new("RGB", (1, 1), "red").save(folder / "one.png")
    (folder / "bomb.png").write_bytes(png_header(30_000, 30_000))
    (folder / "text.jpg").write_text("not a picture at all")
    (folder / "page.jpg").write_text("<!DOCTYPE html><html><title>Directory listing</title></html>")
    (folder / "empty.jpg").touch()
    (folder / "short.jpg").write_bytes(b"hi")
    whole = io.BytesIO()
    Image.fromarray(photograph(7)).save(whole, "PNG")
    (folder / "cut.png").write_bytes(whole.getvalue()[:2000])
    Image.fromarray(photograph(8)).save(folder / "new\nline.jpg")
    Image.fromarray(photograph(9)).save(folder / "😀.jpg")
    Image.fromarray(photograph(10)).save(os.fsdecode(os.fsencode(folder) + b"/bad\xff.jpg"))
    (folder / "gone.jpg").symlink_to(folder / "nothing-here.jpg")
    (folder / "words.txt").write_text("these are no photographs")
    for note in ("README.txt", "ATTRIBUTION.md"):
        (folder / note).write_text("about these photographs")
    for dropping in (".DS_Store", "Thumbs.db", "desktop.ini", "._good.jpg"):
        (folder / dropping).write_bytes(b"\0dropping")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._good.jpg").write_bytes(b"\0")
    return folder


def test_every_awkward_file_is_a_row_with_its_reason(awkward: Path, tmp_path: Path) -> None:
    found = inspected(awkward, tmp_path / "cache")
    expected = {
        "again.jpg": "",
        "good.jpg": "duplicate",
        "gray.png": "gray",
        "cmyk.jpg": "",
        "anim.gif": "",
        "rgba.jpg": "",
        "sixteen.png": "gray",
        "long.png": "aspect",
        "one.png": "too_small",
        "bomb.png": "too_many_pixels",
        "text.jpg": "not_an_image",
        "page.jpg": "not_an_image",
        "empty.jpg": "empty",
        "short.jpg": "not_an_image",
        "cut.png": "truncated",
        "new\\nline.jpg": "",
        "😀.jpg": "",
        "bad\\xff.jpg": "",
        "gone.jpg": "vanished",
        "words.txt": "not_an_image",
    }
    assert dict(zip(found["path"], found["reject_reason"], strict=True)) == expected
    assert found.attrs["files"] == len(expected)
    dropped = [".DS_Store", "._good.jpg", "Thumbs.db", "__MACOSX", "desktop.ini"]
    assert sorted(found.attrs["ignored"]) == sorted([*dropped, "ATTRIBUTION.md", "README.txt"])
    assert found.loc["good.jpg", "duplicate_of"] == "again.jpg"
    assert tuple(found.columns) == table.COLUMNS
    assert set(found.loc[found["reject_reason"] != "", "split"]) == {""}
    assert set(found.loc[found["reject_reason"] == "", "split"]) <= {"train", "val", "test"}


def test_a_row_leads_back_to_its_file_whatever_its_name(awkward: Path, tmp_path: Path) -> None:
    for path, file in inspected(awkward, tmp_path / "cache")["file"].items():
        assert os.path.lexists(os.path.join(os.fsencode(awkward), file)), path


def test_the_table_survives_parquet(awkward: Path, tmp_path: Path) -> None:
    found = table.inspect(awkward, RULES, BY_PHOTO, cache=tmp_path / "cache")
    table.write(found, tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(table.read(tmp_path / "table.parquet"), found)
    first = (tmp_path / "table.parquet").read_bytes()
    table.write(found, tmp_path / "table.parquet")
    assert (tmp_path / "table.parquet").read_bytes() == first


@pytest.mark.parametrize(
    "start", [b"hi there, no picture", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", b"BM" + bytes(20)]
)
def test_files_of_a_few_bytes_are_told_apart_from_a_crash(tmp_path: Path, start: bytes) -> None:
    """A note of two letters beside the photographs once ended the whole stage."""
    for length in range(1, len(start)):
        (tmp_path / f"{length:02}.jpg").write_bytes(start[:length])
    found = inspected(tmp_path, tmp_path / "cache")
    pictures = found[found["path"].str.endswith(".jpg")]
    assert set(pictures["reject_reason"]) <= {"not_an_image", "truncated"}, pictures[["reject_reason", "reject_detail"]].to_string()


def test_unreadable_files_and_folders_are_told_not_raised(samples: Path) -> None:
    """Photographs of another user in the folder must not stop the rest."""
    if os.name != "posix":
        pytest.skip("permissions are POSIX")
    import tempfile

    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name) / "photographs"
        (folder / "closed").mkdir(parents=True)
        shutil.copy(samples / "coffee.jpg", folder / "open.jpg")
        shutil.copy(samples / "china.jpg", folder / "locked.jpg")
        for place, mode in ((Path(name), 0o755), (folder / "locked.jpg", 0o000), (folder / "closed", 0o000)):
            place.chmod(mode)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)  # root reads everything
        try:
            found = inspected(folder, Path(name) / "cache-that-cannot-be-made")
        finally:
            if root:
                os.seteuid(0)
        (folder / "closed").chmod(0o755)
    assert found["reject_reason"].to_dict() == {"closed": "not_permitted", "locked.jpg": "not_permitted", "open.jpg": ""}


def test_files_that_vanish_after_they_were_listed_keep_their_rows(tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(3):
        Image.fromarray(photograph(number)).save(folder / f"{number}.jpg")
    files = [folder / item.path for item in list_files(folder).found]
    shutil.rmtree(folder)
    assert [facts.reason for _, facts in measure_all(files, 10**8, cache=tmp_path / "cache")] == ["vanished"] * 3
    with pytest.raises(DataError, match="does not exist"):
        table.inspect(folder, RULES, BY_PHOTO, cache=tmp_path / "cache")


def test_a_link_back_up_does_not_loop(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "x.txt").touch()
    assert [item.path for item in list_files(tmp_path).found] == ["a/up", "a/x.txt"]


def test_the_starter_photographs_are_all_used(samples: Path, tmp_path: Path) -> None:
    found = inspected(samples, tmp_path / "cache")
    pictures = found[found["path"].str.endswith(".jpg")]
    assert len(pictures) >= 6
    assert set(pictures["reject_reason"]) == {""}
    assert not pictures["is_gray"].any()
    assert pictures["group"].equals(pictures["photo_id"])


@pytest.mark.parametrize("kind", ["one channel", "three equal channels", "JPEG noise"])
def test_gray_photographs_are_found_however_they_are_stored(samples: Path, tmp_path: Path, kind: str) -> None:
    """A black-and-white photograph in training teaches that everything is gray."""
    gray = Image.open(samples / "chelsea.jpg").convert("L")
    if kind == "one channel":
        gray.save(tmp_path / "p.png")
    elif kind == "three equal channels":
        gray.convert("RGB").save(tmp_path / "p.jpg", quality=90)
    else:
        noisy = np.asarray(gray.convert("RGB"), dtype=np.int16) + np.random.default_rng(0).integers(-3, 4, (*gray.size[::-1], 3))
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(tmp_path / "p.jpg", quality=60)
    assert inspected(tmp_path, tmp_path / "cache")["reject_reason"].tolist()[-1] == "gray"


def test_a_photograph_that_is_nearly_colourless_but_not_gray_stays(samples: Path, tmp_path: Path) -> None:
    rgb = np.asarray(Image.open(samples / "chelsea.jpg"), dtype=np.float64)
    pale = rgb.mean(axis=2, keepdims=True) * 0.88 + rgb * 0.12
    Image.fromarray(pale.astype(np.uint8)).save(tmp_path / "pale.png")
    found = inspected(tmp_path, tmp_path / "cache")
    assert RULES.min_chroma < found.loc["pale.png", "chroma_p95"] < 10
    assert found.loc["pale.png", "reject_reason"] == ""


def test_near_duplicates_share_group_and_split(samples: Path, tmp_path: Path) -> None:
    """The same photograph, smaller or recompressed, in train and in test would be a score of memory."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in ("astronaut", "coffee", "flower"):
        picture = Image.open(samples / f"{name}.jpg")
        picture.save(folder / f"{name}.png")
        picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS).save(folder / f"{name}-half.jpg", quality=70)
        picture.point(lambda value: min(255, int(value * 1.08))).save(folder / f"{name}-brighter.jpg", quality=85)
    for seed in range(8):
        found = inspected(folder, tmp_path / "cache", split=params.SplitParams(by="photo", seed=seed))
        assert found["group"].nunique() == 3
        for name in ("astronaut", "coffee", "flower"):
            three = found[found["path"].str.startswith(name)]
            assert len(three) == 3
            assert three["group"].nunique() == three["split"].nunique() == 1


def test_adding_photographs_moves_no_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(12):
        Image.fromarray(photograph(number)).save(folder / f"b{number:02}.png")
    before = inspected(folder, tmp_path / "cache")
    for number in range(12, 20):
        Image.fromarray(photograph(number)).save(folder / f"a{number:02}.png")
    after = inspected(folder, tmp_path / "cache")
    pd.testing.assert_series_equal(after.loc[before.index, "split"], before["split"])
    assert before["split"].nunique() > 1


def test_folders_decide_the_split_when_asked(tmp_path: Path) -> None:
    for number, place in enumerate(("train/cat", "train/dog", "test/cat")):
        (tmp_path / "p" / place).mkdir(parents=True)
        Image.fromarray(photograph(number)).save(tmp_path / "p" / place / "1.png")
    found = inspected(tmp_path / "p", tmp_path / "cache", split=params.SplitParams(by="folder"))
    assert found.loc["test/cat/1.png", "split"] == "test"
    assert set(found.loc[["train/cat/1.png", "train/dog/1.png"], "split"]) <= {"train", "val"}
    assert found["label"].tolist() == ["cat", "cat", "dog"]


def test_any_number_of_processes_gives_the_same_table(tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(40):
        Image.fromarray(photograph(number, width=48, height=40)).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    one = table.inspect(folder, RULES, BY_PHOTO, cache=tmp_path / "one", workers=1)
    two = table.inspect(folder, RULES, BY_PHOTO, cache=tmp_path / "two", workers=2)
    pd.testing.assert_frame_equal(one, two)


def test_a_photograph_is_measured_once(samples: Path, tmp_path: Path) -> None:
    """One more photograph among 100,000 must not cost an hour."""
    folder, cache = tmp_path / "photographs", tmp_path / "cache"
    folder.mkdir()
    shutil.copy(samples / "coffee.jpg", folder)
    inspected(folder, cache)
    mark = 12.5
    with sqlite3.connect(cache / "measurements.sqlite") as database:
        database.execute("UPDATE kept SET facts = json_set(facts, '$.l_mean', ?)", (mark,))
    database.close()
    shutil.move(folder / "coffee.jpg", folder / "renamed.jpg")
    shutil.copy(samples / "china.jpg", folder)
    found = inspected(folder, cache)
    assert found.loc["renamed.jpg", "l_mean"] == mark, "it was measured again"
    assert found.loc["china.jpg", "l_mean"] > 30
    (cache / "measurements.sqlite").write_bytes(b"no database at all" * 100)
    assert inspected(folder, cache).loc["renamed.jpg", "l_mean"] != mark


def test_near_duplicate_groups_agree_with_comparing_every_pair() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 2**63, 300, dtype=np.uint64)
    for place in range(0, 300, 3):  # plant neighbours 1..7 bits away
        flips = rng.choice(64, size=1 + place % 7, replace=False)
        codes[place] = codes[(place + 1) % 300] ^ np.uint64(sum(1 << int(bit) for bit in flips))
    hashes = [f"{int(code):016x}" for code in codes]
    for bits in (0, 1, 4, 9, 16):
        close = np.bitwise_count(codes[:, None] ^ codes[None, :]) <= bits
        expected = np.arange(300)
        for _ in range(300):  # spread the smallest index through each connected set
            spread = np.where(close, expected[None, :], 300).min(axis=1)
            if np.array_equal(spread, expected):
                break
            expected = spread
        np.testing.assert_array_equal(near_duplicate_groups(hashes, bits), expected)
    assert near_duplicate_groups([], 4).tolist() == []


def test_perceptual_hashes_tell_photographs_apart(samples: Path) -> None:
    hashes = [int(perceptual_hash(np.asarray(Image.open(file).convert("RGB"))), 16) for file in sorted(samples.glob("*.jpg"))]
    distances = [(a ^ b).bit_count() for place, a in enumerate(hashes) for b in hashes[place + 1 :]]
    assert min(distances) > 16


def test_photo_id_knows_the_shape_of_the_pixels() -> None:
    flat = np.zeros((2, 8, 3), np.uint8)
    assert photo_id(flat) != photo_id(flat.reshape(4, 4, 3))
    assert photo_id(flat) == photo_id(np.asfortranarray(flat))
