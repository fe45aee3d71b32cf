"""What every column of an export means: name, type, unit, levels, and what a missing value says."""

from __future__ import annotations

from typing import NamedTuple

from huelab.survey.longform import COLUMNS


class Column(NamedTuple):
    """One column of votes.csv."""

    name: str
    type: str
    unit: str
    meaning: str
    missing: str


_MEANINGS: dict[str, tuple[str, str, str]] = {
    "survey": ("", "id of the survey", ""),
    "version": ("", "id of the version that was launched", ""),
    "study_sha256": ("", "SHA-256 of the frozen study: equal for equal settings", ""),
    "participant": ("", "random id; says nothing of who it is", ""),
    "simulated": ("true/false", "answered by a program", ""),
    "cell": ("", "row of the photograph x treatment square", ""),
    "language": ("", "language of the page", ""),
    "state": ("invited … complete, withdrawn, expired", "of the participant when exported", ""),
    "screening": ("typical, red-green, unclear", "class of the colour screening, no diagnosis", "empty: not taken"),
    "k": ("", "place of the trial in the person's plan, from 0; repetitions come last", ""),
    "role": ("practice, main, catch", "practice is never analysed; catch shows plainly wrong colours", ""),
    "photo_id": ("", "the picture: a photograph, or the region of one", ""),
    "photograph": ("", "file of the photograph the picture is of; what intervals draw anew, with all its regions", ""),
    "mode": ("pair, single, prefer", "the question that was asked", ""),
    "model": ("", "colorizer of the fake picture (prefer: of the left one)", "empty: none"),
    "model_right": ("", "prefer: colorizer of the right picture", "empty: other modes"),
    "fake_side": ("left, right, only", "where the fake was; single: only if it was one", "empty: real, or prefer"),
    "choice": ("left, right, tie, real, fake", "pair: the side said to be fake; prefer: the side preferred", "empty: unanswered"),
    "fooled": ("0/1", "a model's picture was taken for the real one", "empty: no model's picture, or unanswered"),
    "correct": ("0/1", "real and fake were told apart", "empty: no truth (prefer), or unanswered"),
    "rt_ms": ("ms", "from the pictures' vanishing (unlimited: their showing) to the answer; negative: before", "empty: unknown"),
    "shown_ms": ("ms", "how long the pictures were on the screen, by frames", "empty: unknown"),
    "repeats": ("", "k of the trial this one repeats, whose exposure failed", "empty: none"),
    "flags": (
        "hidden, late, reexposed, blurred, slow_load",
        "joined by ;; hidden and late: the exposure failed, the answer does not count",
        "empty: none",
    ),
    "issued_at": ("UTC", "when the trial was first sent", "empty: never"),
    "received_at": ("UTC", "when the answer was stored", "empty: unanswered"),
    "completed_at": ("UTC", "when the participant was complete: results hold what was answered until the planned number was", "empty: not"),
}


def columns() -> list[Column]:
    """In the order of the table."""
    return [Column(name, kind, *_MEANINGS[name]) for name, kind in COLUMNS.items()]
