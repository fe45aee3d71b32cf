"""How colorizers learn: net(s), loss and optimizers behind one `step(batch)`, one file per family."""

from __future__ import annotations

import importlib

from huelab import models
from huelab.objectives.base import Objective
from huelab.objectives.material import Material


def build(name: str, params: object, material: Material) -> Objective:
    """Networks and objective of the learned colorizer `name`, freshly initialised from torch's generator.

    `params`: its section of params.yaml. Raises ValueError for a floor.
    """
    module = models.module(name)
    section = module.Params.model_validate(params)
    chosen = models.family(name, section)
    if chosen == "floor":
        raise ValueError(f"{name} is a floor: it does not learn")
    net = models.build(name, section, size=material.size, backbone=material.backbone, classes=len(material.classes))
    if material.backbone is not None and hasattr(module, "start_from"):
        module.start_from(net, material.backbone)  # an encoder that begins with a classifier's weights
    # "two_stage" is the class TwoStage of two_stage.py; by name, so that an edit of one family trains no other anew
    kind: type[Objective] = getattr(importlib.import_module(f"huelab.objectives.{chosen}"), chosen.title().replace("_", ""))
    return kind.of(module, net, section, material)
