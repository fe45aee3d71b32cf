"""What a colorizer needs before it can learn: the folder names as labels, and classifiers that were trained before, checked first."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from huelab import models
from huelab.data.store import Store
from huelab.objectives.material import Material
from huelab.params import Params


@dataclass(frozen=True)
class Prepared:
    """The material, and what the card must remember of it."""

    material: Material
    facts: dict[str, Any] = field(default_factory=dict)
    """backbone (what `backbones.skeleton` rebuilds), classes (folder names): only where they matter."""
    words: str = ""
    """For the line a run begins with; "" or ", backbone: …"."""


def prepare(name: str, params: Params, store: Store, *, steps_per_epoch: int, device: torch.device | str = "cpu") -> Prepared:
    """Loads what colorizer `name` looks through, computes on `device` what that says of each picture, and reads the labels.

    Raises ModelError where weights cannot be had, before anything is trained.
    """
    module, section = models.module(name), params.colorizer(name)
    given: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    words = ""
    if "labels" in module.INFO.needs:
        classes, labels = labels_of(store)
        given |= {"classes": classes, "labels": labels}
        facts["classes"] = list(classes)
    for choice in models.classifiers(name, section):
        from huelab import backbones

        source = backbones.resolve(choice.backbone, choice.pretrained, choice.weights, key=choice.key)
        words += f", {'perceptual ' if choice.use == 'perceptual' else ''}{source.words}"
        if choice.use == "perceptual":
            from huelab.objectives.perceptual import PerceptualTerm

            given["perceptual"] = PerceptualTerm(backbones.load(source), section.perceptual.layers)
            facts["perceptual"] = source.facts()
        else:
            backbone = backbones.load(source).to(device)
            given["backbone"] = backbone
            facts[choice.use] = source.facts()
            if hasattr(module, "class_vector"):
                from huelab.backbones.vectors import class_vectors

                look = partial(module.class_vector, backbone, section=section)
                recipe = module.vector_recipe(section)
                vectors = class_vectors(look, source, store, recipe=recipe, classes=backbone.classes, device=device)
                given["vectors"] = torch.from_numpy(vectors)
    material = Material(size=store.size, prior=store.prior, clip_norm=params.train.clip_norm, steps_per_epoch=steps_per_epoch, **given)
    return Prepared(material, facts, words)


def labels_of(store: Store) -> tuple[tuple[str, ...], torch.Tensor]:
    """The folder names of the training pictures, sorted, and int64 (pictures,) the place of each picture's name, -1 for none or unknown."""
    names = store.items["label"].fillna("").astype(str).to_numpy()
    train = store.indices("train")
    classes = tuple(sorted({str(name) for name in names[train] if name}))
    place = {name: number for number, name in enumerate(classes)}
    return classes, torch.from_numpy(np.array([place.get(str(name), -1) for name in names], np.int64))
