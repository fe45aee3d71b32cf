"""Over HTTP: a participant's whole way, and what forged, foreign, huge or broken requests get: one word, and no change."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from huelab.survey import guard, owners, web
from huelab.survey.schema import Answer, Event, Participant
from tests.survey.conftest import Launch, Launched

HERE = {"origin": "http://testserver"}


def client(one: Launched) -> TestClient:
    return TestClient(Starlette(routes=[web.mount(lambda: one.store)]), raise_server_exceptions=False)


def post(browser: TestClient, path: str, body: Any, token: str = "", **headers: str) -> Any:
    named = {"authorization": f"Bearer {token}"} if token else {}
    return browser.post(f"/survey/api/{path}", json=body, headers={**HERE, **named, **headers})


def begun(one: Launched, browser: TestClient) -> tuple[str, dict[str, Any]]:
    joined = post(browser, "join", {"link": one.link(), "language": "en-GB"}).json()
    token = joined["token"]
    post(browser, "consent", {"sha256": joined["state"]["consent"]["sha256"]}, token)
    post(browser, "display", {"viewport": [390, 844]}, token)
    post(browser, "screening", {"answers": {"0": "7"}}, token)
    return token, post(browser, "ready", {}, token).json()["state"]


def test_the_whole_way_over_http(launch: Launch) -> None:
    one = launch()
    browser = client(one)
    token, state = begun(one, browser)
    lengths = set()
    while "trial" in state:
        names = [state["trial"]["left"], state["trial"]["right"], *state["next"]]
        for name in names:
            picture = browser.get(f"/survey/api/picture/{name}")
            assert picture.headers["content-type"] == "image/png"
            lengths.add(len(picture.content))
        answer = {"nonce": state["trial"]["nonce"], "choice": "left", "rt_ms": 812.5, "frames": {"missed": [0]}, "flags": []}
        state = post(browser, "answer", answer, token).json()["state"]
    assert state["step"] == "debrief"
    assert len(lengths) == 1
    mine = post(browser, "export", {"code": state["deletion_code"].lower()}).json()
    assert len(mine["answers"]) == 16
    assert post(browser, "delete", {"code": state["deletion_code"]}).json() == {}
    assert post(browser, "export", {"code": state["deletion_code"]}).json() == {"error": "unknown"}
    with one.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Answer)) == 0
        left = session.scalars(select(Participant)).one()
        assert (left.state, left.token_hash, left.client) == ("deleted", None, {})


def test_the_page_is_small_strict_and_says_nothing(launch: Launch) -> None:
    one = launch()
    browser = client(one)
    page = browser.get("/survey/")
    files = ["page.css", "main.js", "trial.js", "exposure.js", "requests.js", "dom.js"]
    bodies = [page.content, *(browser.get(f"/survey/page/{name}").content for name in files), browser.get("/survey/api/text/en").content]
    assert sum(map(len, bodies)) < 60_000
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name, value in {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}.items():
        assert page.headers[name] == value
    for header in ("etag", "last-modified", "server"):
        assert header not in page.headers
    for body in bodies:
        assert not any(name.encode() in body for name in one.study.models)
    assert browser.get("/survey/page/..%2Fweb.py").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "word"),
    [
        ("join", {"link": "forged"}, {}, 404, "unknown"),
        ("join", {"link": "x" * 5000}, {}, 400, "bad_request"),
        ("join", {"link": 7}, {}, 400, "bad_request"),
        ("join", ["link"], {}, 400, "bad_request"),
        ("join", {"link": "x"}, {"origin": "https://elsewhere.example"}, 403, "foreign"),
        ("join", {"link": "x"}, {"sec-fetch-site": "cross-site"}, 403, "foreign"),
        ("join", {"link": "x" * 70_000}, {}, 413, "too_large"),
        ("answer", {"nonce": "x", "choice": "left"}, {}, 404, "unknown"),
        ("delete", {"code": "' OR 1=1 --"}, {}, 404, "unknown"),
    ],
)
def test_what_is_wrong_is_refused_in_a_word(launch: Launch, path: str, body: Any, headers: dict[str, str], status: int, word: str) -> None:
    reply = post(client(launch()), path, body, **headers)
    assert (reply.status_code, reply.json()) == (status, {"error": word})


def test_broken_bodies_change_nothing(launch: Launch) -> None:
    one = launch()
    browser = client(one)
    token, state = begun(one, browser)
    named = {**HERE, "authorization": f"Bearer {token}", "content-type": "application/json"}
    nonce = state["trial"]["nonce"]
    for body in (b"", b"{", b"[" * 50_000, b"\xff\xfe", f'{{"nonce": "{nonce}", "choice": "left", "rt_ms": NaN}}'.encode()):
        assert browser.post("/survey/api/answer", content=body, headers=named).json() == {"error": "bad_request"}
    for wrong in ({"rt_ms": "soon"}, {"frames": [1]}, {"flags": "hidden"}, {"choice": "<script>"}):
        assert post(browser, "answer", {"nonce": nonce, "choice": "left", **wrong}, token).json() == {"error": "bad_request"}
    with one.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Answer)) == 0
    assert browser.get("/survey/api/state", headers=named).json()["trial"]["nonce"] == nonce


def test_a_flood_is_slowed_and_others_are_not(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "RATE", 0.01)
    monkeypatch.setattr(guard, "BURST", 10.0)
    one = launch()
    browser = client(one)
    token, _ = begun(one, browser)
    other, _ = begun(one, browser)
    words = [browser.get("/survey/api/state", headers={"authorization": f"Bearer {token}"}).status_code for _ in range(10)]
    assert words[0] == 200
    assert words[-1] == 429
    assert browser.get("/survey/api/state", headers={"authorization": f"Bearer {other}"}).status_code == 200


def test_made_up_tokens_run_out_and_people_go_on(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "STRANGER_RATE", 0.01)
    monkeypatch.setattr(guard, "STRANGER_BURST", 10.0)
    one = launch()
    browser = client(one)
    token, state = begun(one, browser)
    tried = [browser.get("/survey/api/state", headers={"authorization": f"Bearer made-up-{number}"}) for number in range(12)]
    assert [reply.status_code for reply in tried] == [404] * 10 + [429] * 2
    assert post(browser, "delete", {"code": "AAAAA-AAAAA-AAAAA-AAAAA"}).status_code == 429
    assert browser.get("/survey/api/picture/made-up").status_code == 429
    assert post(browser, "answer", {"nonce": state["trial"]["nonce"], "choice": "left"}, token).status_code == 200


def test_half_an_emoji_is_no_reason_to_be_stuck(launch: Launch) -> None:
    one = launch()
    browser = client(one)
    token, state = begun(one, browser)
    nonce = state["trial"]["nonce"]
    half = {**HERE, "authorization": f"Bearer {token}", "content-type": "application/json"}
    told = browser.post("/survey/api/event", content=b'{"kind": "problem", "detail": {"text": "too dark \\ud83d \\u0000"}}', headers=half)
    assert told.status_code == 200
    with one.store.read() as session:
        assert session.scalars(select(Event.detail)).one() == {"text": "too dark ? "}
    assert browser.post("/survey/api/answer", content=b'{"nonce": "\\ud83d", "choice": "left"}', headers=half).json() == {
        "error": "bad_request"
    }
    huge = f'{{"nonce": "{nonce}", "choice": "left", "rt_ms": 1{"0" * 400}}}'.encode()
    assert browser.post("/survey/api/answer", content=huge, headers=half).json() == {"error": "bad_request"}


def test_free_text_is_kept_as_text(launch: Launch) -> None:
    from huelab.survey.study import Question

    one = launch(questions=(Question(key="note", text="Anything else?"),), screening=False)
    browser = client(one)
    token, state = begun(one, browser)
    while "trial" in state:
        state = post(browser, "answer", {"nonce": state["trial"]["nonce"], "choice": "right"}, token).json()["state"]
    nasty = "'); DROP TABLE answer; -- <script>alert(1)</script> =cmd|'/c calc'!A1"
    assert post(browser, "questions", {"answers": {"note": nasty}}, token).json()["state"]["step"] == "debrief"
    with one.store.read() as session:
        assert session.scalars(select(Participant)).one().questions["note"] == nasty


def test_a_study_that_closes_while_somebody_answers_says_so_and_keeps_what_was_answered(launch: Launch) -> None:
    one = launch()
    browser = client(one)
    token, state = begun(one, browser)
    state = post(browser, "answer", {"nonce": state["trial"]["nonce"], "choice": "left"}, token).json()["state"]
    owners.close(one.store, one.version, who="owner")
    reply = post(browser, "answer", {"nonce": state["trial"]["nonce"], "choice": "left"}, token)
    assert (reply.status_code, reply.json()) == (410, {"error": "closed"})
    with one.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Answer)) == 1


def test_a_database_that_is_away_is_unavailable_and_names_nothing(launch: Launch) -> None:
    one = launch()

    def gone() -> Any:
        from huelab.errors import SurveyError

        raise SurveyError("/secret/path/survey.db is locked")

    browser = TestClient(Starlette(routes=[web.mount(gone)]), raise_server_exceptions=False)
    reply = post(browser, "join", {"link": one.link()})
    assert (reply.status_code, reply.json()) == (503, {"error": "unavailable"})
