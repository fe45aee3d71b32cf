"""Writes docs/models.md from the model files: python -m huelab.models.page > docs/models.md

What a model file says of its colorizer (its docstring with the layer table, its INFO) is what the page says, and the parameters are counted
on the network it builds; a test compares the page with this.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import torch
from torch import nn

from huelab import models
from huelab.models.info import Info
from huelab.models.layers import parameters

_HEAD = """# The colorizers

One section per colorizer, written from its file in `src/huelab/models/` by `python -m huelab.models.page > docs/models.md`. Name the ones
you want in `models:` of params.yaml; `huelab params` says what each section may hold. A name with a dash (`hage-strides`) is a variant with
settings of its own. Parameters are counted at width 1; `width` scales every channel count. Whatever the paper's unit is, a network maps CIE
L (0..100) to CIE ab and takes pictures of any size.
"""

_IMAGENET, _PLACES = 1000, 205
"""Classes of the published classifiers: of fusion's backbone, and of iizuka's own."""
_WITH_BACKGROUND = 1001
"""Of koala's backbone, which has one for what is no object."""


class _Classes(nn.Module):
    """What a colorizer must know of its backbone to be counted without it."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD, *(line for name in models.NAMES for line in _section(name))]).rstrip() + "\n"


def _section(name: str) -> Iterator[str]:
    module = models.module(name)
    info: Info = module.INFO
    text = inspect.cleandoc(module.__doc__ or "")
    summary, _, rest = text.partition("\n\n")
    yield f"## {name}: {info.title}\n"
    what = summary.partition(": ")[2].strip()
    yield what[:1].upper() + what[1:]
    yield ""
    if name in models.FLOORS:
        return
    yield f"| | |\n|---|---|\n| source | {info.paper or 'none'} |"
    yield f"| learns by | {info.objective.replace('_', ' ')}, on {info.input_size} x {info.input_size} as published |"
    yield f"| parameters | {count(name):,}{' beside the backbone' if 'backbone' in info.needs else ''} |"
    if "labels" in info.needs:
        yield "| needs | photographs in folders named after what they show |"
    yield f"| ideas under | {info.licence} |\n"
    if info.choose:
        yield f"**When to choose it.** {info.choose}\n"
    yield f"**What differs from the source.** {info.changes or 'Nothing.'}\n"
    yield f"{rest}\n"


def count(name: str, *, width: float = 1.0) -> int:
    """Numbers that colorizer `name` learns at its published size and `width`; a classifier it looks through is not counted."""
    module = models.module(name)
    info: Info = module.INFO
    with torch.device("meta"):
        # weights that an encoder begins with are of width 1, and do not change how many there are
        random = {"pretrained": False} if hasattr(module, "ENCODER") else {}
        section = module.Params(width=width, **random)
        return parameters(
            models.build(
                name, section, size=info.input_size, backbone=_Classes(_WITH_BACKGROUND if name == "koala" else _IMAGENET), classes=_PLACES
            )
        )


if __name__ == "__main__":
    print(page(), end="")
