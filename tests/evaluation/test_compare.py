"""The leaderboard and its tables: ranked honestly, floors marked, the same bytes each time, clear words for what is missing."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from huelab import params, paths
from huelab.errors import DataError
from huelab.evaluation import tables
from huelab.evaluation.compare import compare

ROOT = Path(__file__).resolve().parents[2]
LEADERBOARDS = {"leaderboard.csv", "leaderboard.md", "leaderboard.json", "leaderboard.txt"}
SHEETS = {f"{name}.png" for name in ("contact_sheet", "contact_best", "contact_worst", "contact_disputed", "gallery_sheet")}
FILES = LEADERBOARDS | SHEETS | {"curves.png", "report.html", "cards"}


@pytest.fixture
def compared(evaluated_project, settings):
    return compare(settings)


def _json():
    return json.loads((paths.reports() / "leaderboard.json").read_text())


def _change(name, function):
    file = paths.scores(name) / "scores.parquet"
    table = pd.read_parquet(file)
    function(table)
    table.to_parquet(file, index=False)


def test_writes_everything_and_the_same_bytes_again(compared, settings):
    def hashes():
        files = [file for file in paths.reports().rglob("*") if file.is_file()]
        return {str(file.relative_to(paths.reports())): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    first = hashes()
    assert {name.split("/")[0] for name in first} == FILES
    compare(settings)
    assert hashes() == first


def test_ranks_by_the_chosen_metric_and_never_ranks_a_memorised_picture(compared):
    tree = _json()
    ranked = [row for row in tree["rows"] if not row["one_picture"]]
    means = [row["scores"]["ciede2000"]["mean"] for row in ranked]
    assert means == sorted(means)
    assert [row["rank"] for row in tree["rows"]] == [1, 2, 3, 4, None]
    assert tree["rows"][-1]["model"] == "alpha"
    assert tree["rows"][-1]["floors"]["gray"]["ciede2000"] > 0
    assert tree["protocol"].startswith("Split by region")
    assert [row["model"] for row in ranked if row["floor"]]
    assert [row["model"] for row in ranked if row["beats"]] == ["beta"]


def test_sorting_by_a_metric_that_should_be_high_puts_the_highest_first(evaluated_project, settings):
    board = compare(settings.model_copy(update={"compare": settings.compare.model_copy(update={"sort": "psnr_rgb"})}))
    means = [row.scores["psnr_rgb"].mean for row in board.rows]
    assert means == sorted(means, reverse=True)
    assert board.metrics[0].name == "psnr_rgb"


def test_sorting_by_colorfulness_prefers_the_photographs_own(evaluated_project, settings):
    """Colorfulness has no direction: oversaturation must not win."""
    _change("beta", lambda table: table.__setitem__("colorfulness", table["colorfulness_truth"] + 100))
    board = compare(settings.model_copy(update={"compare": settings.compare.model_copy(update={"sort": "colorfulness"})}))
    assert board.rows[0].model == "shuffled"
    assert board.rows[-1].model == "beta"


def test_says_whether_a_model_beats_the_floors_paired_over_photographs(evaluated_project, settings):
    floor = pd.read_parquet(paths.scores("mean") / "scores.parquet")["mse_ab128"]
    gray = pd.read_parquet(paths.scores("gray") / "scores.parquet")["mse_ab128"]
    best = np.minimum(floor, gray)
    _change("beta", lambda table: table.__setitem__("mse_ab128", best * 0.9))
    board = compare(settings)
    row = next(row for row in board.rows if row.model == "beta")
    assert row.beats["gray"].beaten is True
    assert row.beats["mean"].beaten is True
    assert tables.verdict(row) == "gray: yes; mean: yes"
    _change("beta", lambda table: table.__setitem__("mse_ab128", np.maximum(floor, gray) * 1.5))
    row = next(row for row in compare(settings).rows if row.model == "beta")
    assert row.beats["gray"].beaten is False
    assert "no" in tables.verdict(row)


def test_csv_holds_the_numbers_of_the_scores(compared):
    rows = {row["model"]: row for row in csv.DictReader(io.StringIO((paths.reports() / "leaderboard.csv").read_text()))}
    assert rows["alpha"]["rank"] == ""
    assert rows["gray"]["kind"] == "floor"
    table = pd.read_parquet(paths.scores("beta") / "scores.parquet")
    assert float(rows["beta"]["ciede2000"]) == pytest.approx(table["ciede2000"].mean(), rel=1e-5)
    assert float(rows["beta"]["ciede2000_low"]) < float(rows["beta"]["ciede2000"]) < float(rows["beta"]["ciede2000_high"])


def test_markdown_states_protocol_data_units_and_what_is_not_computed(compared):
    text = (paths.reports() / "leaderboard.md").read_text()
    assert compared.protocol in text
    assert compared.data_hash in text
    assert "*gray* (floor)" in text
    assert "CIEDE2000 ↓" in text
    assert "alpha (its own picture)" in text
    assert "mse_ab128: (CIE ab / 128)²" in text
    for name in compared.not_computed:
        assert f"`{name}`: " in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines[: 2 + len(compared.rows)]} == {len(compared.metrics) + 5}


def test_short_form_fits_a_terminal_and_names_the_winner_first(compared):
    lines = tables.short(compared).splitlines()
    assert lines[1].replace("=", " ").split()[:2] == ["1", compared.rows[0].model]
    assert any("its own picture" in line and "not ranked" in line for line in lines)


def test_refuses_scores_of_different_data(evaluated_project, settings):
    file = paths.scores("beta") / "summary.json"
    file.write_text(file.read_text().replace(json.loads(file.read_text())["data_hash"], "ffffffffffff"))
    with pytest.raises(DataError, match=r"beta \(data ffffffffffff\)\. Run `dvc repro evaluate@beta`"):
        compare(settings)


def test_refuses_scores_of_different_pictures(evaluated_project, settings):
    file = paths.scores("beta") / "scores.parquet"
    pd.read_parquet(file).iloc[1:].to_parquet(file, index=False)
    with pytest.raises(DataError, match=r"holds \d+ pictures, summary.json says \d+: delete .* run `dvc repro evaluate@beta`"):
        compare(settings)
    _change("mean", lambda table: table.__setitem__("item_id", table["item_id"] + "x"))
    with pytest.raises(DataError, match="different pictures"):
        compare(settings.model_copy(update={"models": ("gray", "mean")}))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "summary.json").unlink(), "is missing: beta is not scored yet; run `dvc repro evaluate@beta`"),
        (lambda folder: (folder / "scores.parquet").write_bytes(b"PAR1 half"), "is damaged"),
        (lambda folder: (folder / "summary.json").write_text('{"model": "be'), "is damaged"),
        (lambda folder: (folder / "summary.json").write_text("{}"), "lacks model, n_items"),
    ],
)
def test_missing_or_half_written_scores_name_the_command_that_mends_them(evaluated_project, settings, damage, words):
    damage(paths.scores("beta"))
    with pytest.raises(DataError, match=re.escape(words)) as error:
        compare(settings)
    assert "dvc repro evaluate@beta" in str(error.value)


def test_reads_the_models_of_params_not_those_that_lie_there(evaluated_project, settings):
    """A folder of an earlier run must not sneak into the table."""
    board = compare(settings.model_copy(update={"models": ("gray", "beta")}))
    assert [row.model for row in board.rows + board.own] in (["gray", "beta"], ["beta", "gray"])
    assert list(next(row for row in board.rows if row.model == "beta").beats) == ["gray"]


def test_scores_that_are_no_numbers_are_named_in_every_table(evaluated_project, settings):
    _change("beta", lambda table: table.__setitem__("ssim", [np.nan, *table["ssim"][1:]]))
    file = paths.scores("beta") / "summary.json"
    summary = json.loads(file.read_text())
    summary["excluded_scores"] = [{"metric": "ssim", "item_id": "x", "path": "cat.jpg", "value": "nan"}]
    file.write_text(json.dumps(summary))
    board = compare(settings)
    assert next(row for row in board.rows if row.model == "beta").scores["ssim"].excluded == 1
    assert "beta: ssim of cat.jpg is nan" in (paths.reports() / "leaderboard.md").read_text()
    assert "cat.jpg" in (paths.reports() / "report.html").read_text()
    json.loads((paths.reports() / "leaderboard.json").read_text(), parse_constant=_no_nan)


def _no_nan(constant):
    raise AssertionError(f"{constant} is not JSON")


def test_one_photograph_says_that_there_is_no_interval(evaluated_project, settings):
    for name in settings.models:
        _change(name, lambda table: table.__setitem__(["photo_id", "group"], "one"))
    board = compare(settings)
    assert all(score.low is None for row in board.rows for score in row.scores.values())
    assert "One photograph: no intervals" in (paths.reports() / "leaderboard.md").read_text()
    assert "no interval" in tables.verdict(next(row for row in board.rows if row.model == "beta"))


def test_contact_sheets_show_gray_truth_and_every_model(compared, settings):
    with Image.open(paths.reports() / "contact_sheet.png") as sheet:
        assert sheet.width > 5 * 144, "gray, truth, beta, mean, shuffled"
        assert sheet.height > 4 * 144, "rows"
        picture = np.asarray(sheet)
    colour = np.ptp(picture.astype(int), axis=2)
    columns = [colour[100:, 18 + place * 150 : 18 + place * 150 + 144] for place in range(5)]
    assert columns[0].max() <= 12, "the first column is gray; its caption has a bluish ink"
    assert columns[1].max() > 60, "the second is the truth"
    with Image.open(paths.reports() / "gallery_sheet.png") as sheet:
        assert sheet.width > 6 * 144, "alpha too"


def test_without_kept_pictures_the_rest_stands(evaluated_project, settings):
    """`evaluate.pictures: 0` saves disk; tables and page must still come out."""
    for name in settings.models:
        shutil.rmtree(paths.scores(name) / "pictures")
    compare(settings)
    assert {file.name for file in paths.reports().iterdir()} == FILES
    assert "<h2>Leaderboard</h2>" in (paths.reports() / "report.html").read_text()


def test_curves_have_the_floors_to_beat(evaluated_project, settings):
    from huelab.data.store import Store
    from huelab.evaluation import curves
    from huelab.models.saved import Saved

    store = Store.open(paths.store())
    drawn = curves.read([Saved.open(paths.model(name)) for name in settings.models], store)
    assert [curve.model for curve in drawn.learned] == ["alpha", "beta"]
    assert drawn.learned[0].one_picture
    rgb = store.read(store.indices("val"))
    from huelab.color import lab

    assert drawn.floors["gray"] == pytest.approx(np.square(lab.rgb_to_lab(rgb)[..., 1:] / 128).mean(), rel=1e-4)
    (paths.model("beta") / "history.csv").write_text("nonsense")
    with pytest.raises(DataError, match="dvc repro train@beta"):
        curves.read([Saved.open(paths.model("beta"))], store)


def test_stages_as_commands(evaluated_project, monkeypatch):
    """The two stages, as DVC calls them, down to the printed line and the exit code of a mistake."""
    tree = (ROOT / "params.yaml").read_text()
    (evaluated_project / "params.yaml").write_text(tree.replace("  - pix2pix\n", "").replace("  - plain\n", "").replace("  - zhang\n", ""))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def stage(*arguments):
        return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)

    done = stage("pipelines.evaluate", "mean")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("evaluate: mean on ")
    done = stage("pipelines.compare")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("compare: 5 colorizers, ")
    assert "Split by region" in (evaluated_project / "work/reports/leaderboard.txt").read_text()
    wrong = stage("pipelines.evaluate", "meen")
    assert wrong.returncode == 2
    assert "There is no colorizer 'meen'" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert params.load(evaluated_project / "params.yaml").models == ("gray", "mean", "shuffled", "alpha", "beta")
