"""How colorizers learn: net(s), loss and optimizers behind one `step(batch)`, one file per family."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab import models
from huelab.models.info import Info
from huelab.objectives.base import Objective


def build(name: str, params: object, *, size: int, prior: NDArray[np.float64], clip_norm: float) -> Objective:
    """Networks and objective of the learned colorizer `name`, freshly initialised from torch's generator.

    `params`: its section of params.yaml; `size`: side of the training pictures in pixels; `prior` (313,): share of each colour bin among
    the training pixels; `clip_norm`: bound of the gradient norm, 0 for none. Raises ValueError for a floor.
    """
    module = models.module(name)
    info: Info = module.INFO
    section = module.Params.model_validate(params)
    if info.objective == "floor":
        raise ValueError(f"{name} is a floor: it does not learn")
    net = module.build(section, size=size)
    if info.objective == "regression":
        from huelab.objectives.regression import Regression

        return Regression(net, optimizer=section.optimizer, lr=section.lr, ab_scale=info.ab_scale, clip_norm=clip_norm)
    if info.objective == "adversarial":
        from huelab.objectives.adversarial import Adversarial

        discriminator = module.build_discriminator(section)
        return Adversarial(net, discriminator, lr=section.lr, ab_scale=info.ab_scale, l1_weight=section.l1_weight, clip_norm=clip_norm)
    from huelab.objectives.classification import Classification

    return Classification(
        net,
        prior=prior,
        lr=section.lr,
        stride=module.STRIDE,
        weight_decay=section.weight_decay,
        neighbours=section.neighbours,
        rebalance=section.rebalance,
        temperature=section.temperature,
        clip_norm=clip_norm,
    )
