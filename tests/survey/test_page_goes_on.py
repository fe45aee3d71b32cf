"""What people may count on while they take part, and afterwards: nothing is lost to a pause, and their data stay theirs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from huelab.survey import owners
from huelab.survey.schema import Event, Participant, Trial
from tests.survey.walked import NEEDED, Make, Site, answer_on, at_answers, by_key, go_on, page, to_trials

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [*NEEDED, pytest.mark.slow]


def people_in(one: Site) -> list[str]:
    with one.store.read() as session:
        return sorted(session.scalars(select(Participant.state)))


def code_of(opened: Page) -> str:
    """The deletion code, from My data."""
    opened.click("text=My data")
    code = opened.inner_text("dialog output")
    opened.click("dialog button.primary")
    return code


def by_code(opened: Page, code: str, one: Site) -> None:
    """Downloads by the code on the last page, then deletes."""
    opened.fill("#code", "00000-00000-00000-00000")
    opened.click("text=Download my data")
    opened.wait_for_selector("text=Nothing is kept under this code")
    opened.fill("#code", code.lower())
    with opened.expect_download() as download:
        opened.click("text=Download my data")
    kept = json.loads(Path(download.value.path()).read_text())
    assert sum(bool(row.get("choice")) for row in kept["answers"]) == len(one.votes()) > 0
    opened.on("dialog", lambda asked: asked.accept())
    opened.click("text=Delete my data")
    opened.wait_for_selector("text=Your data are deleted")
    assert len(one.votes()) == 0
    assert people_in(one) == ["deleted"]


def test_what_is_agreed_to_is_the_text_that_was_shown(site: Make, browser: Browser) -> None:
    one = site(screening=False)
    opened, _ = page(browser)

    def other_hash(route: Route) -> None:
        reply = route.fetch()
        state = reply.json()
        route.fulfill(response=reply, json={**state, "state": {**state["state"], "consent_sha256": "0" * 64}})

    opened.route("**/api/join", other_hash)
    with opened.expect_response("**/api/join") as joined:
        opened.goto(one.link())
    opened.check("#agree")
    with opened.expect_request("**/api/consent") as asked:
        opened.click("button.primary")
    shown = joined.value.json()["state"]["consent"]["text"]
    opened.wait_for_selector("text=" + shown.split(". ")[0])
    assert asked.value.post_data_json == {"sha256": hashlib.sha256(shown.encode()).hexdigest()}


def test_a_paused_study_goes_on_by_itself(site: Make, browser: Browser) -> None:
    one = site(screening=False)
    link = one.link()
    owners.pause(one.store, one.version, who="owner")
    opened, _ = page(browser)
    opened.goto(link)
    opened.wait_for_selector("#code")
    assert opened.inner_text("h1") == "A pause"
    owners.resume(one.store, one.version, who="owner")
    opened.wait_for_selector("#agree")
    opened.check("#agree")
    opened.click("button.primary")
    opened.wait_for_selector("#note-bright")
    opened.click("button.primary")
    opened.wait_for_selector("text=What to do")
    opened.click("button.primary")
    at_answers(opened)
    owners.pause(one.store, one.version, who="owner")
    opened.keyboard.press("j")
    opened.wait_for_selector("#status:has-text('paused')")
    opened.wait_for_timeout(12_000)  # asked more than once
    assert len(one.votes()) == 0
    owners.resume(one.store, one.version, who="owner")
    opened.wait_for_selector(".feedback")
    assert list(one.votes()["choice"]) == ["right"], "the answer that was given into the pause"
    assert "goes on" in opened.inner_text("#status")
    go_on(opened)


def test_who_stops_is_shown_the_code_and_no_key_answers_any_more(site: Make, browser: Browser) -> None:
    one = site(screening=False)
    opened, wrong = page(browser)
    to_trials(opened, one.link(), screening=False)
    answer_on(opened, by_key, most=1)
    go_on(opened)
    opened.once("dialog", lambda asked: asked.accept())
    opened.click("text=My data")
    code = opened.inner_text("dialog output")
    opened.click("text=Stop taking part")
    opened.wait_for_selector("text=You have stopped taking part")
    assert opened.inner_text("output") == code
    posted: list[str] = []
    opened.on("request", lambda request: posted.append(request.url))
    for key in ("f", "j", "ArrowLeft"):
        opened.keyboard.press(key)
    opened.wait_for_timeout(500)
    assert posted == []
    assert len(one.votes()) == 1
    assert people_in(one) == ["withdrawn"]
    opened.reload()
    opened.wait_for_selector("text=You have stopped taking part")
    by_code(opened, code, one)
    assert [line for line in wrong if "Failed to load" not in line] == []


def test_data_are_handed_out_and_deleted_also_when_the_study_is_closed(site: Make, browser: Browser) -> None:
    one = site(screening=False)
    opened, _ = page(browser)
    to_trials(opened, one.link(), screening=False)
    answer_on(opened, by_key, most=2)
    go_on(opened)
    code = code_of(opened)
    owners.close(one.store, one.version, who="owner")
    opened.keyboard.press("f")
    opened.wait_for_selector("text=This survey is closed")
    by_code(opened, code, one)


def test_my_data_are_deleted_in_the_middle_of_a_trial(site: Make, browser: Browser) -> None:
    one = site(screening=False)
    opened, wrong = page(browser)
    opened.add_init_script("localStorage.__proto__.removeItem = () => { throw new Error('no storage'); }")
    to_trials(opened, one.link(), screening=False)
    answer_on(opened, by_key, most=1)
    go_on(opened)
    opened.on("dialog", lambda asked: asked.accept())
    opened.click("text=My data")
    opened.click("text=Delete my data")
    opened.wait_for_selector("text=Your data are deleted")
    opened.keyboard.press("f")
    opened.wait_for_timeout(300)
    assert opened.locator("text=Your data are deleted").count() == 1
    assert people_in(one) == ["deleted"]
    assert wrong == []


def test_the_next_person_at_a_shared_computer_is_not_the_first(site: Make, browser: Browser) -> None:
    one = site(screening=False)
    opened, _ = page(browser)
    link = one.link(cap=5)
    to_trials(opened, link, screening=False)
    at_answers(opened)
    opened.reload()
    at_answers(opened)  # the same tab goes on at once
    second = opened.context.new_page()
    second.goto(link)
    second.click("text=I am somebody else")
    second.wait_for_selector("#agree")
    assert people_in(one) == ["active", "invited"]
    second.evaluate("for (const key of Object.keys(localStorage)) localStorage.setItem(key, 'of-nobody')")
    second.reload()
    second.wait_for_selector("#agree")
    assert people_in(one) == ["active", "invited", "invited"], "a forgotten token leads back to the link"
    own, _ = page(browser)
    to_trials(own, link := one.link(), screening=False)
    at_answers(own)
    third = own.context.new_page()
    third.goto(link)
    third.click("text=I am somebody else")
    third.wait_for_selector("text=This link is for one person")
    assert len(people_in(one)) == 4


def test_a_report_says_of_which_trial_and_cuts_no_character(site: Make, browser: Browser) -> None:
    one = site(screening=False)
    opened, _ = page(browser)
    to_trials(opened, one.link(), screening=False)
    answer_on(opened, by_key, most=1)
    go_on(opened)
    opened.click("text=Report a problem")
    opened.fill("#problem", "x" + 600 * "🌈")
    opened.route("**/api/event", lambda route: route.abort())
    opened.click("dialog >> text=Send")
    opened.wait_for_selector("text=It could not be sent")
    assert "Thank you" not in opened.inner_text("#status")
    opened.unroute("**/api/event")
    opened.click("dialog >> text=Send")
    opened.wait_for_selector("text=Thank you, it is noted")
    with one.store.read() as session:
        detail: dict[str, Any] = session.scalars(select(Event.detail).where(Event.kind == "problem")).one()
        trial = session.scalars(select(Trial).where(Trial.k == 1)).one()
    assert detail == {"text": "x" + 499 * "🌈", "nonce": trial.nonce}
