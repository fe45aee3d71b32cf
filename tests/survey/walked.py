"""A launched study behind a real server, and a real browser that walks through it: what the tests of the participant's page share."""

from __future__ import annotations

import hashlib
import io
import json
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

import numpy as np
import pytest
from PIL import Image

from huelab.survey import longform, owners, texts
from huelab.survey.store import Store
from huelab.survey.study import Study

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
PLATES = "7563295"
WIDTHS = (1280, 390)
NEEDED = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"),
]
"""Marks of a test that needs the browser."""


class Site:
    """A launched study behind a server of its own process, which can be killed and started again."""

    def __init__(self, root: Path, study: Study, pictures: Callable[[Path], object] | None = None) -> None:
        from tests.survey.conftest import rendered  # which imports our fixtures

        self.url = f"sqlite:///{root / 'survey.db'}"
        self.store = Store.open(self.url)
        self.study = study
        self.folder = root / "stimuli"
        if pictures is None:
            rendered(self.folder, study.models, main=30)
        else:
            pictures(self.folder)
        self.version = owners.create(self.store, study, self.folder, who="owner")
        owners.launch(self.store, self.version, self.folder, who="owner", consent=texts.consent(study)["text"])
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

    def link(self, **settings: Any) -> str:
        token = owners.invite(self.store, self.version, who="owner", **settings)[0]
        return f"http://127.0.0.1:{self.port}/survey/#{token}"

    def votes(self) -> Any:
        table = longform.of_version(self.store, self.version)
        return table[table["choice"] != ""]


Make = Callable[..., Site]


@pytest.fixture
def site(project: Path, tmp_path: Path) -> Iterator[Make]:
    """Launches a small study with the settings given; `pictures` draws others than small flat ones."""
    made: list[Site] = []

    def make(pictures: Callable[[Path], object] | None = None, **settings: Any) -> Site:
        told = {"title": "Which is real?", "purpose": "To see how far the colours are.", "contact": "lab@example.org"}
        small = {"models": ("beta", "zhang"), "trials": 6, "catches": 1, "block": 5, "people": 2}
        made.append(Site(tmp_path, Study.model_validate({**told, **small, **settings}), pictures))
        return made[-1]

    yield make
    for one in made:
        one.kill()
        one.store.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=FLAGS)
        yield opened
        opened.close()


def page(browser: Browser, width: int = 1280, *, touch: bool = False, **settings: Any) -> tuple[Page, list[str]]:
    """A fresh page, and what went wrong on it."""
    opened = browser.new_context(viewport={"width": width, "height": 844}, has_touch=touch, **settings).new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.set_default_timeout(60_000)
    return opened, wrong


def to_trials(opened: Page, link: str, *, screening: bool = True) -> None:
    to_instructions(opened, link, screening=screening)
    opened.click("button.primary")


def to_instructions(opened: Page, link: str, *, screening: bool = True) -> None:
    opened.goto(link)
    opened.check("#agree")
    opened.click("button.primary")
    opened.wait_for_selector("#note-bright")
    opened.click("button.primary")
    for number, digit in enumerate(PLATES if screening else ""):
        opened.wait_for_selector(f"text=Plate {number + 1} of {len(PLATES)}")
        opened.click(f'.plates button:has-text("{digit}")')
    opened.wait_for_selector("text=What to do")


def at_answers(opened: Page) -> Locator:
    """The answers, once they can be given."""
    opened.wait_for_selector("button.answer:enabled")
    return opened.locator("button.answer")


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


def go_on(opened: Page) -> None:
    """Over the feedback to the next trial."""
    opened.wait_for_selector(".feedback")
    opened.click("button.primary:enabled")
    at_answers(opened)


def sized(folder: Path, *, side: int = 256, least: int = 117_000) -> Path:
    """Pictures of the side and about the bytes that stage stimuli gives: smooth shapes, in grain as a photograph has it."""
    (folder / "pictures").mkdir(parents=True)
    rows = []
    y, x = np.mgrid[0:side, 0:side] / side
    for number in range(24):
        rng = np.random.default_rng(number)
        shapes = np.stack([np.sin(6 * x * rng.random() + 5 * y * rng.random() + rng.random() * 6) for _ in range(3)], axis=-1)
        grain = rng.normal(0, 6.5, (side, side, 1))
        for place, (kind, model) in enumerate([("real", ""), ("catch", ""), ("model", "beta"), ("model", "zhang")]):
            tint = np.array([12 * place, -9 * place, 5 * place])
            rgb = np.clip(128 + 70 * shapes + grain + tint, 0, 255).astype(np.uint8)
            png = io.BytesIO()
            Image.fromarray(rgb).save(png, "PNG")
            sha256 = hashlib.sha256(png.getvalue()).hexdigest()
            (folder / "pictures" / f"{sha256}.png").write_bytes(png.getvalue())
            facts = {"photo_id": f"photo{number:02d}", "path": f"{number}.jpg", "label": "", "kind": kind, "model": model}
            facts |= {"role": "practice" if number < 6 else "main", "file": f"pictures/{sha256}.png", "sha256": sha256}
            rows.append({**facts, "width": side, "height": side, "bytes": len(png.getvalue()), "lightness_error": 0.4})
    assert max(row["bytes"] for row in rows) > least, max(row["bytes"] for row in rows)
    whole = {"renderer": "test", "data_hash": "0123456789ab", "split_by": "photo", "protocol": "p", "side": side, "real_roundtrip": True}
    whole |= {"catch": "hue", "models": {name: {"title": name, "content": f"of-{name}"} for name in ("beta", "zhang")}, "pictures": rows}
    (folder / "manifest.json").write_text(json.dumps(whole))
    return folder
