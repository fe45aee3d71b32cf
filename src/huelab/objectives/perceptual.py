"""The perceptual term: L1 between what a classifier sees in the predicted and in the true colours, stage by stage.

As DDColor weighs it: VGG16 with batch norm, first convolution of each block before ReLU, weights 1/16, 1/8, 1/4, 1/2, 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from huelab.backbones.net import Backbone
from huelab.color.tensor import lab_to_rgb
from huelab.errors import ModelError

DDCOLOR = (0.0625, 0.125, 0.25, 0.5, 1.0)
"""Published weights of the five stages, shallow first."""


class PerceptualTerm(nn.Module):
    """Sum over stages of weight times the mean absolute difference of their feature maps; float32, 0 for the same colours."""

    def __init__(self, backbone: Backbone, layers: Sequence[float] = DDCOLOR) -> None:
        """`layers`: the weight of each of the backbone's stages; 0 leaves one out.

        Raises ModelError for a backbone with random weights, and where the weights are not as many as the stages.
        """
        super().__init__()
        if backbone.kind == "random":
            raise ModelError(
                "A perceptual loss compares what a trained classifier sees; random features are none. Give the perceptual section weights "
                "(a file in `weights`, or `pretrained: auto`), or set its backbone to self and pretrain.steps in params.yaml."
            )
        if len(layers) != backbone.stage_count:
            raise ModelError(
                f"perceptual.layers holds {len(layers)} weights, but backbone {backbone.name} has {backbone.stage_count} stages."
            )
        self.backbone = backbone
        self.layers = tuple(layers)

    def forward(self, L: Tensor, ab: Tensor, true_ab: Tensor, mask: Tensor) -> Tensor:
        """The term for predicted `ab` (N, 2, H, W), which gets its gradient, beside `true_ab`, both with the lightness `L` (N, 1, H, W).

        Where `mask` (N, 1, H, W) is 0 both pictures show the true colours, and the mean is over the share that is content.
        """
        with torch.autocast(L.device.type, enabled=False):
            lightness, target = L.float(), true_ab.float()
            # selected, not multiplied: an infinite value in the padding would leave a NaN
            shown = torch.where(mask > 0, ab.float(), target)
            with torch.no_grad():
                wanted = self.backbone.stages(lab_to_rgb(lightness, target))
            found = self.backbone.stages(lab_to_rgb(lightness, shown))
            total = lightness.new_zeros(())
            for weight, one, other in zip(self.layers, found, wanted, strict=True):
                if weight:
                    total = total + weight * (one - other).abs().mean()
            return total / mask.float().mean().clamp_min(1e-6)
