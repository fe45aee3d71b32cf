"""Small pieces of HTML and SVG that sections share: cells, code letters, pictures as data, axes."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Sequence
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.evaluation.sheet_png import scaled


def section(name: str, title: str, content: str) -> str:
    """A section with an anchor; nothing where there is no content."""
    return f'<section id="{name}"><h2>{escape(title)}</h2>{content}</section>' if content else ""


def folded(summary: str, content: str, *, unfolded: bool = False) -> str:
    """What only some readers want, behind a line to click."""
    return f"<details{' open' if unfolded else ''}><summary>{escape(summary)}</summary>{content}</details>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, text: int = 1, kind: str = "") -> str:
    """Cells are HTML; the first `text` columns are text, the others numbers."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(f"<{tag}{' class=text' if place < text else ''}>{cell}</{tag}>" for place, cell in enumerate(cells))

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    name = f' class="{kind}"' if kind else ""
    return f'<div class="scroll"><table{name}><thead><tr>{line(head, "th")}</tr></thead><tbody>{body}</tbody></table></div>'


def panel_head(name: str, note: str) -> str:
    """What stands over a small plot: `name` is HTML, `note` text."""
    return f'<p class="panelhead"><b>{name}</b><span>{escape(note) or "&nbsp;"}</span></p>'


def code(text: str) -> str:
    """`command` in code letters; the rest escaped."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def jpeg(rgb: NDArray[np.uint8], side: int, quality: int) -> str:
    """A picture as data, at most `side` pixels on its longer side; smaller ones are left for the browser to enlarge."""
    picture = scaled(rgb, min(side, max(rgb.shape[:2])))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def png(rgba: NDArray[np.uint8]) -> str:
    """(h, w, 4) as data, without loss."""
    coded = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))[1]
    return f"data:image/png;base64,{base64.b64encode(coded.tobytes()).decode()}"


def svg(width: float, height: float, title: str, parts: Sequence[str], *, kind: str = "figure") -> str:
    """A drawing whose `title` is read to those who do not see it."""
    return f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def padded(low: float, high: float) -> tuple[float, float]:
    """An axis a little longer than its data."""
    pad = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - pad, high + pad


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers within low..high, at most about `most`."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first = math.ceil(low / step)
    return [round(place * step, 12) for place in range(first, math.floor(high / step) + 1)]
