"""Colorizer `plain`: convolutions down, transposed convolutions up, squared error: what people try first.

No paper and no layer table stands behind this one. Student reports describe "a CNN that maps L to ab: convolutional features, then
deconvolution, mean squared error", find its pictures brownish, and blame that one gray has many possible colours. This is our own stand-in
for that description, as ordinary as we could make it, so that the other colorizers have an honest baseline of the same budget.

    conv 3x3 + batch norm + ReLU:               64 · 128 /2 · 256 /2 · 512 /2 · 512                            /2: stride 2
    transposed conv 4x4 x2 + batch norm + ReLU: 256 · 128 · 64, then conv 3x3 to 2, tanh
    (L - 50) / 50 goes in, ab / 128 comes out; 6,665,666 parameters at width 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from huelab.models.families import RegressionParams
from huelab.models.info import Info, Schedule

if TYPE_CHECKING:
    from torch import nn

INFO = Info(
    title="Plain conv–deconv",
    paper="",
    year=0,
    changes="An own stand-in: the reports that describe this kind of network give no layer table.",
    choose="As the baseline of the same budget that every published idea has to beat.",
    licence="MIT",
    objective="regression",
    output="ab",
    ab_scale=128.0,
    input_size=256,
)


class Params(RegressionParams):
    """What of `plain` can be set."""

    schedule: Schedule = Field("onecycle", description="how the learning rate changes")


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The network; `size` is of no consequence to it."""
    from torch import nn

    from huelab.models.layers import ToAb, channels, he

    c64, c128, c256, c512 = (channels(count, params.width) for count in (64, 128, 256, 512))

    def down(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]

    def up(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]

    head = nn.Conv2d(c64, 2, 3, padding=1)
    body = nn.Sequential(
        *down(1, c64, 1),
        *down(c64, c128, 2),
        *down(c128, c256, 2),
        *down(c256, c512, 2),
        *down(c512, c512, 1),
        *up(c512, c256),
        *up(c256, c128),
        *up(c128, c64),
        *(head, nn.Tanh()),
    )
    body.apply(he)
    nn.init.normal_(head.weight, 0.0, 1e-3)  # begins near gray, where the tanh is steep
    return ToAb(body, multiple=8, scale_input=lambda L: (L - 50.0) / 50.0, ab_scale=INFO.ab_scale)
