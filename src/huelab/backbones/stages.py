"""Feature maps of a classifier on its way to the classes: what a perceptual loss compares."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

MOST = 5
"""Maps at most; where timm names more, they are taken evenly, the deepest among them."""


def is_vgg(net: nn.Module) -> bool:
    """Whether `net` is one of timm's VGGs."""
    return type(net).__name__ == "VGG"


def count(net: Any) -> int:
    """How many maps the functions below give."""
    return MOST if is_vgg(net) else min(MOST, len(net.feature_info))


def of_vgg(net: Any, shown: Tensor) -> list[Tensor]:
    """The first convolution of each of VGG's five blocks, before its norm and ReLU (conv1_1 … conv5_1)."""
    maps: list[Tensor] = []
    first = True
    for layer in net.features:
        shown = layer(shown)
        if isinstance(layer, nn.Conv2d) and first:
            maps.append(shown)
            if len(maps) == MOST:
                break
        first = isinstance(layer, nn.MaxPool2d)
    return maps


def of_timm(net: Any, shown: Tensor) -> list[Tensor]:
    """The ends of the stages that timm's feature_info names, shallow first."""
    names = [str(info["module"]) for info in net.feature_info]
    if len(names) > MOST:
        names = [names[round((place + 1) * len(names) / MOST) - 1] for place in range(MOST)]
    maps: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, given: object, map_: Tensor) -> None:
            maps[name] = map_

        return hook

    hooks = [net.get_submodule(name).register_forward_hook(keep(name)) for name in names]
    try:
        net.forward_features(shown)
    finally:
        for handle in hooks:
            handle.remove()
    return [maps[name] for name in names]


def without_overwriting(net: nn.Module) -> nn.Module:
    """`net` whose layers leave their inputs as they are: an in-place ReLU would change a map after it was taken."""
    for layer in net.modules():
        if getattr(layer, "inplace", False):
            layer.inplace = False  # type: ignore[assignment]  # a plain flag of nn.ReLU and its like
    return net
