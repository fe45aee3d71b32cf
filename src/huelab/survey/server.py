"""The survey alone, without the dashboard: huelab survey serve. Several processes only on PostgreSQL."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from huelab.errors import SurveyError, UsageError
from huelab.run_lock import share
from huelab.survey import privacy, restoring, web
from huelab.survey.store import VARIABLE, Store

_DAY = 86_400


def application() -> Starlette:
    """What uvicorn serves; opens the database at $HUELAB_SURVEY_URL or under var/ when it starts, and no restore until it ends."""
    held = ExitStack()
    held.enter_context(share(restoring.LOCK))
    store = Store.open()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        threading.Thread(target=_sweep_daily, args=(store,), daemon=True).start()
        yield
        store.close()
        held.close()

    async def home(_: Request) -> Response:
        return RedirectResponse(f"{web.PREFIX}/")

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/", home), Route("/health", health), web.mount(lambda: store, alone=True)], lifespan=lifespan)


def serve(*, host: str, port: int, workers: int, say: Callable[[str], None]) -> None:
    """Runs until it is stopped, and says where.

    Raises UsageError for several processes on SQLite, SurveyError where the database cannot be opened, HuelabError during a restore.
    """
    import uvicorn

    with share(restoring.LOCK):
        _serve(uvicorn.run, host, port, workers, say)


def _serve(run: Callable[..., None], host: str, port: int, workers: int, say: Callable[[str], None]) -> None:
    store = Store.open()  # makes or upgrades it before any worker does, and says what is wrong in a sentence
    sqlite = store.sqlite
    store.close()
    if workers > 1 and sqlite:
        raise UsageError(f"--workers {workers}: SQLite takes one server process. Set ${VARIABLE} to a PostgreSQL database, or use 1.")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    say(f"participants' page on http://{host}:{port}{web.PREFIX}/ (Ctrl-C ends it)")
    run(
        "huelab.survey.server:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def _sweep_daily(store: Store) -> None:
    while True:
        with suppress(SurveyError):  # busy or away: tomorrow again
            privacy.sweep(store)
        time.sleep(_DAY)
