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
    board(("beta", ""))
    paths.champion().write_text(json.dumps({"model": "zhang", "version": 7, "folder": "var/champions/7"}))
    assert choose.resolve() == other


@pytest.mark.parametrize("text", ['{"folder": "var/gone"}', "{}", "[]", "no json"])
def test_a_broken_record_says_so(beta, text):
    paths.var().mkdir(exist_ok=True)
    paths.champion().write_text(text)
    with pytest.raises(ModelError, match=r"champion\.json"):
        choose.resolve()
