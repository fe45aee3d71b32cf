"""`huelab data use`: with real DVC, on real files. Whatever goes wrong, the photographs that were there must still be there."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from huelab.data import sources
from huelab.data.exchange import exchange, recover
from huelab.errors import DataError, UsageError
from tests.conftest import ROOT
from tests.generated_photographs import photograph


def dvc(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def state(root: Path) -> dict[str, str]:
    """Every file of data/, and data.dvc, by content; and that nothing temporary lies about."""
    assert not [entry.name for entry in root.iterdir() if entry.name.endswith(".tmp")]
    files = [root / "data.dvc", *sorted((root / "data").rglob("*"))]
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}


def pictures(folder: Path, count: int = 4, first: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        Image.fromarray(photograph(number)).save(folder / f"{number:03}.jpg", quality=90)
    return folder


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with git, DVC and the unfrozen import of the starter photographs, which are in data/; made once, copied by each test."""
    root = tmp_path_factory.mktemp("imported")
    for name in ("params.yaml", "dvc.yaml", ".gitignore", ".dvcignore", "data.dvc"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "samples", root / "samples")
    (root / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc" / "config", root / ".dvc" / "config")
    (root / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    environment = os.environ | {"DVC_SITE_CACHE_DIR": str(root / "site.tmp")}
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q", "data.dvc"], cwd=root, env=environment, check=True)
    shutil.rmtree(root / "site.tmp")
    return root


@pytest.fixture
def tracked(imported: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own copy of that project."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "dvc-site"))
    shutil.copytree(imported, project, dirs_exist_ok=True)
    return project


@pytest.fixture
def said() -> list[str]:
    return []


def use(src: object, said: list[str], *, force: bool = False) -> str:
    sources.use(str(src), say=said.append, force=force)
    return "\n".join(said)


def test_a_folder_is_imported_frozen_and_the_samples_never_come_back(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    mine = pictures(tmp_path / "mine" / "cat")
    text = use(mine.parent, said)
    assert "4 photographs to work with" in text
    record = yaml.safe_load((tracked / "data.dvc").read_text())
    assert record["frozen"] is True
    assert record["deps"][0]["path"] == str(mine.parent)
    before = state(tracked)
    assert {name for name in before if name != "data.dvc"} == {f"data/cat/{number:03}.jpg" for number in range(4)}
    dvc("repro", "data.dvc")
    (tracked / "samples" / "coffee.jpg").write_bytes((tracked / "samples" / "china.jpg").read_bytes())
    dvc("repro", "data.dvc")
    assert state(tracked) == before


def test_back_to_the_samples_leaves_data_dvc_as_it_was_committed(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    before = state(tracked)
    use(pictures(tmp_path / "mine"), said)
    assert state(tracked) != before
    use("samples", said)
    assert state(tracked) == before
    said.clear()
    sources.status(say=said.append)
    assert "starter photographs" in said[0]
    assert said[-1] == "All of it is as data.dvc records it."


def test_relative_paths_and_links_are_followed(tracked: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tracked / "inbox" / "album")
    (tracked / "shortcut").symlink_to(tracked / "inbox" / "album")
    monkeypatch.chdir(tracked / "inbox")
    use("album", said)
    assert yaml.safe_load((tracked / "data.dvc").read_text())["deps"][0]["path"] == "inbox/album"
    monkeypatch.chdir(tracked)
    use("shortcut", said)
    assert (tracked / "data" / "000.jpg").is_file()
    assert not (tracked / "data").is_symlink()


@pytest.mark.parametrize("kind", ["zip", pytest.param("tar.gz", marks=pytest.mark.slow), pytest.param("picture", marks=pytest.mark.slow)])
def test_archives_and_single_pictures_become_a_folder_that_repro_keeps(tracked: Path, tmp_path: Path, said: list[str], kind: str) -> None:
    mine = pictures(tmp_path / "mine")
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
            for file in mine.iterdir():
                archive.write(file, f"photos/{file.name}")
    elif kind == "tar.gz":
        with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as tar:
            tar.add(mine, "photos")
    else:
        shutil.copy(mine / "000.jpg", tmp_path / "p.picture")
    use(tmp_path / f"p.{kind}", said)
    expected = {"p.picture"} if kind == "picture" else {f"{number:03}.jpg" for number in range(4)}
    assert {file.name for file in (tracked / "data").iterdir()} == expected
    record = yaml.safe_load((tracked / "data.dvc").read_text())
    assert "deps" not in record
    assert record["meta"]["source"] == str(tmp_path / f"p.{kind}")
    before = state(tracked)
    dvc("repro", "data.dvc")
    assert state(tracked) == before
    shutil.rmtree(tracked / "data")
    dvc("checkout", "data.dvc")
    assert state(tracked) == before
    said.clear()
    sources.status(say=said.append)
    assert f"p.{kind}" in said[0]


def test_unsaved_files_are_never_wiped(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    mine = pictures(tmp_path / "mine")
    (tracked / "data" / "only-here.jpg").write_bytes((mine / "000.jpg").read_bytes())
    before = state(tracked)
    with pytest.raises(DataError, match=r"saved nowhere else: only-here\.jpg"):
        use(mine, said)
    assert state(tracked) == before
    sources.status(say=said.append)
    assert any("NOT SAVED" in line and "only-here.jpg" in line for line in said)
    (tracked / "data" / "only-here.jpg").unlink()
    (tracked / "data" / "coffee.jpg").write_bytes(b"edited")
    with pytest.raises(DataError, match=r"coffee\.jpg"):
        use(mine, said)
    assert (tracked / "data" / "coffee.jpg").read_bytes() == b"edited"
    use(mine, said, force=True)
    assert {file.name for file in (tracked / "data").iterdir()} == {f"{number:03}.jpg" for number in range(4)}


def test_files_dropped_into_data_without_a_record_are_unsaved(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    (tracked / "data.dvc").unlink()
    with pytest.raises(DataError, match="saved nowhere else"):
        use(pictures(tmp_path / "mine"), said)
    assert (tracked / "data" / "coffee.jpg").is_file()


def test_sources_that_cannot_be_are_refused(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    before = state(tracked)
    for source, why in (
        (tmp_path / "nothing", "No such file"),
        (tracked, "holds the project itself"),
        (tracked.parent, "holds the project itself"),
        (tracked / "data", "lies in data/"),
        (tracked / "data" / "coffee.jpg", "lies in data/"),
    ):
        with pytest.raises(UsageError, match=why):
            use(source, said)
    (tmp_path / "empty").mkdir()
    gray = tmp_path / "gray"
    gray.mkdir()
    Image.fromarray(photograph(1)).convert("L").save(gray / "1.png")
    text = tmp_path / "notes.jpg"
    text.write_text("no picture")
    for source, why in (
        (tmp_path / "empty", "there is no file"),
        (gray, r"none of 1 files is a photograph to work with: 1 gray \(1\.png\)"),
        (text, "1 not_an_image"),
    ):
        with pytest.raises(DataError, match=why):
            use(source, said)
    mixed = pictures(tmp_path / "mixed", 1)
    for number in range(3):
        (mixed / f"{number}.txt").write_text("notes")
    with pytest.raises(DataError, match=r"3 of 4 files \(75 %\) are rejected, more than inspect.max_rejected = 0.5"):
        use(mixed, said)
    assert state(tracked) == before


def test_a_hostile_or_broken_archive_changes_nothing(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    before = state(tracked)
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.write(pictures(tmp_path / "mine") / "000.jpg", "good.jpg")
        archive.writestr("../samples/coffee.jpg", b"overwritten")
    with pytest.raises(DataError, match="outside the folder"):
        use(tmp_path / "evil.zip", said)
    with tarfile.open(tmp_path / "cut.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "mine", "mine")
    whole = (tmp_path / "cut.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged"):
        use(tmp_path / "cut.tar.gz", said)
    assert state(tracked) == before


@pytest.mark.slow
def test_names_that_dvc_cannot_record_are_copied_under_escaped_names(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    mine = pictures(tmp_path / "mine", 2)
    odd = os.fsdecode(os.fsencode(mine) + b"/caf\xe9.jpg")
    Image.fromarray(photograph(50)).save(odd)
    Image.fromarray(photograph(51)).save(mine / "two\nlines.jpg")
    Image.fromarray(photograph(52)).save(mine / "😀.jpg")
    pictures(tmp_path / "elsewhere", 1, 60)
    (mine / "linked").symlink_to(tmp_path / "elsewhere")
    (mine / "dangling.jpg").symlink_to(tmp_path / "nothing")
    text = use(mine, said)
    assert "left out: dangling.jpg" in text
    assert {str(file.relative_to(tracked / "data")) for file in (tracked / "data").rglob("*") if file.is_file()} == {
        *("000.jpg", "001.jpg", "caf\\xe9.jpg", "two\nlines.jpg", "😀.jpg", "linked/060.jpg"),
    }
    before = state(tracked)
    dvc("repro", "data.dvc")
    assert state(tracked) == before


def test_an_exchange_that_is_killed_is_undone(tracked: Path) -> None:
    before = state(tracked)
    # every station at which a kill -9 may come, made by hand: the process leaves by os._exit, no handler runs
    for station in ("after moving", "half filled", "filled"):
        child = os.fork()
        if child == 0:
            with exchange():
                if station != "after moving":
                    (tracked / "data").mkdir()
                    (tracked / "data" / "new.jpg").write_bytes(b"new")
                if station == "filled":
                    (tracked / "data.dvc").write_text("outs: []")
                os._exit(9)
        os.waitpid(child, 0)
        assert recover()
        assert state(tracked) == before
        assert not recover()
    with pytest.raises(KeyboardInterrupt), exchange():
        raise KeyboardInterrupt
    assert state(tracked) == before


@pytest.mark.slow
def test_what_dvc_imports_from_a_remote_is_checked_and_undone_if_useless(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    """remote:// stands for s3://, gs:// and ssh://: fetched by DVC itself."""
    pictures(tmp_path / "bucket" / "good")
    (tmp_path / "bucket" / "bad").mkdir()
    (tmp_path / "bucket" / "bad" / "a.txt").write_text("no picture")
    with zipfile.ZipFile(tmp_path / "bucket" / "p.zip", "w") as archive:
        archive.write(tmp_path / "bucket" / "good" / "001.jpg", "cat/001.jpg")
        archive.write(tmp_path / "bucket" / "good" / "002.jpg", "dog/002.jpg")
    dvc("remote", "add", "bucket", str(tmp_path / "bucket"))
    before = state(tracked)
    with pytest.raises(DataError, match="not_an_image"):
        use("remote://bucket/bad", said)
    with pytest.raises(DataError, match="dvc import-url failed"):
        use("remote://bucket/missing", said)
    sources.check("remote://bucket/good", say=said.append)
    assert state(tracked) == before
    use("remote://bucket/good", said)
    record = yaml.safe_load((tracked / "data.dvc").read_text())
    assert record["frozen"] is True
    assert record["deps"][0]["path"] == "remote://bucket/good"
    use("remote://bucket/p.zip", said)
    assert {file.name for file in (tracked / "data").iterdir()} == {"cat", "dog"}
    assert yaml.safe_load((tracked / "data.dvc").read_text())["meta"]["source"] == "remote://bucket/p.zip"


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        if self.path == "/short.zip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"PK" + bytes(98))
            return
        super().do_GET()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, Callable[[str], str]]]:
    """A folder behind an http server on 127.0.0.1, and what makes an address of a name."""
    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, lambda name: f"http://127.0.0.1:{server.server_port}/{name}"
        server.shutdown()


def test_archives_come_over_http(tracked: Path, served: tuple[Path, Callable[[str], str]], said: list[str]) -> None:
    folder, address = served
    with zipfile.ZipFile(folder / "p.zip", "w") as archive:
        for file in pictures(folder / "album").iterdir():
            archive.write(file, f"album/{file.name}")
    before = state(tracked)
    sources.check(address("p.zip"), say=said.append)
    assert state(tracked) == before
    assert any("4 photographs to work with" in line for line in said)
    use(address("p.zip") + "?token=secret", said)
    assert len(list((tracked / "data").iterdir())) == 4
    assert "secret" not in (tracked / "data.dvc").read_text()
    use(address("album/001.jpg"), said)
    assert [file.name for file in (tracked / "data").iterdir()] == ["001.jpg"]


def test_web_pages_and_broken_downloads_change_nothing(tracked: Path, served: tuple[Path, Callable[[str], str]], said: list[str]) -> None:
    folder, address = served
    pictures(folder / "album")
    (folder / "page.zip").write_text("<!doctype html><html><body>Please log in</body></html>")
    (folder / "empty.zip").touch()
    before = state(tracked)
    for name, why in (
        ("album/", "the listing of a folder, not photographs"),
        ("page.zip", "a web page, not photographs"),
        ("missing.zip", "answered 404"),
        ("short.zip", "cut short: 100 of 1000 bytes"),
        ("empty.zip", "is empty"),
    ):
        with pytest.raises(DataError, match=why):
            use(address(name), said)
    with pytest.raises(DataError, match="cannot be reached"):
        use("http://127.0.0.1:9/p.zip", said)
    assert state(tracked) == before


def test_check_says_what_would_be_rejected_and_changes_nothing(tracked: Path, tmp_path: Path, said: list[str]) -> None:
    mine = pictures(tmp_path / "mine")
    (mine / "notes.txt").write_text("notes")
    (mine / ".DS_Store").write_bytes(b"\0")
    before = state(tracked)
    sources.check(str(mine), say=said.append)
    assert said[0].endswith(
        "5 files, 4 photographs to work with, 1 rejected; 1 more beside them do not count (notes such as README, system files)"
    )
    assert said[1] == "  1 × not a picture: notes.txt"
    said.clear()
    sources.check(None, say=said.append)
    assert said[0].startswith("data/: 6 files, 6 photographs")
    assert state(tracked) == before


@pytest.mark.slow
def test_a_full_disk_leaves_everything_as_it_was(tracked: Path, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(small)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    try:
        root = small / "project"
        shutil.copytree(tracked, root, symlinks=True)
        monkeypatch.setenv("HUELAB_ROOT", str(root))
        monkeypatch.chdir(root)
        before = state(root)
        large = tmp_path / "large"
        large.mkdir()
        for number in range(4):
            noise = np.random.default_rng(number).integers(0, 256, (1000, 900, 3), dtype=np.uint8)
            Image.fromarray(noise).save(large / f"{number}.png", compress_level=0)
        with zipfile.ZipFile(tmp_path / "large.zip", "w") as archive:
            for file in large.iterdir():
                archive.write(file, file.name)
        with pytest.raises(DataError, match=r"No space left.*Nothing was changed"):
            use(tmp_path / "large.zip", said)
        assert state(root) == before
        with pytest.raises(DataError, match="No space left"):
            use(large, said)
        assert state(root) == before
    finally:
        monkeypatch.chdir(tmp_path)
        subprocess.run(["umount", "-l", str(small)], check=True)
