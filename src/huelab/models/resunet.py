"""Colorizer `resunet`: a U-Net on the shoulders of ResNet-18, first taught in L1, then against a PatchGAN.

Source: M. Shariatnia's colorization tutorial and repository (MIT licence), whose generator is the dynamic U-Net of the fastai library
(Apache-2.0) around a ResNet-18 (He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016). Re-implemented from a
description.

    L / 50 - 1 goes in, ab / 110 comes out, without a tanh; /2 by stride, x2 by sub-pixel convolution with ICNR initialisation (1x1, ReLU)
    encoder  ResNet-18: conv 7x7 64 /2 · max pool /2 · two blocks each of 64 · 128 /2 · 256 /2 · 512 /2
    middle   batch norm, ReLU · conv 3x3 1024 · 512, ReLU
    up       x2 256 + skip 256: 512, 512 · x2 256 + skip 128: 384, 384 · x2 192 + skip 64: 256, 256 · x2 128 + skip 64: 96, 96
             (two conv 3x3 with ReLU each; every skip through a batch norm) · x2 96 + the picture itself: a residual block of 97
    head     conv 1x1 2
    31,099,672 parameters at width 1; the discriminator is that of pix2pix

Published training, 256 x 256, batch 16: 20 epochs of L1 alone with Adam 1e-4, then 20 of binary cross-entropy + 100 * L1 with Adam 2e-4
(0.5, 0.999) for both networks, from the first stage's weights. Here that is one run with two phases, and `first_stage` is their border.
The encoder begins with ImageNet's weights (`pretrained`), its first layer's summed over the colours; `pretrained: false` begins at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from huelab.models.families import AdversarialParams
from huelab.models.info import Info
from huelab.models.patchgan import build_discriminator as build_discriminator
from huelab.models.patchgan import seen_by_discriminator as seen_by_discriminator

if TYPE_CHECKING:
    from torch import nn

    from huelab.backbones.net import Backbone

INFO = Info(
    title="ResNet-18 U-Net, L1 then PatchGAN",
    paper="M. Shariatnia, Colorizing black & white images with U-Net and conditional GAN (tutorial and repository), 2020",
    year=2020,
    changes=(
        "Both stages are one run, and the weights kept are the best of the second; a share of the budget, not epochs, divides them;"
        " the gradient norm is clipped."
    ),
    choose=(
        "For the best colours from few photographs, where ImageNet's weights are at hand: the encoder knows things before it learns"
        " their colours. Without them it is one more U-Net."
    ),
    licence="MIT (tutorial), Apache-2.0 (fastai)",
    objective="two_stage",
    output="ab",
    ab_scale=110.0,
    input_size=256,
)

ENCODER = "resnet18"
"""The classifier whose weights the encoder begins with."""


class Params(AdversarialParams):
    """What of `resunet` can be set."""

    first_stage: float = Field(0.5, ge=0, le=1, description="share of the budget that learns L1 alone; 1: all of it, so never adversarial")
    first_lr: float = Field(1e-4, gt=0, description="learning rate of that stage")
    pretrained: Literal["auto", True, False] = Field("auto", description="auto: a file in var/weights or timm's own; false: random weights")
    weights: str = Field("", description="a safetensors file of ResNet-18")

    @model_validator(mode="after")
    def _as_wide_as_its_weights(self) -> Params:
        if self.width != 1 and self.pretrained is not False:
            raise ValueError(
                f"width is {self.width:g}, but ImageNet's weights are of width 1: set width: 1, or pretrained: false for random ones"
            )
        return self


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The generator, its encoder as yet random; `size` is of no consequence to it. It takes any size (padded to multiples of 32)."""
    from huelab.models.layers import ToAb
    from huelab.models.resnet18 import DynamicUNet

    return ToAb(DynamicUNet(params.width, outputs=2), multiple=32, scale_input=lambda L: L / 50.0 - 1.0, ab_scale=INFO.ab_scale)


def start_from(net: Any, backbone: Backbone) -> None:
    """Copies the weights of the classifier `backbone`, a ResNet-18 that sees colours, into the encoder of `net`."""
    state = backbone.net.state_dict()
    state["conv1.weight"] = state["conv1.weight"].sum(1, keepdim=True)  # it sees one channel where that saw three
    encoder = net.body.encoder
    encoder.load_state_dict({key: state[key] for key in encoder.state_dict()})
