"""The least a colorizer can be given to learn from: a flat colour prior, and what its file says it needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from huelab import models
from huelab.objectives.material import Material
from tests.small_classifier import small_classifier

CLASSES = ("cats", "dogs")


def material(size: int = 32, **given: Any) -> Material:
    return Material(**{"size": size, "prior": np.full(313, 1 / 313), **given})


def material_for(name: str, size: int = 32, **given: Any) -> Material:
    """With a small classifier of random weights and two folder names by turns, where colorizer `name` needs such."""
    needs = models.module(name).INFO.needs
    if "backbone" in needs:
        given.setdefault("backbone", small_classifier())
    if "labels" in needs:
        given |= {"classes": CLASSES, "labels": torch.arange(1000) % len(CLASSES)}
    return material(size, **given)


def narrow_params(name: str, **params: Any) -> Any:
    """The section of colorizer `name` with a tenth of the channels (alpha's are few enough); an encoder so narrow begins at random."""
    own = models.module(name)
    small: dict[str, Any] = {"width": 1.0 if name == "alpha" else 0.1}
    if hasattr(own, "ENCODER"):
        small["pretrained"] = False
    return own.Params.model_validate({**small, **params})


def narrow(name: str, *, size: int = 64, **params: Any) -> nn.Module:
    """The network of colorizer `name` with the settings of `narrow_params`."""
    section = narrow_params(name, **params)
    torch.manual_seed(0)
    own = material_for(name, size)
    return models.build(name, section, size=size, backbone=own.backbone, classes=len(own.classes))
