"""The survey's database, open once in this server for the pages and for participants' requests alike."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from huelab import paths
from huelab.survey.store import VARIABLE, Store

_lock = threading.Lock()
_open: dict[str, Store] = {}


def store() -> Store:
    """The database; made at the first use. Raises SurveyError where it cannot be used."""
    url = os.environ.get(VARIABLE) or f"sqlite:///{paths.survey_database()}"
    with _lock:
        found = _open.get(url)
        if found is not None and found.sqlite and not Path(str(found.url.database)).is_file():  # somebody removed it under us
            found.close()
            found = None
        if found is None:
            found = _open[url] = Store.open(url)
        return found


def close() -> None:
    """Lets go of every database."""
    with _lock:
        for found in _open.values():
            found.close()
        _open.clear()
