"""The colorizers: one file each, loaded on demand by name.

A model file exports `INFO` (facts), `Params` (its section of params.yaml) and, unless it is a floor, `build(params, *, size)`: the net
that maps L (N, 1, H, W) in 0..100 to ab in CIE units, or to logits of colour bins; `size` is the side of the training pictures. torch is
imported inside `build`, so that params.yaml can be checked, and models listed, without it. Where `INFO.needs` says so, `build` also takes
`backbone` (a classifier of huelab.backbones) or `classes` (how many folder names there are).

An entry of `models:` in params.yaml is a colorizer or a variant of one with settings of its own: `hage-strides` is the colorizer `hage`.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from huelab.errors import ParamsError

if TYPE_CHECKING:
    from torch import nn

FLOORS = ("gray", "mean", "shuffled")
"""What costs nothing and must be beaten: no colour, the mean training colour, another photograph's colours."""

NAMES = (
    *FLOORS,
    *("alpha", "beta", "plain", "unet"),
    *("pix2pix", "resnet_gen", "resunet", "nazeri", "wallner_gan"),
    *("zhang", "hage", "iizuka", "fusion", "koala"),
)


@dataclass(frozen=True)
class Classifier:
    """A network trained before that an entry of params.yaml asks for."""

    key: str
    """Of params.yaml, e.g. "colorizers.fusion"."""
    use: str
    """backbone: the colorizer looks through it; encoder: it begins with its weights; perceptual: its loss compares what that sees."""
    backbone: str
    """A timm architecture, or "self"."""
    pretrained: Literal["auto", True, False]
    weights: str


_ENTRY = re.compile(r"[a-z0-9_]+(-[a-z0-9_]+)*")


def base(entry: str) -> str:
    """The colorizer of an entry: `hage` of `hage-strides`."""
    return entry.partition("-")[0]


def known(entry: str) -> bool:
    """Whether `entry` is a colorizer or a well-named variant of one; floors have no variants."""
    if entry in FLOORS:
        return True
    return base(entry) in NAMES and base(entry) not in FLOORS and _ENTRY.fullmatch(entry) is not None


def module(entry: str) -> ModuleType:
    """The module of the colorizer of `entry`; raises ParamsError with the names that exist."""
    if not known(entry):
        raise ParamsError(f"There is no colorizer {entry!r}: choose from {', '.join(NAMES)}, or a variant such as beta-wide.")
    return importlib.import_module(f"huelab.models.{base(entry)}")


def family(entry: str, params: object) -> str:
    """The family of losses by which `entry` learns with the settings `params`: a module of huelab.objectives; "floor" does not learn."""
    own = module(entry)
    return str(own.objective(params) if hasattr(own, "objective") else own.INFO.objective)


def classifiers(entry: str, section: Any) -> list[Classifier]:
    """The classifiers that `entry` needs with the settings `section`; a model file names that of its encoder in ENCODER."""
    own, key = module(entry), f"colorizers.{entry}"
    found = []
    if "backbone" in own.INFO.needs:
        found.append(Classifier(key, "backbone", section.backbone, section.pretrained, section.weights))
    if hasattr(own, "ENCODER") and section.pretrained is not False:
        found.append(Classifier(key, "encoder", own.ENCODER, section.pretrained, section.weights))
    term = getattr(section, "perceptual", None)
    if term is not None and term.weight:
        found.append(Classifier(f"{key}.perceptual", "perceptual", term.backbone, term.pretrained, term.weights))
    return found


def build(entry: str, params: object, *, size: int, backbone: nn.Module | None = None, classes: int = 0) -> nn.Module:
    """The network of a learned colorizer, freshly initialised, given what its file says it needs."""
    own = module(entry)
    given: dict[str, Any] = {}
    if "backbone" in own.INFO.needs:
        given["backbone"] = backbone
    if "labels" in own.INFO.needs:
        given["classes"] = classes
    net: nn.Module = own.build(own.Params.model_validate(params), size=size, **given)
    return net
