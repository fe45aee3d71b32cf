"""What several pages show in the same way: commands to copy, names, formatted scores, stage badges."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dashboards import reading
from huelab import metrics

STATES = {"done": "done", "missing": "not yet", "running": "running", "outdated": "outdated"}


def commands(*lines: str) -> None:
    """Commands to copy, one to a box."""
    for line in lines:
        st.code(line, "bash")


def title_of(metric: str) -> str:
    """A metric's heading, with the arrow that says which way is better."""
    if metric not in metrics.names():
        return metric
    found = metrics.metric(metric)
    return found.title + {"lower": " ↓", "higher": " ↑"}.get(found.better, "")


def about(metric: str) -> str:
    """What a metric is, in a line: unit, better end, source."""
    if metric not in metrics.names():
        return ""
    found = metrics.metric(metric)
    better = {"lower": "Lower is better", "higher": "Higher is better"}.get(found.better, "Neither end is better")
    return ". ".join(filter(None, (f"{found.title}: {found.unit}" if found.unit else found.title, better, found.citation))) + "."


def has_direction(metric: str) -> bool:
    """Whether one end of a metric's scale is the better one."""
    return metric not in metrics.names() or metrics.metric(metric).better != "none"


def ascending(metric: str) -> bool:
    """Whether the best value of a metric is its smallest."""
    return metric not in metrics.names() or metrics.metric(metric).better != "higher"


def written(metric: str, value: float | None) -> str:
    """A score with the decimals its metric asks for; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{metrics.metric(metric).digits if metric in metrics.names() else 3}f}"


def signed(metric: str, value: float | None) -> str:
    """A difference of scores, with its sign; a dash where there is none."""
    text = written(metric, value)
    return f"+{text}" if value is not None and value > 0 else text


def rgb(file: Path) -> NDArray[np.uint8] | None:
    """A stored PNG as uint8 RGB (h, w, 3); None while it is not whole."""
    content = reading.picture(file)
    return None if content is None else _decoded(content)


def is_picture(content: bytes) -> bool:
    """Whether a picture's file is whole."""
    return _decoded(content) is not None


def _decoded(content: bytes) -> NDArray[np.uint8] | None:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):  # Pillow: a broken PNG chunk is a SyntaxError
        return None


def gray_of(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a colorizer gets to see: the lightness of a photograph (h, w, 3), as a gray picture of the same lightness."""
    from huelab.color import lab

    lightness = lab.rgb_to_lab(picture)
    lightness[..., 1:] = 0
    return lab.lab_to_rgb(lightness)


def pictures_in_a_row(named: Sequence[tuple[str, NDArray[np.uint8] | bytes | None]], *, width: int) -> None:
    """Pictures side by side with their names below; wraps on a narrow screen."""
    with st.container(horizontal=True, gap="small"):
        for name, picture in named:
            if picture is not None:
                st.image(picture, caption=name, width=width, alt=name, output_format="PNG")


def is_finite(values: pd.Series) -> pd.Series:
    """Which values are numbers: a metric may be undefined for a picture."""
    return pd.Series(np.isfinite(values.to_numpy(float)), index=values.index)


def finite(values: pd.Series) -> pd.Series:
    """The values that are numbers."""
    return values[is_finite(values)]


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def number_columns(names: Sequence[str]) -> dict[str, object]:
    """A column of numbers for each metric of `names`, with its heading and decimals."""
    return {name: st.column_config.NumberColumn(title_of(name), format=pattern(name)) for name in names}


def pattern(metric: str) -> str:
    """The printf pattern of a metric's column."""
    return f"%.{metrics.metric(metric).digits if metric in metrics.names() else 3}f"
