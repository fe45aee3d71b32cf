"""What stands before every survey request: headers that keep a page strict, one origin, small bodies, a rate, and errors without detail."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from huelab.survey.refusal import STATUS, Refused

MOST_BYTES = 64 * 1024
"""Of a request's body; frame times of a long exposure take some ten."""
RATE, BURST = 10.0, 60.0
"""Requests per second a participant may go on making, and at once."""
JOIN_RATE, JOIN_BURST = 2.0, 120.0
"""Joins per second from one address: a class behind one router comes at once."""

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
_log = logging.getLogger("huelab.survey")


class Guard:
    """ASGI middleware around the survey's routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.people = Buckets(RATE, BURST)
        self.addresses = Buckets(JOIN_RATE, JOIN_BURST)

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
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                for name in ("etag", "last-modified", "server"):
                    if name in headers:
                        del headers[name]
            await send(message)

        try:
            self._check(scope)
            await self.app(scope, _limited(receive), guarded)
        except Refused as refused:
            if started:
                raise
            await refusal(refused.word)(scope, receive, guarded)
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
        joining = scope["path"].endswith("/join")
        whose = (scope.get("client") or ("", 0))[0] if joining else headers.get("authorization", "")
        if whose and not (self.addresses if joining else self.people).take(whose):
            raise Refused("too_fast")


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

    def take(self, key: str) -> bool:
        """Whether one more request is within the rate."""
        now = time.monotonic()
        with self._lock:
            left, since = self._left.pop(key, (self.burst, now))
            left = min(self.burst, left + (now - since) * self.rate)
            self._left[key] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > self.most:
                self._left.popitem(last=False)
            return left >= 1
