"""A trained colorizer on disk: it must come back the same, and a bad file must be named, never run."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from huelab import models
from huelab.errors import ModelError
from huelab.models.colorizer import Colorizer
from huelab.models.saved import Saved, save

L = torch.rand(1, 1, 21, 30, generator=torch.Generator().manual_seed(1)) * 100


def trained(folder: Path, name: str = "beta", **params: Any) -> Saved:
    module = models.module(name)
    section = module.Params(width=0.1, **params)
    torch.manual_seed(3)
    net = module.build(section, size=64)
    return save(folder, {"name": name, "params": section.model_dump(mode="json"), "size": 64}, net.state_dict())


@pytest.mark.parametrize("name", ["alpha", "beta", "plain", "pix2pix", "zhang"])
def test_what_was_saved_colours_the_same(name: str, tmp_path: Path) -> None:
    saved = trained(tmp_path, name)
    module = models.module(name)
    torch.manual_seed(3)
    net = module.build(module.Params(width=0.1), size=64)
    with torch.no_grad():
        expected = Colorizer(net, temperature=0.38).eval()(L)
        torch.testing.assert_close(Saved.open(tmp_path).colorizer()(L), expected, rtol=0, atol=0)
    assert not saved.floor


def test_the_card_is_read_without_torch(tmp_path: Path) -> None:
    """The dashboard and `compare` read cards; they should not wait for torch."""
    trained(tmp_path)
    code = (
        "import sys; from pathlib import Path; from huelab.models.saved import Saved\n"
        f"saved = Saved.open(Path({str(tmp_path)!r}))\n"
        "assert saved.name == 'beta' and saved.size == 64 and saved.params.width == 0.1 and saved.info.title\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_zhang_is_read_out_at_the_temperature_of_its_card(tmp_path: Path) -> None:
    cold, warm = trained(tmp_path / "cold", "zhang", temperature=0.1), trained(tmp_path / "warm", "zhang", temperature=1.0)
    assert cold.colorizer().temperature == 0.1
    assert warm.colorizer().temperature == 1.0


def test_weights_are_safetensors_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = trained(tmp_path / "a"), trained(tmp_path / "b")
    assert first.weights.read_bytes() == second.weights.read_bytes()
    assert (tmp_path / "a" / "card.json").read_bytes() == (tmp_path / "b" / "card.json").read_bytes()
    assert sorted(file.name for file in (tmp_path / "a").iterdir()) == ["card.json", "weights.safetensors"]


def test_floors_have_no_weights(tmp_path: Path) -> None:
    mean = save(tmp_path / "mean", {"name": "mean", "params": {}, "size": 64, "mean_ab": [7.5, -2.25]})
    assert mean.floor
    assert mean.colorizer()(L)[0, :, 3, 4].tolist() == [7.5, -2.25]
    assert not save(tmp_path / "gray", {"name": "gray", "params": {}, "size": 64}).colorizer()(L).any()
    with pytest.raises(ModelError, match="another photograph"):
        save(tmp_path / "shuffled", {"name": "shuffled", "params": {}, "size": 64}).colorizer()


def test_no_trained_colorizer_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="make run"):
        Saved.open(tmp_path / "nothing")


@pytest.mark.parametrize("card", ["", "[1]", "{}", '{"name": "beta"}', '{"name": "nonesuch", "params": {}}', "\xff"])
def test_a_bad_card_is_a_model_error(card: str, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(card.encode("latin-1"))
    with pytest.raises(ModelError, match=r"card\.json"):
        Saved.open(tmp_path)


def test_a_card_of_another_version_names_the_key(tmp_path: Path) -> None:
    trained(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    card["params"]["depth_of_thought"] = 3
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="depth_of_thought"):
        Saved.open(tmp_path).colorizer()


class Trap:
    """What a pickled weights file could do when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.place),)

    def __init__(self, place: Path) -> None:
        self.place = str(place)


def test_a_pickled_weights_file_is_refused_and_not_run(tmp_path: Path) -> None:
    saved = trained(tmp_path)
    sprung = tmp_path / "sprung"
    saved.weights.write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        saved.colorizer()
    assert not sprung.exists()


def test_a_truncated_weights_file_is_refused(tmp_path: Path) -> None:
    saved = trained(tmp_path)
    content = saved.weights.read_bytes()
    for length in (0, 7, 100, len(content) - 1):
        saved.weights.write_bytes(content[:length])
        with pytest.raises(ModelError, match="not a whole safetensors file"):
            saved.colorizer()


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    saved, other = trained(tmp_path / "beta"), trained(tmp_path / "plain", "plain")
    saved.weights.write_bytes(other.weights.read_bytes())
    with pytest.raises(ModelError, match=r"sha256|does not fit"):
        saved.colorizer()


def test_other_weights_of_the_same_architecture_are_refused(tmp_path: Path) -> None:
    """A half-finished copy of a folder would mix one model's card with another's weights."""
    saved = trained(tmp_path)
    module = models.module("beta")
    torch.manual_seed(4)
    other = save(tmp_path / "other", dict(saved.card), module.build(module.Params(width=0.1)).state_dict())
    saved.weights.write_bytes(other.weights.read_bytes())
    with pytest.raises(ModelError, match="sha256"):
        saved.colorizer()


def test_missing_weights_name_the_command_that_fetches_them(tmp_path: Path) -> None:
    saved = trained(tmp_path)
    saved.weights.unlink()
    with pytest.raises(ModelError, match="dvc pull"):
        saved.colorizer()
