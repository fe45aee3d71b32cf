"""The whole of a study in a real browser: an owner makes it and invites, somebody takes every trial, and the results say what they saw."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dashboards.surveying import database, versions
from tests.dashboards.test_browser import CHROMIUM, browser_page, keep, settle
from tests.dashboards.test_survey_browser import address, ended, go_to, press
from tests.survey.walked import answer_on, to_trials

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["address"]  # a fixture
pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"),
]
GREENS = """() => [...document.querySelectorAll(".pictures img")].map((image) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data[1];
})"""
"""The test's flat pictures differ in their green: 0 the real one, 40 a catch, 80 beta, 120 zhang (tests.survey.conftest.rendered)."""


def looks(page: Page) -> None:
    """Somebody who sees through beta and every catch, and takes zhang for real each time."""
    left, right = page.evaluate(GREENS)
    assert min(left, right) == 0
    fooled = max(left, right) == 120
    page.wait_for_timeout(250)  # who answers within 200 ms did not look, and would be left out
    page.keyboard.press("f" if (left > right) != fooled else "j")


def test_from_the_form_to_what_somebody_saw(address: str, tmp_path: Path) -> None:
    told = {"Title": "Cats and dogs", "Purpose": "To try it out.", "Contact": "lab@example.org", "Main trials": "20", "People": "2"}
    with browser_page(address, 1400) as (page, wrong):
        go_to(page, "Studies")
        for name, value in told.items():
            page.get_by_label(name, exact=True).and_(page.locator("input, textarea")).fill(value)
            page.keyboard.press("Tab")
        page.get_by_text("2 people give 20 votes per model").wait_for()
        press(page, "Create a draft")
        page.get_by_text("A draft is open to nobody but you").wait_for()
        press(page, "Launch")
        page.get_by_role("button", name="Close", exact=True).wait_for()
        press(page, "Make links")
        link = page.get_by_text(re.compile(r"/survey/#[\w-]{32}")).first.inner_text().strip()

        person = page.context.new_page()
        person.set_default_timeout(90_000)
        person.on("pageerror", lambda error: wrong.append(str(error)))
        to_trials(person, link)
        assert answer_on(person, looks) == 20 + 4 + 6
        person.get_by_role("heading", name="Thank you").wait_for()
        person.screenshot(path=str(tmp_path / "debrief.png"))
        person.close()

        go_to(page, "Monitor")
        page.get_by_text("1 of 2 people complete").wait_for()
        go_to(page, "Results")
        page.get_by_text("Results are hidden until 2 people").wait_for()
        page.get_by_text("See them now").click()
        page.get_by_role("textbox", name="Reason").fill("to see what they look like")
        press(page, "Open the results")
        page.get_by_role("tab", name="As text", exact=True).click()
        text = page.get_by_test_id("stCode").filter(has_text="Fooling rate")
        text.wait_for()
        settle(page)
        said = text.inner_text()
        assert re.search(r"beta +0\.0 %", said)
        assert re.search(r"zhang +100\.0 %", said)
        assert "0 by the rules of the study" in said
        assert "to see what they look like" in said
        keep(page, tmp_path, "results-early")

        go_to(page, "Studies")
        ended(page, "Close", "a walk")
        page.get_by_text("nobody can join it any more").wait_for()
    one = versions.listed(database.store())[0]
    assert (one.state, one.complete, one.study.trials) == ("closed", 1, 20)
    assert wrong == []
