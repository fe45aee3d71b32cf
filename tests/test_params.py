"""A mistake in params.yaml must cost one message, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from huelab import models, params
from huelab.errors import ParamsError
from tests.conftest import ROOT


def write(tmp_path: Path, change: dict[str, object]) -> Path:
    tree = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for key, value in change.items():
        *parents, last = key.split(".")
        place = tree
        for parent in parents:
            place = place[parent]
        place[last] = value
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return file


def test_the_shipped_file_is_good() -> None:
    tree = params.load(ROOT / "params.yaml")
    assert tree.models
    assert set(tree.colorizers) == set(models.NAMES)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"train.sead": 1}, ["train.sead", "unknown key", "did you mean 'seeds'", "allowed:", "precision"]),
        ({"colorizers.beta.widht": 1}, ["colorizers.beta.widht", "did you mean 'width'", "steps"]),
        ({"colorizers.betta": {}}, ["colorizers.betta", "did you mean 'beta'"]),
        ({"standardize.size": "large"}, ["standardize.size", "'large'", "integer"]),
        ({"standardize.size": 8}, ["standardize.size", "found 8", "greater than or equal to 16"]),
        ({"split.by": "photograph"}, ["split.by", "'photograph'", "'photo'", "'folder'", "'region'"]),
        ({"split.val": 0.9}, ["split.val", "0.9", "less than 0.5"]),
        ({"models": ["pix2px"]}, ["models", "'pix2px'", "did you mean 'pix2pix'", "allowed: gray"]),
        ({"models": []}, ["models", "at least one"]),
        ({"models": ["gray", "beta", "beta"]}, ["models", "'beta'", "more than once"]),
        ({"models": "beta"}, ["models", "'beta'", "a list"]),
        ({"colorizers.beta.steps": 0}, ["colorizers.beta.steps", "found 0"]),
        ({"compare.sort": "beauty"}, ["compare.sort", "'beauty'", "evaluate.metrics"]),
        ({"evaluate.metrics": ["ciede2000", "psnr_rbg"]}, ["evaluate.metrics", "'psnr_rbg'", "did you mean 'psnr_rgb'", "allowed:"]),
        ({"zeal": 1}, ["zeal", "unknown key", "allowed: models"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_is_told_with_file_key_value_and_what_is_allowed(tmp_path: Path, change: dict[str, object], says: list[str]) -> None:
    file = write(tmp_path, change)
    with pytest.raises(ParamsError) as caught:
        params.load(file)
    for text in [str(file), *says]:
        assert text in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="2 problems"):
        params.load(write(tmp_path, {"train.sead": 1, "standardize.size": 8}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("models: [gray\n", "not valid YAML"),
        ("- gray\n", "expected sections"),
        ("", "expected sections"),
        ("models: [gray]\nmodels: [beta]\n", "'models' stands twice"),
        ("models: [gray]\ncolorizers: 3\n", "one section per colorizer"),
    ],
)
def test_a_file_that_is_no_params_file(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError, match=says):
        params.load(file)


def test_a_missing_file_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="does not exist"):
        params.load(tmp_path / "params.yaml")


def test_numbers_in_scientific_notation_are_numbers(tmp_path: Path) -> None:
    """YAML 1.1 reads 1e-3 as text, DVC reads it as a number; both must train with the same learning rate."""
    file = tmp_path / "params.yaml"
    file.write_text("models: [beta]\ncompare: {sort: ciede2000}\ncolorizers: {beta: {lr: 1e-3}}\n", encoding="utf-8")
    assert params.load(file).colorizer("beta").lr == 0.001


def test_overrides_are_checked_like_the_file() -> None:
    assert params.load(ROOT / "params.yaml", {"train.seeds": [7]}).train.seed == 7
    with pytest.raises(ParamsError, match=r"train\.seeds"):
        params.load(ROOT / "params.yaml", {"train.seeds": [-1]})


def test_the_tree_is_frozen() -> None:
    tree = params.load(ROOT / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        tree.train.seeds = (3,)  # type: ignore[misc]
