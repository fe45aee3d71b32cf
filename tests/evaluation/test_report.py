"""The report is what people keep: one file that opens anywhere, says what was done, and leaves out nothing that was found."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from huelab import params, paths
from huelab.errors import DataError
from huelab.evaluation import ab_density
from huelab.evaluation.compare import contents
from huelab.evaluation.report import costs, facts, markdown, page
from huelab.evaluation.report.reliability import reliability
from huelab.evaluation.report.settings import differences

CHROMIUM = Path("/usr/bin/chromium")
SECTIONS = [
    "leaderboard",
    "intervals",
    "pictures",
    "failures",
    "histograms",
    "colours",
    "confidence",
    "curves",
    "trained",
    "cost",
    "models",
]
GROUPS = [
    {"low": 0.01, "high": 0.1, "confidence": 0.05, "error": 25.0, "share": 0.5, "count": 50},
    {"low": 0.1, "high": 0.6, "confidence": 0.3, "error": 5.0, "share": 0.5, "count": 50},
]


FEW = ("ciede2000", "mse_ab128", "ssim", "colorfulness")


@pytest.fixture(scope="module")
def root(scored, tmp_path_factory):
    """The evaluated project, copied once for this file: a test that changes a file puts it back."""
    root = tmp_path_factory.mktemp("report") / "project"
    shutil.copytree(scored, root)
    return root


@pytest.fixture(scope="module")
def small(settings):
    """The settings, with few metrics."""
    return settings.model_copy(update={"evaluate": settings.evaluate.model_copy(update={"metrics": FEW})})


@pytest.fixture(scope="module")
def found(root, small):
    """What stage compare finds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUELAB_ROOT", str(root))
        return contents(small)


@pytest.fixture(scope="module")
def many(root, small):
    """What it finds of a board of twenty: beta and fifteen variants of it, each with its own scores, beside alpha and the floors."""
    names = [f"beta-v{number}" for number in range(15)]
    rng = np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUELAB_ROOT", str(root))
        for name in names:
            for folder, file, key in ((paths.model, "card.json", "name"), (paths.scores, "summary.json", "model")):
                shutil.copytree(folder("beta"), folder(name))
                told = json.loads((folder(name) / file).read_text())
                (folder(name) / file).write_text(json.dumps(told | {key: name}))
            table = pd.read_parquet(paths.scores(name) / "scores.parquet")
            table["ciede2000"] *= rng.uniform(0.8, 1.3)
            table.to_parquet(paths.scores(name) / "scores.parquet", index=False)
        own = {**small.colorizers, **dict.fromkeys(names, small.colorizers["beta"])}
        return contents(small.model_copy(update={"models": (*small.models, *names), "colorizers": own}))


@pytest.fixture
def scores(root, monkeypatch):
    """Beta's folder of scores, as it was again afterwards."""
    monkeypatch.setenv("HUELAB_ROOT", str(root))
    before = {file.name: file.read_bytes() for file in paths.scores("beta").iterdir() if file.is_file()}
    yield paths.scores("beta")
    for file in paths.scores("beta").iterdir():
        if file.is_file():
            file.unlink()
    for name, content in before.items():
        (paths.scores("beta") / name).write_bytes(content)


def test_every_section_is_there_and_nothing_is_loaded_from_elsewhere(found, scores):
    (scores / "confidence.json").write_text(json.dumps({"groups": GROUPS}))
    text, board = page.write(replace(found, board=replace(found.board, not_computed={"lpips_alex": "why"}))), found.board
    assert re.findall(r'<section id="([^"]+)">', text) == [*SECTIONS[:10], "left-out", SECTIONS[10]]
    assert re.findall(r'<a href="#([^"]+)"', text[text.index("<nav") : text.index("</nav>")]) == [*SECTIONS[:10], "left-out", SECTIONS[10]]
    assert len(text.encode()) <= page.LARGEST
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", text), "nothing is loaded from elsewhere"
    assert "@import" not in text
    assert "url(" not in text
    assert "<script" not in text
    for words in (board.protocol, board.data_hash, "prefers-color-scheme: dark", "its own picture", "Colours are guesses", "@media print"):
        assert words in text
    assert text.count("<img") == text.count('<img loading="lazy" alt="') >= 4 * 5 + 3 * 6, "every picture says what it shows"
    assert text.count('class="figure"') == text.count('role="img" aria-label="')


def test_twenty_models_fit_with_names_colours_and_marks_of_their_own(many):
    board, text = many.board, page.write(many)
    assert len(text.encode()) <= page.LARGEST
    assert f'{board.best} <span class="badge best">best</span>' in text
    tied = [row.model for row in board.rows if row.tied_with_best and row.model != board.best]
    assert text.count("≈ best</span>") == 2 * len(tied), "in the short table and in the whole one"
    colours = dict(re.findall(r"(--m\d+):(#\w{6});", text[: text.index("@media screen and (prefers-color-scheme:dark)")]))
    learned = [row.model for row in (*board.rows, *board.own) if not row.floor]
    assert len(learned) == 17
    assert len(set(colours.values())) == 17 + 1, "each its own, floors share one"
    assert all(re.search(rf"{re.escape(name)}\b", text) for name in learned)


def test_pictures_lose_sharpness_then_rows_before_the_page_grows_too_large(many, monkeypatch):
    def rows(text):
        return len(re.findall(r'class="strip"', text))

    whole = page.write(many)
    assert rows(whole) == 4 + 2 + 2 + 2 + 3, "random, best, worst, disputed, gallery"
    limit = len(re.sub(r'<section id="pictures">.*?</section>', "", whole, flags=re.DOTALL).encode()) + 300_000
    assert limit < len(whole.encode())
    monkeypatch.setattr(page, "LARGEST", limit)
    less = page.write(many)
    assert len(less.encode()) <= limit
    assert 0 < rows(less) < rows(whole)
    assert "not fit into this page; see gallery_sheet.png" in less


def test_names_are_escaped(evaluated_project, small):
    """A photograph may be called anything, also <script>."""
    store_items = paths.store() / "items.parquet"
    items = pd.read_parquet(store_items)
    items["path"] = '<script>alert(1)</script>".jpg'
    items.to_parquet(store_items, index=False)
    text = page.write(contents(small))
    assert "<script>" not in text
    assert 'script>".jpg' not in text


def test_metrics_without_weights_say_what_to_do_in_the_table(found):
    why = "no weights: put them into `var/weights`"
    text = page.write(replace(found, board=replace(found.board, not_computed={"lpips_alex": why})))
    table = text[text.index('<table class="board">') : text.index("</table>")]
    assert "Not computed: no weights: put them into <code>var/weights</code>" in table


def test_settings_that_differ_are_named_with_their_defaults_and_no_others(settings):
    changed = settings.model_copy(update={"split": settings.split.model_copy(update={"seed": 7})})
    shared, own = settings_of(changed)
    assert shared["split.seed"] == ("7", "0")
    assert shared["standardize.size"] == ("32", "64")
    assert "split.val" not in shared
    assert own["beta"]["width"] == ("0.125", "1")
    assert own["beta"]["steps"] == ("12", "1000")
    assert "lr" not in own["beta"]
    _, own = settings_of(changed.model_copy(update={"budget": params.Budget(steps=40)}))
    assert "steps" not in own["beta"], "a common budget overrules them"
    assert "steps" in own["alpha"], "but not where one picture is memorised"


def settings_of(chosen):
    shared, own = differences(chosen)
    return (
        {one.key: (one.here, one.default) for one in shared},
        {name: {one.key: (one.here, one.default) for one in found} for name, found in own.items()},
    )


def test_long_lists_say_what_they_lack(settings):
    few = settings.evaluate.model_copy(update={"metrics": tuple(name for name in settings.evaluate.metrics if name != "ssim")})
    shared, _ = settings_of(settings.model_copy(update={"evaluate": few}))
    assert "ssim" in shared["evaluate.metrics"][0]
    assert shared["evaluate.metrics"][0].startswith("without ")


def test_the_commit_and_how_many_files_differ_from_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HUELAB_ROOT", str(tmp_path))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert facts.commit() is None
    for name in ("one", "two", "three"):
        (tmp_path / name).write_text(name)
    for arguments in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    whole = facts.commit()
    assert whole is not None
    assert re.fullmatch(r"[0-9a-f]{10,}", str(whole))
    (tmp_path / "one").write_text("changed")
    (tmp_path / "new").write_text("not tracked")
    assert str(facts.commit()) == f"{whole.short} and 1 changed file"
    (tmp_path / "two").unlink()
    assert str(facts.commit()) == f"{whole.short} and 2 changed files"


def test_costs_are_of_this_machine_and_a_model_from_elsewhere_has_none(found, root, monkeypatch):
    monkeypatch.setenv("HUELAB_ROOT", str(root))
    timing = paths.timing("beta")
    noted = timing.read_text()

    def cells():
        row = re.search(r"<tr><td class=text><span[^>]*></span>beta</td>(.*?)</tr>", costs.costs(found))
        assert row is not None
        return re.findall(r"<td>([^<]*)</td>", row[1])

    assert "machine that made this report" in costs.costs(found)
    assert "–" not in cells()
    timing.write_text("half a no")
    assert cells()[3:] == ["–", "–", "–", "–"]
    timing.unlink()
    assert cells()[3:] == ["–", "–", "–", "–"]
    timing.write_text(noted)


def test_models_without_bins_are_absent_from_confidence(found, scores):
    assert reliability(found) == ""
    (scores / "confidence.json").write_text(json.dumps({"groups": GROUPS}))
    part = reliability(found)
    assert "confidence 1.0% to 10.0%, 50% of the pixels, 25.0 off" in part
    assert part.index("5.0%") < part.index("30.0%")


@pytest.mark.parametrize(("name", "content"), [("confidence.json", b"{"), (ab_density.FILE, b"no array")])
def test_damaged_files_name_the_command_that_mends_them(found, scores, name, content):
    (scores / name).write_bytes(content)
    with pytest.raises(DataError, match="dvc repro --force --single-item evaluate@beta"):
        page.write(found)


def test_model_cards_are_shown_as_text_that_leads_nowhere(found, settings):
    text = page.write(found)
    assert text.count("<summary>Model card</summary>") == len(settings.models)
    assert "<h4>Intended use</h4>" in text


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium")
def test_opens_offline_wide_and_narrow_light_and_dark(many, tmp_path):
    """In a real browser with the network off: no request, no error, no sideways scrolling of the page, every picture decoded."""
    from playwright.sync_api import sync_playwright

    file = tmp_path / "report.html"
    file.write_text(page.write(many), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        wrong: list[str] = []
        for width, scheme in ((1400, "light"), (420, "dark")):
            opened = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True).new_page()
            opened.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else wrong.append(request.url))
            opened.on("console", lambda message: wrong.append(message.text))
            opened.goto(file.as_uri())
            assert opened.evaluate("document.documentElement.scrollWidth") <= width
            broken = """async () => { const all = [...document.images]; all.forEach(one => one.loading = "eager");
                await Promise.all(all.map(one => one.decode())); return all.filter(one => !one.naturalWidth).length }"""
            assert opened.evaluate(broken) == 0
            assert opened.inner_text("h1") == "Colorizers compared"
            assert wrong == []
        browser.close()


def test_markdown_of_cards():
    prose = "---\nlicense: x\n---\n# Title\n\nSome *words* and **more**\nof `it`.\n\n- one\n- [two](https://x.example/) <b>\n"
    text = f"{prose}\n| a | b |\n|---|---:|\n| 1 | 2 |\n"
    assert markdown.to_html(text) == (
        "<h4>Title</h4><p>Some <i>words</i> and <b>more</b> of <code>it</code>.</p><ul><li>one</li><li>two &lt;b&gt;</li></ul>"
        '<div class="scroll"><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>'
    )
