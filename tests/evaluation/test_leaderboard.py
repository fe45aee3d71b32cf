"""The table's claims: who is best, who cannot be told from it, against whom each was compared, and what so few photographs can show."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest

from huelab.errors import DataError
from huelab.evaluation import leaderboard, leaderboard_json, tables
from huelab.evaluation.paired import paired
from huelab.params import Compare
from tests.evaluation import score_folders
from tests.evaluation.score_folders import DATA, frame

SETTINGS = Compare(draws=1000)
META = {"data_hash": DATA, "protocol": "Split by photograph."}
CHOSEN = ("mse_ab128", "ciede2000")
LEVELS = {"gray": 15.0, "mean": 14.0, "beta": 9.0, "plain": 9.02, "pix2pix": 11.0}


def scores(level, count, seed):
    rng = np.random.default_rng(seed)
    hard = np.random.default_rng(99).gamma(4, 0.5, count)
    found = level + hard + rng.normal(0, 0.3, count)
    return {"ciede2000": found, "mse_ab128": found / 1000}


@pytest.fixture
def evaluated(tmp_path):
    return {name: score_folders.write(tmp_path / name, name, frame(scores(level, 40, k))) for k, (name, level) in enumerate(LEVELS.items())}


def build(evaluated, chosen=CHOSEN, settings=SETTINGS):
    return leaderboard.build(list(evaluated.values()), META, chosen, settings, {name: {} for name in evaluated})


def test_marks_those_that_cannot_be_told_from_the_best(evaluated):
    board = build(evaluated)
    assert board.best == board.rows[0].model == "beta"
    assert {row.model: row.tied_with_best for row in board.rows} == {
        "beta": True,
        "plain": True,
        "pix2pix": False,
        "mean": False,
        "gray": False,
    }
    lines = tables.short(board).splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [["1", "beta"], ["2", "="], ["3", "pix2pix"]]
    for text in (tables.short(board), tables.to_markdown(board)):
        assert "= cannot be told from beta, the best learned model" in text
        assert "Smallest difference between two models that 40 photographs can show (80% power, 0.05 two-sided" in text
    marked = {row["model"]: row["tied_with_best"] for row in csv.DictReader(io.StringIO(tables.to_csv(board)))}
    assert marked == {"beta": "yes", "plain": "yes", "pix2pix": "no", "mean": "no", "gray": "no"}


def test_the_table_stays_narrow(evaluated):
    assert max(len(line) for line in tables.short(build(evaluated)).splitlines()[: len(LEVELS) + 1]) <= 120


def test_json_holds_every_comparison(evaluated):
    tree = json.loads(leaderboard_json.to_json(build(evaluated)))
    rows = {row["model"]: row for row in tree["rows"]}
    assert (tree["best"], tree["interval"], tree["n_groups"]) == ("beta", "bca", 40)
    assert set(rows["pix2pix"]["versus"]) == {"gray", "mean", "best"}
    assert set(rows["beta"]["versus"]) == {"gray", "mean"}, "not with itself"
    found = rows["pix2pix"]["versus"]["best"]["ciede2000"]
    own = paired(evaluated["pix2pix"], evaluated["beta"], build(evaluated).metric("ciede2000"), SETTINGS)
    for field in ("difference", "low", "high", "p", "effect"):
        assert found[field] == pytest.approx(getattr(own, field)), field
    assert (found["photographs"], found["excluded"]) == (40, 0)
    ps = [rows[name]["versus"]["best"]["ciede2000"]["p"] for name in ("plain", "pix2pix")]
    assert found["p_holm"] == pytest.approx(min(1, 2 * min(ps))), "the family: two learned models against the best"
    assert tree["power"]["ciede2000"] == pytest.approx(np.median([tree_power(rows, name) for name in ("plain", "pix2pix")]), rel=0.05)
    assert rows["beta"]["scores"]["ciede2000"]["median"] == pytest.approx(np.median(evaluated["beta"].table["ciede2000"]))


def tree_power(rows, name):
    """From the interval's width, which is about ± 2 standard errors."""
    found = rows[name]["versus"]["best"]["ciede2000"]
    return (found["high"] - found["low"]) / 2 / 2.02 * (2.02 + 0.85)


def test_verdicts_come_from_the_same_comparison(evaluated):
    row = next(row for row in build(evaluated).rows if row.model == "beta")
    assert row.beats["gray"].paired == row.versus["gray"]["mse_ab128"]
    assert tables.verdict(row) == "gray: yes; mean: yes"


def test_without_a_direction_the_photographs_own_value_is_best(tmp_path):
    """A chroma ratio of 1 is right, 2 is garish: neither the lowest nor the highest may win."""
    true = np.random.default_rng(0).gamma(5, 4, 40)
    ones = {}
    for name, share in {"gray": 0.0, "beta": 0.8, "plain": 2.0}.items():
        columns = {"chroma_ratio": np.full(40, share), "chroma": share * true, "chroma_truth": true}
        ones[name] = score_folders.write(tmp_path / name, name, frame({**columns, **scores(9, 40, 1)}))
    board = build(ones, chosen=("chroma_ratio", "ciede2000"), settings=Compare(draws=500, sort="chroma_ratio"))
    assert [row.model for row in board.rows] == ["beta", "gray", "plain"]
    assert json.loads(leaderboard_json.to_json(board))["metrics"][0]["ideal"] == pytest.approx(1)


def test_a_floor_ahead_of_every_learned_model_is_not_the_best_learned(tmp_path):
    levels = {"gray": 5.0, "beta": 9.0, "plain": 12.0}
    ones = {name: score_folders.write(tmp_path / name, name, frame(scores(level, 40, k))) for k, (name, level) in enumerate(levels.items())}
    board = build(ones)
    assert board.rows[0].model == "gray"
    assert board.best == "beta"
    assert not board.rows[0].tied_with_best
    alone = build({"gray": ones["gray"]})
    assert (alone.best, alone.rows[0].versus, tables.tied(alone), tables.shows(alone, alone.metrics)) == ("", {}, "", "")


def test_near_duplicates_are_said_to_count_once(tmp_path):
    table = frame(scores(9, 40, 0)).assign(group=[f"p{place // 2}" for place in range(40)])
    board = build({"beta": score_folders.write(tmp_path / "beta", "beta", table)})
    assert board.rows[0].scores["ciede2000"].photographs == 20
    assert "40 photographs (20 where near-duplicates count as one)" in " ".join(tables.facts(board))


def test_five_photographs_are_said_to_show_nothing(tmp_path):
    ones = {name: score_folders.write(tmp_path / name, name, frame(scores(level, 5, k))) for k, (name, level) in enumerate(LEVELS.items())}
    board = build(ones)
    assert set(board.power.values()) == {None}
    assert all(row.tied_with_best for row in board.rows)
    assert "5 photographs can show no difference between two models." in tables.short(board)
    assert "too narrow" in tables.short(board)


def test_several_seeds_are_drawn_with_the_photographs_and_every_table_says_so(tmp_path, evaluated):
    runs = {seed: frame(scores(9 + seed / 2, 40, 20 + seed)) for seed in (0, 1, 2)}
    seeded = {**evaluated, "beta": score_folders.write(tmp_path / "seeded", "beta", runs)}
    board = build(seeded)
    row = next(row for row in board.rows if row.model == "beta")
    assert row.seeds == (0, 1, 2)
    wide, narrow = (next(r for r in one.rows if r.model == "beta").scores["ciede2000"] for one in (board, build(evaluated)))
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)
    assert "bootstrap over photographs and seeds, both drawn with replacement" in tables.short(board)
    assert "and seeds" not in tables.short(build(evaluated))


def test_a_metric_that_only_some_were_scored_with_is_named(tmp_path, evaluated):
    mixed = {**evaluated, "beta": score_folders.write(tmp_path / "other", "beta", frame({"ciede2000": scores(9, 40, 3)["ciede2000"]}))}
    board = build(mixed)
    assert [metric.name for metric in board.metrics] == ["ciede2000"]
    assert "missing from the scores of beta" in board.not_computed["mse_ab128"]
    assert "`dvc repro evaluate@beta`" in tables.to_markdown(board)
    with pytest.raises(DataError, match=r"compare\.sort is ssim, which the scores do not hold: missing from the scores of gray, mean"):
        build(evaluated, chosen=("ssim", "ciede2000"), settings=Compare(sort="ssim"))


def test_scores_that_are_no_numbers_pass_through_every_table(tmp_path, evaluated):
    broken = scores(9, 40, 3)
    broken["ciede2000"][:2] = math.nan, math.inf
    broken["mse_ab128"][:] = math.nan
    named = [{"metric": "ciede2000", "item_id": "i0", "path": "p0.jpg", "value": "nan"}]
    one = score_folders.write(tmp_path / "broken", "plain", frame(broken), excluded_scores=named)
    board = build({**evaluated, "plain": one})
    row = next(row for row in board.rows if row.model == "plain")
    assert row.scores["ciede2000"].excluded == row.versus["gray"]["ciede2000"].excluded == 2
    assert tables.verdict(row) == "gray: no scores; mean: no scores"
    tree = json.loads(leaderboard_json.to_json(board), parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))
    assert next(row for row in tree["rows"] if row["model"] == "plain")["versus"]["gray"]["mse_ab128"]["difference"] is None
    assert "plain: ciede2000 of p0.jpg is nan" in tables.to_markdown(board)
