"""What a model costs decides as much as how well it scores; the table must not invent a number it does not have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huelab import params, paths
from huelab.errors import DataError
from huelab.evaluation import cost_table
from huelab.evaluation.compare import compare
from tests.evaluation.conftest import ROOT, SETTINGS


def row(table: str, model: str) -> list[str]:
    (line,) = [line for line in table.splitlines() if f"| `{model}` |" in line or f"| *{model}* |" in line]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_shows_scores_beside_what_they_cost(evaluated_project: Path) -> None:
    compare(params.load(ROOT / "params.yaml", SETTINGS))
    table = cost_table.markdown(["ciede2000"])
    card = json.loads((paths.model("beta") / "card.json").read_text())
    timing = json.loads(paths.timing("beta").read_text())
    assert row(table, "beta")[2:6] == [
        f"{card['parameters']:,}", f"{card['images']:,}", f"{timing['seconds']:.0f}", f"{timing['images_per_second']:.0f}",
    ]  # fmt: skip
    assert row(table, "gray")[2:6] == ["", "", "", ""]
    assert "[" in row(table, "beta")[6], "the interval"
    assert "disjoint regions" in table
    paths.timing("beta").unlink()
    assert row(cost_table.markdown(["ciede2000"]), "beta")[3:6] == ["–", "–", "–"]


def test_without_a_leaderboard_it_says_what_to_run(project: Path) -> None:
    with pytest.raises(DataError, match="make run"):
        cost_table.markdown()
