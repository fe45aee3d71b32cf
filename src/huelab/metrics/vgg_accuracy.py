"""Metric `vgg_accuracy`: how often VGG16 still recognizes the recoloured picture, and, in a second column, the photograph itself."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from huelab.metrics import imagenet_classes, vgg16
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair


def recognized(rgb: NDArray[np.uint8], label: str) -> float:
    """100 where VGG16's first guess for the picture (h, w, 3) is the class that `label` names, else 0; NaN where it names none."""
    wanted = imagenet_classes.index(label)
    if wanted is None:
        return math.nan
    return 100.0 * (vgg16.best_class(vgg16.installed(), rgb) == wanted)


def of_predicted(pair: Pair) -> float:
    """Whether the picture as rendered is recognized; the mean over a set is the accuracy in %."""
    return recognized(pair.predicted_rgb, pair.label)


def of_truth(pair: Pair) -> float:
    """Whether the photograph itself is: what a perfect colorizer would reach."""
    return recognized(pair.truth_rgb, pair.label)


def missing() -> str:
    """Which file to put where, and, before anyone downloads half a gigabyte, what else it takes; "" where the genuine weights lie."""
    why = vgg16.WEIGHTS.missing()
    return why and f"{why} (it also takes photographs in folders named by ImageNet class)"


METRIC = Metric(
    name="vgg_accuracy",
    title="VGG accuracy",
    unit="% top-1 of VGG16, shorter side 256, middle 224×224, ImageNet mean and deviation",
    better="higher",
    kind="paired",
    cost="costly",
    citation="R. Zhang et al., Colorful Image Colorization, ECCV 2016 (table 1: gray 52.7, photographs 68.3)",
    digits=1,
    columns={"vgg_accuracy": of_predicted, "vgg_accuracy_truth": of_truth},
    missing=missing,
    weights_sha256=vgg16.WEIGHTS.sha256,
    unlabelled=imagenet_classes.not_classes,
)
