"""What a scheduled run finds new: nothing is missed, and nothing that somebody put into data/ is ever lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from huelab.data import following, sources
from huelab.errors import DataError, UsageError
from tests.data.test_sources import dvc, imported, pictures, said, tracked

__all__ = ["imported", "said", "tracked"]


@pytest.fixture
def album(tracked: Path, tmp_path: Path, said: list[str]) -> Path:
    """A folder of photographs that `huelab data use` took."""
    folder = pictures(tmp_path / "album", 6)
    sources.use(str(folder), say=said.append)
    said.clear()
    return folder


def names(root: Path) -> set[str]:
    return {str(file.relative_to(root / "data")) for file in (root / "data").rglob("*") if file.is_file()}


def test_a_folder_that_did_not_change_is_left_alone(album: Path, tracked: Path, said: list[str]) -> None:
    """An hourly import of ten thousand photographs would be work for nothing."""
    before = {file: file.stat().st_mtime_ns for file in (tracked / "data").iterdir()}
    assert following.follow(None, say=said.append) is False
    assert following.follow(str(album), say=said.append) is False
    assert {file: file.stat().st_mtime_ns for file in (tracked / "data").iterdir()} == before
    assert said == [f"{album} holds the same photographs as before"] * 2


def test_photographs_added_taken_away_or_replaced_are_noticed(album: Path, tracked: Path, said: list[str]) -> None:
    pictures(album, 2, first=6)
    (album / "000.jpg").unlink()
    assert following.follow(None, say=said.append) is True
    assert "data/ now holds 7 photographs to work with" in "\n".join(said)
    assert names(tracked) == {f"{number:03}.jpg" for number in range(1, 8)}
    content = bytearray((album / "001.jpg").read_bytes())
    stamp = (album / "001.jpg").stat()
    content[-3] ^= 1  # the same name and size, and the time is put back
    (album / "001.jpg").write_bytes(content)
    os.utime(album / "001.jpg", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert following.follow(str(album), say=said.append) is True
    assert (tracked / "data" / "001.jpg").read_bytes() == content


@pytest.mark.slow
def test_photographs_dropped_into_data_are_used_and_stay(album: Path, tracked: Path, said: list[str]) -> None:
    """A schedule that follows the album must not throw away what only lies in data/."""
    pictures(tracked / "data", 1, first=50)
    pictures(album, 1, first=6)
    assert following.follow(None, say=said.append) is True
    assert "put there by hand (050.jpg): they are used" in said[-1]
    dvc("repro", "--quiet", "--single-item", "data.dvc")
    assert following.follow(None, say=said.append) is False
    assert f"is not followed until `huelab data use {album}` takes it" in said[-1]
    assert names(tracked) == {*(f"{number:03}.jpg" for number in range(6)), "050.jpg"}
    sources.use(str(album), say=said.append)
    assert following.follow(None, say=said.append) is False
    assert names(tracked) == {f"{number:03}.jpg" for number in range(7)}


def test_a_source_that_is_asked_for_does_not_replace_what_is_saved_nowhere_else(album: Path, tracked: Path, said: list[str]) -> None:
    pictures(tracked / "data", 1, first=50)
    with pytest.raises(DataError, match=r"holds files that are saved nowhere else: 050\.jpg.*Nothing was changed"):
        following.follow(str(album), say=said.append)
    assert "050.jpg" in names(tracked)


def test_photographs_that_cannot_be_used_leave_the_old_ones(album: Path, tracked: Path, said: list[str]) -> None:
    shutil.rmtree(album)
    album.mkdir()
    (album / "broken.jpg").write_bytes(b"no photograph")
    with pytest.raises(DataError, match="none of 1 files is a photograph to work with"):
        following.follow(None, say=said.append)
    assert len(names(tracked)) == 6
    shutil.rmtree(album)
    with pytest.raises(DataError, match=r"came from a place that is gone: .*album cannot be used: No such file.*huelab data use SRC"):
        following.follow(None, say=said.append)
    with pytest.raises(UsageError, match="cannot be used: No such file"):
        following.follow(str(album), say=said.append)
    assert len(names(tracked)) == 6


@pytest.mark.slow
def test_an_archive_is_unpacked_again_and_only_other_photographs_count(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    folder = pictures(tmp_path / "loose", 6)
    archive = tmp_path / "album.zip"

    def pack() -> None:
        with zipfile.ZipFile(archive, "w") as packed:
            for file in sorted(folder.iterdir()):
                packed.write(file, file.name)

    pack()
    sources.use(str(archive), say=said.append)
    pack()  # other times of day inside, the same photographs
    assert following.follow(None, say=said.append) is False
    pictures(folder, 1, first=6)
    pack()
    assert following.follow(None, say=said.append) is True
    assert len(names(tracked)) == 7


def test_the_starter_photographs_are_followed_by_dvc_itself(tracked: Path, said: list[str]) -> None:
    assert following.follow(None, say=said.append) is False
    assert following.follow("samples", say=said.append) is False
    pictures(tracked / "samples", 1, first=6)
    assert following.follow(None, say=said.append) is True
    (tracked / "data" / "mine.jpg").write_bytes(b"the only copy")
    with pytest.raises(DataError, match=r"would be lost \(mine\.jpg\)"):
        following.follow(None, say=said.append)


@pytest.mark.slow
def test_a_record_from_before_is_followed_where_dvc_knows_what_arrived(album: Path, tracked: Path, tmp_path: Path, said: list[str]) -> None:
    """data.dvc as earlier versions wrote it: of an import DVC says what came, of an archive nobody does."""

    def without_note() -> None:
        tree = yaml.safe_load((tracked / "data.dvc").read_text())
        tree["meta"].pop("arrived")
        (tracked / "data.dvc").write_text(yaml.safe_dump(tree))

    without_note()
    pictures(album, 1, first=6)
    assert following.follow(None, say=said.append) is True
    shutil.make_archive(str(tmp_path / "packed"), "zip", album)
    sources.use(str(tmp_path / "packed.zip"), say=said.append)
    without_note()
    assert following.follow(None, say=said.append) is False
    assert f"is not followed until `huelab data use {tmp_path / 'packed.zip'}` takes it" in said[-1]
    (tracked / "data.dvc").unlink()
    with pytest.raises(DataError, match=r"no data\.dvc: choose photographs"):
        following.follow(None, say=said.append)


def test_nothing_is_new_in_a_project_that_was_cloned(album: Path, tracked: Path, said: list[str]) -> None:
    """The note of what arrived survives DVC's own writing of data.dvc."""
    before = (tracked / "data.dvc").read_bytes()
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q", "--force", "--single-item", "data.dvc"], check=True)
    assert yaml.safe_load((tracked / "data.dvc").read_bytes()) == yaml.safe_load(before)
