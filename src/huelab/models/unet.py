"""Colorizer `unet`: one ordinary U-Net that learns by the loss you name, so that losses can be compared and nothing else.

Not a published colorizer: the shape is that of Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image
Segmentation", MICCAI 2015, with padded convolutions and batch norm, as everyone builds it today. Re-implemented from a description.

    L / 50 - 1 goes in; a level is two conv 3x3, each with batch norm and ReLU
    down  64 · max pool · 128 · max pool · 256 · max pool · 512 · max pool · 1024      as many levels as the pictures have room for
    up    transposed conv 2x2 x2, the skip beside it, a level: 512 · 256 · 128 · 64
    head  conv 1x1 to ab / 110 through a tanh; or, for bins, the mean of each 4 x 4 square and a conv 1x1 to 313 logits, since Zhang et
          al. take their targets at a quarter of the size too
    31,036,546 parameters at width 1 with four halvings and colours as output

`loss`: mse, l1 and huber are errors of ab / 110; bins is the cross-entropy over 313 bins, bins_rebalanced the same with rare colours
weighted up (lambda 0.5); adversarial is pix2pix's objective, L1 * 100 and a PatchGAN. `perceptual` adds a term to all but the bins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from huelab.models.families import AdversarialParams, RegressionParams
from huelab.models.info import Info, Schedule
from huelab.models.patchgan import build_discriminator as build_discriminator
from huelab.models.patchgan import seen_by_discriminator as seen_by_discriminator

if TYPE_CHECKING:
    from torch import nn

INFO = Info(
    title="Ordinary U-Net",
    paper="",
    year=0,
    changes="An own stand-in: the ordinary U-Net, so that only the loss differs between its variants.",
    choose="To compare losses on one's own photographs (huelab experiment losses), and as a solid baseline with skips and batch norm.",
    licence="MIT",
    objective="regression",
    output="ab",
    ab_scale=110.0,
    input_size=256,
)

DEPTH = 4
"""Halvings of the original."""
LEAST = 2
"""Pixels of a side that must be left after them, for a batch norm to have something to average."""
BINS = 313
STRIDE = 4
"""Pixels of the picture, along a side, per pixel of logits."""


class Params(RegressionParams, AdversarialParams):
    """What of `unet` can be set: its loss, and what each loss can have set."""

    loss: Literal["mse", "l1", "huber", "bins", "bins_rebalanced", "adversarial"] = "mse"  # type: ignore[assignment]
    lr: float = Field(1e-3, gt=0, description="learning rate at its highest; for loss: adversarial 2e-4 is published")
    schedule: Schedule = Field("onecycle", description="how the learning rate changes")
    depth: int = Field(0, ge=0, le=DEPTH, description="halvings; 0: as many as the pictures have room for, at most 4")
    temperature: float = Field(0.38, gt=0, le=10, description="of the annealed mean, for bins: 1 the mean (dull), to 0 the mode (vivid)")
    neighbours: int = Field(5, ge=1, le=32, description="nearest bins that share a pixel's target, for bins")
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty, for bins")

    @model_validator(mode="after")
    def _no_features_of_bins(self) -> Params:
        if self.perceptual.weight and self.loss.startswith("bins"):
            raise ValueError(f"perceptual.weight is {self.perceptual.weight:g}, but loss: {self.loss} paints no picture: set it to 0")
        return self


def objective(params: Params) -> str:
    """The family of the chosen loss."""
    return {"bins": "classification", "bins_rebalanced": "classification", "adversarial": "adversarial"}.get(params.loss, "regression")


def depth(params: Params, size: int) -> int:
    """How many times it halves training pictures of side `size` pixels: 1..4. Raises ParamsError where they have no room for as many."""
    from huelab.errors import ParamsError

    least = LEAST * 2**params.depth
    if params.depth and size < least:
        raise ParamsError(
            f"unet: depth {params.depth} halves pictures of {size} pixels to less than {LEAST}: set standardize.size to {least} or more,"
            " or depth to 0, which takes as many halvings as there is room for."
        )
    return params.depth or max(1, min(DEPTH, (size // LEAST).bit_length() - 1))


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The network for training pictures of side `size`; it takes any size (padded to multiples of 2^depth)."""
    import torch
    from torch import Tensor, nn

    from huelab.models.layers import ToAb, ToBins, channels, he

    def level(inputs: int, outputs: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for before in (inputs, outputs):
            layers += [nn.Conv2d(before, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        return nn.Sequential(*layers)

    halvings = depth(params, size)
    counts = [channels(64 * 2**place, params.width) for place in range(halvings + 1)]

    class Body(nn.Module):
        """Features (N, 64, H, W) of (N, 1, H, W)."""

        def __init__(self) -> None:
            super().__init__()
            self.down = nn.ModuleList(level(before, after) for before, after in zip([1, *counts], counts, strict=False))
            rising = list(zip(counts[:0:-1], counts[-2::-1], strict=True))
            self.enlarge = nn.ModuleList(nn.ConvTranspose2d(below, above, 2, stride=2) for below, above in rising)
            self.up = nn.ModuleList(level(2 * above, above) for _, above in rising)

        def forward(self, x: Tensor) -> Tensor:
            skips: list[Tensor] = []
            for place, down in enumerate(self.down):
                x = down(nn.functional.max_pool2d(x, 2) if place else x)
                skips.append(x)
            for enlarge, up, skip in zip(self.enlarge, self.up, reversed(skips[:-1]), strict=True):
                x = up(torch.cat([skip, enlarge(x)], 1))
            return x

    bins = objective(params) == "classification"
    head = nn.Conv2d(counts[0], BINS if bins else 2, 1)
    body = Body()
    body.apply(he)
    nn.init.normal_(head.weight, 0.0, 1e-2)  # begins near gray, or near the balanced colours, where it learns fastest
    if bins:
        net = nn.Sequential(body, nn.AvgPool2d(STRIDE), head)
        return ToBins(net, multiple=max(STRIDE, 2**halvings), stride=STRIDE, scale_input=lambda L: L / 50.0 - 1.0)
    if head.bias is not None:
        nn.init.zeros_(head.bias)
    return ToAb(nn.Sequential(body, head, nn.Tanh()), multiple=2**halvings, scale_input=lambda L: L / 50.0 - 1.0, ab_scale=INFO.ab_scale)
