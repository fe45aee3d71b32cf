"""A draft of a study: whether it can be taken at all, and which of the rendered pictures it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huelab.errors import SurveyError
from huelab.survey import lineage, plans, texts
from huelab.survey.manifest import Manifest
from huelab.survey.schema import Stimulus
from huelab.survey.study import Study


def require_possible(study: Study, found: Manifest) -> None:
    """Raises SurveyError for models that were not rendered, too few photographs, trials in no possible order, a language without texts."""
    missing = [name for name in study.models if name not in found.models]
    if missing:
        raise SurveyError(
            f"No pictures were rendered of {', '.join(missing)}; there are some of {', '.join(found.models) or 'no model'}: choose among "
            "these, or name the model in survey.models of params.yaml and run `dvc repro`."
        )
    known = texts.languages()
    if study.language not in known and study.language.partition("-")[0] not in known:
        raise SurveyError(f"language is {study.language!r}; there are texts in: {', '.join(known)}.")
    plans.require_possible(study, practice=found.photographs("practice"), main=found.photographs("main"))


def stimuli(study: Study, found: Manifest, whole: Mapping[str, Any]) -> list[Stimulus]:
    """The pictures of the study with what is kept beside each; `whole` is lineage.of_version. They have no version yet."""
    wanted = [picture for picture in found.pictures if picture.kind != "model" or picture.model in study.models]
    return [
        Stimulus(
            photo_id=picture.photo_id,
            kind=picture.kind,
            model=picture.model,
            role=picture.role,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            bytes=picture.bytes,
            lightness_error=picture.lightness_error,
            provenance=lineage.of_picture(picture, whole),
        )
        for picture in wanted
    ]
