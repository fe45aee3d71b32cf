"""The participant's page and its requests, under /survey. Mounted into the dashboard's server, or served alone (survey/server.py).

A link is /survey/#TOKEN: what stands behind # is never sent with a request for the page, so no log holds it. Requests carry the
participant's token as `Authorization: Bearer`. Refusals are {"error": word} and nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from huelab.errors import SurveyError
from huelab.survey import answering, people, plates, privacy, texts
from huelab.survey.guard import Guard
from huelab.survey.pictures import Pictures
from huelab.survey.refusal import Refused
from huelab.survey.schema import Version
from huelab.survey.store import Store

PREFIX = "/survey"
PAGE = Path(__file__).parent / "page"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

Body = dict[str, Any]
Opener = Callable[[], Store]


def mount(opener: Opener) -> Mount:
    """Everything under /survey. `opener` gives the database; it is called with the first request, so that a page costs nothing unused."""
    service = Service(opener)
    return Mount(PREFIX, app=Starlette(routes=service.routes(), middleware=[Middleware(Guard)]))


class Service:
    """The routes over one database."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._store: Store | None = None
        self._pictures: Pictures | None = None

    @property
    def store(self) -> Store:
        """Opened at the first use."""
        if self._store is None:
            self._store = self._opener()
        return self._store

    def routes(self) -> list[BaseRoute]:
        """Page, files and requests."""
        posts: dict[str, Callable[[Request, Body], Any]] = {
            "join": self.join,
            "consent": self.consent,
            "display": self.display,
            "screening": self.screening,
            "ready": self.ready,
            "answer": self.answer,
            "event": self.event,
            "questions": self.questions,
            "withdraw": self.withdraw,
            "delete": self.delete,
            "export": self.export,
        }
        return [
            Route("/", self.page),
            Route("/page/{name}", self.file),
            Route("/api/text/{language}", self.text),
            Route("/api/state", self.state),
            Route("/api/picture/{nonce}", self.picture),
            Route("/api/plates", self.plates),
            Route("/api/plate/{number:int}", self.plate),
            *(Route(f"/api/{name}", _posted(handler), methods=["POST"]) for name, handler in posts.items()),
        ]

    async def page(self, request: Request) -> Response:
        """The one page."""
        return FileResponse(PAGE / "index.html", media_type=_KINDS[".html"])

    async def file(self, request: Request) -> Response:
        """A script or style of it."""
        file = PAGE / request.path_params["name"]
        if file.parent != PAGE or file.suffix not in _KINDS or not file.is_file():
            raise Refused("unknown")
        return FileResponse(file, media_type=_KINDS[file.suffix])

    async def text(self, request: Request) -> Response:
        """The catalogue of texts in a language, English where there is none."""
        return JSONResponse(texts.catalogue(request.path_params["language"]))

    async def state(self, request: Request) -> Response:
        """The step a participant is at."""
        return JSONResponse(await run_in_threadpool(self._state, _token(request)))

    async def picture(self, request: Request) -> Response:
        """The PNG behind a random name."""
        return Response(await run_in_threadpool(self._picture, request.path_params["nonce"]), media_type="image/png")

    async def plates(self, request: Request) -> Response:
        """How many colour-vision plates there are, and what may be read on them."""
        return JSONResponse({"plates": plates.COUNT, "choices": list(plates.CHOICES)})

    async def plate(self, request: Request) -> Response:
        """The PNG of a colour-vision plate, 0..plates.COUNT-1."""
        number = request.path_params["number"]
        if number >= plates.COUNT:
            raise Refused("unknown")
        return Response(await run_in_threadpool(plates.png, number), media_type="image/png")

    def join(self, request: Request, body: Body) -> Body:
        """{link, language} -> {token, state}."""
        address = request.client.host if request.client else ""
        language = texts.chosen(_text(body, "language"))
        token = people.join(self.store, _text(body, "link"), language=language, address_hash=privacy.address_hash(address))
        return {"token": token, "state": self._state(token)}

    def consent(self, request: Request, body: Body) -> Body:
        """{sha256 of the text that was shown} -> {state}."""
        return self._then(request, lambda token: people.consent(self.store, token, _text(body, "sha256")))

    def display(self, request: Request, body: Body) -> Body:
        """{facts of the screen} -> {state}."""
        return self._then(request, lambda token: people.display(self.store, token, _small(body)))

    def screening(self, request: Request, body: Body) -> Body:
        """{answers: {plate: what was read}} -> {state}."""
        return self._then(request, lambda token: people.screened(self.store, token, plates.judged(_small(body.get("answers")))))

    def ready(self, request: Request, body: Body) -> Body:
        """{} -> {state}."""
        return self._then(request, lambda token: people.ready(self.store, token))

    def answer(self, request: Request, body: Body) -> Body:
        """{nonce, choice, rt_ms, shown_ms, frames, flags} -> {stored, feedback, state}, once it is on disk."""
        flags = body.get("flags", [])
        if not isinstance(flags, list):
            raise Refused("bad_request")
        return answering.answer(
            self.store,
            _token(request),
            _text(body, "nonce"),
            _text(body, "choice"),
            rt_ms=_number(body, "rt_ms"),
            shown_ms=_number(body, "shown_ms"),
            frames=_small(body.get("frames") or {}),
            flags=[str(flag) for flag in flags[:20]],
        )

    def event(self, request: Request, body: Body) -> Body:
        """{kind, detail} -> {}."""
        people.happened(self.store, _token(request), _text(body, "kind"), _small(body.get("detail") or {}))
        return {}

    def questions(self, request: Request, body: Body) -> Body:
        """{answers: {key: text}} -> {state}."""
        return {"state": answering.questions(self.store, _token(request), _small(body.get("answers")))}

    def withdraw(self, request: Request, body: Body) -> Body:
        """{} -> {}."""
        answering.withdraw(self.store, _token(request))
        return {}

    def delete(self, request: Request, body: Body) -> Body:
        """{code} -> {}: needs no token, so that it works long afterwards."""
        privacy.delete_me(self.store, _text(body, "code"))
        return {}

    def export(self, request: Request, body: Body) -> Body:
        """{code} -> all that is kept of its holder."""
        return privacy.export_my_data(self.store, _text(body, "code"))

    def _then(self, request: Request, step: Callable[[str], None]) -> Body:
        token = _token(request)
        step(token)
        return {"state": self._state(token)}

    def _state(self, token: str) -> Body:
        state = answering.current(self.store, token)
        if state["step"] == "consent":
            with self.store.read() as session:
                version = session.get_one(Version, people.find(session, token).version.id)
                study = people.study_of(version)
            state["consent"] = texts.consent(study)
        return state

    def _picture(self, nonce: str) -> bytes:
        if self._pictures is None:
            self._pictures = Pictures(self.store)
        return self._pictures.body(nonce)


def _posted(handler: Callable[[Request, Body], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            raise Refused("bad_request") from None
        if not isinstance(body, dict):
            raise Refused("bad_request")
        return JSONResponse(await run_in_threadpool(_handled, handler, request, body))

    return endpoint


def _handled(handler: Callable[[Request, Body], Any], request: Request, body: Body) -> Any:
    try:
        return handler(request, body)
    except Refused:
        raise
    except SurveyError:  # the database: its words are for the owner's log, the browser tries again
        raise Refused("unavailable") from None


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("unknown")
    return token.strip()


def _text(body: Body, key: str) -> str:
    found = body.get(key, "")
    if not isinstance(found, str) or len(found) > 500:
        raise Refused("bad_request")
    return found


def _number(body: Body, key: str) -> float | None:
    found = body.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise Refused("bad_request")
    return float(found)


def _small(found: Any) -> Body:
    """An object that is safe to keep: not too large, and JSON (NaN and infinity are none)."""
    if not isinstance(found, dict):
        raise Refused("bad_request")
    try:
        text = json.dumps(found, allow_nan=False)
    except ValueError:
        raise Refused("bad_request") from None
    if len(text) > 20_000:
        raise Refused("too_large")
    return found
