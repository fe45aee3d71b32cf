"""A project with a real, tiny, untrained `beta` in it: its colours are random, all else is as after training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def beta(project: Path) -> Path:
    """The folder of `beta` in a project of its own."""
    import torch

    from huelab import models, paths
    from huelab.models import saved

    module = models.module("beta")
    params = module.Params(width=0.05)
    torch.manual_seed(0)
    net = module.build(params, size=32)
    card = {"name": "beta", "params": params.model_dump(mode="json"), "size": 32, "one_picture": ""}
    saved.save(paths.model("beta"), card, net.state_dict())
    return paths.model("beta")


@pytest.fixture
def coffee(samples: Path) -> np.ndarray:
    """A colourful photograph, (h, w, 3) uint8."""
    with Image.open(samples / "coffee.jpg") as image:
        return np.array(image.convert("RGB").resize((90, 60)))


@pytest.fixture
def gray(coffee: np.ndarray) -> np.ndarray:
    """The same in gray levels, (h, w) uint8."""
    return np.array(Image.fromarray(coffee).convert("L"))
