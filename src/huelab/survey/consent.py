"""What participants agree to: the text as it was when the study was launched, in every language there was, each with its SHA-256.

A catalogue that is mended later changes nothing of a launched version: what it shows and exports is what it keeps.
"""

from __future__ import annotations

from collections.abc import Mapping

from huelab.survey import texts
from huelab.survey.frozen import study_of
from huelab.survey.schema import Version
from huelab.survey.study import Study

Consent = dict[str, str]
"""title, warning and text as they are shown, language, and sha256 of the text (UTF-8)."""


def in_all_languages(study: Study) -> dict[str, Consent]:
    """Language -> consent, by today's catalogues. A text of the study's own is in the study's language alone."""
    languages = (study.language,) if study.consent else texts.languages()
    return {name: {"language": name, **texts.consent(study.model_copy(update={"language": name}))} for name in languages}


def consent_of(version: Version, language: str) -> Consent:
    """What somebody reads whose page speaks `language` ("de-CH"): in that language, its base, else the study's own.

    Of a launched version as it is kept, of a draft (for a preview) by today's catalogues. Raises SurveyError for a version edited by hand.
    """
    study = study_of(version)
    kept: Mapping[str, Consent] = version.consent or in_all_languages(study)
    wanted = (language, _base(language), study.language, _base(study.language), texts.FALLBACK)
    return dict(kept[next((name for name in wanted if name in kept), next(iter(kept)))])


def _base(language: str) -> str:
    return language.partition("-")[0].lower()
