"""One picture seen closely: every model's version in a row, truth under a divider, and where a model's colours are off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboards import parts, slider
from huelab.color import lab
from huelab.data.store import region
from huelab.metrics import ciede2000
from huelab.models import FLOORS

Picture = NDArray[np.uint8]

FAR = 30.0
"""ΔE₀₀ drawn darkest: two colours nobody would take for the same."""
_SHADES = np.array([[255, 255, 255], [254, 217, 142], [217, 95, 14], [90, 20, 0]], np.float64)


def side_by_side(truth: Picture | None, made: Mapping[str, Picture | None], captions: Mapping[str, str], *, width: int = 132) -> None:
    """gray | truth | models."""
    row = [(captions.get("gray", "gray"), None if truth is None else parts.gray_of(truth)), ("truth", truth)]
    row += [(captions[name], picture) for name, picture in made.items() if name != "gray"]
    parts.pictures_in_a_row(row, width=width)


def title(row: Any) -> str:
    """Which picture it is (a row with item_id, path, label), for a heading (markdown)."""
    tile = region(row["item_id"])
    return " · ".join([f"**{row['path']}**", *filter(None, [f"region {tile}" if tile else "", row["label"]])])


def closely(truth: Picture | None, made: Mapping[str, Picture | None], *, key: str) -> None:
    """Truth under a divider that uncovers one model's picture, or the colour difference of the two, pixel by pixel."""
    there = [name for name, picture in made.items() if picture is not None and truth is not None and picture.shape == truth.shape]
    if truth is None or not there:
        return
    st.markdown("##### Truth against one model")
    learned = [name for name in there if name not in FLOORS]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice = st.selectbox("Model", there, index=there.index((learned or there)[0]), key=f"{key}_model", width=200)
        how = st.segmented_control("Show", ["divider", "difference"], default="divider", required=True, key=f"{key}_how")
    picture = made[choice]
    if picture is None:
        return
    wide = 400 if max(truth.shape) <= 128 else 760
    if how == "divider":
        slider.before_after(truth, picture, ("truth", choice), width=wide)
        return
    off = difference(truth, picture)
    parts.pictures_in_a_row([("truth", truth), (choice, picture), ("difference", shaded(off))], width=min(wide, 330))
    st.caption(
        f"Colour difference ΔE₀₀ pixel by pixel: white is none, 2 is just seen, the darkest is {FAR:g} or more. "
        f"Mean {off.mean():.2f}, worst 5 % of pixels from {np.quantile(off, 0.95):.1f} on."
    )


def difference(truth: Picture, picture: Picture) -> NDArray[np.float32]:
    """CIEDE2000 of two RGB pictures (h, w, 3), pixel by pixel (h, w)."""
    return ciede2000.difference(lab.rgb_to_lab(truth), lab.rgb_to_lab(picture))


def shaded(off: NDArray[np.float32]) -> Picture:
    """ΔE (h, w) as a picture (h, w, 3): white for 0, through orange to dark brown for FAR and more."""
    depth = np.clip(off / FAR, 0, 1)
    levels = np.linspace(0, 1, len(_SHADES))
    return np.stack([np.interp(depth, levels, _SHADES[:, channel]) for channel in range(3)], axis=-1).round().astype(np.uint8)
