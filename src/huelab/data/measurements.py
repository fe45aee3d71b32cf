"""Measures many photographs, on every core, once: a measurement is kept under the hash of the file it was taken from."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from huelab.data.measure import VERSION, Measurement, measure
from huelab.data.parallel import available, in_order
from huelab.errors import DataError

Todo = Sequence[tuple[str, Path]]
"""Files to measure, each with the SHA-256 of its content."""

_ALONE = 32  # so few photographs are measured before another process would have started
_TOGETHER = 16  # photographs handed to a process at a time


def measure_all(files: Sequence[Path], max_pixels: int, *, cache: Path, workers: int = 0) -> list[tuple[str, Measurement]]:
    """(SHA-256 of the file, Measurement) for each of `files`, in their order; "" for the hash of a file that cannot be opened.

    Files known to the cache (a folder, made if need be) are hashed, not decoded. `workers` processes measure the others (0: one per core);
    the results are the same for any number.
    """
    workers = workers or available()
    with ThreadPoolExecutor(workers) as threads:
        hashes = list(threads.map(_sha256, files))
    with closing(_Kept(cache, max_pixels)) as kept:
        known = kept.known(set(hashes) - {""})
        missing = {sha256: file for sha256, file in zip(hashes, files, strict=True) if sha256 and sha256 not in known}
        for sha256, measurement in _measured(list(missing.items()), max_pixels, workers):
            known[sha256] = measurement
            kept.keep(sha256, measurement)
    return [(sha256, known[sha256] if sha256 else measure(file, max_pixels)) for sha256, file in zip(hashes, files, strict=True)]


def _sha256(file: Path) -> str:
    try:
        # O_NONBLOCK: a named pipe must not hang the reader
        with open(os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""


def _measured(todo: Todo, max_pixels: int, workers: int) -> Iterator[tuple[str, Measurement]]:
    """Yields (hash, Measurement) of each. A process that dies (out of memory, a crash in a decoder) costs its photograph alone."""
    work = functools.partial(_batch, max_pixels=max_pixels)
    batches = [todo[start : start + _TOGETHER] for start in range(0, len(todo), _TOGETHER)]
    done = 0
    try:
        for results in in_order(work, batches, workers=workers if len(todo) > _ALONE else 1):
            yield from results
            done += 1
    except DataError:
        for batch in batches[done:]:
            yield from _one_pool_each(work, batch)


def _one_pool_each(work: Callable[[Todo], list[tuple[str, Measurement]]], todo: Todo) -> Iterator[tuple[str, Measurement]]:
    try:
        yield from next(in_order(work, [todo], workers=2))
    except DataError:
        if len(todo) == 1:
            yield todo[0][0], Measurement(reason="unsupported", detail="the process that read it died: out of memory, or a broken file")
            return
        half = len(todo) // 2
        yield from _one_pool_each(work, todo[:half])
        yield from _one_pool_each(work, todo[half:])


def _batch(todo: Todo, max_pixels: int) -> list[tuple[str, Measurement]]:
    return [(sha256, measure(file, max_pixels)) for sha256, file in todo]


class _Kept:
    """Measurements by hash, in a SQLite file that may be deleted or damaged at any time: it is then made anew."""

    def __init__(self, folder: Path, max_pixels: int) -> None:
        self._key = f"{VERSION}:{max_pixels}"
        self._file = folder / "measurements.sqlite"
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError:
            try:
                self._file.unlink(missing_ok=True)
                self._connection = self._open()
            except (sqlite3.Error, OSError):  # read-only or full disk: measure without keeping
                self._connection = self._open(":memory:")

    def _open(self, place: str = "") -> sqlite3.Connection:
        if not place:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise sqlite3.OperationalError(str(error)) from None
        connection = sqlite3.connect(place or self._file, timeout=30, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("CREATE TABLE IF NOT EXISTS kept (version TEXT, sha256 TEXT, facts TEXT, PRIMARY KEY (version, sha256))")
            connection.execute("SELECT count(*) FROM kept").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def known(self, hashes: set[str]) -> dict[str, Measurement]:
        try:
            rows = self._connection.execute("SELECT sha256, facts FROM kept WHERE version = ?", (self._key,))
            return {sha256: Measurement(**json.loads(facts)) for sha256, facts in rows if sha256 in hashes}
        except (sqlite3.Error, ValueError, TypeError):
            return {}

    def keep(self, sha256: str, measurement: Measurement) -> None:
        if measurement.passing:
            return
        try:
            self._connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (self._key, sha256, json.dumps(measurement.as_dict())))
        except sqlite3.Error:  # the disk is full: what was measured still counts
            return

    def close(self) -> None:
        self._connection.close()
