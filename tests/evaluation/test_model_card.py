"""Whoever gets a colorizer's weights must learn from the card beside them what it is, what it is worth and where not to trust it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from huelab import params, paths
from huelab.data.store import Store
from huelab.evaluation import leaderboard, model_card
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.leaderboard import Leaderboard
from huelab.models.saved import Saved
from tests.evaluation.conftest import MODELS, ROOT


@pytest.fixture
def board(scored: Path, settings: params.Params, monkeypatch: pytest.MonkeyPatch) -> Leaderboard:
    monkeypatch.setenv("HUELAB_ROOT", str(scored))
    evaluated = [Evaluated.read(name, paths.scores(name)) for name in MODELS]
    cards = {name: Saved.open(paths.model(name)).card for name in MODELS}
    return leaderboard.build(evaluated, Store.open(paths.store()).meta, settings.evaluate.metrics, settings.compare, cards)


def card(board: Leaderboard, name: str, stated: tuple[str, ...] = (), **meta: Any) -> str:
    return model_card.text(Saved.open(paths.model(name)), board, {**Store.open(paths.store()).meta, **meta}, stated)


def test_a_learned_model_is_told_with_its_data_budget_scores_and_limits(board: Leaderboard) -> None:
    text = card(board, "beta", ("ATTRIBUTION.md",))
    meta, saved = Store.open(paths.store()).meta, Saved.open(paths.model("beta"))
    for fact in (
        "# beta: Wallner beta",
        "**Colours are guesses**",
        f"`{meta['data_hash']}`",
        meta["protocol"],
        f"{meta['counts']['train']} train, {meta['counts']['val']} val, {meta['counts']['test']} test",
        "see `data/ATTRIBUTION.md`",
        "12 optimizer steps",
        f"{saved.card['parameters']:,} parameters",
        saved.info.paper,
        "Licence of the ideas and the code they come from: MIT.",
        saved.card["weights_sha256"],
        "width 0.125",
        "6 photographs are few",
        "Trained once",
        "say nothing about other photographs",
    ):
        assert fact in text, fact
    row = next(row for row in board.rows if row.model == "beta")
    score = row.scores["ciede2000"]
    line = next(line for line in text.splitlines() if line.startswith("| CIEDE2000"))
    assert f"{score.mean:.2f} [{score.low:.2f}, {score.high:.2f}]" in line
    assert f"{row.versus['gray']['ciede2000'].difference:.2f}" in line
    header = next(line for line in text.splitlines() if line.startswith("| metric"))
    assert header == "| metric | beta | gray | mean | minus gray | minus mean |"


def test_where_no_licence_lies_beside_the_photographs_the_card_says_so(board: Leaderboard, tmp_path: Path) -> None:
    assert "Licence of the photographs: not stated" in card(board, "beta")
    assert model_card.licences(tmp_path / "nowhere") == []
    for name in ("LICENSE", "attribution.md", "readme.txt", "a.jpg"):
        (tmp_path / name).touch()
    assert model_card.licences(tmp_path) == ["LICENSE", "attribution.md"]
    assert model_card.licences(ROOT / "samples") == ["ATTRIBUTION.md"]


def test_a_model_of_one_picture_is_never_told_as_one_that_generalises(board: Leaderboard) -> None:
    text = card(board, "alpha")
    assert "On the one picture it memorised" in text
    assert "It knows one picture by heart" in text
    assert "Place" not in text


def test_a_floor_is_told_as_what_must_be_beaten(board: Leaderboard) -> None:
    text = card(board, "mean")
    assert "To be beaten" in text
    assert "Its colour is the mean of the training pictures: ab " in text
    assert "## Where it comes from" not in text


def test_what_limits_a_model_follows_from_the_facts(board: Leaderboard) -> None:
    apart = card(board, "beta", split_by="photo", photographs=5000)
    assert "are few" not in apart
    assert "The scores are of other regions" not in apart
    row = next(row for row in board.rows if row.model == "beta")
    rows = [replace(row, notes=("backbone: random",), seeds=(0, 1, 2)) if one is row else one for one in board.rows]
    text = card(replace(board, rows=rows, n_groups=1), "beta")
    assert "random weights and knows nothing" in text
    assert "Trained once" not in text
    assert "seeds 0, 1, 2" in text
    assert "One test photograph" in text


def test_stage_compare_writes_a_card_of_every_model_the_same_each_time(evaluated_project: Path, settings: params.Params) -> None:
    from huelab.evaluation.compare import compare

    shutil.copy(ROOT / "samples" / "ATTRIBUTION.md", paths.data())
    compare(settings)
    first = {name: paths.model_card(name).read_bytes() for name in MODELS}
    compare(settings)
    assert {name: paths.model_card(name).read_bytes() for name in MODELS} == first
    assert b"see `data/ATTRIBUTION.md`" in first["beta"]
    assert json.loads((paths.reports() / "leaderboard.json").read_text())["rows"]
