"""Who is signed in: random names of sessions, kept hashed in this server's memory. A restart signs everybody out."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from huelab.survey import accounts, tokens
from huelab.survey.accounts import Account

COOKIE = "huelab_owner"
LASTS = 12 * 3600
"""Seconds after signing in."""
_MOST = 1000


@dataclass(frozen=True)
class _Session:
    account: Account
    until: float


_lock = threading.Lock()
_sessions: dict[str, _Session] = {}


def begin(account: Account) -> str:
    """The secret that goes into the browser's cookie."""
    token = tokens.new_token()
    with _lock:
        now = time.monotonic()
        for name in [name for name, one in _sessions.items() if one.until < now] + list(_sessions)[: max(0, len(_sessions) - _MOST)]:
            del _sessions[name]
        _sessions[tokens.hashed(token)] = _Session(account, now + LASTS)
    return token


def whose(token: str) -> Account | None:
    """The account signed in by that cookie, as it is now; None for a forged or old one, and where role or password changed since."""
    with _lock:
        found = _sessions.get(tokens.hashed(token))
    if found is None or found.until < time.monotonic():
        return None
    now = accounts.find(found.account.name)
    return now if now is not None and now.mark == found.account.mark else None


def end(token: str) -> None:
    """Signs out, in every window at once."""
    with _lock:
        _sessions.pop(tokens.hashed(token), None)
