"""Who may use the survey's pages, and as what: names, roles and salted passwords in a file that only its owner may read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from huelab import paths
from huelab.errors import SurveyError, UsageError
from huelab.run_lock import hold
from huelab.survey.guard import Buckets

Role = Literal["viewer", "analyst", "owner"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the least to the most: a viewer watches, an analyst also sees results and exports, an owner does everything."""
LEAST_PASSWORD = 10
"""Characters of a password."""

_COST = {"n": 2**15, "r": 8, "p": 3}  # 32 MB and some 0.3 s: OWASP's cheat sheet on password storage, 2025
_NAME_RATE = (1 / 30, 10.0)  # tries per second in the long run, and at once: of one name, and of one address
_ADDRESS_RATE = (1 / 10, 20.0)


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    salt: str = ""
    hash: str = ""
    """Base64; empty for somebody whom another service signs in."""
    n: int = Field(_COST["n"], gt=1)
    r: int = Field(_COST["r"], gt=0)
    p: int = Field(_COST["p"], gt=0)


@dataclass(frozen=True)
class Account:
    """Somebody. `mark` changes whenever role or password do, which ends what was begun under the old ones."""

    name: str
    role: Role
    mark: str
    password: bool
    """Whether a password lets them in; else only OpenID Connect does."""


def add(name: str, password: str | None, role: str) -> None:
    """Makes an account, or gives an old one this role and password. `password` None: only OpenID Connect signs them in, by this name.

    Raises UsageError for a role there is not, a name of more than one line, and a short password.
    """
    name = name.strip()
    require_role(role)
    if not name or len(name) > 200 or not name.isprintable():
        raise UsageError(f"{name!r} is no name of an account: it must be one line of 1 to 200 characters.")
    if password is not None and len(password) < LEAST_PASSWORD:
        raise UsageError(f"The password has {len(password)} characters; {LEAST_PASSWORD} are the least.")
    facts: dict[str, Any] = {"role": role}
    if password is not None:
        salt = secrets.token_bytes(16)
        facts |= {"salt": base64.b64encode(salt).decode(), "hash": base64.b64encode(_scrypt(password, salt, **_COST)).decode()}
    entry = _Entry.model_validate(facts)
    with hold("survey-accounts", wait=5):
        _write({**_read(), name: entry})


def require_role(role: str) -> None:
    """Raises UsageError for a role there is not."""
    if role not in ROLES:
        raise UsageError(f"role is {role!r}; allowed: {', '.join(ROLES)}.")


def remove(name: str) -> None:
    """Takes an account away; whoever is signed in by it is no longer. Raises SurveyError where there is none."""
    with hold("survey-accounts", wait=5):
        entries = _read()
        if name not in entries:
            raise SurveyError(f"There is no account {name!r}; there are: {', '.join(entries) or 'none'}.")
        del entries[name]
        _write(entries)


def known() -> list[Account]:
    """All accounts, by name. Raises SurveyError for a damaged file: then nobody gets in."""
    return [_account(name, entry) for name, entry in sorted(_read().items())]


def find(name: str) -> Account | None:
    """The account of that name."""
    entry = _read().get(name)
    return None if entry is None else _account(name, entry)


def allows(role: Role, needed: Role) -> bool:
    """Whether `role` may do what `needed` may."""
    return ROLES.index(role) >= ROLES.index(needed)


class Door:
    """Checks passwords, slowly and one at a time; keep one per process."""

    def __init__(self) -> None:
        self._by_name, self._by_address = Buckets(*_NAME_RATE), Buckets(*_ADDRESS_RATE)
        self._one = threading.Lock()

    def check(self, name: str, password: str, *, address: str = "") -> Account:
        """The account, if the password is its own, else SurveyError: an unknown name takes as long, and says the same, as a wrong one."""
        name = name.strip()[:200]
        if not (self._by_address.take(address) and self._by_name.take(name)):
            raise SurveyError("Too many tries: wait a minute.")
        entry = _read().get(name)
        tried = entry if entry is not None and entry.hash else _NOBODY
        with self._one:  # 32 MB each: many at once must not fill the memory
            found = _scrypt(password[:1000], base64.b64decode(tried.salt), n=tried.n, r=tried.r, p=tried.p)
        same = hmac.compare_digest(found, base64.b64decode(tried.hash))
        if entry is None or not same or tried is _NOBODY:
            raise SurveyError("Name and password do not belong together.")
        return _account(name, entry)


def _scrypt(password: str, salt: bytes, *, n: int, r: int, p: int) -> bytes:
    same_everywhere = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")  # keyboards differ in how they write ü
    return hashlib.scrypt(same_everywhere, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32)


_NOBODY = _Entry(role="viewer", salt=base64.b64encode(bytes(16)).decode(), hash=base64.b64encode(bytes(32)).decode())


def _account(name: str, entry: _Entry) -> Account:
    return Account(name, entry.role, hashlib.sha256(entry.model_dump_json().encode()).hexdigest(), bool(entry.hash))


def _read() -> dict[str, _Entry]:
    file = paths.survey_accounts()
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {str(name): _Entry.model_validate(facts) for name, facts in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        words = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise SurveyError(f"{file} cannot be read as accounts ({words}): mend it, or remove it and add the accounts again.") from None


def _write(entries: dict[str, _Entry]) -> None:
    file: Path = paths.survey_accounts()
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    text = json.dumps({name: entry.model_dump() for name, entry in sorted(entries.items())}, indent=1, ensure_ascii=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except OSError as error:
        raise SurveyError(f"{file} cannot be written ({error.strerror or error}): the accounts are as they were.") from None
