"""The champion must be the best there is, and stay usable whatever happens to the project."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from huelab import paths
from tests.tracking.seen import client, names, sync
from tests.tracking.stages import SCORES, compare, evaluate, train


def test_floors_and_models_of_one_picture_are_never_registered(mirrored: Path) -> None:
    """alpha scores best of all here, on the one picture it memorised."""
    sync()
    versions = client().search_model_versions(f"name = '{names().model}'")
    assert {version.tags["huelab.model"] for version in versions} == {"beta", "plain"}


def test_the_champion_outlives_the_model_it_was_copied_from(mirrored: Path) -> None:
    from huelab.colorize import choose
    from huelab.models.saved import Saved

    sync()
    shutil.rmtree(paths.model("plain"))
    folder = choose.resolve("champion")
    assert folder.is_relative_to(paths.var())
    Saved.open(folder).colorizer()
    record = json.loads(paths.champion().read_text())
    assert not Path(record["folder"]).is_absolute()
    assert record["model"] == "plain"


def test_a_better_challenger_takes_over_and_the_record_says_why(mirrored: Path) -> None:
    sync()
    train("beta", seed=1)
    evaluate("beta", 10.0)
    compare({**SCORES, "beta": 10.0})
    _, said = sync()

    record = json.loads(paths.champion().read_text())
    assert (record["model"], record["version"]) == ("beta", 3)
    assert record["why"] == "beta's ciede2000 10 against plain's 11 is a gain of 1, more than 0"
    assert said[-1].startswith("champion is now beta (version 3)")


def test_a_lost_champion_copy_is_fetched_from_the_registry(mirrored: Path) -> None:
    sync()
    shutil.rmtree(paths.var() / "champion")
    paths.champion().write_text("{ half written")
    sync()
    record = json.loads(paths.champion().read_text())
    assert (paths.root() / record["folder"] / "weights.safetensors").is_file()
