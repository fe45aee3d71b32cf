"""Fills a new folder or file, then lets it take the place of the old one, so that a crash or a full disk leaves one of them whole."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huelab.errors import DataError


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


@contextlib.contextmanager
def replacing_file(file: Path) -> Iterator[Path]:
    """A new file to write in place of `file`, beside it; it takes that place when the block ends well. The folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield new
        os.replace(new, file)
    finally:
        new.unlink(missing_ok=True)


def write_json(file: Path, content: Any) -> None:
    """Readable JSON, the same bytes for the same content."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
