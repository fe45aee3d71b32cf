"""What participants read, by language: catalogues/LANGUAGE.json. A key that a translation lacks is read in English."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from huelab.survey.study import Study

FALLBACK = "en"
_FOLDER = Path(__file__).parent / "catalogues"


@cache
def languages() -> tuple[str, ...]:
    """Those there is a catalogue of, such as ("de", "en")."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.json")))


def chosen(wanted: str) -> str:
    """The language to speak with a browser that asks for `wanted` ("de-CH"): that, its base, or English."""
    known = languages()
    return next((name for name in (wanted, wanted.partition("-")[0].lower()) if name in known), FALLBACK)


def catalogue(language: str) -> dict[str, str]:
    """Key -> text; of English where there is no such language. Whatever is asked for, only what there is stays in memory."""
    return dict(_catalogue(chosen(language)))


@cache
def _catalogue(known: str) -> dict[str, str]:
    return merged(_read(FALLBACK), _read(known))


def merged(english: dict[str, str], translation: dict[str, str]) -> dict[str, str]:
    """The translation, with English for what it lacks or leaves empty where English does not."""
    return english | {key: text for key, text in translation.items() if text or not english.get(key)}


def _read(known: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((_FOLDER / f"{known}.json").read_text(encoding="utf-8"))
    return texts


def consent(study: Study) -> dict[str, str]:
    """What a participant of `study` agrees to: the text, its language, and its SHA-256, by which the agreement is kept."""
    text = study.consent or catalogue(study.language)["consent_text"].format(
        title=study.title,
        purpose=study.purpose or "–",
        contact=study.contact or "–",
        trials=study.trials + study.catches + study.practice,
        minutes=minutes(study),
        days=study.retention_days,
    )
    return {
        "text": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "language": study.language if study.consent else chosen(study.language),
        "title": study.title,
        "warning": study.content_warning,
    }


def minutes(study: Study) -> int:
    """About how long it takes: the exposure, and four seconds to judge and go on."""
    each = study.exposure_ms / 1000 * (2 if study.presentation == "in_turn" and study.mode != "single" else 1) + 4
    return max(1, round((each * study.photographs_needed + 120) / 60))
