"""The participant's page in a real browser: the whole way by keyboard and touch, exact exposures, nothing lost to reloads or crashes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from huelab.survey import longform, owners
from huelab.survey.store import Store
from huelab.survey.study import Question, Study
from tests.survey.conftest import rendered

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
PLATES = "7563295"
FRAME = 1000 / 60
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"),
]


class Site:
    """A launched study behind a server of its own process, which can be killed and started again."""

    def __init__(self, root: Path, study: Study) -> None:
        self.url = f"sqlite:///{root / 'survey.db'}"
        self.store = Store.open(self.url)
        self.study = study
        folder = root / "stimuli"
        rendered(folder, study.models, main=30)
        self.version = owners.create(self.store, study, folder, who="owner")
        owners.launch(self.store, self.version, folder, who="owner", consent="I agree.")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "--factory", "huelab.survey.server:application", "--port", str(self.port)]
        self.process = subprocess.Popen([*command, "--log-level", "error"], env={**os.environ, "HUELAB_SURVEY_URL": self.url})
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}/survey/#{owners.invite(self.store, self.version, who='owner')[0]}"

    def votes(self) -> Any:
        table = longform.of_version(self.store, self.version)
        return table[table["choice"] != ""]


@pytest.fixture
def site(project: Path, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(**settings: Any) -> Site:
        given = {"title": "Which is real?", "models": ("beta", "zhang"), "trials": 6, "catches": 1, "block": 5, "people": 2, **settings}
        made.append(Site(tmp_path, Study.model_validate(given)))
        return made[-1]

    yield make
    for one in made:
        one.kill()
        one.store.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=FLAGS)
        yield opened
        opened.close()


def page(browser: Browser, width: int = 1280, *, touch: bool = False) -> tuple[Page, list[str]]:
    """A fresh page, and what went wrong on it."""
    opened = browser.new_context(viewport={"width": width, "height": 844}, has_touch=touch).new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.set_default_timeout(20_000)
    return opened, wrong


def to_trials(opened: Page, link: str, *, screening: bool = True) -> None:
    opened.goto(link)
    opened.check("#agree")
    opened.click("button.primary")
    opened.wait_for_selector("#note-bright")
    opened.click("button.primary")
    for number, digit in enumerate(PLATES if screening else ""):
        opened.wait_for_selector(f"text=Plate {number + 1} of {len(PLATES)}")
        opened.click(f'.plates button:has-text("{digit}")')
    opened.wait_for_selector("text=What to do")
    opened.click("button.primary")


def answer_on(opened: Page, give: Callable[[Page], None], *, most: int = 100) -> int:
    """Answers trials, and goes on over feedback and breaks, until something else comes; gives how many were answered."""
    done = 0
    while done < most:
        opened.wait_for_selector("button.answer:enabled, button.primary:enabled, select, .code")
        if opened.locator("select, .code").count():
            break
        if opened.locator("button.answer:enabled").count():
            before = opened.locator(".count").inner_text()
            give(opened)
            done += 1
            moved = "before => document.querySelector('.feedback') || document.querySelector('.count')?.innerText !== before"
            opened.wait_for_function(moved, arg=before)
        else:
            opened.click("button.primary:enabled")
    return done


def by_key(opened: Page) -> None:
    opened.keyboard.press("f")


def by_tap(opened: Page) -> None:
    opened.locator("button.answer:enabled").last.tap()


@pytest.mark.parametrize(("width", "touch", "give"), [(1280, False, by_key), (390, True, by_tap)])
def test_the_whole_way(site: Callable[..., Site], browser: Browser, width: int, touch: bool, give: Callable[[Page], None]) -> None:
    one = site(questions=(Question(key="seen", text="Seen before?", choices=("yes", "no"), required=True),))
    opened, wrong = page(browser, width, touch=touch)
    to_trials(opened, one.link())
    opened.wait_for_selector("button.answer:enabled")
    assert opened.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), "no scrolling sideways"
    shown = opened.evaluate("[...document.querySelectorAll('.pictures img')].map(image => [image.width, image.height])")
    assert len(shown) == 2
    assert shown[0] == shown[1]
    assert answer_on(opened, give) == 13
    opened.select_option("select", "no")
    opened.click("button.primary")
    opened.wait_for_selector("text=Thank you")
    assert len(opened.locator("output").all()) == 2
    votes = one.votes()
    assert len(votes) == 13
    assert set(votes["choice"]) == ({"left"} if give is by_key else {"right"})
    assert (votes["rt_ms"] > 0).all()
    assert wrong == []


def test_nothing_the_browser_holds_says_which_is_fake(site: Callable[..., Site], browser: Browser) -> None:
    one = site(screening=False)
    opened, _ = page(browser)
    heard: list[str] = []
    opened.on(
        "response",
        lambda reply: heard.append(
            f"{reply.url} {reply.all_headers()} {'' if 'image' in reply.headers.get('content-type', '') else reply.text()}"
        ),
    )
    to_trials(opened, one.link(), screening=False)
    opened.wait_for_selector("button.answer:enabled")
    opened.wait_for_timeout(500)
    held = opened.evaluate(
        "document.documentElement.outerHTML + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie"
    )
    requests = " ".join(line for line in heard if "/page/" not in line and "/text/" not in line)
    for secret in (*one.study.models, "photo0", "catch", '"fake_side"', one.version):
        assert secret not in held, secret
        assert secret not in requests, secret


@pytest.mark.long
@pytest.mark.parametrize("ms", [250, 1000])
@pytest.mark.parametrize("slow", [False, True])
def test_pictures_are_shown_for_the_frames_they_should_be(site: Callable[..., Site], browser: Browser, ms: int, slow: bool) -> None:
    one = site(exposure_ms=ms, screening=False, trials=12)
    opened, _ = page(browser)
    if slow:
        network = opened.context.new_cdp_session(opened)
        network.send("Network.enable")
        link = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
        network.send("Network.emulateNetworkConditions", link)
    to_trials(opened, one.link(), screening=False)
    answer_on(opened, by_key)
    votes = one.votes()
    votes = votes[~votes["flags"].str.contains("late")]
    error = (votes["shown_ms"] - ms).abs()
    assert len(votes) >= 15
    assert error.quantile(0.95) <= FRAME + 0.5, votes["shown_ms"].tolist()
    assert votes["shown_ms"].mean() == pytest.approx(ms, abs=FRAME / 2), "no constant shift of a frame"


@pytest.mark.long
def test_a_reload_a_second_tab_and_the_back_button_lead_to_the_same_trial(site: Callable[..., Site], browser: Browser) -> None:
    one = site(screening=False)
    opened, wrong = page(browser)
    link = one.link()
    to_trials(opened, link, screening=False)
    answer_on(opened, by_key, most=3)
    if opened.locator(".feedback").count():
        opened.click("button.primary")
    opened.wait_for_selector("button.answer:enabled")
    where = opened.locator(".count").inner_text()
    opened.reload()
    opened.wait_for_selector("button.answer:enabled")
    assert opened.locator(".count").inner_text() == where
    second = opened.context.new_page()
    second.goto(link)
    second.wait_for_selector("button.answer:enabled")
    assert second.locator(".count").inner_text() == where
    second.keyboard.press("j")
    second.wait_for_selector(".feedback")
    opened.keyboard.press("f")  # of a trial that the other tab has answered
    opened.wait_for_selector(".feedback, button.answer:enabled")
    assert len(one.votes()) == 4
    assert one.votes()["choice"].tolist()[-1] == "right"
    opened.goto("about:blank")
    opened.go_back()
    opened.wait_for_selector("button.answer:enabled")
    assert opened.locator(".count").inner_text() == "Practice 5 of 6"
    assert wrong == []


def test_double_clicks_and_held_keys_answer_once(site: Callable[..., Site], browser: Browser) -> None:
    one = site(screening=False)
    opened, _ = page(browser)
    to_trials(opened, one.link(), screening=False)
    opened.wait_for_selector("button.answer:enabled")
    opened.locator("button.answer").first.dblclick()
    opened.wait_for_selector(".feedback")
    opened.click("button.primary")
    opened.wait_for_selector("button.answer:enabled")
    opened.evaluate(
        "for (let n = 0; n < 5; n += 1) document.dispatchEvent(new KeyboardEvent('keydown', {key: 'f', repeat: n > 0, bubbles: true}))"
    )
    opened.wait_for_selector(".feedback")
    assert len(one.votes()) == 2


def test_an_answer_outlives_the_server(site: Callable[..., Site], browser: Browser) -> None:
    one = site(screening=False)
    opened, _ = page(browser)
    to_trials(opened, one.link(), screening=False)
    answer_on(opened, by_key, most=2)
    if opened.locator(".feedback").count():
        opened.click("button.primary")
    opened.wait_for_selector("button.answer:enabled")
    one.kill()
    opened.keyboard.press("j")
    opened.wait_for_selector("text=Nothing is lost")
    assert len(one.votes()) == 2
    one.start()
    opened.wait_for_selector(".feedback")
    opened.wait_for_selector("text=The connection is back")
    assert one.votes()["choice"].tolist() == ["left", "left", "right"]
    opened.click("button.primary")
    answer_on(opened, by_key)
    opened.wait_for_selector("text=Thank you")
    assert len(one.votes()) == 13


@pytest.mark.long
def test_a_tab_that_was_hidden_while_the_pictures_were_shown_gets_them_again(site: Callable[..., Site], browser: Browser) -> None:
    one = site(exposure_ms=1000, screening=False)
    opened, _ = page(browser)
    to_trials(opened, one.link(), screening=False)
    answer_on(opened, by_key, most=6)
    opened.wait_for_selector("button.primary")
    opened.evaluate("Object.defineProperty(document, 'hidden', {get: () => window.away === true, configurable: true})")
    opened.evaluate("window.away = true")
    opened.click("button.primary:enabled")
    opened.wait_for_selector("text=That was the practice")
    opened.click("button.primary:enabled")
    opened.wait_for_selector("button.answer:enabled")
    opened.evaluate("window.away = false")
    opened.wait_for_timeout(1200)
    opened.keyboard.press("f")
    answer_on(opened, by_key)
    opened.wait_for_selector("text=Thank you")
    votes = one.votes()
    assert votes["repeats"].notna().sum() == votes["flags"].str.contains("hidden|late").sum()
    assert votes["repeats"].notna().sum() >= 1


def test_wrong_links_are_told_apart_in_words(site: Callable[..., Site], browser: Browser) -> None:
    one = site()
    base = f"http://127.0.0.1:{one.port}/survey/"
    for link, words in ((base, "lacks your personal part"), (f"{base}#forged", "not known")):
        opened, _ = page(browser)
        opened.goto(link)
        opened.wait_for_selector(f"text={words}")
    link = one.link()
    owners.close(one.store, one.version, who="owner")
    opened, _ = page(browser)
    opened.goto(link)
    opened.wait_for_selector("text=closed")
