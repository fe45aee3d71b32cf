"""A frozen classifier, fed as it was trained: class vectors of gray pictures, feature maps of coloured ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from huelab import torchvision_pair
from huelab.backbones import stages
from huelab.backbones.compact import CHANNELS, Compact
from huelab.backbones.source import SELF, Source
from huelab.color.tensor import lab_to_rgb
from huelab.errors import ModelError


class Backbone(nn.Module):
    """A classifier that never learns: always in evaluation mode, its parameters without gradient."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, net: nn.Module, *, name: str, kind: str, classes: int, side: int, mean: tuple[float, ...], std: tuple[float, ...], mode: str
    ) -> None:
        """`net` takes pictures of `side` pixels, resized by `mode` ("bilinear", "bicubic"), less `mean`, over `std`."""
        super().__init__()
        self.net = stages.without_overwriting(net)
        self.name, self.kind, self.classes, self.side, self.mode = name, kind, classes, side, mode
        # not part of the state: timm states them, weights files do not
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Backbone:
        """Stays in evaluation mode: batch statistics of a colorizer's pictures are none of its business."""
        return super().train(False)

    @torch.no_grad()
    def logits(self, L: Tensor) -> Tensor:
        """Class logits (N, classes), float32, of the gray pictures with lightness `L` (N, 1, H, W), CIE 0..100.

        Shown as the sRGB gray of that lightness in three channels, stretched to the classifier's own side and normalised as it was trained;
        without gradients, in full precision whatever precision the caller trains in.
        """
        with torch.autocast(L.device.type, enabled=False):
            lightness = L.float()
            rgb = lab_to_rgb(lightness, lightness.new_zeros(len(L), 2, *L.shape[-2:]))
            shown = resized(rgb, self.side, self.mode)
            return cast("Tensor", self.net((shown - self.mean) / self.std)).float()

    @property
    def stage_count(self) -> int:
        """How many maps `stages` gives."""
        return len(CHANNELS) if isinstance(self.net, Compact) else stages.count(self.net)

    def stages(self, rgb: Tensor) -> list[Tensor]:
        """Feature maps, shallow first, at most five, of sRGB `rgb` (N, 3, H, W) in 0..1 at its own size; differentiable, float32.

        VGG: conv1_1 … conv5_1 before ReLU, as DDColor compares; others: the ends of their stages. Raises ModelError where the pictures are
        too small for the architecture.
        """
        with torch.autocast(rgb.device.type, enabled=False):
            shown = (rgb.float() - self.mean) / self.std
            try:
                if isinstance(self.net, Compact):
                    return self.net.stages(shown)
                return stages.of_vgg(self.net, shown) if stages.is_vgg(self.net) else stages.of_timm(self.net, shown)
            except (RuntimeError, AssertionError) as error:
                if "size" not in str(error):
                    raise
                height, width = rgb.shape[-2:]
                raise ModelError(
                    f"Pictures of {height} x {width} cannot go through backbone {self.name} ({' '.join(str(error).split())[:120]}): "
                    "raise standardize.size, or take vgg16_bn or self."
                ) from None


def load(source: Source) -> Backbone:
    """The backbone of `source` with its weights. Random ones are the same at every call; torch's own generator is left as it was."""
    import safetensors.torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        backbone = _built(source.name, source.kind, source.classes, source.width, source.side)
    if source.file is not None:
        state = safetensors.torch.load_file(source.file)
        found = backbone.net.load_state_dict(state, strict=False)
        lacking = [name for name in found.missing_keys if not name.endswith("num_batches_tracked")]
        if lacking or found.unexpected_keys:
            wrong = (lacking + found.unexpected_keys)[0]
            raise ModelError(f"{source.file} does not fit backbone {source.name} ({wrong}): it was changed, or is of another architecture.")
    return backbone


def skeleton(facts: Mapping[str, Any]) -> Backbone:
    """The backbone that `Source.facts` describes, without its weights: those come with the state of the model around it."""
    with torch.random.fork_rng(devices=[]):
        return _built(str(facts["name"]), str(facts["kind"]), int(facts["classes"]), float(facts["width"]), int(facts["side"]))


def _built(name: str, kind: str, classes: int, width: float, side: int) -> Backbone:
    if name == SELF:
        net: Any = Compact(classes, width=width)
        return Backbone(net, name=name, kind=kind, classes=classes, side=side, mean=(0.0,) * 3, std=(1.0,) * 3, mode="bilinear")
    torchvision_pair.install()
    import timm

    net = timm.create_model(name, pretrained=False, num_classes=classes)
    config = net.pretrained_cfg
    return Backbone(
        net,
        name=name,
        kind=kind,
        classes=classes,
        side=int(config["input_size"][-1]),
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        mode=config["interpolation"] if config["interpolation"] in ("bilinear", "bicubic") else "bicubic",
    )


def resized(rgb: Tensor, side: int, mode: str = "bilinear") -> Tensor:
    """`rgb` (N, 3, H, W) in 0..1 at `side` x `side`, whatever its aspect; antialiased."""
    if rgb.shape[-2:] == torch.Size((side, side)):
        return rgb
    # bicubic overshoots beside edges
    return F.interpolate(rgb, (side, side), mode=mode, antialias=True, align_corners=False).clamp(0, 1)
