"""Two pictures of the same thing, one over the other, with a divider to drag (mouse, touch or arrow keys)."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

LONGEST_SIDE = 1600  # pixels: more is not seen, and would only be slow to send

_PAGE = """
<style>
  html, body {{ margin: 0; background: transparent; font: 14px/1.3 "Source Sans", "Segoe UI", system-ui, sans-serif; }}
  figure {{ --at: 50%; position: relative; margin: 0 auto; width: 100%; max-width: {width}px; aspect-ratio: {w} / {h}; overflow: hidden;
           border-radius: 8px; background: #e7e7e9; }}
  img {{ position: absolute; inset: 0; width: 100%; height: 100%; display: block; image-rendering: {rendering}; }}
  img.right {{ clip-path: inset(0 0 0 var(--at)); }}
  .bar {{ position: absolute; top: 0; bottom: 0; left: var(--at); width: 2px; margin-left: -1px; background: #fff;
         box-shadow: 0 0 0 1px rgba(0,0,0,.45); pointer-events: none; }}
  .knob {{ position: absolute; top: 50%; left: 50%; width: 34px; height: 34px; margin: -17px 0 0 -17px; border-radius: 50%;
          background: #fff; color: #1f2226; box-shadow: 0 1px 5px rgba(0,0,0,.5); text-align: center; line-height: 33px; }}
  input {{ position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize; }}
  input:focus-visible ~ .bar .knob {{ outline: 3px solid #0b66a8; outline-offset: 2px; }}
  .name {{ position: absolute; top: 10px; padding: 3px 9px; border-radius: 6px; background: rgba(20,22,25,.72); color: #fff;
          pointer-events: none; }}
</style>
<figure>
  <img alt="{left}" src="{left_uri}"><img class="right" alt="{right}" src="{right_uri}">
  <input type="range" min="0" max="100" step="0.5" value="50" aria-label="Divider between {left} and {right}"
         oninput="this.parentNode.style.setProperty('--at', this.value + '%')">
  <span class="name" style="left:10px">{left}</span><span class="name" style="right:10px">{right}</span>
  <div class="bar"><div class="knob">&#8596;</div></div>
</figure>
"""


def before_after(left: NDArray[np.uint8], right: NDArray[np.uint8], names: tuple[str, str], *, width: int = 900) -> None:
    """Draws `left` and `right` (h, w, 3; both of one size) with a divider. `width`: widest it gets, in CSS pixels."""
    height, across = left.shape[:2]
    page = _PAGE.format(
        width=min(width, round(720 * across / height), max(400, 2 * across)),  # neither taller than a screen nor blown up
        w=across,
        h=height,
        rendering="auto" if across >= 128 else "pixelated",
        left=html.escape(names[0]),
        right=html.escape(names[1]),
        left_uri=_data_uri(left),
        right_uri=_data_uri(right),
    )
    st.iframe(page, height="content", alt=f"{names[0]} beside {names[1]}")


def _data_uri(rgb: NDArray[np.uint8]) -> str:
    picture = Image.fromarray(rgb)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    if max(picture.size) <= 512:
        picture.save(buffer, "PNG")
        kind = "png"
    else:
        picture.save(buffer, "JPEG", quality=90, subsampling=0)
        kind = "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
