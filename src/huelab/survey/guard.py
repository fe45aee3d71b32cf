"""What stands before every survey request: headers that keep a page strict, one origin, small bodies, a rate, and errors without detail."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from huelab.survey.refusal import STATUS, Refused

MOST_BYTES = 64 * 1024
"""Of a request's body; frame times of a long exposure take some ten."""
RATE, BURST = 10.0, 60.0
"""Requests per second a participant may go on making, and at once."""
JOIN_RATE, JOIN_BURST = 2.0, 120.0
"""Joins per second from one address, and at once: a class behind one router comes together."""
STRANGER_RATE, STRANGER_BURST = 1.0, 60.0
"""Requests from one address with a token, link, code or picture's name that nobody was told. Then it waits; known people go on."""

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_RAW = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
_HIDDEN = (*(name for name, _ in _RAW), b"etag", b"last-modified", b"server")
"""Of what comes from within: what is set here, and what would tell one file from another."""
_log = logging.getLogger("huelab.survey")


class Guard:
    """ASGI middleware around the survey's routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.people = Buckets(RATE, BURST)
        self.joins = Buckets(JOIN_RATE, JOIN_BURST)
        self.strangers = Buckets(STRANGER_RATE, STRANGER_BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a refused request itself, passes any other on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*(header for header in message["headers"] if header[0] not in _HIDDEN), *_RAW]
            await send(message)

        try:
            self._check(scope)
            await self.app(scope, _limited(receive), guarded)
        except Refused as refused:
            if started:
                raise
            if refused.word == "unknown":  # a made-up token is no person, and making up others must not help
                self.people.forget(Headers(scope=scope).get("authorization", ""))
                self.strangers.take(_address(scope))
            await refusal(refused.word)(scope, receive, guarded)
        except HTTPException as error:  # no such page, or not by this method
            await JSONResponse({"error": "unknown"}, error.status_code)(scope, receive, guarded)
        except Exception:
            _log.exception("a survey request failed")
            if started:
                raise
            await refusal("unavailable")(scope, receive, guarded)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if scope["method"] not in ("GET", "HEAD"):
            origin = headers.get("origin")
            if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or (
                origin is not None and urlsplit(origin).netloc != headers.get("host", "")
            ):
                raise Refused("foreign")
            length = headers.get("content-length", "0")
            if not length.isdecimal() or int(length) > MOST_BYTES:
                raise Refused("too_large")
        token = headers.get("authorization", "")
        stranger = token not in self.people
        if stranger and self.strangers.left(_address(scope)) < 1:
            raise Refused("too_fast")
        if scope["path"].endswith("/join") and not self.joins.take(_address(scope)):
            raise Refused("too_fast")
        if token and not self.people.take(token):
            raise Refused("too_fast")


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("", 0))[0])


def refusal(word: str) -> JSONResponse:
    """What the browser gets: one word it has a text for."""
    headers = {"retry-after": "1"} if word in ("too_fast", "unavailable") else None
    return JSONResponse({"error": word}, STATUS[word], headers=headers)


def _limited(receive: Receive) -> Receive:
    """A body that turns out longer than it said is refused while it comes in."""
    total = 0

    async def limited() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BYTES:
            raise Refused("too_large")
        return message

    return limited


class Buckets:
    """A token bucket per key; the least recently used are forgotten."""

    def __init__(self, rate: float, burst: float, most: int = 10_000) -> None:
        self.rate, self.burst, self.most = rate, burst, most
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def left(self, key: str) -> float:
        """How many requests it may make at once now."""
        left, since = self._left.get(key, (self.burst, time.monotonic()))
        return min(self.burst, left + (time.monotonic() - since) * self.rate)

    def take(self, key: str) -> bool:
        """Whether one more request is within the rate; if so it counts."""
        with self._lock:
            left = self.left(key)
            self._left[key] = (left - 1 if left >= 1 else left, time.monotonic())
            self._left.move_to_end(key)
            if len(self._left) > self.most:
                self._left.popitem(last=False)
            return left >= 1

    def forget(self, key: str) -> None:
        """As if it had never come."""
        with self._lock:
            self._left.pop(key, None)
