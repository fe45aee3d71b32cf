"""Variants of a colorizer stand side by side under names of their own; a typing mistake must not become one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from huelab import models, params
from huelab.errors import ParamsError
from tests.conftest import ROOT


def written(folder: Path, entries: list[str], sections: dict[str, object]) -> Path:
    tree = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    tree["models"] = entries
    tree["colorizers"] = sections
    file = folder / "params.yaml"
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return file


def test_variants_have_settings_of_their_own(tmp_path: Path) -> None:
    """`losses` compares one network under seven losses: seven sections, one file."""
    tree = params.load(written(tmp_path, ["beta", "beta-wide"], {"beta": {"width": 0.5}, "beta-wide": {"width": 2.0}}))
    assert tree.models == ("beta", "beta-wide")
    assert (tree.colorizer("beta").width, tree.colorizer("beta-wide").width) == (0.5, 2.0)
    assert models.module("beta-wide") is models.module("beta")


@pytest.mark.parametrize("entry", ["betta-wide", "beta-", "beta--wide", "beta-Wide", "beta-a b", "../beta", "gray-dark", "beta-../x"])
def test_what_is_no_variant_is_refused(entry: str, tmp_path: Path) -> None:
    """The name becomes a folder and a stage of DVC."""
    with pytest.raises(ParamsError, match="no colorizer"):
        params.load(written(tmp_path, [entry], {entry: {}}))
    assert not models.known(entry)


def test_an_entry_without_a_section_is_told_how_to_get_one(tmp_path: Path) -> None:
    """DVC would stop with a message about a missing parameter."""
    with pytest.raises(ParamsError, match=r"colorizers\.beta-wide: missing; `models` names it"):
        params.load(written(tmp_path, ["beta-wide"], {"beta": {}}))


def test_an_unknown_key_of_a_variant_is_named_with_its_section(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"colorizers\.beta-wide\.widht: unknown key \(did you mean 'width'\?\)"):
        params.load(written(tmp_path, ["beta-wide"], {"beta-wide": {"widht": 1}}))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"budget.steps": 5, "budget.seconds": 9}, "found steps 5, seconds 9; set at most one of them"),
        ({"budget.seconds": -1}, "budget.seconds"),
        ({"train.seeds": []}, r"train\.seeds: found \[\]; allowed: one or more different whole numbers"),
        ({"train.seeds": [1, 1]}, "one or more different"),
        ({"pretrain.batch": 1}, r"pretrain\.batch"),
    ],
)
def test_budgets_and_seeds_that_mean_nothing_are_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(ParamsError, match=says):
        params.load(ROOT / "params.yaml", change)
