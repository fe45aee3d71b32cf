"""`huelab compare`, as typed: who is better, by how much, how surely; and a refusal in words where two scores cannot be compared."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from huelab import cli, paths
from huelab.errors import DataError, ParamsError, UsageError
from huelab.evaluation import compare_all, compare_two
from tests.evaluation import score_folders
from tests.evaluation.score_folders import frame

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"gray": 15.0, "mean": 14.0, "shuffled": 20.0, "beta": 9.0, "plain": 9.1}


def table(name, count=30, column="ciede2000"):
    hard = np.random.default_rng(99).gamma(4, 0.5, count)
    noise = np.random.default_rng(list(LEVELS).index(name)).normal(0, 0.3, count)
    scores = {column: LEVELS[name] + hard + noise, "psnr_rgb": 40 - LEVELS[name] - hard - noise}
    return frame(scores)


@pytest.fixture
def scored(tmp_path, monkeypatch):
    """A project whose five entries are scored."""
    monkeypatch.setenv("HUELAB_ROOT", str(tmp_path / "project"))
    (tmp_path / "project").mkdir()
    lines = (ROOT / "params.yaml").read_text().splitlines()
    text = "\n".join(line for line in lines if line not in ("  - alpha", "  - pix2pix", "  - zhang"))
    (tmp_path / "project" / "params.yaml").write_text(text.replace("draws: 10000", "draws: 1000"))
    for name in LEVELS:
        score_folders.write(paths.scores(name), name, table(name))
    return tmp_path / "project"


def cells(text, start):
    return re.split(r"\s{2,}", next(line for line in text.splitlines() if line.startswith(start)).strip())


def test_two_entries_metric_by_metric(scored):
    text = compare_two.of_two("beta", "gray")
    head, _, names, *_ = text.splitlines()
    assert head == "beta minus gray, 30 pictures of 30 photographs; data 0123456789ab."
    assert names.split() == ["beta", "gray", "difference", "p", "p", "(Holm)", "effect", "better"]
    _, own, other, difference, p, holm, effect, better = cells(text, "CIEDE2000")
    expected = (table("beta")["ciede2000"] - table("gray")["ciede2000"]).mean()
    assert difference.startswith(f"{expected:+.2f} [")
    assert float(own) - float(other) == pytest.approx(expected, abs=0.011)
    assert (p, holm, better) == ("<0.001", "0.002", "beta"), "1000 sign flips cannot say less than 1/1001"
    assert cells(text, "PSNR")[-1] == "beta", "higher is better there"
    assert float(effect) < -5
    assert cells(compare_two.of_two("beta", "plain"), "CIEDE2000")[-1] == "="
    assert "Smallest difference that 30 photographs can show (80% power, 0.05 two-sided, one comparison): PSNR RGB" in text
    assert "Holm over the metrics" in text


def test_metric_may_repeat_and_must_be_there(scored):
    text = compare_two.of_two("beta", "gray", ["psnr_rgb"])
    assert "CIEDE2000" not in text
    with pytest.raises(DataError, match="ssim is missing from the scores of beta, gray"):
        compare_two.of_two("beta", "gray", ["psnr_rgb", "ssim"])
    with pytest.raises(ParamsError, match="There is no metric 'psnr'"):
        compare_two.of_two("beta", "gray", ["psnr"])


def test_a_metric_that_one_of_them_lacks_is_named(scored):
    score_folders.write(paths.scores("plain"), "plain", table("plain").drop(columns="psnr_rgb"))
    text = compare_two.of_two("beta", "plain")
    assert "not compared: psnr_rgb is missing from the scores of plain (made with other evaluate.metrics)" in text


def test_a_folder_of_another_project_by_its_own_name(scored, tmp_path):
    other = tmp_path / "other" / "scores" / "beta"
    score_folders.write(other, "beta", table("gray"))
    text = compare_two.of_two("beta", str(other), ["ciede2000"])
    assert text.startswith(f"beta A ({paths.scores('beta')}) minus beta B ({other}), 30 pictures")
    assert cells(text, "CIEDE2000")[-1] == "beta A"
    score_folders.write(tmp_path / "plain", "plain", table("plain"))
    assert compare_two.of_two(str(tmp_path / "plain"), "gray").startswith("plain minus gray")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": "ffffffffffff"}, "on data 0123456789ab, beta B (… on data ffffffffffff: scores of other photographs"),
        ({"size": 128}, "on pictures of size 64, beta B (… of size 128"),
        ({"one_picture": "00"}, "judged on the one picture it memorised"),
    ],
)
def test_scores_that_were_not_made_alike_are_refused(scored, tmp_path, changes, words):
    score_folders.write(paths.scores("beta"), "beta", table("beta"), size=64)
    score_folders.write(tmp_path / "beta", "beta", table("beta"), **changes)
    with pytest.raises(DataError, match=re.escape(words).replace("…", ".*")):
        compare_two.of_two("beta", str(tmp_path / "beta"))


def test_other_pictures_of_the_same_data_are_refused(scored, tmp_path):
    score_folders.write(tmp_path / "beta", "beta", table("beta", 29))
    with pytest.raises(DataError, match="hold scores of different pictures"):
        compare_two.of_two("beta", str(tmp_path / "beta"))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["beta"], 2, "Name two colorizers"),
        (["beta", "betta"], 2, "'betta' is neither an entry of `models:` in params.yaml (gray, mean, shuffled, beta, plain)"),
        (["beta", "."], 1, "holds no scores (no summary.json)"),
        (["beta", "zhang"], 2, "neither an entry"),
    ],
)
def test_a_mistake_is_one_message_without_a_traceback(scored, monkeypatch, capsys, arguments, code, words):
    monkeypatch.setattr("sys.argv", ["huelab", "compare", *arguments])
    monkeypatch.chdir(scored)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == code
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


def test_pictures_left_out_are_named(scored):
    broken = table("plain")
    broken.loc[0, "ciede2000"] = np.nan
    score_folders.write(paths.scores("plain"), "plain", broken)
    text = compare_two.of_two("beta", "plain", ["ciede2000"])
    assert "left out of ciede2000: plain, p0.jpg (nan)" in text


def test_one_photograph_gets_differences_and_nothing_else(scored):
    for name in ("beta", "gray"):
        score_folders.write(paths.scores(name), name, table(name).assign(photo_id="one", group="one"))
    text = compare_two.of_two("beta", "gray", ["ciede2000"])
    assert "30 pictures of one photograph: no interval, no test" in text
    assert cells(text, "CIEDE2000")[4:] == ["–", "–", "–", "="]
    assert "Smallest" not in text


def champion(root, name, **how):
    score_folders.write(root / "var" / "champion" / "x" / "scores", name, table(name), **how)
    paths.champion().write_text(json.dumps({"model": name, "folder": "var/champion/x"}))


def test_every_model_against_gray_the_best_and_the_champion(scored):
    champion(scored, "plain")
    text = compare_all.of_all()
    assert text.startswith("Every learned model, 30 pictures of 30 photographs")
    blocks = text.split("\n\n")
    heads = [block.splitlines()[0] for block in blocks[1:4]]
    assert [head.split(" (")[0] for head in heads] == ["minus gray", "minus the best, beta", "minus the champion, plain"]
    assert [line.split()[0] for line in blocks[1].splitlines()[2:]] == ["beta", "plain"]
    assert [line.split()[0] for line in blocks[2].splitlines()[2:]] == ["plain"], "not the best with itself"
    assert "Smallest difference that 30 photographs can show" in text
    assert "PSNR" in compare_all.of_all(["psnr_rgb"])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: None, "No champion is registered yet"),
        (lambda root: champion(root, "plain", data="ffffffffffff"), "no scores of these pictures: the champion, plain, was scored on data"),
        (lambda root: (champion(root, "plain"), shutil.rmtree(root / "var" / "champion")), "so its scores are not known"),
        (lambda root: (champion(root, "plain"), paths.champion().write_text("{")), "champion.json is damaged"),
    ],
)
def test_a_champion_that_cannot_be_compared_is_said_so(scored, make, words):
    paths.var().mkdir(exist_ok=True)
    make(scored)
    text = compare_all.of_all()
    assert words in text
    assert "minus the best, beta" in text


def test_without_scores_says_what_to_run(scored):
    shutil.rmtree(paths.scores("beta"))
    with pytest.raises(DataError, match="beta is not scored yet; run `dvc repro evaluate@beta`"):
        compare_all.of_all()
    file = paths.scores("plain") / "scores.parquet"
    file.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="is damaged"):
        compare_two.of_two("plain", "gray")
    with pytest.raises(UsageError):
        compare_two.of_two("gray", str(file))
