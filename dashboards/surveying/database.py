"""The survey's database, open once in this server for the pages and for participants' requests alike."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from huelab import paths
from huelab.errors import HuelabError, SurveyError
from huelab.run_lock import share
from huelab.survey import privacy, restoring
from huelab.survey.store import VARIABLE, Store

_DAY = 86_400
_lock = threading.Lock()
_open: dict[str, Store] = {}
_held = contextlib.ExitStack()
"""While anything is open here no backup may be put in its place."""


def store() -> Store:
    """The database; made at the first use. Raises SurveyError where it cannot be used, also while a backup is put in its place."""
    url = os.environ.get(VARIABLE) or f"sqlite:///{paths.survey_database()}"
    with _lock:
        found = _open.get(url)
        if found is not None and found.sqlite and not Path(str(found.url.database)).is_file():  # somebody removed it under us
            found.close()
            found = None
        if found is None:
            if not _open:
                _share()
            found = _open[url] = Store.open(url)
        return found


def _share() -> None:
    _held.close()
    try:
        _held.enter_context(share(restoring.LOCK))
    except HuelabError as error:
        raise SurveyError(str(error)) from None


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
        _held.close()
