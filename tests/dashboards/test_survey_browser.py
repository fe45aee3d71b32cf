"""An owner in a real browser makes a study, launches it, watches somebody join, closes it and reads the results; wide and narrow."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import segno

from dashboards import ui
from dashboards.surveying import database, sessions, versions
from huelab import paths
from huelab.survey import accounts, owners
from huelab.survey.crowd import Crowd
from tests.dashboards import voters
from tests.dashboards.surveyed import draft, launched
from tests.dashboards.test_browser import CHROMIUM, browser_page, keep, settle
from tests.survey.conftest import rendered

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "correct horse battery"
WORDS = {
    "Models": "Krippendorff",
    "Photographs": "A dot is one picture",
    "Left out": re.compile("Nobody was left out|What it changes"),
    "Metrics": re.compile("Left out: "),
    "As text": "huelab survey stats",
}
"""What each part of the results says once it is drawn."""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"),
]


@pytest.fixture
def address(project: Path) -> Iterator[str]:
    """The dashboard over a project with rendered pictures and nothing else."""
    rendered(paths.stimuli())
    port = ui.free_port(8680)
    server = ui.dashboard(port, "")
    try:
        ui.wait_until_up(server, f"http://127.0.0.1:{port}/_stcore/health", "The dashboard")
        yield f"http://127.0.0.1:{port}"
    finally:
        ui.stop([server])
        database.close()


def go_to(page: Page, title: str) -> None:
    """Follows the menu: a part of it that opens on a wide screen, a drawer on a narrow one."""
    link = page.locator(f"a[href$='/{title.lower()}']").locator("visible=true").first
    if page.viewport_size is not None and page.viewport_size["width"] < 700:
        page.get_by_test_id("stExpandSidebarButton").click()
    else:
        page.get_by_role("button", name="Survey").click()
    link.click()  # once it has stopped sliding in
    page.get_by_role("heading", name=title, level=1).wait_for()
    settle(page)


def press(page: Page, name: str) -> None:
    """The button of that name on a page of Streamlit that is on the screen; others wait in closed menus."""
    from playwright.sync_api import expect

    settle(page)  # while a page is drawn anew, its old parts stand beside the new ones
    button = page.get_by_role("button", name=name, exact=True).locator("visible=true")
    expect(button).to_have_count(1, timeout=90_000)
    button.click()


def decoded(png: bytes) -> str:
    """What a phone reads from a picture of a QR code, held nearer and turned as one does; "" where it finds none."""
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    for nearer in (3, 1, 2, 4):
        held = cv2.resize(picture, None, fx=nearer, fy=nearer, interpolation=cv2.INTER_CUBIC)
        for turned in (held, cv2.rotate(held, cv2.ROTATE_90_CLOCKWISE), cv2.rotate(held, cv2.ROTATE_180)):
            found: str = cv2.QRCodeDetector().detectAndDecode(turned)[0]
            if found:
                return found
    return ""


def invited(page: Page) -> str:
    """A new link, which its code reads as. The reader fails on one code of a hundred: another link is another code."""
    for number in range(1, 4):
        press(page, "Make links")
        if number > 1:
            page.get_by_label("Show link number").and_(page.locator("input")).wait_for()
        settle(page)
        code = page.get_by_alt_text("QR code of the link")
        code.wait_for()
        link = page.get_by_text(re.compile(r"/survey/#[\w-]{32}")).first.inner_text().strip()
        settle(page)
        read = decoded(code.screenshot())
        assert read in ("", link)
        if read:
            return link
    raise AssertionError("three codes that cannot be read")


@pytest.mark.parametrize("width", [pytest.param(1400, marks=pytest.mark.long), 420])
def test_an_owner_creates_launches_watches_and_closes(width: int, address: str, tmp_path: Path) -> None:
    with browser_page(address, width) as (page, wrong):
        go_to(page, "Studies")
        for name, value in {"Title": "Cats and dogs", "Purpose": "To try it out.", "Contact": "lab@example.org"}.items():
            page.get_by_role("textbox", name=name, exact=True).fill(value)
            page.keyboard.press("Tab")  # leaving it hands it over
        keep(page, tmp_path, "studies-new")
        press(page, "Create a draft")
        page.get_by_text("A draft is open to nobody but you").wait_for()

        press(page, "Preview")
        preview = page.get_by_role("link", name="Open the preview").get_attribute("href")
        assert preview is not None
        other = page.context.new_page()
        other.set_default_timeout(90_000)
        other.goto(preview)
        other.get_by_role("heading", name="Cats and dogs").wait_for()

        press(page, "Launch")
        page.get_by_role("button", name="Close", exact=True).wait_for()
        link = invited(page)
        assert link.startswith(f"{address}/survey/#")
        keep(page, tmp_path, "studies-links")
        other.goto("about:blank")
        other.goto(link)
        other.get_by_role("heading", name="Cats and dogs").wait_for()
        other.close()

        store = database.store()
        version = versions.listed(store)[0]
        assert version.joined == 1  # the preview is nobody
        voters.vote(store, version.id, Crowd({"beta": 0.2, "zhang": 0.45}), count=2)
        go_to(page, "Monitor")
        page.get_by_text(f"2 of {version.study.people} people complete").wait_for()
        voters.vote(store, version.id, Crowd({"beta": 0.2, "zhang": 0.45}), count=1, seed=1)
        page.get_by_text(f"3 of {version.study.people} people complete").wait_for()  # by itself
        page.get_by_text("Results are hidden until").wait_for()
        keep(page, tmp_path, "monitor")
        go_to(page, "Results")
        page.get_by_text("Results are hidden until").wait_for()
        assert "beta" not in page.locator("[data-testid=stMain]").inner_text()
        keep(page, tmp_path, "results-hidden")

        go_to(page, "Studies")
        ended(page, "Pause", "lunch")
        page.get_by_role("button", name="Resume", exact=True).wait_for()
        keep(page, tmp_path, "studies-paused")
        press(page, "Resume")
        page.get_by_role("button", name="Pause", exact=True).wait_for()
        ended(page, "Close", "enough people")
        page.get_by_text("nobody can join it any more").wait_for()

        go_to(page, "Results")
        for tab in ("Models", "Photographs", "Left out", "Metrics", "As text"):
            page.get_by_role("tab", name=tab, exact=True).click()
            page.get_by_role("tab", name=tab, exact=True, selected=True).wait_for()
            page.get_by_text(WORDS[tab]).locator("visible=true").first.wait_for()
            settle(page)
            keep(page, tmp_path, f"results-{tab.lower().replace(' ', '-')}")
        go_to(page, "Export")
        press(page, "Write an export")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the zip").click()
        assert download.value.suggested_filename == f"survey-{version.id}.zip"
        with zipfile.ZipFile(download.value.path()) as archive:
            assert f"survey-{version.id}/votes.csv" in archive.namelist()
        keep(page, tmp_path, "export")
    assert wrong == []


def ended(page: Page, name: str, why: str) -> None:
    """Pauses or closes the study, which asks for a reason."""
    press(page, name)
    reason = page.get_by_role("textbox", name="Reason").locator("visible=true")
    reason.fill(why)
    reason.press("Enter")
    press(page, f"{name} the study")


def test_of_two_studies_with_one_title_the_one_chosen_is_launched_and_stays_chosen(address: str) -> None:
    """The browser names a choice by its words: were they alike, or changed by the launch, the next button would be another study's."""
    told = {"title": "Real or fake?", "purpose": "A test.", "contact": "lab@example.org"}
    older, newer = draft(database.store(), **told), draft(database.store(), **told)
    with browser_page(address, 1400) as (page, wrong):
        go_to(page, "Studies")
        page.get_by_role("combobox", name="Study").click()
        page.get_by_role("option").filter(has_text=older[:6]).click()
        page.get_by_text(f"version id {older}").wait_for()
        press(page, "Launch")
        page.get_by_role("button", name="Pause", exact=True).wait_for()
        press(page, "Preview")
        page.get_by_role("link", name="Open the preview").wait_for()
        settle(page)
        assert page.get_by_text(f"version id {older}").count() == 1
    states = {one.id: one.state for one in versions.listed(database.store())}
    assert states == {older: "live", newer: "draft"}
    assert wrong == []


def ours(wrong: list[str]) -> list[str]:
    """Without Streamlit looking for its server below an address that was opened directly; failed answers are told by address too."""
    return [one for one in wrong if "/_stcore/" not in one and "Failed to load resource" not in one]


def test_a_viewer_signs_in_watches_and_gets_no_results(address: str, tmp_path: Path) -> None:
    version = launched(database.store(), purpose="A test.", contact="lab@example.org")
    voters.vote(database.store(), version, Crowd({"beta": 0.2, "zhang": 0.45}), count=2)
    owners.close(database.store(), version, who="owner", why="a test")
    accounts.add("ada", PASSWORD, "viewer")
    sent: list[str] = []

    def received(payload: str | bytes) -> None:
        sent.append(payload if isinstance(payload, str) else payload.decode("utf-8", "replace"))

    with browser_page(address, 1400) as (page, wrong):
        page.on("websocket", lambda socket: socket.on("framereceived", received))
        go_to(page, "Monitor")
        page.get_by_text("Sign in to see the survey's pages").wait_for()
        keep(page, tmp_path, "signed-out")
        page.get_by_role("link", name="Sign in").click()
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.screenshot(path=str(tmp_path / "sign-in.png"))
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("Signed in as ada, viewer.").wait_for()
        assert sessions.COOKIE not in page.evaluate("document.cookie")
        page.reload()
        page.get_by_text("Signed in as ada, viewer.").wait_for()
        page.get_by_text("2 of 3 people complete").wait_for()
        assert page.get_by_role("link", name="See the results").count() == 0
        keep(page, tmp_path, "viewer-monitor")
        for title, needed in (("Studies", "an owner"), ("Results", "an analyst"), ("Export", "an analyst")):
            go_to(page, title)
            page.get_by_text(f"this page needs {needed}").wait_for()
        keep(page, tmp_path, "viewer-export")
        page.get_by_role("link", name="Sign out").click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in").wait_for()
        page.goto(f"{address}/monitor")
        page.get_by_text("Sign in to see the survey's pages").wait_for()
        settle(page)
    assert any("people complete" in frame for frame in sent)
    assert not any(word in frame for frame in sent for word in ("Fooling rate", "beta", "zhang", "votes.csv"))
    assert ours(wrong) == []


def test_a_wrong_password_is_told_on_the_page(address: str, tmp_path: Path) -> None:
    accounts.add("ada", PASSWORD, "viewer")
    with browser_page(address, 420) as (page, _):  # the refusal's 403 counts as wrong there
        page.goto(f"{address}/account/sign-in?to=monitor")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill("wrong horse battery")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").filter(has_text="do not belong together").wait_for()
        page.screenshot(path=str(tmp_path / "refused.png"))
        assert sessions.COOKIE not in {cookie.get("name") for cookie in page.context.cookies()}
        page.goto(f"{address}/monitor")
        page.get_by_text("Sign in to see the survey's pages").wait_for()


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:8501/survey/#aDqxAxZPaK44wsyFff7ye8tu2hnEISow", f"https://{'long.' * 24}org/survey/#{'Z_' * 16}"]
)
def test_the_code_that_is_shown_reads_as_the_link(link: str) -> None:
    rows = [[not dark for dark in row] for row in segno.make(link, error="m", micro=False).matrix_iter(scale=4, border=4)]
    ok, png = cv2.imencode(".png", np.array(rows, np.uint8) * 255)
    assert ok
    assert decoded(png.tobytes()) == link
