"""Whoever has trained nothing must learn how; whoever has, must get the best."""

import json

import pytest

from huelab import paths
from huelab.colorize import choose
from huelab.errors import ModelError, UsageError


def board(*rows):
    paths.reports().mkdir(parents=True)
    rows = [{"model": name, "one_picture": one} for name, one in rows]
    (paths.reports() / "leaderboard.json").write_text(json.dumps({"rows": rows}))


def test_nothing_trained_names_the_command(project):
    with pytest.raises(ModelError, match="make run"):
        choose.resolve()
    with pytest.raises(ModelError, match=r"dvc repro train@zhang"):
        choose.resolve("zhang")


def test_unknown_name_lists_the_known(project):
    with pytest.raises(UsageError, match="pix2pix"):
        choose.resolve("picasso")


def test_by_name(beta):
    assert choose.resolve("beta") == beta


def test_best_learned_model_while_nothing_is_registered(beta):
    board(("alpha", "00"), ("mean", ""), ("zhang", ""), ("beta", ""))  # zhang leads, but its folder is gone
    assert choose.resolve() == beta


def test_the_registered_champion_comes_first(beta):
    other = paths.root() / "var" / "champions" / "7"
    other.mkdir(parents=True)
    (other / "card.json").write_text("{}")
    (other / "weights.safetensors").touch()
    board(("beta", ""))
    paths.champion().write_text(json.dumps({"model": "zhang", "version": 7, "folder": "var/champions/7"}))
    assert choose.resolve() == other


@pytest.mark.parametrize("text", ['{"folder": "var/gone"}', "{}", "[]", "no json"])
def test_a_broken_record_says_so(beta, text):
    paths.var().mkdir(exist_ok=True)
    paths.champion().write_text(text)
    with pytest.raises(ModelError, match=r"champion\.json.*huelab track sync"):
        choose.resolve()


def test_a_champion_without_its_weights_says_so(beta):
    folder = paths.root() / "var" / "champion" / "beta-0f"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text("{}")
    paths.champion().write_text(json.dumps({"model": "beta", "version": 1, "folder": "var/champion/beta-0f"}))
    with pytest.raises(ModelError, match=r"weights\.safetensors is not there: `huelab track sync`"):
        choose.resolve()


def test_a_new_champion_is_taken_without_a_restart(beta):
    """The dashboard and a running program ask each time."""
    for name in ("one", "two"):
        folder = paths.root() / "var" / "champion" / name
        folder.mkdir(parents=True)
        for file in ("card.json", "weights.safetensors"):
            (folder / file).touch()
        paths.champion().write_text(json.dumps({"model": "beta", "version": 1, "folder": f"var/champion/{name}"}))
        assert choose.resolve() == folder
