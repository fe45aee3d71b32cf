"""The pictures of a version, brought from where they were rendered to where they stay: checked, whole or not at all, named by content."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

from huelab import paths
from huelab.errors import SurveyError
from huelab.survey.schema import Stimulus

_ROUND = 1024
"""Every picture of a version is sent padded to the largest one, rounded up to this many bytes."""
LIGHTNESS = 1.0
"""Largest |ΔL| from the photograph, CIE units, that a picture may have: rounding to 8 bit costs up to 0.3, and 1 begins to be seen."""


def body_bytes(pictures: Iterable[Stimulus]) -> int:
    """The length that all of a version's pictures are sent with."""
    return -(-(max((picture.bytes for picture in pictures), default=0) + _ROUND // 2) // _ROUND) * _ROUND


def require_lightness(pictures: Iterable[Stimulus]) -> None:
    """Raises SurveyError naming each picture whose lightness is not the photograph's: it could be told by that, not by its colours."""
    wrong = [f"{_whose(one)} ({one.lightness_error:g})" for one in pictures if not one.lightness_error <= LIGHTNESS]
    if wrong:
        raise SurveyError(
            f"{len(wrong)} pictures differ from their photograph in lightness by more than {LIGHTNESS:g}: {'; '.join(wrong)}. Render them "
            "again with `dvc repro --force --single-item stimuli` and create the study again."
        )


def keep(pictures: Iterable[Stimulus], rendered: Path) -> None:
    """Copies them from `rendered` to var/, those that are not there yet.

    Raises SurveyError naming every picture that is missing or is not the one that was rendered, and where they cannot be written.
    """
    kept = paths.survey_stimuli()
    try:
        kept.mkdir(parents=True, exist_ok=True)
        missing = sorted({_missing(picture, rendered, kept) for picture in pictures} - {""})
    except OSError as error:
        raise SurveyError(
            f"The pictures cannot be kept in {kept} ({error.strerror or error}): make room on that disk, or mend the folder's permissions, "
            "and try again. The study is as it was."
        ) from None
    if missing:
        raise SurveyError(
            f"{len(missing)} pictures of the study are not there: {'; '.join(missing)}. Run `dvc repro stimuli` and create the study again."
        )


def _missing(picture: Stimulus, rendered: Path, kept: Path) -> str:
    """Copies a picture; what is wrong with it, "" if nothing."""
    name = f"{picture.sha256}.png"
    for file in (kept / name, rendered / "pictures" / name):
        if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == picture.sha256:
            if file.parent != kept:
                _copy(file, kept / name)
            return ""
    return _whose(picture)


def _copy(file: Path, to: Path) -> None:
    temporary = to.with_name(f".{to.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        shutil.copyfile(file, temporary)
        temporary.replace(to)
    finally:
        temporary.unlink(missing_ok=True)


def _whose(picture: Stimulus) -> str:
    return f"{picture.provenance['path']} {picture.photo_id} by {picture.model or picture.kind}"
