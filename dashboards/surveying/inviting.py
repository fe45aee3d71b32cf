"""Links to a study: made, shown once with their QR codes, listed and revoked."""

from __future__ import annotations

import csv
import datetime as dt
import io
from urllib.parse import urlsplit

import pandas as pd
import segno
import streamlit as st
from sqlalchemy import select

from dashboards.surveying.versions import Listed
from huelab.survey import owners, web
from huelab.survey.schema import Invite
from huelab.survey.store import Store

_SINGLE, _OPEN = "Single-use: one person each", "Open: one link for many"


def base_address() -> str:
    """scheme://host of the page the visitor looks at: participants' links begin with it."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "http://127.0.0.1:8501"


def link(address: str, token: str) -> str:
    """The address a participant opens."""
    return f"{address.rstrip('/')}{web.PREFIX}/#{token}"


def qr(text: str) -> str:
    """A QR code as SVG."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", scale=4, border=4, xmldecl=False, light="#ffffff")
    return out.getvalue().decode()


def address_field(key: str) -> str:
    """The address under which participants reach this server."""
    given = st.text_input(
        "Address participants use",
        base_address(),
        key=key,
        help="Where this server is reached from outside, for example through a proxy: https://survey.example.org",
    ).strip()
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        st.error(f"{given!r} is no address: it begins with http:// or https://.")
        return base_address()
    if (parts.hostname or "") in ("127.0.0.1", "localhost", "::1"):
        st.caption("Links with this address work on this machine only.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def show(store: Store, one: Listed, who: str) -> None:
    """The form, the links just made, and those there are."""
    if one.state == "closed":
        st.info("The study is closed: nobody can join it any more.", icon=":material/lock:")
    else:
        _make(store, one, who)
    _fresh(one)
    _existing(store, one, who)


def _make(store: Store, one: Listed, who: str) -> None:
    address = address_field(f"address_{one.id}")
    kind = st.radio("Kind", [_SINGLE, _OPEN], horizontal=True, key=f"kind_{one.id}")
    with st.form(f"invite_{one.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        if kind == _SINGLE:
            count, cap = int(st.number_input("Links", 1, 1000, 1, key=f"links_{one.id}", width=130)), 1
        else:
            count, cap = 1, int(st.number_input("Most people", 1, 100_000, one.study.people, key=f"cap_{one.id}", width=150))
        until = st.date_input("Valid until (UTC)", None, min_value=dt.datetime.now(dt.UTC).date(), key=f"until_{one.id}", width=190)
        note = st.text_input("Note", max_chars=200, key=f"note_{one.id}", help="For yourself: who gets them.")
        asked = st.form_submit_button("Make links" if kind == _SINGLE else "Make link", type="primary")
    if asked:
        end = None if until is None else dt.datetime.combine(until, dt.time.max, dt.UTC)
        made = owners.invite(store, one.id, who=who, count=count, cap=cap, expires=end, note=note)
        rows = [
            {"link": link(address, token), "people": cap, "valid_until": "" if end is None else end.isoformat(), "note": note}
            for token in made
        ]
        st.session_state[_key(one)] = [*rows, *st.session_state.get(_key(one), [])]


def _key(one: Listed) -> str:
    return f"made_links_{one.id}"


def _fresh(one: Listed) -> None:
    rows = st.session_state.get(_key(one), [])
    if not rows:
        return
    st.subheader("New links")
    st.caption("Shown this once: the database keeps only what it needs to recognise them. Who has a single-use link is that participant.")
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows({key: f"'{cell}" if str(cell).startswith(("=", "+", "-", "@")) else cell for key, cell in row.items()} for row in rows)
    st.download_button(
        "Download as CSV",
        out.getvalue(),
        f"links-{one.id}.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv_{one.id}",
    )
    chosen = 0
    if len(rows) > 1:
        chosen = int(st.number_input("Show link number", 1, len(rows), 1, key=f"shown_{one.id}")) - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(qr(rows[chosen]["link"]), width=180, alt="QR code of the link")
        st.code(rows[chosen]["link"], None, wrap_lines=True)


def _existing(store: Store, one: Listed, who: str) -> None:
    with store.read() as session:
        invites = list(session.scalars(select(Invite).where(Invite.version_id == one.id).order_by(Invite.created_at.desc())))
    if not invites:
        return
    now = dt.datetime.now(dt.UTC)
    st.subheader("All links")

    def state(invite: Invite) -> str:
        if invite.revoked:
            return "revoked"
        if invite.expires_at is not None and invite.expires_at < now:
            return "expired"
        return "used up" if invite.used >= invite.cap else "open"

    table = pd.DataFrame(
        {
            "id": [invite.id for invite in invites],
            "state": [state(invite) for invite in invites],
            "used": [f"{invite.used} of {invite.cap}" for invite in invites],
            "until": ["" if invite.expires_at is None else f"{invite.expires_at:%Y-%m-%d %H:%M}" for invite in invites],
            "note": [invite.note for invite in invites],
            "made": [f"{invite.created_at:%Y-%m-%d %H:%M} by {invite.created_by}" for invite in invites],
        }
    )
    event = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="multi-row", key=f"invites_{one.id}", alt="Links",
        column_config={"id": "Link", "state": "State", "used": "Used", "until": "Valid until (UTC)", "note": "Note", "made": "Made"},
    )  # fmt: skip
    picked = [table["id"].iloc[row] for row in event["selection"]["rows"] if table["state"].iloc[row] == "open"]
    if picked and st.button(f"Revoke {len(picked)}", key=f"revoke_{one.id}", help="Nobody new gets in by them; who is in stays in."):
        owners.revoke(store, picked, who=who)
        st.rerun()
