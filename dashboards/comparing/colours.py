"""Section Colours of page Compare: where in the ab plane each model's colours lie, and whether a net of bins knows when it guesses."""

from __future__ import annotations

import altair as alt
import matplotlib as mpl
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dashboards import charts, parts
from huelab import paths
from huelab.color import lab
from huelab.errors import HuelabError
from huelab.evaluation import ab_density, confidence
from huelab.evaluation.report.densities import overlap

Counts = NDArray[np.int64]
Rgb = NDArray[np.uint8]

SIDE = 176
"""Pixels of a plane's side, about."""
DECADES = 4
"""Shares from so many powers of ten below the highest are told apart."""


def show(models: list[str]) -> None:
    """Densities of `models` beside the photographs' own, then the confidence of those that give bins."""
    _densities(models)
    _confidences(models)


def _densities(models: list[str]) -> None:
    counted: dict[str, Counts] = {}
    damaged = []
    for name in models:
        try:
            counts = ab_density.read(paths.scores(name))
        except HuelabError as error:
            damaged.append(str(error))
            continue
        if counts is not None and counts.sum(axis=(1, 2)).all():
            counted[name] = counts
    st.subheader("Which colours are used")
    if counted:
        truth = next(iter(counted.values()))[0]
        half = reach([truth, *(made for _, made in counted.values())])
        densest = float((truth / truth.sum()).max())
        drawn = [("key: the colours themselves", enlarged(key(), half)), ("photographs", enlarged(heat(truth, densest), half))]
        drawn += [(f"{name} · {overlap(*pair):.0%} shared", enlarged(heat(pair[1], densest), half)) for name, pair in counted.items()]
        parts.pictures_in_a_row(drawn, width=SIDE)
        st.caption(
            f"Pixels of all test pictures by a (green to red, across) and b (blue to yellow, upwards), up to ±{half * ab_density.STEP} CIE "
            f"units; dark blue few, yellow many, on a log scale over {DECADES} powers of ten. “Shared”: the part of a model's pixels that "
            "would fit over the photographs' own; 100 % is the same palette in the same amounts, not necessarily in the right places."
        )
    else:
        st.caption("No model shown has its colours counted yet: `make run` or `dvc repro` does that with the scores.")
    for words in damaged:
        st.warning(words, icon=":material/broken_image:")


def reach(planes: list[Counts]) -> int:
    """Cells each way from gray that all of `planes` need, and a little air."""
    places = np.argwhere(np.sum(planes, axis=0)) - ab_density.CELLS // 2 + 0.5
    return min(ab_density.CELLS // 2, max(5, int(np.abs(places).max(initial=0)) + 2))


def heat(counts: Counts, densest: float) -> Rgb:
    """Counts by a and b (44, 44) as colours (44, 44, 3): cividis over the logarithm of the share, white for none. `densest`: yellow."""
    share = counts / max(1, counts.sum())
    level = 1 + np.log10(np.maximum(share, 1e-12) / densest) / DECADES
    rgb = mpl.colormaps["cividis"](np.clip(level, 0, 1), bytes=True)[..., :3]
    return np.where(counts[..., None] > 0, rgb, np.uint8(255))


def key() -> Rgb:
    """What colour each cell of the plane stands for (44, 44, 3), as light as 70 or near it; white where sRGB has none."""
    centres = np.arange(-ab_density.REACH + ab_density.STEP / 2, ab_density.REACH, ab_density.STEP, dtype=np.float32)
    a, b = np.meshgrid(centres, centres, indexing="ij")
    found = np.full((*a.shape, 3), 255, np.uint8)
    for lightness in (30, 40, 90, 50, 80, 60, 70):  # the last has the last word
        wanted = np.stack([np.full_like(a, lightness), a, b], axis=-1)
        rgb = lab.lab_to_rgb(wanted)
        there = np.abs(lab.rgb_to_lab(rgb) - wanted).max(axis=-1) < 1.5  # what lies outside sRGB is moved when it is rendered
        found[there] = rgb[there]
    return found


def enlarged(plane: Rgb, half: int) -> Rgb:
    """The middle of a plane by a and b as a picture: a to the right, b upwards, dotted axes through gray."""
    middle = len(plane) // 2
    part = plane[middle - half : middle + half, middle - half : middle + half].swapaxes(0, 1)[::-1]
    times = max(1, SIDE // len(part))
    rgb = part.repeat(times, axis=0).repeat(times, axis=1)
    centre = len(rgb) // 2
    rgb[centre, ::3] = rgb[::3, centre] = (150, 154, 160)
    rgb[[0, -1]] = rgb[:, [0, -1]] = (200, 202, 206)
    return np.ascontiguousarray(rgb)


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
