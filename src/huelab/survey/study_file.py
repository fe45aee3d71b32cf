"""A study as its owner writes it: YAML, with options of the command line on top."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from huelab.errors import SurveyError
from huelab.params_reading import describe, read_text
from huelab.survey.study import Study


def read(file: Path | None, given: Mapping[str, Any], *, models: tuple[str, ...]) -> Study:
    """The study of `file` with the keys of `given` on top; where neither names models it shows all of `models`.

    Raises SurveyError or ParamsError naming file, key, what was found and what is allowed.
    """
    tree: dict[str, Any] = {}
    if file is not None:
        try:
            tree = read_text(file.read_text(encoding="utf-8"), file, "keys of a study such as `title: Which is real?`")
        except (OSError, UnicodeDecodeError) as error:
            raise SurveyError(f"{file} cannot be read ({error}).") from None
    tree = {"models": list(models), **tree, **given}
    try:
        return Study.model_validate(tree)
    except ValidationError as error:
        where = str(file) if file else "the options"
        raise SurveyError(f"{where}: " + "; ".join(describe(error, "", Study))) from None
