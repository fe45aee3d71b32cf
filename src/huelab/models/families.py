"""What the colorizers of one family have in common in params.yaml: the settings of their loss and optimizer. No torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from huelab.models.info import Optimizer, Schedule
from huelab.params import LearnedParams, Section


class Perceptual(Section):
    """An extra term: L1 between what a classifier sees in the predicted and in the true colours."""

    weight: float = Field(0.0, ge=0, description="of the term beside the others; 0 leaves it out")
    backbone: str = Field("vgg16_bn", description="a timm architecture, or self: the classifier that the stage pretrain trains")
    pretrained: Literal["auto", True] = Field("auto", description="random features are no perceptual loss, so false is not allowed")
    weights: str = Field("", description="a safetensors file of that architecture")
    layers: tuple[float, ...] = Field((0.0625, 0.125, 0.25, 0.5, 1.0), description="weight of each stage of the backbone, shallow first")


class RegressionParams(LearnedParams):
    """Of a network that is taught the colours themselves."""

    optimizer: Optimizer = "adam"
    schedule: Schedule = Field("constant", description="how the learning rate changes")
    loss: Literal["mse", "l1", "huber"] = "mse"
    huber_delta: float = Field(0.1, gt=0, description="loss: huber turns from squared to absolute here, in the model's unit of ab")
    perceptual: Perceptual = Perceptual()


class AdversarialParams(LearnedParams):
    """Of a generator that is close in L1 and must fool a discriminator."""

    lr: float = Field(2e-4, gt=0, description="learning rate of the generator")
    schedule: Schedule = Field("constant", description="how the learning rates change")
    d_lr: float = Field(0.0, ge=0, description="learning rate of the discriminator; 0: the generator's")
    decay_steps: int = Field(0, ge=0, description="steps over which both rates fall tenfold, beside the schedule; 0: they do not")
    beta1: float = Field(0.5, ge=0, lt=1, description="of Adam")
    beta2: float = Field(0.999, gt=0, lt=1, description="of Adam")
    l1_weight: float = Field(100.0, ge=0, description="weight of the L1 loss beside the adversarial one")
    g_updates: int = Field(1, ge=1, le=10, description="generator steps per discriminator step")
    smooth: float = Field(
        0.0, ge=0, lt=0.5, description="one-sided label smoothing: the discriminator's target for real pictures is 1 - this"
    )
    perceptual: Perceptual = Perceptual()


class ClassificationParams(LearnedParams):
    """Of a network that gives a distribution over colour bins."""

    schedule: Schedule = Field("cosine", description="how the learning rate changes")
    weight_decay: float = Field(1e-3, ge=0, description="L2 penalty, as in Adam with weight decay")
    neighbours: int = Field(5, ge=1, le=32, description="nearest bins that share a pixel's target")
    rebalance: float = Field(0.5, ge=0, le=1, description="lambda: uniform share in the colour weights; 1 weights nothing")
    temperature: float = Field(0.38, gt=0, le=10, description="of the annealed mean: 1 the mean (dull), to 0 the mode (vivid)")


class Backboned(LearnedParams):
    """Of a network that looks at its picture through a classifier as well."""

    backbone: str = Field("inception_resnet_v2", description="a timm architecture, or self: the classifier that the stage pretrain trains")
    pretrained: Literal["auto", True, False] = Field("auto", description="auto: a file in var/weights or timm's own; false: random weights")
    weights: str = Field("", description="a safetensors file of that architecture")
