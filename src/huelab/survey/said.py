"""What a browser sends, read with care: a token, short texts, finite numbers, small objects. Whatever else it is, is refused."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from huelab.survey.refusal import Refused

Body = dict[str, Any]


def token(request: Request) -> str:
    """The participant's, from the Authorization header."""
    scheme, _, found = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not found:
        raise Refused("unknown")
    return found.strip()


def text(body: Body, key: str) -> str:
    """At most 500 characters; "" where it is missing."""
    found = body.get(key, "")
    if not isinstance(found, str) or len(found) > 500 or _clean(found) != found:
        raise Refused("bad_request")
    return found


def number(body: Body, key: str) -> float | None:
    """A finite one, or None where it is missing."""
    found = body.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 1e12:  # NaN is not smaller
        raise Refused("bad_request")
    return float(found)


def small(found: Any) -> Body:
    """An object that is safe to keep: not too large, JSON (NaN and infinity are none), and of characters that databases take."""
    if not isinstance(found, dict):
        raise Refused("bad_request")
    try:
        written = json.dumps(found, allow_nan=False)
    except (ValueError, RecursionError):
        raise Refused("bad_request") from None
    if len(written) > 20_000:
        raise Refused("too_large")
    cleaned: Body = _clean(found)
    return cleaned


def _clean(found: Any) -> Any:
    """Without NUL, and with the half of a surrogate pair (an emoji that a program cut) replaced: no UTF-8 has either."""
    if isinstance(found, str):
        return found.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(found, list):
        return [_clean(each) for each in found]
    if isinstance(found, dict):
        return {_clean(key): _clean(value) for key, value in found.items()}
    return found
