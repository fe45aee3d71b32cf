"""What a participant's browser is told when something cannot be: one word it knows a text for, and no detail."""

from __future__ import annotations

from huelab.errors import SurveyError

STATUS = {
    "unknown": 404,  # no such link, participant or trial
    "link_used": 410,
    "link_ended": 410,
    "full": 410,
    "not_open": 404,
    "paused": 503,
    "closed": 410,
    "withdrawn": 410,
    "consent_changed": 409,
    "not_now": 409,  # a step or trial that is not the present one
    "bad_request": 400,
    "too_large": 413,
    "too_fast": 429,
    "foreign": 403,  # sent by another site
    "unavailable": 503,  # the database, for the moment
}
"""Word -> HTTP status."""


class Refused(SurveyError):
    """`word` is one of STATUS."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word
        self.status = STATUS[word]
