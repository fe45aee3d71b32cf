"""What participants read, by language: catalogues/LANGUAGE.json. A key that a translation lacks is read in English."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from huelab.survey.study import Study

FALLBACK = "en"
_FOLDER = Path(__file__).parent / "catalogues"


def languages() -> tuple[str, ...]:
    """Those there is a catalogue of."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.json")))


def chosen(wanted: str) -> str:
    """The language to speak with a browser that asks for `wanted` ("de-CH"): that, its base, or English."""
    known = languages()
    return next((name for name in (wanted, wanted.partition("-")[0].lower()) if name in known), FALLBACK)


@cache
def catalogue(language: str) -> dict[str, str]:
    """Key -> text; of English where there is no such language."""
    texts: dict[str, str] = json.loads((_FOLDER / f"{FALLBACK}.json").read_text(encoding="utf-8"))
    if chosen(language) != FALLBACK:
        texts = texts | json.loads((_FOLDER / f"{chosen(language)}.json").read_text(encoding="utf-8"))
    return texts


def consent(study: Study) -> dict[str, str]:
    """What a participant of `study` agrees to: the text, and its SHA-256, by which the agreement is kept."""
    text = study.consent or catalogue(study.language)["consent_text"].format(
        title=study.title,
        purpose=study.purpose or "–",
        contact=study.contact or "–",
        trials=study.trials + study.catches + study.practice,
        minutes=minutes(study),
        days=study.retention_days,
    )
    return {"text": text, "sha256": hashlib.sha256(text.encode()).hexdigest(), "title": study.title, "warning": study.content_warning}


def minutes(study: Study) -> int:
    """About how long it takes: the exposure, and four seconds to judge and go on."""
    each = study.exposure_ms / 1000 * (2 if study.presentation == "in_turn" and study.mode != "single" else 1) + 4
    return max(1, round((each * study.photographs_needed + 120) / 60))
