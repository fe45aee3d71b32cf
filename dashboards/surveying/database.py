"""The survey's database, open once in this server for the pages and for participants' requests alike."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from huelab import paths
from huelab.errors import HuelabError
from huelab.survey import privacy
from huelab.survey.store import VARIABLE, Store

_DAY = 86_400
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


def is_there() -> bool:
    """Whether there is one to open, or a server that is asked for one: nobody else's project gets a database by looking."""
    return VARIABLE in os.environ or paths.survey_database().is_file()


def sweep_daily() -> None:
    """Deletes what has outlived its purpose, now and every day; never ends."""
    while True:
        with contextlib.suppress(HuelabError):  # busy, or away: tomorrow again
            if is_there():
                privacy.sweep(store())
        time.sleep(_DAY)


def close() -> None:
    """Lets go of every database."""
    with _lock:
        for found in _open.values():
            found.close()
        _open.clear()
