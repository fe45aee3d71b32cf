"""The server that `make ui` starts answers participants as well: by our page under our rules, never by Streamlit's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dashboards import ui
from dashboards.surveying import database
from huelab.survey import accounts, owners, people
from tests.dashboards import voters
from tests.dashboards.surveyed import launched

PASSWORD = "correct horse battery"


@pytest.fixture
def link(project: Path) -> Iterator[tuple[str, str, str]]:
    """The server's address, a participant's link token and another's own token who has begun."""
    store = database.store()
    version = launched(store)
    token = voters.begun(store, version)
    invite = owners.invite(store, version, who="owner")[0]
    port = ui.free_port(8660)
    server = ui.dashboard(port, "")
    try:
        ui.wait_until_up(server, f"http://127.0.0.1:{port}/_stcore/health", "The dashboard")
        yield f"http://127.0.0.1:{port}", invite, token
    finally:
        ui.stop([server])
        database.close()


def test_participants_and_owners_are_served_side_by_side(link: tuple[str, str, str], project: Path) -> None:
    address, invite, token = link
    with httpx.Client(base_url=address, headers={"accept-encoding": "gzip"}, timeout=30) as browser:
        page = browser.get("/survey/")
        assert page.status_code == 200
        assert "treamlit" not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert browser.get("/survey").headers["location"].endswith("/survey/")
        assert "treamlit" in browser.get("/studies").text
        joined = browser.post("/survey/api/join", json={"link": invite, "language": "en"}).json()
        assert joined["state"]["step"] == "consent"
        assert browser.post("/survey/api/join", json={"link": "forged"}).json() == {"error": "unknown"}
        foreign = browser.post("/survey/api/join", json={"link": invite}, headers={"origin": "http://evil.example"})
        assert foreign.json() == {"error": "foreign"}
        browser.headers["authorization"] = f"Bearer {token}"
        state = browser.get("/survey/api/state").json()
        names = [state["trial"]["left"], state["trial"]["right"], *state["next"]]
        pictures = [browser.get(f"/survey/api/picture/{name}") for name in names]
        assert {picture.headers.get("content-encoding", "") for picture in pictures} == {""}, "packed, their lengths would tell them apart"
        assert len({picture.num_bytes_downloaded for picture in pictures}) == 1
        assert people.join(database.store(), token) == token


def test_signing_in_works_on_the_running_server(link: tuple[str, str, str], project: Path) -> None:
    accounts.add("ada", PASSWORD, "owner")
    with httpx.Client(base_url=link[0], timeout=30) as browser:
        form = {"name": "ada", "password": PASSWORD, "to": "monitor"}
        assert "Sign in" in browser.get("/account/sign-in").text
        refused = browser.post("/account/sign-in", data={**form, "password": "wrong horse battery"}, headers={"origin": link[0]})
        assert refused.status_code == 403
        reply = browser.post("/account/sign-in", data=form, headers={"origin": link[0]})
        assert reply.headers["location"] == "/monitor"
        assert "As ada, owner" in browser.get("/account/sign-in").text
