"""Every way of showing and asking, in a real browser: answers open when they should, and no press meant for something else is an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.survey.walked import NEEDED, Make, answer_on, at_answers, go_on, page, to_instructions, to_trials

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [*NEEDED, pytest.mark.slow, pytest.mark.long]

TRACE = """
window.trace = [];
const look = () => {
  const seen = (one) => one && getComputedStyle(one).visibility === "visible";
  const pictures = [...document.querySelectorAll(".pictures img")].filter(seen).map((image) => image.alt);
  const now = [pictures.join(" and ") || "nothing", seen(document.querySelector(".mask")) ? "masked" : ""];
  now.push(document.querySelector("button.answer:enabled") ? "open" : "");
  const line = now.filter(Boolean).join(", ");
  if (window.trace.at(-1) !== line) window.trace.push(line);
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def traced(browser: Browser) -> tuple[Page, list[str]]:
    """A page that notes what is seen, and whether answers are open, whenever that changes."""
    opened, wrong = page(browser)
    opened.add_init_script(TRACE)
    return opened, wrong


def shown(opened: Page) -> list[str]:
    """Of the present trial."""
    trace: list[str] = opened.evaluate("window.trace")
    first = next(place for place, line in enumerate(trace) if line != "nothing")
    return trace[first:]


def choices(one: Any) -> list[str]:
    return list(one.votes()["choice"])


def test_in_mode_prefer_a_press_on_a_button_or_behind_a_dialog_is_no_vote(site: Make, browser: Browser) -> None:
    one = site(mode="prefer", keys=("A", "L"), screening=False)
    opened, wrong = page(browser)
    to_instructions(opened, one.link(), screening=False)
    words = opened.inner_text("main")
    assert "A for the first, L for the second" in words
    assert "told what was right" not in words, "a preference has no right answer"
    opened.click("button.primary")
    for name in ("My data", "Report a problem"):
        at_answers(opened)
        opened.focus(f'button:has-text("{name}")')
        opened.keyboard.press("Space")
        opened.wait_for_selector("dialog[open]")
        for key in ("a", "l", "ArrowLeft", "ArrowRight"):
            opened.keyboard.press(key)
        opened.keyboard.press("Escape")
        opened.wait_for_selector("dialog", state="detached")
    assert choices(one) == []
    given: list[str] = []
    for press, focus, choice in (("Space", "button.answer >> nth=2", "right"), ("Space", "h1", "tie"), ("Shift+A", "h1", "left")):
        at_answers(opened)
        before = opened.inner_text(".count")
        opened.focus(focus)
        opened.keyboard.press(press)
        opened.wait_for_function("before => document.querySelector('.count')?.innerText !== before", arg=before)
        given.append(choice)
        assert choices(one) == given
    assert answer_on(opened, lambda on: on.keyboard.press("l")) == 10
    opened.wait_for_selector("text=Thank you")
    assert choices(one)[3:] == ["right"] * 10
    assert wrong == []


def test_a_single_masked_picture_is_answered_only_after_it_has_gone(site: Make, browser: Browser) -> None:
    one = site(mode="single", exposure_ms=1000, mask=True, answer_while_shown=False, screening=False)
    opened, wrong = traced(browser)
    to_trials(opened, one.link(), screening=False)
    opened.wait_for_function("() => window.trace.includes('Picture to judge')")
    opened.keyboard.press("f")
    at_answers(opened)
    opened.wait_for_timeout(200)
    assert shown(opened) == ["Picture to judge", "nothing, masked", "nothing, open"]
    assert choices(one) == []
    opened.keyboard.press("j")
    opened.wait_for_selector(".feedback")
    assert choices(one) == ["fake"]
    opened.click("button.primary")
    assert answer_on(opened, lambda on: on.keyboard.press("ArrowLeft")) == 12
    opened.wait_for_selector("text=Thank you")
    assert set(choices(one)[1:]) == {"real"}
    assert (one.votes()["rt_ms"] > 0).all()
    assert wrong == []


def test_of_two_pictures_in_turn_each_is_masked_and_none_is_judged_before_the_second(site: Make, browser: Browser) -> None:
    one = site(presentation="in_turn", exposure_ms=1000, gap_ms=400, mask=True, screening=False)
    opened, wrong = traced(browser)
    to_trials(opened, one.link(), screening=False)
    opened.wait_for_function("() => window.trace.includes('First picture')")
    opened.keyboard.press("f")
    opened.wait_for_function("() => window.trace.at(-1) === 'nothing, open'")
    one_after_the_other = ["First picture", "nothing, masked", "nothing"]
    assert shown(opened) == [*one_after_the_other, "Second picture, open", "nothing, masked, open", "nothing, open"]
    assert choices(one) == []
    opened.keyboard.press("j")
    opened.wait_for_selector(".feedback")
    assert "one had fake colours" in opened.inner_text(".feedback")
    opened.click("button.primary")
    opened.wait_for_function("() => window.trace.filter(line => line === 'Second picture, open').length === 2")
    opened.keyboard.press("f")  # while the second is shown
    opened.wait_for_selector(".feedback")
    assert choices(one) == ["right", "left"]
    assert wrong == []


def test_a_dialog_over_timed_pictures_counts_as_hidden(site: Make, browser: Browser) -> None:
    one = site(exposure_ms=1000, screening=False)
    opened, _ = page(browser)
    to_trials(opened, one.link(), screening=False)
    at_answers(opened)
    opened.evaluate("[...document.querySelectorAll('footer button')].at(-1).click()")
    opened.wait_for_timeout(1500)
    opened.keyboard.press("Escape")
    opened.keyboard.press("f")
    go_on(opened)
    assert "hidden" in one.votes()["flags"].iloc[0]
