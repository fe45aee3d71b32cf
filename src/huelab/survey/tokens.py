"""Secrets of the survey: links, the browser's names for trials and pictures, and codes that people copy by hand."""

from __future__ import annotations

import hashlib
import secrets

_LEGIBLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0 and O, 1, I and L: participants copy codes from paper."""


def new_token() -> str:
    """192 random bits, url-safe: whoever holds it is that participant, or may become one."""
    return secrets.token_urlsafe(24)


def new_nonce() -> str:
    """120 random bits, url-safe: the name of a trial or a picture, good for one person once."""
    return secrets.token_urlsafe(15)


def new_id() -> str:
    """64 random bits in hex: the name of a row that is no secret."""
    return secrets.token_hex(8)


def new_code() -> str:
    """Four groups of four legible characters, 79 bits: for a deletion or a payment."""
    return "-".join("".join(secrets.choice(_LEGIBLE) for _ in range(4)) for _ in range(4))


def hashed(secret: str) -> str:
    """What the database keeps of a token or a code. Unsalted: these are random enough not to be guessed from it."""
    return hashlib.sha256(secret.strip().encode()).hexdigest()
