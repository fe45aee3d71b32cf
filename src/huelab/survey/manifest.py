"""What stage stimuli rendered for a survey: manifest.json, read and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from huelab.errors import SurveyError

FILE = "manifest.json"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rendered(_Strict):
    """One picture."""

    photo_id: str
    path: str
    """Of the photograph, for its owner; participants never see it."""
    label: str
    kind: Literal["real", "model", "catch"]
    model: str
    role: Literal["practice", "main"]
    file: str
    """Relative to the manifest."""
    sha256: str
    width: int
    height: int
    bytes: int
    lightness_error: float


class RenderedModel(_Strict):
    """Where a model's pictures come from."""

    title: str
    content: str
    """Hash of the model and its scores, by which the registry knows it; "" before it was registered."""


class Manifest(_Strict):
    """All that one run of the stage rendered."""

    renderer: str
    data_hash: str
    split_by: str
    protocol: str
    side: int
    real_roundtrip: bool
    catch: str
    models: dict[str, RenderedModel]
    pictures: tuple[Rendered, ...]

    def photographs(self, role: str) -> list[str]:
        """The ids of the photographs for practice or main trials, in order."""
        return list(dict.fromkeys(picture.photo_id for picture in self.pictures if picture.role == role))

    def lineage(self) -> dict[str, Any]:
        """Everything but the pictures, as a version keeps it."""
        return self.model_dump(mode="json", exclude={"pictures"})


def read(folder: Path) -> Manifest:
    """The manifest of `folder`. Raises SurveyError where there is none, or a damaged one."""
    file = folder / FILE
    try:
        return Manifest.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise SurveyError(f"{file} is missing: no pictures are rendered for a survey yet. Run `make run` or `dvc repro stimuli`.") from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise SurveyError(f"{file}: {where}: {problem['msg']}: run `dvc repro --force --single-item stimuli`.") from None
    except (OSError, ValueError) as error:
        raise SurveyError(f"{file} is damaged ({error}): run `dvc repro --force --single-item stimuli`.") from None
