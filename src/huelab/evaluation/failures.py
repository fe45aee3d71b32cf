"""Kept test pictures that a learned model got wrong, by cause: too little colour, another colour, colour over the edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huelab.color import lab
from huelab.data.store import Store
from huelab.evaluation.choosing import Kept
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.truths import Truths
from huelab.metrics import chroma_ratio, hue_distance
from huelab.metrics.pair import Pair

COLOURFUL = 5.0
"""Mean CIE chroma from which a photograph has colours that can be missed, mistaken or spilt."""
PALE = 0.5
"""Of the photograph's mean chroma: below it a picture is desaturated, and what little colour it has is not asked about hue and edges."""
TURNED = 45.0
"""Degrees round the hue circle, from red to yellow-orange: beyond it the palette is another one."""
BLED = 0.5
"""Of the colour step at the photograph's colour edges: what a Gaussian blur of a 30th of the picture's side takes away."""
STEP = 12.0
"""CIE units in the ab plane from which a difference between neighbouring places is a colour edge."""
_NEAR = 32  # the places compared are a 32nd of the longer side apart
_EDGES = 0.01  # of all places at least, or a photograph has too few colour edges to judge by


@dataclass(frozen=True)
class Cause:
    """A way to fail. `rule`: its threshold in words; `look`: what to look at; `measure`: how a case's number reads."""

    name: str
    rule: str
    look: str
    measure: str
    worst_high: bool
    """Whether the worst case has the highest number."""


DESATURATION = Cause(
    "desaturation",
    f"mean chroma under {PALE:g} of the photograph's",
    "Is it gray or brown where the photograph has colour? Typical of losses that average over what could be.",
    "{:.0%} of the photograph's chroma",
    worst_high=False,
)
WRONG_HUE = Cause(
    "wrong hue",
    f"hue distance over {TURNED:g}°, and not desaturated",
    "Is the colour lively but another one? It may still be plausible: the gray picture alone does not say.",
    "hues {:.0f}° away",
    worst_high=True,
)
LEAK = Cause(
    "leak",
    f"over {BLED:.0%} of the colour step at colour edges lost, and not desaturated",
    "Does colour run over the outlines of things, or does one colour cover everything?",
    "{:.0%} of the colour steps lost",
    worst_high=True,
)
CAUSES = (DESATURATION, WRONG_HUE, LEAK)


@dataclass(frozen=True, eq=False)
class Case:
    """One failed picture: which model made it, of what (`name` for people), how bad its cause is, and both pictures (h, w, 3)."""

    model: str
    item: str
    name: str
    value: float
    truth: NDArray[np.uint8]
    made: NDArray[np.uint8]


@dataclass(frozen=True)
class Failures:
    """Of `examined` colourful kept pictures per model: how many failed by each cause, and the worst cases."""

    examined: dict[str, int]
    counts: dict[str, dict[str, int]]
    """Model -> name of the cause -> pictures. A picture may fail by hue and by leak."""
    worst: dict[str, list[Case]]
    """Name of the cause -> cases of different pictures, worst first."""


SHOWN, OF_ONE = 6, 3
"""Cases per cause, and of a single model among them where others fail by it too."""


def find(store: Store, evaluated: Sequence[Evaluated]) -> Failures:
    """Looks at every kept test picture of every learned model; SHOWN cases per cause are kept, one per picture."""
    kept, truths = Kept(store, evaluated), Truths(store)
    examined = {one.name: 0 for one in kept.learned}
    counts = {one.name: {cause.name: 0 for cause in CAUSES} for one in kept.learned}
    found: dict[str, list[tuple[float, str, str]]] = {cause.name: [] for cause in CAUSES}
    by_name = {one.name: one for one in kept.learned}
    for item in kept.items if kept.learned else ():
        truth = truths.rgb(item)
        for one in kept.learned:
            made = one.test_picture(item)
            if made is None:
                continue
            failed = causes(Pair.of(truth, lab.rgb_to_lab(made)[..., 1:]))
            if failed is None:
                continue
            examined[one.name] += 1
            for name, value in failed.items():
                counts[one.name][name] += 1
                found[name].append((value, one.name, item))
    worst: dict[str, list[Case]] = {}
    for cause in CAUSES:
        worst[cause.name] = []
        for value, model, item in _varied(sorted(found[cause.name], reverse=cause.worst_high)):
            if (made := by_name[model].test_picture(item)) is not None:
                worst[cause.name].append(Case(model, item, truths.name(item), value, truths.rgb(item), made))
    return Failures(examined, counts, worst)


def _varied(ranked: Sequence[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """The first SHOWN of (value, model, item), each picture once, and of one model OF_ONE unless no other has any left."""
    chosen: list[tuple[float, str, str]] = []
    for most in (OF_ONE, SHOWN):
        for case in ranked:
            models, items = [one[1] for one in chosen], {one[2] for one in chosen}
            if len(chosen) < SHOWN and case[2] not in items and models.count(case[1]) < most:
                chosen.append(case)
    return sorted(chosen, key=ranked.index)


def causes(pair: Pair) -> dict[str, float] | None:
    """The causes by which a picture fails, with the number of each; None for a photograph with too little colour to fail by."""
    if chroma_ratio.of_truth(pair) < COLOURFUL:
        return None
    ratio = chroma_ratio.of_picture(pair)
    if ratio < PALE:
        return {DESATURATION.name: ratio}
    found = {}
    if (turned := hue_distance.hue_distance(pair)) > TURNED:
        found[WRONG_HUE.name] = turned
    if (lost := bled(pair)) > BLED:
        found[LEAK.name] = lost
    return found


def bled(pair: Pair) -> float:
    """Share of the colour step at the photograph's colour edges that the colourization lacks, beyond its being paler; 0 none, 1 all.

    Places a 32nd of the longer side apart, along rows and columns, whose true ab differ by STEP are edges. What is compared there is how
    far the predicted ab differ, over what they would if the picture were the photograph at the prediction's mean chroma. So neither a paler
    picture nor turned hues count, but blur does: 0.26, 0.48, 0.67, 0.79 for a Gaussian of 1, 2, 4, 8 pixels of 64 (median of the starter
    photographs). `cdr` would cost 0.1 s a picture and hardly tells these apart at 64 pixels (1.00 sharp, 0.99 blurred, 0.99 gray).
    NaN where the photograph has no such edges.
    """
    truth, made = pair.truth_lab[..., 1:], pair.predicted_ab
    ratio = min(1.0, chroma_ratio.of_picture(pair))
    apart = max(1, round(max(truth.shape[:2]) / _NEAR))
    kept = []
    for axis in range(2):
        true, shown = (np.linalg.norm(_shifted(ab, axis, apart), axis=-1) for ab in (truth, made))
        edge = true >= STEP
        kept.append(np.minimum(shown[edge] / (max(ratio, 1e-6) * true[edge]), 1.0))
    all_kept = np.concatenate(kept)
    if len(all_kept) < _EDGES * truth[..., 0].size:
        return math.nan
    return 1.0 - float(all_kept.mean())


def _shifted(ab: NDArray[np.float32], axis: int, apart: int) -> NDArray[np.float32]:
    """Difference between places `apart` along an axis."""
    length = ab.shape[axis]
    return np.take(ab, range(apart, length), axis) - np.take(ab, range(max(0, length - apart)), axis)
