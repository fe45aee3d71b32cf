"""Which ImageNet class a folder name stands for: a synset such as n01440764, or a class name such as "tench". timm knows the list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from functools import cache

_SYNSET = re.compile(r"(n\d{8})(?!\d)")


def index(label: str) -> int | None:
    """Index 0..999 of the class, in ImageNet's order; None for a name that is none, or that two classes share ("crane")."""
    synsets, names = _known()
    if found := _SYNSET.match(label):  # also n01440764_tench
        return synsets.get(found[1])
    return names.get(_plain(label))


def not_classes(labels: Collection[str]) -> str:
    """Why photographs in folders of these names cannot be judged by an ImageNet classifier and what to do; "" if they can."""
    if not any(labels):
        return "the photographs lie in no folders named by class: put them into folders named by ImageNet class, such as n01440764 or tench"
    strangers = sorted(label for label in labels if index(label) is None)
    if not strangers:
        return ""
    shown = ", ".join(repr(label) for label in strangers[:3]) + (f" and {len(strangers) - 3} more" if len(strangers) > 3 else "")
    return (
        f"the photographs' folders are not ImageNet classes: {shown}; name every folder by its class, such as n01440764 or tench, "
        "or leave this metric out of evaluate.metrics"
    )


@cache
def _known() -> tuple[dict[str, int], dict[str, int]]:
    """Index by synset, and by each name that belongs to one class alone."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo("imagenet-1k")
    synsets = {synset: number for number, synset in enumerate(info.label_names())}
    names = [(_plain(name), number) for number, text in enumerate(info.label_descriptions()) for name in text.split(", ")]
    classes = Counter(name for name, _ in set(names))
    return synsets, {name: number for name, number in names if classes[name] == 1}


def _plain(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.strip().casefold()))
