"""Finished HTML reports, served as they are: whole documents that stages wrote, shown in a frame or in a tab of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from huelab import paths

INSPECTION = "/documents/inspection"
REPORT = "/documents/report"

_HEADERS = {
    # a report holds names of the user's files: even if one were to smuggle in markup, it could neither call out nor touch the dashboard
    "Content-Security-Policy": "sandbox allow-scripts allow-popups; default-src 'none'; img-src data:; font-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'self'",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}

_PLACES: dict[str, Callable[[], Path]] = {
    INSPECTION: paths.inspection_html,
    REPORT: lambda: paths.reports() / "report.html",
}


def _serve(request: Request) -> Response:
    file = _PLACES[request.url.path]()
    if not file.is_file():
        return PlainTextResponse(f"{file.name} is not written yet: it appears when the stage that makes it has run.", 404)
    return FileResponse(file, media_type="text/html; charset=utf-8", headers=_HEADERS)


ROUTES = [Route(address, _serve) for address in _PLACES]
