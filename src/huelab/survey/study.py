"""What a study asks of its participants. Launched, it is frozen: its SHA-256 names it in every answer and export."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Mode = Literal["pair", "single", "prefer"]
"""pair: real and fake side by side, "which has fake colours?"; single: one picture, "real or fake?"; prefer: two models, ties allowed."""

UNLIMITED = 0
SHORTEST, LONGEST = 250, 5000
"""Bounds of a timed exposure, in ms."""
CODE = "{code}"
"""Stands in a completion address for the participant's completion code."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rules(_Frozen):
    """Who is left out of the results; fixed before anybody answers, and never by the fooling rate itself."""

    catch_accuracy: float = Field(0.75, ge=0, le=1, description="least share of catch trials seen through")
    least_catches: int = Field(4, ge=1, description="answered catch trials from which that rule holds")
    fast_ms: int = Field(200, ge=0, description="an answer so soon after it could be given is not a judgement")
    fast_share: float = Field(0.25, ge=0, le=1, description="most of a person's main answers that may be so fast")
    same_side: float = Field(0.95, gt=0.5, le=1, description="most of a person's main answers that may be on one side; not in mode single")
    least_done: float = Field(0.5, ge=0, le=1, description="least share of the main trials")


class Question(_Frozen):
    """Asked once, after the last trial. Without `choices` the answer is free text, which may hold personal data."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    text: str = Field(min_length=1, max_length=500)
    choices: tuple[str, ...] = ()
    required: bool = False


class Study(_Frozen):
    """One version of a study."""

    title: str = Field(min_length=1, max_length=200)
    purpose: str = Field("", max_length=2000, description="who asks, and what for; shown with the consent")
    contact: str = Field("", max_length=200)
    content_warning: str = Field("", max_length=500)
    mode: Mode = "pair"
    models: tuple[str, ...] = Field(min_length=1, description="entries of params.yaml whose pictures are shown")
    presentation: Literal["together", "in_turn"] = "together"
    exposure_ms: int = Field(UNLIMITED, description="0: as long as one likes, else 250..5000 by the browser's frames")
    gap_ms: int = Field(300, ge=0, le=2000, description="between two pictures shown in turn")
    mask: bool = Field(False, description="noise after a timed picture")
    answer_while_shown: bool = Field(True, description="answers count before a timed exposure ends")
    trials: int = Field(40, ge=4, le=400, description="main trials per person")
    practice: int = Field(6, ge=6, le=30, description="with feedback, never analysed")
    catches: int = Field(6, ge=0, le=40, description="pictures nobody should take for real")
    block: int = Field(20, ge=5, le=100, description="trials between two breaks")
    people: int = Field(40, ge=1, le=100_000, description="planned number of complete participants")
    looks: tuple[int, ...] = Field((), description="numbers of complete participants at which results may be looked at before the end")
    side: int = Field(256, ge=64, le=1024, description="longer side of a shown picture, CSS pixels")
    keys: tuple[str, str] = ("f", "j")
    screening: bool = Field(True, description="colour-vision plates before the trials (screening, not diagnosis)")
    questions: tuple[Question, ...] = ()
    language: str = Field("en", pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    consent: str = Field("", max_length=20_000, description="replaces the text of the catalogue")
    rules: Rules = Rules()
    retention_days: int = Field(365, ge=1, le=3650, description="answers are deleted so long after the study closed")
    completion_url: str = Field(
        "", pattern=r"^(https://[^\s]*)?$", description="where participants go with their completion code; {code} stands for it"
    )
    seed: int = Field(0, ge=0)
    simulated: bool = Field(False, description="answered by programs; for good, and never mixed with people's")

    @field_validator("keys")
    @classmethod
    def _as_the_page_hears_them(cls, keys: tuple[str, str]) -> tuple[str, str]:
        return keys[0].lower(), keys[1].lower()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.exposure_ms != UNLIMITED and not SHORTEST <= self.exposure_ms <= LONGEST:
            raise ValueError(f"exposure_ms is {self.exposure_ms}; allowed: {UNLIMITED} (unlimited) or {SHORTEST} to {LONGEST}")
        if len(set(self.models)) < len(self.models):
            raise ValueError(f"models names one more than once: {', '.join(self.models)}")
        if self.mode == "prefer" and len(self.models) < 2:
            raise ValueError("mode prefer compares models: name at least two")
        if self.catches >= self.trials:
            raise ValueError(f"catches is {self.catches}; allowed: 0 to trials - 1 ({self.trials - 1}), for no two stand side by side")
        if self.keys[0] == self.keys[1] or not all(len(key) == 1 and key.isalnum() for key in self.keys):
            raise ValueError(f"keys is {list(self.keys)}; allowed: two different letters or digits")
        if list(self.looks) != sorted(set(self.looks)) or any(not 0 < look < self.people for look in self.looks):
            raise ValueError(f"looks is {list(self.looks)}; allowed: rising numbers from 1 to people - 1 ({self.people - 1})")
        if self.presentation == "in_turn" and self.mode != "single" and self.exposure_ms == UNLIMITED:
            raise ValueError("presentation in_turn shows each picture for a time: set exposure_ms")
        if len({question.key for question in self.questions}) < len(self.questions):
            raise ValueError("two questions have the same key")
        return self

    @property
    def photographs_needed(self) -> int:
        """How many different photographs a person sees: each at most once, over practice, catch and main trials."""
        return self.practice + self.catches + self.trials

    def completion_address(self, code: str) -> str:
        """Where a participant goes with `code`, which stands in the address where the study says so; "" for nowhere."""
        return self.completion_url.replace(CODE, quote(code, safe=""))

    def canonical(self) -> str:
        """JSON with sorted keys: equal studies give equal bytes."""
        return _canonical(self.model_dump(mode="json"))

    def sha256(self) -> str:
        """Of the canonical JSON."""
        return digest(self.model_dump(mode="json"))


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of a study's JSON as it is stored, whatever fields this version of huelab knows."""
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
