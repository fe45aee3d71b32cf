"""Writes a store: shards one after the other, then swaps the finished folder with the old one, so that a crash leaves either whole."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from huelab.data.store import shard_file
from huelab.errors import DataError


class ShardWriter:
    """Appends pictures to .npy files of at most `per_shard` each; one file is open at a time and none is kept in memory."""

    def __init__(self, folder: Path, *, size: int, per_shard: int) -> None:
        self._folder = folder
        self._size = size
        self._per_shard = per_shard
        self._count = 0
        self._file: IO[bytes] | None = None

    def append(self, picture: NDArray[np.uint8]) -> tuple[int, int]:
        """Writes one picture (size, size, 3); gives its shard and its offset there."""
        shard, offset = divmod(self._count, self._per_shard)
        if offset == 0:
            self._finish()
            self._file = open(shard_file(self._folder, shard), "wb")  # noqa: SIM115 (open until the shard is full)
            self._file.write(_header(self._per_shard, self._size))
        assert self._file is not None
        self._file.write(np.ascontiguousarray(picture, np.uint8).data)
        self._count += 1
        return shard, offset

    def close(self) -> None:
        """Closes the last shard; its header then says how many pictures it holds."""
        self._finish()

    def _finish(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        with file:
            left = self._count % self._per_shard
            if left:
                file.seek(0)
                file.write(_header(left, self._size))


def _header(count: int, size: int) -> bytes:
    """The .npy header of uint8 (count, size, size, 3). NumPy leaves room for the first axis, so the length never changes."""
    memory = BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
    np.lib.format.write_array_header_1_0(memory, header)
    return memory.getvalue()


@contextlib.contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A new folder to fill in place of `folder`. When the block ends well they change places in one step; else the old one stays.

    Raises DataError when the disk is full or may not be written.
    """
    new = folder.with_name(f".{folder.name}.new")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(new, ignore_errors=True)  # of a run that was killed
        if _aside(folder).exists() and not folder.exists():  # killed between the two steps of a swap
            os.rename(_aside(folder), folder)
        new.mkdir()
        yield new
        _swap(new, folder)
    except OSError as error:
        free = shutil.disk_usage(folder.parent).free / 1e6 if folder.parent.exists() else 0.0
        raise DataError(
            f"{folder} could not be written: {error.strerror or error} ({free:.0f} MB free there). What was there before is untouched; "
            "make room or check permissions, then run it again."
        ) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _swap(new: Path, old: Path) -> None:
    """`new` takes the place of `old`, which ends where `new` was."""
    if not os.path.lexists(old):
        os.rename(new, old)
        return
    if _exchange(new, old):
        return
    # where the system cannot exchange two folders at once; `replacing` mends a crash between the two steps
    shutil.rmtree(_aside(old), ignore_errors=True)
    os.rename(old, _aside(old))
    os.rename(new, old)
    shutil.rmtree(_aside(old), ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _exchange(one: Path, other: Path) -> bool:
    """renameat2(…, RENAME_EXCHANGE) of Linux; False where there is none, or the file system cannot."""
    at_fdcwd, rename_exchange = -100, 2
    call = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    return call is not None and call(at_fdcwd, os.fsencode(one), at_fdcwd, os.fsencode(other), rename_exchange) == 0


def write_json(file: Path, content: Any) -> None:
    """Readable JSON, the same bytes for the same content."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
