"""Measures many photographs, on every core, once: a measurement is kept under the hash of the file it was taken from."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path

from huelab.data.measure import VERSION, Measurement, measure

_ALONE = 32  # so few photographs are measured before another process would have started
_TOGETHER = 16  # photographs handed to a process at a time

_COME_AND_GO = ("vanished", "not_permitted")  # say something about the moment, not about the file: never kept


def measure_all(files: Sequence[Path], max_pixels: int, *, cache: Path, workers: int = 0) -> list[tuple[str, Measurement]]:
    """(SHA-256 of the file, Measurement) for each of `files`, in their order; "" for the hash of a file that cannot be opened.

    Files known to the cache (a folder, made if need be) are hashed, not decoded. `workers` processes measure the others (0: one per core);
    the results are the same for any number.
    """
    workers = workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else workers or os.cpu_count() or 1
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


def _measured(todo: Sequence[tuple[str, Path]], max_pixels: int, workers: int) -> Iterator[tuple[str, Measurement]]:
    """Yields (hash, Measurement) as they come."""
    if len(todo) <= _ALONE or workers == 1:
        yield from _batch(todo, max_pixels)
        return
    batches = [todo[start : start + _TOGETHER] for start in range(0, len(todo), _TOGETHER)]
    lost: list[tuple[str, Path]] = []
    with _pool(min(workers, len(batches))) as pool:
        waiting = {pool.submit(_batch, batch, max_pixels): batch for batch in batches}
        for future in as_completed(waiting):
            try:
                yield from future.result()
            except BrokenProcessPool:
                lost += waiting[future]
    for sha256, file in lost:  # a process died (out of memory, a crash in a decoder): each of its photographs gets a process of its own
        with _pool(1) as pool:
            try:
                yield from pool.submit(_batch, [(sha256, file)], max_pixels).result()
            except BrokenProcessPool:
                yield sha256, Measurement(reason="unsupported", detail="the process that read it died: out of memory, or a broken file")


def _pool(workers: int) -> ProcessPoolExecutor:
    # spawned, not forked: the threads above may hold locks
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_one_thread_each)


def _one_thread_each() -> None:
    import cv2

    cv2.setNumThreads(1)


def _batch(todo: Iterable[tuple[str, Path]], max_pixels: int) -> list[tuple[str, Measurement]]:
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
        if measurement.reason in _COME_AND_GO or "memory" in measurement.detail:
            return
        try:
            self._connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (self._key, sha256, json.dumps(measurement.as_dict())))
        except sqlite3.Error:  # the disk is full: what was measured still counts
            return

    def close(self) -> None:
        self._connection.close()
