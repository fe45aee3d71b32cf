"""A version's study as it was frozen. Whoever edits the database by hand is noticed: the stored JSON must have the version's SHA-256."""

from __future__ import annotations

from huelab.errors import SurveyError
from huelab.survey.schema import Version
from huelab.survey.study import Study, digest

_STUDIES: dict[str, Study] = {}
"""By SHA-256."""
_CHECKED: set[str] = set()
"""Ids of the versions whose stored study this process has checked."""


def study_of(version: Version) -> Study:
    """What a version asks; checked and parsed once per process, for it never changes.

    Raises SurveyError where `content` is not what `sha256` was made of.
    """
    if version.id not in _CHECKED:
        if digest(version.content) != version.sha256:
            raise SurveyError(
                f"Version {version.id} is not the study that was frozen: its SHA-256 is not {version.sha256[:16]}…. Somebody changed it in "
                "the database by hand: put back a backup with `huelab survey restore FILE`."
            )
        _STUDIES.setdefault(version.sha256, Study.model_validate(version.content))
        _CHECKED.add(version.id)
    return _STUDIES[version.sha256]


def known(sha256: str) -> Study | None:
    """The study of that SHA-256, if this process has checked it before."""
    return _STUDIES.get(sha256)
