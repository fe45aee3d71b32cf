"""What an earlier export or backup said of the audit: a removed end shows against nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from huelab.errors import SurveyError
from huelab.survey import backup


def kept_in(file: Path) -> dict[str, Any]:
    """rows and last, as study.json of an export or a backup has them. Raises SurveyError for a file that says nothing of the audit."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no JSON: a backup
        found = backup.note_of(file)
    chain = found.get("audit") if isinstance(found, dict) else None
    if not isinstance(chain, dict) or not isinstance(chain.get("rows"), int) or not isinstance(chain.get("last"), str):
        raise SurveyError(f"{file} says nothing of the audit: name study.json of an export, or a backup.")
    return chain
