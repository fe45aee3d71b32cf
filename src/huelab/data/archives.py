"""Unpacks archives that may come from anywhere: nothing lands outside the folder, nothing grows without bound."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from huelab.data.listing import is_dropping
from huelab.data.photo import printable
from huelab.data.split import FOLDERS
from huelab.errors import DataError

_CHUNK = 1 << 20
_TAIL_CHUNKS = 64  # read behind the last entry of a tar; an honest one has one


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold. Photographs hardly shrink in an archive: one that grows a hundredfold is a trap."""

    files: int = 2_000_000
    total_bytes: int = 1 << 40
    ratio: float = 100.0
    """Unpacked over packed bytes, held against everything above `free_bytes`."""
    free_bytes: int = 64 << 20
    """So much may come out whatever the ratio: tables and drawings shrink well."""


@dataclass(frozen=True)
class _Member:
    name: str
    open: Callable[[], IO[bytes]]


def kind_of(file: Path) -> str:
    """What a file is by its content: "zip", "tar" (also compressed) or "" for anything else."""
    try:
        if zipfile.is_zipfile(file) and _head(file).startswith(b"PK"):
            return "zip"
        return "tar" if tarfile.is_tarfile(file) else ""
    except (OSError, EOFError, zlib.error, ValueError, tarfile.TarError):
        return ""


def photographs_folder(data: Path, *, cache: Path) -> Path:
    """The folder of photographs behind `data`: `data` itself, or, where DVC imported a single file, that file unpacked below `cache`.

    A picture becomes a folder of one. Unpacked once per content. Raises DataError where the archive is damaged or unsafe.
    """
    if not data.is_file():
        return data
    with data.open("rb") as stream:
        name = hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    place = cache / "unpacked" / name
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f"{name}-", suffix=".tmp", dir=place.parent))
    try:
        if kind_of(data):
            unpack(data, temporary)
        else:
            shutil.copyfile(data, temporary / data.name)
        try:
            os.replace(temporary, place)
        except OSError:  # another process was faster
            if not place.is_dir():
                raise
    except OSError as error:
        raise DataError(f"{printable(data)} could not be unpacked into {printable(place.parent)}: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return place


def unpack(archive: Path, folder: Path, limits: Limits = Limits()) -> int:
    """Unpacks a zip or tar into `folder`, which must exist; returns the number of files.

    One folder that wraps everything is taken off, unless it is named train, val or test. Raises DataError, naming the entry, where an entry
    would land outside, is a link or a device, where the archive is damaged or encrypted, or holds more than `limits` allow; and OSError
    where the disk is full. What was unpacked until then is the caller's to remove.
    """
    packed = archive.stat().st_size
    allowed = min(limits.total_bytes, max(limits.free_bytes, int(packed * limits.ratio)))
    count = written = 0
    with _telling(archive), _members(archive) as members:
        for member in members:
            target = folder / _safe(archive, member.name)
            if any(is_dropping(os.fsencode(part)) or part == "__MACOSX" for part in PurePosixPath(member.name).parts):
                continue
            count += 1
            if count > limits.files:
                raise DataError(f"{printable(archive)} holds more than {limits.files} files: unpack it yourself and use the folder.")
            if target.exists():
                raise DataError(f"{printable(archive)} holds {printable(member.name)} twice: unpack it yourself and use the folder.")
            target.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as source, target.open("xb") as file:
                while chunk := source.read(_CHUNK):
                    written += len(chunk)
                    if written > allowed:
                        raise DataError(
                            f"{printable(archive)} unpacks to more than {allowed // 2**20} MiB from {packed / 2**20:.1f} MiB "
                            f"(at {printable(member.name)}): this looks like a decompression bomb. If it is not, unpack it yourself "
                            "and use the folder."
                        )
                    file.write(chunk)
    _take_off_wrapper(folder)
    return count


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(4)


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[_Member]]:
    if kind_of(archive) == "zip":
        with zipfile.ZipFile(archive) as zipped:
            yield _zip_members(archive, zipped)
    else:
        with tarfile.open(archive, "r:*") as tarred:
            yield _tar_members(archive, tarred)


def _zip_members(archive: Path, zipped: zipfile.ZipFile) -> Iterator[_Member]:
    for info in zipped.infolist():
        if info.is_dir():
            continue
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise DataError(f"{printable(archive)}: {printable(info.filename)} is a link or a device, not a file; refused.")
        if info.flag_bits & 1:
            raise DataError(f"{printable(archive)} is encrypted: unpack it yourself and use the folder.")
        yield _Member(info.filename, lambda info=info: zipped.open(info))  # type: ignore[misc]


def _tar_members(archive: Path, tarred: tarfile.TarFile) -> Iterator[_Member]:
    for info in tarred:
        if info.isdir():
            continue
        if not info.isfile():
            raise DataError(f"{printable(archive)}: {printable(info.name)} is a link or a device, not a file; refused.")
        stream = tarred.extractfile(info)
        if stream is not None:
            yield _Member(info.name, lambda stream=stream: stream)  # type: ignore[misc]
        tarred.members = []  # type: ignore[attr-defined]  # tarfile would remember every entry of a large archive
    # the checksum of a compressed tar stands at its very end, behind what tarfile reads
    for _ in range(_TAIL_CHUNKS):
        if tarred.fileobj is None or not tarred.fileobj.read(_CHUNK):
            return


def _safe(archive: Path, name: str) -> Path:
    """The entry's place below the folder. Backslashes and drive letters count too: they lead outside on Windows."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":") or "\0" in name:
        raise DataError(f"{printable(archive)}: the entry {printable(name)!r} would land outside the folder; nothing was changed.")
    # names in other encodings come as surrogates, which DVC cannot record: escaped
    return Path(*(part.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for part in parts))


def _take_off_wrapper(folder: Path) -> None:
    """photos/a.jpg, photos/b.jpg becomes a.jpg, b.jpg: the wrapper of an archive is no label."""
    inside = list(folder.iterdir())
    if len(inside) != 1 or not inside[0].is_dir() or inside[0].name.lower() in FOLDERS:
        return
    wrapper = folder / f"{os.urandom(8).hex()}.tmp"
    os.rename(inside[0], wrapper)
    for entry in list(wrapper.iterdir()):
        os.rename(entry, folder / entry.name)
    wrapper.rmdir()


@contextmanager
def _telling(archive: Path) -> Iterator[None]:
    """Turns what the readers of archives raise into DataError."""
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError, UnicodeError) as error:
        raise DataError(f"{printable(archive)} is damaged: {' '.join(str(error).split())}. Fetch or pack it again.") from None
    except (NotImplementedError, RuntimeError) as error:  # what zipfile raises for a compression it lacks, and for a password
        raise DataError(f"{printable(archive)} cannot be unpacked here: {error}. Unpack it yourself and use the folder.") from None
    except FileNotFoundError as error:
        raise DataError(f"{printable(archive)} vanished while it was unpacked ({error.strerror}).") from None
