"""Colorizer `nazeri`: a U-Net that paints L, a and b, against a discriminator that sees the gray picture beside the coloured one.

Source: Nazeri, Ng, Ebrahimi, "Image Colorization using Generative Adversarial Networks", AMDO 2018 (arXiv 1803.05400), and the authors'
repository ImagingLab/Colorizing-with-GANs; re-implemented from a description.

    conv 4x4 padded as TensorFlow's "same", then batch norm, then leaky ReLU 0.2; transposed conv 4x4 x2, batch norm, ReLU, and the
    mirrored layer of the way down concatenated; at the end a 1x1 convolution to L / 50 - 1 and ab / 110, tanh
    cifar32    down 64 · 128 /2 · 256 /2 · 512 /2 · 512 /2                        up 512 dropout .5 · 256 dropout .5 · 128 · 64
    places256  down 64 · 64 /2 · 128 /2 · 256 /2 · 512 /2 · 512 /2 · 512 /2 · 512 /2    up 512 · 512 · 512 · 256 · 128 · 64 · 64
    16,654,851 and 42,023,811 parameters at width 1
    discriminator (2,767,553) on gray, L, a and b: 64 /2 · 128 /2 · 256 /2 · 512 · 1, batch norm but for the first and the last

Published training: binary cross-entropy + 100 * L1 over all three channels, Adam (0, 0.999), the generator at 3e-4, falling tenfold per
`decay_steps` down to 1e-6, the discriminator at a tenth of that; one discriminator step, then two generator steps per batch. CIFAR-10:
32 x 32, batch 128, 200 epochs, decay_steps 1e4. Places365: 256 x 256, batch 16, 10 epochs, decay_steps 5e5, real pictures' target 0.9.
Weights: truncated normal of variance 1 / fan-in, the output channels of a transposed convolution being its fan-in, as in TensorFlow.

The authors' code differs from their text in ways that `mode: faithful` keeps and the default, `mode: corrected`, does not:
- Dropout hangs on a flag that is true for testing only, and test and train graphs are one: it never acts while training.
- Batch norm is by the statistics of the batch at hand, also when colouring: a picture's colours depend on which others it is shown with.
- Both networks get gray as levels 0..255, beside colours in -1..1; corrected: L / 50 - 1. (Here the level is that of a gray pixel of
  lightness L; the code takes luma of the colours, which for a gray photograph is the same.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from huelab.errors import ParamsError
from huelab.models.families import AdversarialParams
from huelab.models.info import Info

if TYPE_CHECKING:
    from torch import Tensor, nn

INFO = Info(
    title="Nazeri U-Net GAN",
    paper="Nazeri, Ng, Ebrahimi: Image Colorization using Generative Adversarial Networks, AMDO 2018",
    year=2018,
    changes=(
        "Dropout acts while training, colouring uses running statistics of batch norm, and gray goes in as L / 50 - 1: the published code"
        " does otherwise (mode: faithful). Halving the discriminator's loss (Adam does not see it) and clipping the gradient norm are ours."
    ),
    choose="For pictures of 32 x 32, for which `cifar32` was made, and to compare with figures that others reported on CIFAR-10.",
    licence="none stated in the repository's README",
    objective="adversarial",
    output="ab",
    ab_scale=110.0,
    input_size=32,
)

DOWN = {"cifar32": (64, 128, 256, 512, 512), "places256": (64, 64, 128, 256, 512, 512, 512, 512)}
"""Channels on the way down by variant; every layer but the first halves the picture."""
UP = {"cifar32": (512, 256, 128, 64), "places256": (512, 512, 512, 256, 128, 64, 64)}
DROPOUT_LAYERS = {"cifar32": 2, "places256": 0}
"""Layers of the way up, from the narrowest, that drop half of what they give."""
PUBLISHED = {
    "cifar32": {"batch": 128, "decay_steps": 10_000, "smooth": 0.0},
    "places256": {"batch": 16, "decay_steps": 500_000, "smooth": 0.1},
}
"""Settings that differ between the two published trainings."""


class Params(AdversarialParams):
    """What of `nazeri` can be set; what is not takes the published value of the variant."""

    variant: Literal["cifar32", "places256"] = Field("cifar32", description="the network for 32 x 32 or the one for 256 x 256 pictures")
    mode: Literal["corrected", "faithful"] = Field("corrected", description="faithful keeps the published code's bugs, see docs/models.md")
    batch: int = Field(128, ge=1)
    lr: float = Field(3e-4, gt=0, description="learning rate of the generator")
    d_lr: float = Field(3e-5, ge=0, description="learning rate of the discriminator; 0: the generator's; published: a tenth of it")
    beta1: float = Field(0.0, ge=0, lt=1, description="of Adam")
    g_updates: int = Field(2, ge=1, le=10, description="generator steps per discriminator step")
    decay_steps: int = Field(10_000, ge=0, description="steps over which both rates fall tenfold, beside the schedule; 0: they do not")

    @model_validator(mode="before")
    @classmethod
    def _as_published(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {**PUBLISHED.get(str(given.get("variant", "cifar32")), {}), **given}


def least_size(params: Params) -> int:
    """Pixels of a side that the variant halves down to one."""
    return int(2 ** len(UP[params.variant]))


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The generator: L (N, 1, H, W) in 0..100 -> Lab (N, 3, H, W) in CIE units, for any H, W (padded).

    Raises ParamsError where training pictures of side `size` are too small for the variant's halvings.
    """
    import torch
    from torch import nn

    from huelab.models.layers import channels, padded

    multiple = least_size(params)
    if size < multiple:
        raise ParamsError(
            f"nazeri's variant {params.variant} halves its pictures {len(UP[params.variant])} times: standardize.size must be at least"
            f" {multiple}, found {size}. Raise it, or set variant: cifar32, which takes 16 pixels and more."
        )
    faithful = params.mode == "faithful"

    def normal(count: int) -> nn.Module:
        return nn.BatchNorm2d(count, eps=1e-3, track_running_stats=not faithful)

    class UNet(nn.Module):
        """(N, 1, H, W) -> (N, 3, H, W) in -1..1; sides are multiples of 2 to the number of halvings."""

        def __init__(self) -> None:
            super().__init__()
            down = [channels(count, params.width) for count in DOWN[params.variant]]
            up = [channels(count, params.width) for count in UP[params.variant]]
            self.down, self.up = nn.ModuleList(), nn.ModuleList()
            inputs = 1
            for place, count in enumerate(down):
                layer = _same_conv(inputs, count, stride=1 if place == 0 else 2)
                self.down.append(nn.Sequential(layer, normal(count), nn.LeakyReLU(0.2)))
                inputs = count
            for place, (count, beside) in enumerate(zip(up, reversed(down[:-1]), strict=True)):
                dropout = [nn.Dropout(0.5)] if place < DROPOUT_LAYERS[params.variant] and not faithful else []
                rise = nn.ConvTranspose2d(inputs, count, 4, stride=2, padding=1)
                self.up.append(nn.Sequential(rise, normal(count), nn.ReLU(), *dropout))
                inputs = count + beside
            self.head = nn.Sequential(nn.Conv2d(inputs, 3, 1), nn.Tanh())

        def forward(self, gray: Tensor) -> Tensor:
            passed = []
            for down in self.down:
                gray = down(gray)
                passed.append(gray)
            painted = passed.pop()
            for up in self.up:
                painted = torch.cat([passed.pop(), up(painted)], 1)
            lab: Tensor = self.head(painted)
            return lab

    class ToLab(nn.Module):
        """The U-Net, given L of any size, with its output in CIE units."""

        def __init__(self) -> None:
            super().__init__()
            self.body = UNet()

        def forward(self, L: Tensor) -> Tensor:
            # batch statistics need more than one value per channel, also of a single small photograph
            picture = padded(L, multiple, least=2 * multiple if faithful else 1)
            lab = self.body(_gray(params, picture))[..., : L.shape[-2], : L.shape[-1]].float()
            return torch.cat([(lab[:, :1] + 1.0) * 50.0, lab[:, 1:] * INFO.ab_scale], 1)

    net = ToLab()
    net.apply(_variance_scaling)
    return net


def build_discriminator(params: Params) -> nn.Module:
    """What `seen_by_discriminator` gives, (N, 4, H, W) -> logits (N, 1, H / 8, W / 8), each for a patch."""
    from torch import nn

    from huelab.models.layers import channels

    counts = [channels(count, params.width) for count in (64, 128, 256, 512)]
    layers: list[nn.Module] = [_same_conv(4, counts[0], stride=2), nn.LeakyReLU(0.2)]
    for inputs, count, stride in zip(counts, counts[1:], (2, 2, 1), strict=False):
        layers += [_same_conv(inputs, count, stride=stride), nn.BatchNorm2d(count, eps=1e-3), nn.LeakyReLU(0.2)]
    judge = nn.Sequential(*layers, _same_conv(counts[-1], 1, stride=1))
    judge.apply(_variance_scaling)
    return judge


def seen_by_discriminator(params: Params, L: Tensor, colours: Tensor) -> Tensor:
    """(N, 4, H, W): gray as the generator gets it, then L / 50 - 1 and ab / 110 of `colours` (N, 3, H, W), which are Lab in CIE units."""
    import torch

    return torch.cat([_gray(params, L), colours[:, :1] / 50.0 - 1.0, colours[:, 1:] / INFO.ab_scale], 1)


def _gray(params: Params, L: Tensor) -> Tensor:
    """(N, 1, H, W): L / 50 - 1; faithful: the sRGB level 0..255 of gray of lightness L."""
    from huelab.color import tensor

    if params.mode == "corrected":
        return L / 50.0 - 1.0
    return tensor.lab_to_rgb(L, L.new_zeros(L.shape[0], 2, *L.shape[-2:]))[:, :1] * 255.0


def _same_conv(inputs: int, outputs: int, *, stride: int) -> nn.Module:
    """A 4x4 convolution padded as TensorFlow's "same": an even kernel looks one pixel further right and below where the count is odd."""
    from torch import nn
    from torch.nn import functional as F

    class SameConv(nn.Conv2d):
        def forward(self, picture: Tensor) -> Tensor:
            below, right = (1 if stride == 1 else side % 2 for side in picture.shape[-2:])
            return super().forward(F.pad(picture, (0, right, 0, below)) if below or right else picture)

    return SameConv(inputs, outputs, 4, stride=stride, padding=1)


def _variance_scaling(module: nn.Module) -> None:
    """Truncated normal weights of variance 1 / fan-in, no bias. For nn.Module.apply."""
    from torch import nn

    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        # TensorFlow reads the fan-in off the next to last axis of the kernel, which in a transposed convolution counts the outputs
        reach = module.kernel_size[0] * module.kernel_size[1]
        fan = reach * (module.out_channels if isinstance(module, nn.ConvTranspose2d) else module.in_channels)
        deviation = fan**-0.5 / 0.87962566  # of the normal whose part within two deviations has that variance
        nn.init.trunc_normal_(module.weight, 0.0, deviation, -2 * deviation, 2 * deviation)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
