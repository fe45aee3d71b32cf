"""What people saw stands beside the scores: of the weights they saw, with interval and study, and nowhere where nobody was asked."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
import yaml

from huelab import paths
from huelab.errors import DataError
from huelab.evaluation import fooled, leaderboard, leaderboard_json, tables
from huelab.evaluation.compare import compare
from huelab.evaluation.human import HumanResult, identity, latest
from huelab.params import Compare
from tests.evaluation import score_folders
from tests.evaluation.conftest import ROOT
from tests.evaluation.score_folders import DATA, frame

CARDS: dict[str, dict[str, Any]] = {
    "beta": {"name": "beta", "weights_sha256": "b" * 64, "data_hash": DATA},
    "plain": {"name": "plain", "weights_sha256": "c" * 64, "data_hash": DATA},
    "gray": {"name": "gray", "weights_sha256": "", "data_hash": DATA},
}


def result(study: str, model: str, rate: float = 0.31, **more: Any) -> HumanResult:
    weights = CARDS[model]["weights_sha256"]
    facts = {"content": identity(model, weights, DATA), "weights": weights, "low": rate - 0.05, "high": rate + 0.06, "n": 240}
    return HumanResult(study=study, model=model, rate=rate, **{**facts, **more})


@pytest.fixture
def build(tmp_path):
    ones = {
        name: score_folders.write(tmp_path / name, name, frame({"ciede2000": [9.0 + place, 8, 7, 6]}))
        for place, name in enumerate(("beta", "plain", "gray"))
    }
    meta = {"data_hash": DATA, "protocol": "p"}

    def build(*results: HumanResult) -> leaderboard.Leaderboard:
        return leaderboard.build(list(ones.values()), meta, ("ciede2000",), Compare(draws=100), CARDS, results)

    return build


def test_every_table_shows_rate_interval_answers_and_study(build):
    board = build(result("k3f", "beta"))
    for text in (tables.short(board), tables.to_markdown(board)):
        line = next(line for line in text.splitlines() if "beta" in line)
        assert "31.0% [26.0%, 37.0%] n=240" in line
        assert "people fooled ↑" in text
        assert "n answers; study k3f." in text
    heads = [line.count("|") for line in tables.to_markdown(board).splitlines() if line.startswith("|")]
    assert len(set(heads)) == 1, "every row has every cell"
    rows = {row["model"]: row for row in csv.DictReader(io.StringIO(tables.to_csv(board)))}
    assert (rows["beta"]["people_fooled"], rows["beta"]["people_fooled_low"], rows["beta"]["people_fooled_n"]) == ("0.31", "0.26", "240")
    assert (rows["beta"]["people_fooled_study"], rows["plain"]["people_fooled"]) == ("k3f", "")
    found = {row["model"]: row["human"] for row in json.loads(leaderboard_json.to_json(board))["rows"]}
    assert found["beta"] == {"rate": 0.31, "low": 0.26, "high": 0.37, "n": 240, "study": "k3f"}
    assert found["plain"] is None


def test_without_a_study_nothing_hints_at_one(build):
    board = build()
    assert fooled.note(board) == ""
    for text in (tables.short(board), tables.to_markdown(board), tables.to_csv(board)):
        assert "people" not in text.lower()


def test_the_latest_study_counts_and_two_studies_are_told_apart(build):
    board = build(result("old", "beta"), result("old", "plain"), result("new", "beta", 0.4))
    assert [row.human.study for row in board.rows if row.human] == ["new", "old"]
    assert "study new: beta; study old: plain. Rates of different studies cannot be compared." in fooled.note(board)


def test_only_the_weights_that_people_saw_are_meant_and_a_floor_is_known_by_its_photographs():
    """Trained anew under the same name it is another colorizer."""
    seen = (result("s", "beta"), result("s", "gray"))
    assert latest(seen, identity("beta", "b" * 64, DATA)) == seen[0]
    assert latest(seen, identity("beta", "d" * 64, DATA)) is None
    assert latest(seen, identity("gray", "", DATA)) == seen[1]
    assert latest(seen, identity("gray", "", "other")) is None
    assert latest(seen, "") is None


def test_the_stage_reads_what_surveys_published(evaluated_project, settings):
    card = json.loads((paths.model("beta") / "card.json").read_text())
    published = result("k3f", "beta", content=card["weights_sha256"], weights=card["weights_sha256"])
    paths.human_results().parent.mkdir(exist_ok=True)
    paths.human_results().write_text(json.dumps({"results": [published.model_dump()]}))
    compare(settings)
    report = (paths.reports() / "report.html").read_text()
    assert 'people fooled: study k3f">31.0%<small>26.0% – 37.0%</small><small>n = 240</small>' in report
    assert report.count("<th>people fooled ↑</th>") == 2
    assert "31.0% [26.0%, 37.0%] n=240" in (paths.reports() / "leaderboard.txt").read_text()
    paths.human_results().write_text("{")
    with pytest.raises(DataError, match=r"human\.json cannot be read .*: mend it, or take back the committed one"):
        compare(settings)


def test_a_published_study_runs_stage_compare_again():
    """DVC must know the file, and a fresh clone must have it."""
    assert "registry/human.json" in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["compare"]["deps"]
    json.loads((ROOT / "registry" / "human.json").read_text())["results"]
