"""Section Colours of page Compare: where in the ab plane each model's colours lie, and whether a net of bins knows when it guesses."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dashboards import charts, parts
from huelab import paths
from huelab.errors import HuelabError
from huelab.evaluation import ab_density, confidence

SIDE = 5
"""Pixels a cell of the plane is drawn with."""


def show(models: list[str]) -> None:
    """Densities of `models` beside the photographs' own, then the confidence of those that give bins."""
    _densities(models)
    _confidences(models)


def _densities(models: list[str]) -> None:
    counted: dict[str, NDArray[np.int64]] = {}
    damaged = []
    for name in models:
        try:
            counts = ab_density.read(paths.scores(name))
        except HuelabError as error:
            damaged.append(str(error))
            continue
        if counts is not None and counts.sum(axis=(1, 2)).all():
            counted[name] = counts
    st.subheader("Where the colours lie")
    if counted:
        st.caption(
            "Pixels of all test pictures in the ab plane, −110 to 110: gray in the middle, red to the right, green to the left, yellow "
            "up, blue down. The darker, the more pixels (logarithmic, one scale for all). The share says how much of a model's colours "
            "lies where the photographs' own do: 100 % for equal distributions, which need not be in the right places."
        )
        truth = next(iter(counted.values()))[0]
        densest = max(float((counts / counts.sum()).max()) for pair in counted.values() for counts in pair)
        drawn = [("photographs", plane(truth, densest))]
        drawn += [(f"{name} · {overlap(*pair):.0%}", plane(pair[1], densest)) for name, pair in counted.items()]
        parts.pictures_in_a_row(drawn, width=ab_density.CELLS * SIDE)
    else:
        st.caption("No model shown has its colours counted yet: `make run` or `dvc repro` does that with the scores.")
    for words in damaged:
        st.warning(words, icon=":material/broken_image:")


def plane(counts: NDArray[np.int64], densest: float) -> NDArray[np.uint8]:
    """(44, 44) counts by a and b as a picture (220, 220, 3): a to the right, b up, axes through gray. `densest`: share drawn darkest."""
    share = counts.T[::-1] / max(1, counts.sum())
    fewest = 1e-6
    depth = np.log(np.maximum(share, fewest) / fewest) / np.log(max(densest, 10 * fewest) / fewest)
    shades = np.array([[255, 255, 255], [199, 217, 233], [107, 160, 201], [33, 97, 153], [8, 29, 68]], np.float64)
    levels = np.linspace(0, 1, len(shades))
    rgb = np.stack([np.interp(depth, levels, shades[:, channel]) for channel in range(3)], axis=-1)
    rgb = np.kron(rgb, np.ones((SIDE, SIDE, 1)))
    middle = len(rgb) // 2
    rgb[middle, ::2] = rgb[::2, middle] = (140, 144, 150)
    rgb[[0, -1]] = rgb[:, [0, -1]] = (200, 202, 206)
    return rgb.round().astype(np.uint8)


def overlap(truth: NDArray[np.int64], made: NDArray[np.int64]) -> float:
    """The share 0..1 that two distributions of colours have in common."""
    return float(np.minimum(truth / truth.sum(), made / made.sum()).sum())


def _confidences(models: list[str]) -> None:
    groups, damaged = {}, []
    for name in models:
        try:
            groups[name] = confidence.read(paths.scores(name))
        except HuelabError as error:
            damaged.append(str(error))
    sure = {name: found for name, found in groups.items() if found}
    if sure or damaged:
        st.subheader("Does it know when it guesses?")
    if sure:
        rows = pd.DataFrame(
            [{"model": name, "sure": one.confidence, "off": one.error, "share": one.share} for name in sure for one in sure[name]]
        )
        st.altair_chart(_falling(rows, list(sure)), width="stretch", alt="Colour error by confidence")
        st.caption(
            "Of nets that choose among colour bins: pixels grouped by the probability of the most probable bin, and how far the colour "
            "was off. A line that falls to the right knows when it guesses. "
            + " ".join(f"{name}: {confidence.said(found)}." for name, found in sure.items())
        )
    for words in damaged:
        st.warning(words, icon=":material/broken_image:")


def _falling(rows: pd.DataFrame, order: list[str]) -> alt.LayerChart:
    base = alt.Chart(rows).encode(
        x=alt.X("sure:Q", title="confidence", scale=alt.Scale(zero=False)),
        y=alt.Y("off:Q", title="ab distance to the truth", scale=alt.Scale(zero=True)),
        color=alt.Color(
            "model:N",
            scale=alt.Scale(domain=order, range=charts.colours_of(order)),
            legend=alt.Legend(title=None, orient="top", symbolType="stroke", symbolStrokeWidth=3),
        ),
        tooltip=[
            "model",
            alt.Tooltip("sure:Q", title="confidence", format=".3f"),
            alt.Tooltip("off:Q", title="ab distance", format=".2f"),
            alt.Tooltip("share:Q", title="of all pixels", format=".0%"),
        ],
    )
    lines = base.mark_line(strokeWidth=2).encode(strokeDash=alt.StrokeDash("model:N", scale=alt.Scale(domain=order), legend=None))
    return alt.layer(lines, base.mark_point(filled=True, size=40)).properties(height=300)
