"""One walk through all pages in a real browser, wide and narrow: what the eye must find, no error, no request to anybody else."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from dashboards import ui
from tests.generated_photographs import photograph

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Response

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def address(finished: Path) -> Iterator[str]:
    """The dashboard over the finished project, served as `make ui` serves it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUELAB_ROOT", str(finished))
        port = ui.free_port(8640)
        server = ui.dashboard(port, "")
        try:
            ui.wait_until_up(server, f"http://127.0.0.1:{port}/_stcore/health", "The dashboard")
            yield f"http://127.0.0.1:{port}"
        finally:
            ui.stop([server])


@contextlib.contextmanager
def browser_page(address: str, width: int) -> Iterator[tuple[Page, list[str]]]:
    """A fresh page, and the list of whatever went wrong on it: errors, failed answers, requests to other hosts."""
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []

    def asked(request: Request) -> None:
        if not request.url.startswith((address, address.replace("http", "ws"), "data:", "blob:", "about:")):
            wrong.append(f"request to {request.url[:200]}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            wrong.append(f"{response.status} for {response.url[:200]}")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        agent = PHONE if width < 700 else None  # Streamlit folds its menu away after a choice on what says it is a phone
        page = browser.new_context(viewport={"width": width, "height": 900}, user_agent=agent, accept_downloads=True).new_page()
        page.set_default_timeout(90_000)
        page.on("request", asked)
        page.on("response", answered)
        page.on("pageerror", lambda error: wrong.append(f"page error {error}"))
        page.on("console", lambda message: wrong.append(f"console: {message.text}") if message.type == "error" else None)
        page.goto(address)
        page.get_by_role("heading", name="Overview", level=1).wait_for()
        settle(page)
        yield page, wrong
        browser.close()


def go_to(page: Page, title: str) -> None:
    """Follows the menu, which a narrow screen hides behind a button."""
    narrow = page.viewport_size is not None and page.viewport_size["width"] < 700
    if narrow:
        page.get_by_test_id("stExpandSidebarButton").click()
        page.wait_for_timeout(500)  # it slides in
    page.get_by_role("link", name=title, exact=True).click()
    page.get_by_role("heading", name=title, level=1).wait_for()
    settle(page)


def open_section(page: Page, name: str) -> None:
    """Chooses a tab of page Compare."""
    page.get_by_role("tab", name=name, exact=True).click()
    settle(page)
    page.get_by_role("tabpanel").locator("visible=true").first.wait_for()


def settle(page: Page) -> None:
    """Until the server has nothing more to say."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(400)


def keep(page: Page, folder: Path, name: str) -> None:
    """The whole page as a picture, for a person to look at."""
    size = page.viewport_size
    assert size is not None
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(6000, max(900, height + 10))})
    page.wait_for_timeout(500)
    page.screenshot(path=str(folder / f"{name}-{size['width']}.png"))
    page.set_viewport_size(size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], f"{name} is wider than the screen"


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.long)])
def test_a_visitor_finds_everything_on_every_page(width: int, address: str, tmp_path: Path) -> None:
    with browser_page(address, width) as (page, wrong):
        page.get_by_text("15 of 15").wait_for()
        page.get_by_text("Best learned model by").wait_for()
        keep(page, tmp_path, "overview")

        go_to(page, "Data")
        page.get_by_role("tab", name="Rejected (1)").click()
        page.get_by_text("not an image (1)").wait_for()
        keep(page, tmp_path, "data-rejected")
        page.get_by_role("tab", name="Inspection").click()
        inspection = page.frame_locator("iframe[src*='/documents/inspection']")
        inspection.get_by_text("notes.jpg").first.wait_for()
        keep(page, tmp_path, "data-inspection")
        page.get_by_role("tab", name="Augmentation").click()
        page.get_by_alt_text("Photographs before and after augmentation").wait_for()
        keep(page, tmp_path, "data-augmentation")
        page.get_by_role("tab", name="Photographs").click()
        page.get_by_alt_text(re.compile(r"scene-\d+\.jpg")).nth(1).wait_for()
        keep(page, tmp_path, "data")

        go_to(page, "Compare")
        page.get_by_text("alpha, apart").wait_for()
        page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
        keep(page, tmp_path, "compare-leaderboard")
        for section in ("Two models", "Sheets", "Colours", "Training"):
            open_section(page, section)
            keep(page, tmp_path, f"compare-{section.lower().replace(' ', '-')}")
        open_section(page, "Pictures")
        divider = page.frame_locator("iframe").last.get_by_role("slider", name="Divider between truth and beta")
        divider.wait_for()
        divider.press("End")
        assert divider.evaluate("node => getComputedStyle(node.parentNode).getPropertyValue('--at')").strip() == "100%"
        keep(page, tmp_path, "compare-pictures")
        open_section(page, "Gallery")
        page.get_by_text("they illustrate and are never scored").wait_for()
        keep(page, tmp_path, "compare-gallery")

        go_to(page, "Colour")
        keep(page, tmp_path, "colour-empty")
        buffer = io.BytesIO()
        Image.fromarray(photograph(77, width=640, height=420).mean(axis=-1).astype(np.uint8)).save(buffer, "PNG")
        page.set_input_files("input[type=file]", {"name": "old scan.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
        page.get_by_text("640×420 pixels").wait_for()
        settle(page)
        for kind, suffix in (("PNG", "png"), ("JPEG", "jpg")):
            with page.expect_download() as download:
                page.get_by_role("button", name=f"Download {kind}").click()
            assert download.value.suggested_filename == f"old scan-beta.{suffix}"
            with Image.open(download.value.path()) as result:
                assert (result.format, result.size, result.mode) == (kind, (640, 420), "RGB")
        keep(page, tmp_path, "colour")
        page.set_input_files("input[type=file]", {"name": "letter.jpg", "mimeType": "image/jpeg", "buffer": b"Dear reader"})
        page.get_by_text(re.compile("letter.jpg is not a picture")).wait_for()
        keep(page, tmp_path, "colour-refused")
    assert wrong == []


def test_a_row_chosen_in_the_table_is_the_picture_shown(address: str) -> None:
    """The table and the pictures beside it must speak of the same photograph."""
    with browser_page(address, 1280) as (page, wrong):
        go_to(page, "Compare")
        open_section(page, "Pictures")
        table = page.get_by_test_id("stDataFrame").filter(visible=True).first
        shown = page.get_by_text(re.compile(r"scene-\d+\.jpg · region"))
        before = shown.inner_text()
        table.scroll_into_view_if_needed()
        table.click(position={"x": 18, "y": 35 + 35 * 2 + 17})  # the third row's box
        page.wait_for_function("before => !document.body.innerText.includes(before)", arg=before)
        assert shown.inner_text() != before
    assert wrong == []


def test_a_point_chosen_in_the_scatter_is_the_picture_shown(address: str) -> None:
    """Where two models disagree most is found by pointing at it."""
    with browser_page(address, 1280) as (page, wrong):
        go_to(page, "Compare")
        open_section(page, "Two models")
        shown = page.get_by_text(re.compile(r"scene-\d+\.jpg · region")).locator("visible=true").first
        before = shown.inner_text()
        points = page.get_by_test_id("stVegaLiteChart").locator("visible=true").locator(".role-mark path[aria-label*=scene-]")
        points.first.scroll_into_view_if_needed()
        uncovered = points.evaluate_all("""points => points.map(point => {
            const { x, y, width, height } = point.getBoundingClientRect();
            return document.elementFromPoint(x + width / 2, y + height / 2) === point ? point.getAttribute('aria-label') : '';
        })""")
        names = [re.search(r"scene-\d+\.jpg", label) for label in uncovered]
        place, name = next((place, name[0]) for place, name in enumerate(names) if name and name[0] not in before)
        points.nth(place).click()
        shown.filter(has_text=name).wait_for()
    assert wrong == []


def test_reports_can_neither_call_out_nor_touch_the_dashboard(address: str) -> None:
    """The reports print names of the user's files: markup in one must stay harmless."""
    import urllib.request

    with urllib.request.urlopen(f"{address}/documents/report", timeout=10) as reply:
        policy = reply.headers["Content-Security-Policy"]
        assert b"Colorizers compared" in reply.read()
    assert "default-src 'none'" in policy
    assert "allow-same-origin" not in policy
