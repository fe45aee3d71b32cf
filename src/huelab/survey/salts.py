"""The salt of the day, with which addresses are hashed. One for all processes of a server; that of a former day is deleted, for good."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import tempfile
import time
from pathlib import Path

from huelab import paths
from huelab.errors import SurveyError

_BYTES = 32
_NEW = ".new-"
_ABANDONED = 3600.0
"""Seconds after which a file that was never finished is one of a process that died."""


def of(today: dt.date) -> bytes:
    """The salt of `today`, made by whoever asks first. Raises SurveyError where it cannot be kept."""
    folder = paths.survey_salts()
    file = folder / today.isoformat()
    try:
        while True:
            try:
                return file.read_bytes()
            except FileNotFoundError:  # the first of the day, or a server for which it is tomorrow already has deleted it
                _make(file)
                forget(today)
    except OSError as error:
        raise SurveyError(f"{folder} cannot be written ({error.strerror or error}): mend its permissions, or make room.") from None


def forget(today: dt.date) -> None:
    """Deletes the salts of the days before `today`: nobody can tell any more whose hash is whose."""
    with contextlib.suppress(FileNotFoundError):
        for file in paths.survey_salts().iterdir():
            if _is_before(file.name, today) or (file.name.startswith(_NEW) and _age(file) > _ABANDONED):
                file.unlink(missing_ok=True)


def _make(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_NEW, dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_bytes(_BYTES))
        with contextlib.suppress(FileExistsError):  # of several at once the first decides
            os.link(name, file)
    finally:
        Path(name).unlink(missing_ok=True)


def _is_before(name: str, today: dt.date) -> bool:
    try:
        return dt.date.fromisoformat(name) < today
    except ValueError:
        return False


def _age(file: Path) -> float:
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
