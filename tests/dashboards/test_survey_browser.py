"""An owner in a real browser makes a study, launches it, watches somebody join, closes it and reads the results; wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dashboards import ui
from dashboards.surveying import database, versions
from huelab import paths
from huelab.survey import accounts
from huelab.survey.crowd import Crowd
from tests.dashboards import voters
from tests.dashboards.test_browser import CHROMIUM, browser_page, keep, settle
from tests.survey.conftest import rendered

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "correct horse battery"
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
    if page.viewport_size is not None and page.viewport_size["width"] < 700:
        page.get_by_test_id("stExpandSidebarButton").click()
        page.wait_for_timeout(500)  # it slides in
    else:
        page.get_by_role("button", name="Survey").click()
    page.locator(f"a[href$='/{title.lower()}']").locator("visible=true").first.click()
    page.get_by_role("heading", name=title, level=1).wait_for()
    settle(page)


def press(page: Page, name: str) -> None:
    """A button, once Streamlit has taken in what was typed before."""
    settle(page)
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


@pytest.mark.parametrize("width", [1400, 420])
def test_an_owner_creates_launches_watches_and_closes(width: int, address: str, tmp_path: Path) -> None:
    with browser_page(address, width) as (page, wrong):
        go_to(page, "Studies")
        page.get_by_label("Title").fill("Cats and dogs")
        page.get_by_label("Title").press("Enter")
        keep(page, tmp_path, "studies-new")
        press(page, "Create a draft")
        page.get_by_text("A draft is open to nobody but you").wait_for()
        press(page, "Launch")
        page.get_by_role("button", name="Close").wait_for()
        press(page, "Make links")
        link = page.get_by_text(re.compile(r"/survey/#[\w-]{32}")).first.inner_text().strip()
        assert link.startswith(f"{address}/survey/#")
        page.get_by_alt_text("QR code of the link").wait_for()
        keep(page, tmp_path, "studies-links")

        other = page.context.new_page()
        other.goto(link)
        other.get_by_role("heading", name="Cats and dogs").wait_for()
        other.close()

        store = database.store()
        version = versions.listed(store)[0]
        voters.vote(store, version.id, Crowd({"beta": 0.2, "zhang": 0.45}), count=2)
        go_to(page, "Monitor")
        page.get_by_text(f"2 of {version.study.people} people complete").wait_for()
        voters.vote(store, version.id, Crowd({"beta": 0.2, "zhang": 0.45}), count=1, seed=1)
        page.get_by_text(f"3 of {version.study.people} people complete").wait_for()  # by itself
        page.get_by_text("Results are hidden until").wait_for()
        keep(page, tmp_path, "monitor")
        go_to(page, "Results")
        page.get_by_text("Results are hidden until").wait_for()
        keep(page, tmp_path, "results-hidden")

        go_to(page, "Studies")
        page.get_by_role("button", name="Close").click()
        page.get_by_label("Reason").locator("visible=true").fill("enough people")
        page.get_by_label("Reason").locator("visible=true").press("Enter")
        press(page, "Close the study")
        page.get_by_text("nobody can join it any more").wait_for()
        go_to(page, "Results")
        for tab in ("Models", "Photographs", "Left out", "Metrics", "As text"):
            page.get_by_role("tab", name=tab, exact=True).click()
            settle(page)
            keep(page, tmp_path, f"results-{tab.lower().replace(' ', '-')}")
        go_to(page, "Export")
        press(page, "Write an export")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the zip").click()
        assert download.value.suggested_filename == f"survey-{version.id}.zip"
        keep(page, tmp_path, "export")
    assert wrong == []


def test_signing_in_and_out_in_a_browser(address: str, tmp_path: Path) -> None:
    accounts.add("ada", PASSWORD, "viewer")
    with browser_page(address, 1400) as (page, wrong):
        go_to(page, "Monitor")
        page.get_by_text("Sign in to see the survey's pages").wait_for()
        keep(page, tmp_path, "signed-out")
        page.get_by_role("link", name="Sign in").click()
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.screenshot(path=str(tmp_path / "sign-in.png"))
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("Signed in as ada, viewer.").wait_for()
        assert "huelab_owner" not in page.evaluate("document.cookie")
        page.reload()
        page.get_by_text("Signed in as ada, viewer.").wait_for()
        go_to(page, "Results")
        page.get_by_text("this page needs an analyst").wait_for()
        page.get_by_role("link", name="Sign out").click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in").wait_for()
        page.goto(f"{address}/monitor")
        page.get_by_text("Sign in to see the survey's pages").wait_for()
    assert wrong == []
