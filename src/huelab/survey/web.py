"""The participant's page and its requests, under /survey. Mounted into the dashboard's server, or served alone (survey/server.py).

A link is /survey/#TOKEN: what stands behind # is never sent with a request for the page, so no log holds it. Requests carry the
participant's token as `Authorization: Bearer`. Refusals are {"error": word} and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from huelab.survey import answering, people, plates, privacy, said, texts
from huelab.survey.consent import consent_of
from huelab.survey.database import Database, Opener
from huelab.survey.guard import Guard
from huelab.survey.person import find
from huelab.survey.refusal import Refused
from huelab.survey.said import Body
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


def mount(opener: Opener, *, alone: bool = False) -> Mount:
    """Everything under /survey. `opener` gives the database; it is called with the first request, so that a page costs nothing unused.

    `alone`: the server does nothing else (survey/database.py says what that is for).
    """
    service = Service(opener, alone=alone)
    return Mount(PREFIX, app=Guard(Router(service.routes())))


class Service:
    """The routes over one database."""

    def __init__(self, opener: Opener, *, alone: bool = False) -> None:
        self._database = Database(opener, alone=alone)

    @property
    def store(self) -> Store:
        """The database."""
        return self._database.store

    def routes(self) -> list[BaseRoute]:
        """Page, files and requests, those of every trial first."""
        posts: dict[str, Callable[[Request, Body], Any]] = {
            "answer": self.answer,
            "join": self.join,
            "consent": self.consent,
            "display": self.display,
            "screening": self.screening,
            "ready": self.ready,
            "event": self.event,
            "questions": self.questions,
            "withdraw": self.withdraw,
            "delete": self.delete,
            "export": self.export,
        }
        return [
            Route("/api/picture/{nonce}", self.picture),
            *(Route(f"/api/{name}", self._posted(handler), methods=["POST"]) for name, handler in posts.items()),
            Route("/", self.page),
            Route("/page/{name}", self.file),
            Route("/api/text/{language}", self.text),
            Route("/api/state", self.state),
            Route("/api/plates", self.plates),
            Route("/api/plate/{number:int}", self.plate),
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
        return JSONResponse(texts.catalogue(texts.chosen(request.path_params["language"])))

    async def state(self, request: Request) -> Response:
        """The step a participant is at."""
        return JSONResponse(await self._database.write(self._state, said.token(request)))

    async def picture(self, request: Request) -> Response:
        """The PNG behind a random name."""
        return Response(await self._database.picture(request.path_params["nonce"]), media_type="image/png")

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
        language = texts.chosen(said.text(body, "language"))
        token = people.join(self.store, said.text(body, "link"), language=language, address_hash=privacy.address_hash(address))
        return {"token": token, "state": self._state(token)}

    def consent(self, request: Request, body: Body) -> Body:
        """{sha256 of the text that was shown} -> {state}."""
        return self._then(request, lambda token: people.consent(self.store, token, said.text(body, "sha256")))

    def display(self, request: Request, body: Body) -> Body:
        """{facts of the screen} -> {state}."""
        return self._then(request, lambda token: people.display(self.store, token, said.small(body)))

    def screening(self, request: Request, body: Body) -> Body:
        """{answers: {plate: what was read}} -> {state}."""
        return self._then(request, lambda token: people.screened(self.store, token, plates.judged(said.small(body.get("answers")))))

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
            said.token(request),
            said.text(body, "nonce"),
            said.text(body, "choice"),
            rt_ms=said.number(body, "rt_ms"),
            shown_ms=said.number(body, "shown_ms"),
            frames=said.small(body.get("frames") or {}),
            flags=[str(flag) for flag in flags[:20]],
        )

    def event(self, request: Request, body: Body) -> Body:
        """{kind, detail} -> {}."""
        people.happened(self.store, said.token(request), said.text(body, "kind"), said.small(body.get("detail") or {}))
        return {}

    def questions(self, request: Request, body: Body) -> Body:
        """{answers: {key: text}} -> {state}."""
        return {"state": answering.questions(self.store, said.token(request), said.small(body.get("answers")))}

    def withdraw(self, request: Request, body: Body) -> Body:
        """{} -> {}."""
        answering.withdraw(self.store, said.token(request))
        return {}

    def delete(self, request: Request, body: Body) -> Body:
        """{code} -> {}: needs no token, so that it works long afterwards."""
        privacy.delete_me(self.store, said.text(body, "code"))
        return {}

    def export(self, request: Request, body: Body) -> Body:
        """{code} -> all that is kept of its holder."""
        return privacy.export_my_data(self.store, said.text(body, "code"))

    def _then(self, request: Request, step: Callable[[str], None]) -> Body:
        token = said.token(request)
        step(token)
        return {"state": self._state(token)}

    def _state(self, token: str) -> Body:
        state = answering.current(self.store, token)
        if state["step"] == "consent":
            with self.store.read() as session:
                person = find(session.connection(), token)
                state["consent"] = consent_of(session.get_one(Version, person.version_id), person.language)
        return state

    def _posted(self, handler: Callable[[Request, Body], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                body = json.loads(await request.body())
            except (ValueError, RecursionError):
                raise Refused("bad_request") from None
            if not isinstance(body, dict):
                raise Refused("bad_request")
            return JSONResponse(await self._database.write(handler, request, body))

        return endpoint
