"""Colorizer `wallner_gan`: a U-Net with bounded convolutions and self-attention, judged at three scales.

Source: Emil Wallner, "Coloring greyscale images", GAN version (MIT licence), re-implemented from its description.

    L / 100 goes in, ab / 128 comes out; every convolution but those of the attention is spectrally normalised; no batch norm; "same"
    padding as TensorFlow pads
    down  conv 4x4 /2, leaky ReLU 0.2:        128 · 256 · 512 · 512 · 512 · 512                                   /2: stride 2
    up    x2, conv 4x4, ReLU, skip beside it: 512 · 512 · 512 · 256 · self-attention over the 512 · 128 · x2 · conv 7x7 2 tanh
    41,778,563 parameters at width 1 with depth 6                                                       x2: nearest upsampling
    three discriminators (2,785,378, then twice 2,769,938 parameters), on L / 100 and ab / 128 at full, half and a quarter of the size,
    averaged down: conv 4x4, 64 /2 · 128 /2 · 256 /2 · 512 · 1, leaky ReLU 0.2, self-attention after the second layer at full size and
    after the first at the others

Published training: L1 of ab / 128, + 3.33 * feature matching and + 0.33 * squared error of the judgement (LSGAN) per discriminator, Adam
2e-4 (0.5, 0.999), batch 5, 10 passes over 128 x 128 pictures, turned by up to 20° and flipped. Feature matching is the L1 distance of what
the first four convolutions of a discriminator give, before the leaky ReLU, for the painted and the true colours: a mean over all four
together, so the large first maps count most.

- Published, each discriminator has a batch of its own and two steps on it, one for painted and one for true colours; here there is one
  batch for all, and one step on the sum.
- The rate was meant to fall over the run. The code gives Keras a `decay` of rate / steps, which makes the last step a 5000th smaller than
  the first; here it falls to zero (`schedule: linear`).
- `mode: faithful` keeps two bugs. Pictures are scaled to -1..1 before a conversion to Lab that expects 0..1, so the networks see another
  colour space (models.signed_lab); here that of the gray picture goes in when colouring, and what comes out is converted back. And the
  smallest discriminator is not frozen in the generator's step: it learns to be fooled as well as not to be.

A picture of side 2^d has room for d halvings, so with smaller pictures the U-Net has fewer of its 512-channel levels (`depth`). Attention
lies at a quarter of the size: on 128 x 128 pixels its map has 1024 x 1024 weights, on 400 x 400 already 10,000 x 10,000, which colouring
computes in blocks of 64 MiB and training holds whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from huelab.models.families import Perceptual
from huelab.models.info import Info, Schedule
from huelab.params import LearnedParams

if TYPE_CHECKING:
    from torch import Tensor, nn

INFO = Info(
    title="Wallner GAN",
    paper="Emil Wallner, Coloring greyscale images (tutorial and repository), GAN version",
    year=2018,
    changes=(
        "As many levels as the size of the training pictures allows (all six from 64 x 64); Lab of levels 0..1, not -1..1, and a"
        " quarter-size discriminator that learns by its own loss only (mode: faithful keeps the published code's ways); the rate falls to"
        " zero; one batch for all networks; the gradient norm is clipped."
    ),
    choose=(
        "Where pix2pix is unstable: bounded convolutions and a least-squares judgement keep the networks in balance at a small batch. Four"
        " networks train at once, so a step takes long."
    ),
    licence="MIT",
    objective="multiscale",
    output="ab",
    ab_scale=128.0,
    input_size=128,
)

WIDTHS = (128, 256, 512, 512, 512, 512)
"""Channels of the levels of the U-Net, at a half, a quarter … of the size."""

SCALES = {"full": 1, "half": 2, "quarter": 4}
"""The discriminators, and by how much each shrinks what it sees."""


class Params(LearnedParams):
    """What of `wallner_gan` can be set."""

    mode: Literal["corrected", "faithful"] = Field("corrected", description="faithful keeps the published code's bugs, see docs/models.md")
    batch: int = Field(5, ge=1)
    lr: float = Field(2e-4, gt=0, description="learning rate of the generator")
    d_lr: float = Field(0.0, ge=0, description="learning rate of the discriminators; 0: the generator's")
    beta1: float = Field(0.5, ge=0, lt=1, description="of Adam")
    schedule: Schedule = Field("linear", description="how the learning rates change; the published code: constant, in effect")
    depth: Literal[0, 3, 4, 5, 6] = Field(0, description="halvings in the U-Net; 0: as many as the pictures have room for, at most 6")
    l1_weight: float = Field(1.0, ge=0, description="weight of the L1 loss")
    feature_weight: float = Field(3.33, ge=0, description="weight of the feature matching of each discriminator")
    adversarial_weight: float = Field(0.33, ge=0, description="weight of each discriminator's judgement")
    perceptual: Perceptual = Perceptual()


def depth(params: Params, size: int) -> int:
    """How many times the U-Net halves its input when it trains on pictures of side `size` pixels: 3..6."""
    return params.depth or max(3, min(len(WIDTHS), size.bit_length() - 1))


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The generator for training pictures of side `size`; it takes any size (padded to multiples of 2^depth).

    With `as_seen=True` it takes lightness and gives colours in the unit of `seen`, for the loss.
    """
    import torch
    from torch import nn

    from huelab.models.layers import channels, doubled, padded
    from huelab.models.spectral import BoundedConv, SelfAttention

    widths = [channels(count, params.width) for count in WIDTHS[: depth(params, size)]]

    class UNet(nn.Module):
        """(N, 1, H, W) -> (N, 2, H, W) in -1..1; sides are multiples of 2^depth."""

        def __init__(self) -> None:
            super().__init__()
            self.down, self.up = nn.ModuleList(), nn.ModuleList()
            for inputs, count in zip([1, *widths], widths, strict=False):
                self.down.append(nn.Sequential(BoundedConv(inputs, count, 4, stride=2), nn.LeakyReLU(0.2)))
            risen = widths[-1]
            for level in range(len(widths) - 1, 0, -1):  # to the size of level 1, which is half that of the picture
                count = widths[level - 1]
                # the attention looks at what the layer at a quarter of the size and its skip give together
                look = SelfAttention(risen) if level == 1 else nn.Identity()
                self.up.append(nn.Sequential(look, doubled(), BoundedConv(risen, count, 4), nn.ReLU()))
                risen = 2 * count
            self.head = nn.Sequential(doubled(), BoundedConv(risen, 2, 7), nn.Tanh())

        def forward(self, light: Tensor) -> Tensor:
            passed = []
            for down in self.down:
                light = down(light)
                passed.append(light)
            painted = passed.pop()
            for up in self.up:
                painted = torch.cat([up(painted), passed.pop()], 1)
            colours: Tensor = self.head(painted)
            return colours

    class Painter(nn.Module):
        """The U-Net, given L of any size, with its output in CIE units."""

        def __init__(self) -> None:
            super().__init__()
            self.body = UNet()

        def forward(self, L: Tensor, *, as_seen: bool = False) -> Tensor:
            """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in CIE units, float32; with `as_seen` both as `seen` gives them."""
            light = L if as_seen else seen(params, L, torch.zeros_like(L).expand(-1, 2, -1, -1))[:, :1]
            colours: Tensor = self.body(padded(light, 2 ** len(widths)))[..., : L.shape[-2], : L.shape[-1]].float()
            return colours if as_seen else cie_ab(params, torch.cat([light, colours], 1))

    return Painter()


def seen(params: Params, L: Tensor, ab: Tensor) -> Tensor:
    """(N, 3, H, W): L / 100 and ab / 128 as the networks see a picture of L (N, 1, H, W) and ab (N, 2, H, W), given in CIE units."""
    import torch

    from huelab.models.signed_lab import signed

    lab = torch.cat([L, ab], 1) if params.mode == "corrected" else signed(L, ab)
    return torch.cat([lab[:, :1] / 100.0, lab[:, 1:] / INFO.ab_scale], 1)


def cie_ab(params: Params, picture: Tensor) -> Tensor:
    """Ab (N, 2, H, W) in CIE units of a picture (N, 3, H, W) as `seen` gives it."""
    import torch

    from huelab.models.signed_lab import unsigned

    lab = torch.cat([picture[:, :1] * 100.0, picture[:, 1:] * INFO.ab_scale], 1)
    return (lab if params.mode == "corrected" else unsigned(lab))[:, 1:]


def build_discriminators(params: Params) -> dict[str, nn.Module]:
    """The three, by scale: each maps what `seen` gives, (N, 3, H, W) of any size, to its judgement and what its convolutions found.

    The judgement (N, 1, h, w) is one number per patch, toward 1 where the colours are true; the findings are four maps (N, c, h', w').
    """
    from torch import nn
    from torch.nn import functional as F

    from huelab.models.layers import channels
    from huelab.models.spectral import BoundedConv, SelfAttention

    class Discriminator(nn.Module):
        def __init__(self, shrink: int, attentive: int) -> None:
            super().__init__()
            self.shrink = shrink
            counts = [3, *(channels(count, params.width) for count in (64, 128, 256, 512))]
            convs = zip(counts, counts[1:], (2, 2, 2, 1), strict=False)
            self.convs = nn.ModuleList(BoundedConv(inputs, count, 4, stride=stride) for inputs, count, stride in convs)
            self.attentive = attentive
            self.attention = SelfAttention(counts[attentive])
            self.judge = BoundedConv(counts[-1], 1, 4)

        def forward(self, picture: Tensor) -> tuple[Tensor, list[Tensor]]:
            if self.shrink > 1:
                picture = F.avg_pool2d(picture, self.shrink, ceil_mode=True)
            found = []
            for place, conv in enumerate(self.convs, start=1):
                features = conv(picture)
                found.append(features)
                picture = F.leaky_relu(features, 0.2)
                if place == self.attentive:
                    picture = self.attention(picture)
            return self.judge(picture), found

    return {scale: Discriminator(shrink, 2 if shrink == 1 else 1) for scale, shrink in SCALES.items()}
