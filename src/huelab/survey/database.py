"""A server's database: opened at the first request, and where its work is done.

A server that does nothing else uses SQLite on its event loop: a thread of its own for the database costs half of the answers per second,
for the two fight for the interpreter. A dashboard, which must go on while a file is locked, and PostgreSQL, where requests wait for a
network, have threads.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from huelab.errors import SurveyError
from huelab.survey.pictures import Pictures
from huelab.survey.refusal import Refused
from huelab.survey.store import Store

Opener = Callable[[], Store]
_Answer = TypeVar("_Answer")
_CONNECTIONS = 2
"""Requests at a time on PostgreSQL. SQLite takes one writer: threads that wait for it only get in the way of the one that has it."""
_log = logging.getLogger("huelab.survey")


@dataclass(frozen=True)
class _Opened:
    store: Store
    pictures: Pictures
    writers: ThreadPoolExecutor | None
    readers: ThreadPoolExecutor | None
    """None: on the event loop itself."""


class Database:
    """What `opener` gives, and the pictures of its studies."""

    def __init__(self, opener: Opener, *, alone: bool) -> None:
        self._opener, self._alone = opener, alone
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    @property
    def store(self) -> Store:
        """Opened when it is first asked for. Raises SurveyError."""
        return self._open().store

    async def write(self, call: Callable[..., _Answer], *given: object) -> _Answer:
        """What `call` gives. Raises Refused, "unavailable" where the database cannot be used."""
        return await _run((await self._ready()).writers, call, *given)

    async def picture(self, nonce: str) -> bytes:
        """The PNG behind a random name. Raises Refused."""
        opened = await self._ready()
        kept = opened.pictures.kept(nonce)
        return await _run(opened.readers, opened.pictures.body, nonce) if kept is None else kept

    def _open(self) -> _Opened:
        with self._lock:
            if self._opened is None:
                store = self._opener()
                self._opened = _Opened(store, Pictures(store), self._threads(store, "write"), self._threads(store, "read"))
            return self._opened

    def _threads(self, store: Store, what: str) -> ThreadPoolExecutor | None:
        if self._alone and store.sqlite:
            return None
        return ThreadPoolExecutor(1 if store.sqlite else _CONNECTIONS, f"survey-{what}")

    async def _ready(self) -> _Opened:
        if self._opened is None:
            return await asyncio.get_running_loop().run_in_executor(None, _explained, self._open)
        return self._opened


async def _run(threads: ThreadPoolExecutor | None, call: Callable[..., _Answer], *given: object) -> _Answer:
    if threads is None:
        return _explained(call, *given)
    return await asyncio.get_running_loop().run_in_executor(threads, _explained, call, *given)


def _explained(call: Callable[..., _Answer], *given: object) -> _Answer:
    """What the database says is for the owner's log; the browser tries again."""
    try:
        return call(*given)
    except Refused:
        raise
    except SurveyError as error:
        _log.error("%s", error)
        raise Refused("unavailable") from None
