"""Classifiers that look at a picture: for colorizers with a class vector (fusion, koala) and for the perceptual loss.

`resolve` says where a backbone's weights come from, or what to do where there are none, before anything trains; `load` gives the frozen
network; `vectors.class_vectors` computes what it says of every picture of a store, once. `skeleton` builds the network of a model's card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from huelab.backbones.source import SELF, Source, resolve

if TYPE_CHECKING:
    from huelab.backbones.net import Backbone

__all__ = ["SELF", "Source", "load", "resolve", "skeleton"]


def load(source: Source) -> Backbone:
    """See net.load; imports torch only now."""
    from huelab.backbones import net

    return net.load(source)


def skeleton(facts: Mapping[str, Any]) -> Backbone:
    """See net.skeleton; imports torch only now."""
    from huelab.backbones import net

    return net.skeleton(facts)
