"""Archives come from anywhere: one that writes outside its folder, or fills the disk, would cost the user files."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from huelab.data.archives import Limits, kind_of, photographs_folder, unpack
from huelab.errors import DataError


def zipped(file: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


def tarred(file: Path, entries: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(file, mode) as archive:  # type: ignore[call-overload]
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file


def inside(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "outer" / "target"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("kind", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_archives_of_every_kind_are_unpacked(tmp_path: Path, target: Path, kind: str) -> None:
    entries = {"cat/1.jpg": b"one", "dog/2.jpg": b"two", ".DS_Store": b"x", "__MACOSX/._1.jpg": b"x"}
    archive = zipped(tmp_path / "p", entries) if kind == "zip" else tarred(tmp_path / "p", entries, kind)
    assert kind_of(archive) == ("zip" if kind == "zip" else "tar")
    assert unpack(archive, target) == 2
    assert inside(target) == {"cat/1.jpg", "dog/2.jpg"}


def test_the_folder_that_wraps_everything_is_no_label(tmp_path: Path, target: Path) -> None:
    unpack(zipped(tmp_path / "p.zip", {"photos/photos/1.jpg": b"1", "photos/2.jpg": b"2"}), target)
    assert inside(target) == {"photos/1.jpg", "2.jpg"}


def test_a_folder_named_train_is_kept(tmp_path: Path, target: Path) -> None:
    unpack(zipped(tmp_path / "p.zip", {"train/cat/1.jpg": b"1"}), target)
    assert inside(target) == {"train/cat/1.jpg"}


@pytest.mark.parametrize("name", ["../evil.jpg", "a/../../evil.jpg", "/evil.jpg", "..\\evil.jpg", "C:\\evil.jpg", "\\evil.jpg"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_nothing_lands_outside(tmp_path: Path, target: Path, name: str, kind: str) -> None:
    archive = (zipped if kind == "zip" else tarred)(tmp_path / "p", {name: b"evil"})
    with pytest.raises(DataError, match="outside the folder"):
        unpack(archive, target)
    assert inside(tmp_path) == {"p"}


def test_links_and_devices_are_refused(tmp_path: Path, target: Path) -> None:
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="link or a device"):
        unpack(tmp_path / "link.zip", target)
    for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)):
        with tarfile.open(tmp_path / f"{number}.tar", "w") as tar:
            info = tarfile.TarInfo("x.jpg")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
        with pytest.raises(DataError, match="link or a device"):
            unpack(tmp_path / f"{number}.tar", target)
    assert inside(target) == set()


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_bomb_stops_early(tmp_path: Path, target: Path, kind: str) -> None:
    content = {"a.jpg": bytes(30 << 20)}
    archive = zipped(tmp_path / "bomb", content) if kind == "zip" else tarred(tmp_path / "bomb", content, "w:gz")
    assert archive.stat().st_size < 1 << 16
    with pytest.raises(DataError, match="decompression bomb"):
        unpack(archive, target, Limits(free_bytes=1 << 20))
    assert sum(file.stat().st_size for file in target.rglob("*") if file.is_file()) <= 8 << 20


def test_the_default_limits_stop_a_bomb_too(tmp_path: Path, target: Path) -> None:
    with pytest.raises(DataError, match="decompression bomb"):
        unpack(zipped(tmp_path / "bomb.zip", {"a.jpg": bytes(80 << 20)}), target)


def test_too_many_files_and_too_much_in_all_are_refused(tmp_path: Path, target: Path) -> None:
    archive = zipped(tmp_path / "p.zip", {f"{number}.jpg": bytes(100) for number in range(5)})
    with pytest.raises(DataError, match="more than 3 files"):
        unpack(archive, target, Limits(files=3))
    with pytest.raises(DataError, match="unpacks to more"):
        unpack(archive, target / "..", Limits(total_bytes=150))


@pytest.mark.parametrize("damage", ["cut", "middle"])
@pytest.mark.parametrize("kind", ["zip", "w:gz", "w:xz"])
def test_damaged_archives_are_told(tmp_path: Path, target: Path, kind: str, damage: str) -> None:
    noise = {"a.jpg": bytes((n * n * 31 + n // 7) % 251 for n in range(20_000))}
    archive = zipped(tmp_path / "p", noise) if kind == "zip" else tarred(tmp_path / "p", noise, kind)
    whole = archive.read_bytes()
    half = len(whole) // 2
    archive.write_bytes(whole[:half] if damage == "cut" else whole[:half] + b"#" * 40 + whole[half + 40 :])
    if kind == "zip" and damage == "cut":
        assert kind_of(archive) == ""  # without its directory a zip cannot be told from any other file
        return
    with pytest.raises(DataError, match="damaged"):
        unpack(archive, target)


def test_a_picture_is_no_archive(samples: Path) -> None:
    assert kind_of(samples / "coffee.jpg") == ""


def test_a_file_in_the_place_of_data_is_unpacked_once(tmp_path: Path, samples: Path) -> None:
    """DVC imports a URL of a zip as one file named data."""
    photograph = (samples / "coffee.jpg").read_bytes()
    data = zipped(tmp_path / "data", {"cup/1.jpg": photograph})
    folder = photographs_folder(data, cache=tmp_path / "cache")
    assert inside(folder) == {"1.jpg"}
    assert photographs_folder(data, cache=tmp_path / "cache") == folder
    data.write_bytes(photograph)
    assert [file.read_bytes() for file in photographs_folder(data, cache=tmp_path / "cache").iterdir()] == [photograph]
    assert photographs_folder(samples, cache=tmp_path / "cache") == samples
    zipped(data, {"../x": b""})
    with pytest.raises(DataError, match="outside"):
        photographs_folder(data, cache=tmp_path / "cache")
    assert len(list((tmp_path / "cache" / "unpacked").iterdir())) == 2
