"""The participant's whole way by keyboard alone, on a screen and on a phone, and axe-core's judgement of every step of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from huelab.survey import owners
from huelab.survey.study import Question
from tests.survey.walked import NEEDED, PLATES, WIDTHS, Make, at_answers, page, sized

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [*NEEDED, pytest.mark.slow]

QUESTIONS = (Question(key="seen", text="Seen before?", choices=("yes", "no"), required=True), Question(key="more", text="Anything else?"))
FOCUS = """selector => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  return [one.matches(selector), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, one.outerHTML.slice(0, 120)];
}"""


class Walker:
    """Goes by Tab, Enter, Space and arrows, and looks at each step: a screenshot, and axe-core outside the stimuli."""

    def __init__(self, opened: Page, shots: Path) -> None:
        self.page, self.shots = opened, shots
        self.faults: list[str] = []
        self.steps: list[str] = []
        shots.mkdir()

    def at(self, step: str, selector: str) -> None:
        self.page.wait_for_selector(selector)
        self.page.screenshot(path=self.shots / f"{len(self.steps):02d}-{step}.png")
        sideways = self.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if sideways > 0:
            self.faults.append(f"{step}: {sideways} px stick out sideways")
        found = Axe().run(self.page, context={"exclude": [[".pictures"], [".plate"]]})
        for one in found.response["violations"]:
            if one["impact"] in ("serious", "critical"):
                self.faults.append(f"{step}: {one['id']} {[node['html'][:120] for node in one['nodes'][:3]]}")
        self.steps.append(step)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, selector: str, *keys: str) -> None:
        """Tabs until the element has the focus, which must be seen, and presses the keys there."""
        seen = []
        for _ in range(40):
            self.press("Tab")
            there, visible, html = self.page.evaluate(FOCUS, selector)
            seen.append(html)
            if there:
                if not visible:
                    self.faults.append(f"the focus is not seen on {html}")
                return self.press(*keys)
        raise AssertionError(f"Tab does not reach {selector}: {seen}")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_whole_way_by_keyboard_alone_without_a_barrier(site: Make, browser: Browser, tmp_path: Path, width: int) -> None:
    one = site(sized, questions=QUESTIONS, content_warning="One picture shows a spider.")
    opened, wrong = page(browser, width, locale="en-US" if width > 800 else "de-DE")
    walk = Walker(opened, tmp_path / f"shots-{width}")
    opened.goto(one.link())
    walk.at("consent", "#agree")
    walk.tab_to("#agree", "Space")
    walk.tab_to("button.primary", "Enter")
    walk.at("display", "#note-bright")
    for note in ("bright", "night", "lit"):
        walk.tab_to(f"#note-{note}", "Space")
    walk.tab_to("#seen", "ArrowDown")
    walk.tab_to("button.primary", "Enter")
    for number, digit in enumerate(PLATES):
        place = "235679".index(digit) + 1
        if number == 0:
            walk.at("plate", ".plates")
        opened.wait_for_function("number => document.querySelector('main p')?.innerText.includes(`${number} `)", arg=number + 1)
        walk.tab_to(f".plates button:nth-of-type({place})", "Enter")
    walk.at("instructions", "main p.warning")
    walk.tab_to("button.primary", "Space")
    at_answers(opened)
    walk.at("practice", "button.answer:enabled")
    walk.tab_to("footer button:nth-of-type(2)", "Enter")
    walk.at("my-data", "dialog[open]")
    walk.tab_to("dialog button:last-of-type", "Enter")
    walk.tab_to("footer button:nth-of-type(1)", "Enter")
    walk.at("report", "dialog[open]")
    walk.tab_to("dialog button:last-of-type", "Enter")
    answers(walk, practice=6)
    walk.at("questions", "select")
    walk.tab_to("select", "ArrowDown")
    walk.tab_to("button.primary", "Enter")
    walk.at("debrief", ".code")
    assert opened.locator("output").count() == 2
    assert set(walk.steps) >= {"feedback", "main-begins", "trial", "break"}
    assert walk.faults == []
    assert wrong == []
    votes = one.votes()
    assert len(votes) == 13
    assert set(votes["choice"]) == {"left", "right"}


def answers(walk: Walker, *, practice: int) -> None:
    """Every trial, each answer in another of the ways there are."""
    opened = walk.page
    beside = opened.locator(".pictures.beside").count() == 1
    ways: list[Callable[[], None]] = [
        lambda: walk.press("ArrowLeft" if beside else "ArrowUp"),
        lambda: walk.press("ArrowRight" if beside else "ArrowDown"),
        lambda: walk.tab_to("button.answer", "Enter"),
        lambda: walk.tab_to("button.answer", "Space"),
    ]
    done = 0
    while True:
        opened.wait_for_selector("button.answer:enabled, button.primary:enabled, select")
        if opened.locator("select").count():
            break
        if not opened.locator("button.answer:enabled").count():
            if opened.locator(".feedback").count() == 0:
                walk.at("main-begins" if done == practice else "break", "button.primary")
                walk.tab_to("button.primary", "Enter")
                opened.wait_for_selector("button.answer")
            else:
                if done == 1:
                    walk.at("feedback", ".feedback")
                walk.press("Enter")  # the way on has the focus
                opened.wait_for_selector(".feedback", state="detached")
            continue
        if done == practice:
            walk.at("trial", "button.answer:enabled")
        before = opened.inner_text(".count")
        ways[done % len(ways)]()
        moved = "before => document.querySelector('.feedback') || document.querySelector('.count')?.innerText !== before"
        opened.wait_for_function(moved, arg=before)
        done += 1
    assert done == practice + 7


@pytest.mark.long
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_on_which_nothing_goes_on_have_no_barrier(site: Make, browser: Browser, tmp_path: Path, width: int) -> None:
    one = site(screening=False)
    opened, _ = page(browser, width)
    walk = Walker(opened, tmp_path / f"shots-{width}")
    opened.goto(f"http://127.0.0.1:{one.port}/survey/")
    walk.at("ended", "#code")
    link = one.link(cap=2)
    opened.goto("about:blank")
    opened.goto(link)
    opened.wait_for_selector("#agree")
    walk.tab_to("#agree", "Space")
    walk.tab_to("button.primary", "Enter")
    opened.wait_for_selector("#note-bright")
    second = opened.context.new_page()
    second.goto(link)
    walk.page = second
    walk.at("back", "text=Welcome back")
    walk.tab_to("button.primary", "Enter")
    second.wait_for_selector("#note-bright")
    walk.tab_to("footer button", "Enter")
    second.on("dialog", lambda asked: asked.accept())
    walk.tab_to("dialog button:nth-of-type(2)", "Enter")
    walk.at("stopped", "output")
    owners.pause(one.store, one.version, who="owner")
    third = opened.context.browser.new_context(viewport={"width": width, "height": 844}).new_page()
    third.goto(link)
    walk.page = third
    walk.at("paused", "#code")
    assert walk.steps == ["ended", "back", "stopped", "paused"]
    assert walk.faults == []
