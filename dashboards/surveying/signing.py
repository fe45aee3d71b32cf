"""Signing in and out: a plain page of its own, for only an answer to a request can set a cookie that scripts cannot read."""

from __future__ import annotations

import html
import secrets
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboards.surveying import sessions
from huelab.errors import SurveyError
from huelab.survey.accounts import Door

ADDRESS, OUT = "/account/sign-in", "/account/sign-out"
PAGES = ("studies", "monitor", "results", "export")
_MOST_BYTES = 8192
_door = Door()

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in: huelab</title>
<style nonce="{nonce}">
  body {{ margin: 0; font: 16px/1.5 "Source Sans", "Segoe UI", system-ui, sans-serif; color: #1f2226; background: #f3f3f4; }}
  main {{ max-width: 22rem; margin: 12vh auto; padding: 1.6rem; background: #fff; border: 1px solid #dcdde0; border-radius: .5rem; }}
  h1 {{ margin: 0 0 1rem; font-size: 1.4rem; }}
  label {{ display: block; margin: .8rem 0; }}
  input {{ display: block; box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; border: 1px solid #8b8d92;
    border-radius: .4rem; }}
  button {{ margin-top: .6rem; padding: .55rem 1.2rem; font: inherit; color: #fff; background: #0b66a8; border: 0; border-radius: .4rem; }}
  .wrong {{ color: #a11c1c; }}
</style></head><body><main>{inside}</main></body></html>"""

_FORM = """<h1>Sign in</h1>{wrong}
<form method="post" action="{action}">
<input type="hidden" name="to" value="{to}">
<label>Name <input name="name" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button></form>"""

_SIGNED_IN = """<h1>Signed in</h1><p>As {name}, {role}.</p>
<form method="post" action="{out}"><button>Sign out</button></form><p><a href="/{to}">Back to the survey</a></p>"""


async def _asked(request: Request) -> Response:
    to = _target(request.query_params.get("to", ""))
    account = sessions.whose(request.cookies.get(sessions.COOKIE, ""))
    if account is None:
        return _page(_form(to))
    return _page(_SIGNED_IN.format(name=html.escape(account.name), role=account.role, out=OUT, to=to))


async def _tried(request: Request) -> Response:
    if not _own(request):
        return _page("<h1>Refused</h1><p>This was sent by another site.</p>", 403)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return _page("<h1>Refused</h1><p>That is too long for a name and a password.</p>", 413)
    given = {key: values[0] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
    to = _target(given.get("to", ""))
    address = request.client.host if request.client else ""
    try:
        account = await run_in_threadpool(_door.check, given.get("name", ""), given.get("password", ""), address=address)
    except SurveyError as error:
        return _page(_form(to, str(error)), 403)
    reply = RedirectResponse(f"/{to}", 303, headers=_headers(""))
    token = sessions.begin(account)
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    reply.set_cookie(sessions.COOKIE, token, max_age=sessions.LASTS, path="/", httponly=True, samesite="strict", secure=secure)
    return reply


async def _left(request: Request) -> Response:
    if not _own(request):
        return _page("<h1>Refused</h1><p>This was sent by another site.</p>", 403)
    sessions.end(request.cookies.get(sessions.COOKIE, ""))
    reply = RedirectResponse(ADDRESS, 303, headers=_headers(""))
    reply.delete_cookie(sessions.COOKIE, path="/", httponly=True, samesite="strict")
    return reply


def _own(request: Request) -> bool:
    """Whether our own page sent the form."""
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def _target(wanted: str) -> str:
    """One of our pages: a link must not lead away after signing in."""
    return wanted if wanted in PAGES else PAGES[0]


def _form(to: str, wrong: str = "") -> str:
    said = f'<p class="wrong" role="alert">{html.escape(wrong)}</p>' if wrong else ""
    return _FORM.format(wrong=said, action=ADDRESS, to=to)


def _page(inside: str, status: int = 200) -> Response:
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(_PAGE.format(nonce=nonce, inside=inside), status, headers=_headers(nonce))


def _headers(nonce: str) -> dict[str, str]:
    style = f"style-src 'nonce-{nonce}'; " if nonce else ""
    return {
        "Content-Security-Policy": f"default-src 'none'; {style}base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
    }


ROUTES = [
    Route(ADDRESS, _asked, methods=["GET"]),
    Route(ADDRESS, _tried, methods=["POST"]),
    Route(OUT, _left, methods=["POST"]),
]
