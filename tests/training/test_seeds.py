"""Several seeds, kept results and budgets: what makes a comparison of colorizers fair, and repeating it cheap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from huelab import params, paths
from huelab.data.store import Store
from huelab.evaluation.score import evaluate
from huelab.models.saved import Saved
from huelab.training import run

SMALL = {"colorizers.beta.width": 0.1, "colorizers.beta.steps": 4, "colorizers.beta.batch": 4, "train.threads": 1}


def settings(**change: Any) -> params.Params:
    return params.load(overrides={**SMALL, **{key.replace("__", "."): value for key, value in change.items()}})


def test_each_seed_leaves_a_network_of_its_own(home: Path) -> None:
    run.train("beta", settings(train__seeds=[3, 5]))
    first, second = Saved.open(paths.model("beta")), Saved.open(paths.model("beta", 5))
    assert (first.card["seed"], second.card["seed"]) == (3, 5)
    assert first.card["weights_sha256"] != second.card["weights_sha256"]
    assert not paths.checkpoints("beta", 3).parent.exists()
    assert paths.timing("beta", 5).is_file()


def test_one_more_seed_costs_one_seed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a GPU three seeds are three nights; the first night must not be spent twice."""
    run.train("beta", settings(train__seeds=[0]))
    alone = paths.model("beta").joinpath("card.json").read_bytes()
    capsys.readouterr()
    run.train("beta", settings(train__seeds=[0, 1]))
    said = capsys.readouterr().out
    assert "beta (seed 0)" in said
    assert "kept" in said.splitlines()[0]
    assert said.count("kept") == 1
    assert paths.model("beta").joinpath("card.json").read_bytes() == alone
    run.train("beta", settings(train__seeds=[0]))
    assert not paths.model("beta", 1).exists(), "a seed that is no longer asked for would stay in the scores"


@pytest.mark.parametrize("damage", ["card.json", "weights.safetensors", "history.csv"])
def test_a_damaged_result_is_not_kept(damage: str, home: Path) -> None:
    run.train("beta", settings())
    whole = {file.name: file.read_bytes() for file in paths.model("beta").iterdir()}
    file = paths.model("beta") / damage
    file.write_bytes(file.read_bytes()[:-30]) if damage != "history.csv" else file.unlink()
    run.train("beta", settings())
    assert {file.name: file.read_bytes() for file in paths.model("beta").iterdir()} == whole


def test_other_settings_are_not_kept(home: Path) -> None:
    before = run.train("beta", settings()).card["weights_sha256"]
    assert run.train("beta", settings(colorizers__beta__lr=0.002)).card["weights_sha256"] != before


def test_scores_are_means_over_seeds_and_keep_those_of_each(home: Path) -> None:
    chosen = settings(train__seeds=[0, 1], evaluate__metrics=["ciede2000", "mse_ab128", "delta_colorfulness"])
    run.train("beta", chosen)
    store = Store.open(paths.store())
    own, other = Saved.open(paths.model("beta")), Saved.open(paths.model("beta", 1))
    summary = evaluate(own, store, chosen.evaluate, out=paths.scores("beta"), device="cpu", other_seeds=[other])
    table = pd.read_parquet(paths.scores("beta") / "scores.parquet")
    seeds = pd.read_parquet(paths.scores("beta") / "seeds.parquet")
    assert len(seeds) == 2 * len(table) == 2 * len(store.indices("test"))
    means = seeds.groupby("item_id")["ciede2000"].mean()
    assert table.set_index("item_id")["ciede2000"].to_dict() == pytest.approx(means.to_dict())
    each = [summary["seeds"][seed]["ciede2000"] for seed in ("0", "1")]
    assert each[0] != each[1]
    assert summary["means"]["ciede2000"] == pytest.approx(sum(each) / 2)


@pytest.mark.parametrize(("budget", "steps"), [({"budget.steps": 3}, 3), ({"budget.epochs": 2}, None)])
def test_one_budget_holds_for_all(budget: dict[str, Any], steps: int | None, home: Path) -> None:
    card = run.train("beta", params.load(overrides={**SMALL, **budget})).card
    per_epoch = len(Store.open(paths.store()).indices("train")) // 4
    assert card["steps"] == (steps or 2 * per_epoch)
    assert card["budget"] == {key.partition(".")[2]: value for key, value in budget.items()}


def test_a_budget_in_seconds_ends_in_time_with_its_schedule_run_down(home: Path) -> None:
    chosen = params.load(overrides={**SMALL, "budget.seconds": 1.5, "colorizers.beta.schedule": "linear"})
    saved = run.train("beta", chosen)
    timing = json.loads(paths.timing("beta").read_text())
    assert 1.5 <= timing["seconds"] < 6
    assert saved.card["steps"] > 4, "its own steps count for nothing then"
