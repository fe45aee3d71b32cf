"""Who may see a page of the survey. Participants never come here: theirs is the page behind their link.

On this machine alone, and without accounts, whoever opens the dashboard is the owner. Once there are accounts, or the dashboard can be
reached from elsewhere, everybody signs in: by OpenID Connect where .streamlit/secrets.toml has a section [auth], else by password.
"""

from __future__ import annotations

import getpass
import ipaddress
import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st

from dashboards import parts
from dashboards.surveying import sessions, signing
from huelab.survey import accounts
from huelab.survey.accounts import Role

ADD = "huelab survey account NAME --role owner"
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page. `name` goes into the audit."""

    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        """Whether they may do what `needed` may."""
        return accounts.allows(self.role, needed)


def require(needed: Role, page: str) -> Visitor:
    """Whoever is signed in, if they may; else says what to do and ends the page."""
    visitor = _visitor(page)
    if visitor is None:
        st.stop()
    if not visitor.may(needed):
        article = "an" if needed[0] in "ao" else "a"
        st.info(f"{visitor.name} is signed in as {visitor.role}; this page needs {article} {needed}.", icon=":material/lock:")
        st.stop()
    return visitor


def elsewhere() -> str:
    """From where else than this machine this visitor's dashboard can be reached; "" where it cannot."""
    address = str(st.get_option("server.address") or "")
    if not _loopback(address):
        return address or "every address of this machine"
    headers = st.context.headers
    proxy = next((name for name in _FORWARDED if name in headers), "")
    if proxy:
        return f"a proxy ({proxy})"
    host = headers.get("Host", "127.0.0.1")
    name = urlsplit(f"//{host}").hostname or ""
    return "" if _loopback(name) else name  # also a foreign page that has its own name lead here


def _visitor(page: str) -> Visitor | None:
    if st.secrets.load_if_toml_exists() and "auth" in st.secrets:
        return _by_openid()
    if not accounts.known():
        place = elsewhere()
        if place:
            st.error(f"This dashboard is reached by way of {place}, and nobody has an account yet: the survey stays shut.")
            st.write("Add an account on the machine it runs on, or serve it on 127.0.0.1 only:")
            parts.commands(ADD)
            return None
        name = _local_name()
        st.caption(f"No account is needed on this machine: {name} is the owner. `{ADD}` adds a login.")
        return Visitor(name, "owner")
    account = sessions.whose(st.context.cookies.get(sessions.COOKIE, ""))
    if account is None:
        st.info("Sign in to see the survey's pages.", icon=":material/lock:")
        st.html(f'<a class="sign" href="{signing.ADDRESS}?to={page}" target="_self">Sign in</a>')
        return None
    st.html(f'<p class="sign"><a href="{signing.ADDRESS}?to={page}" target="_self">Sign out</a></p>')
    st.caption(f"Signed in as {account.name}, {account.role}.")
    return Visitor(account.name, account.role)


def _by_openid() -> Visitor | None:
    """By the verified e-mail address, or the provider's own name of the account: an address alone may be anybody's."""
    if st.user.get("is_logged_in") is not True:
        st.info("Sign in to see the survey's pages.", icon=":material/lock:")
        st.button("Sign in", on_click=st.login, type="primary")
        return None
    verified = st.user.get("email_verified") is True
    names = [str(st.user.get("email")) if verified else "", str(st.user.get("sub") or "")]
    account = next((found for name in names if name and (found := accounts.find(name)) is not None), None)
    if account is None:
        shown = next(filter(None, names), "nobody")
        st.error(f"{shown} is signed in, but has no account here. An owner adds one:")
        parts.commands(f"huelab survey account {shlex.quote(shown)} --role viewer --openid")
    else:
        st.caption(f"Signed in as {account.name}, {account.role}.")
    st.button("Sign out", on_click=st.logout)
    return None if account is None else Visitor(account.name, account.role)


def _local_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's number without a name
        return "local owner"


def _loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
