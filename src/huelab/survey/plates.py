"""Colour-vision plates drawn by us: a digit of dots that differs from the ground along a line of colours which a dichromat confuses.

Screening, not diagnosis. The lines are the null directions of Machado, Oliveira and Fernandes' simulation (IEEE TVCG 2009, severity 1):
along them a protanope's or deuteranope's linear RGB does not change. Lightness varies from dot to dot, so that it gives nothing away.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

CHOICES = ("2", "3", "5", "6", "7", "9")
SIDE = 300
_PLATES: tuple[tuple[Literal["control", "protan", "deutan"], str], ...] = (
    ("control", "7"),
    ("deutan", "5"),
    ("protan", "6"),
    ("deutan", "3"),
    ("protan", "2"),
    ("deutan", "9"),
    ("protan", "5"),
)
COUNT = len(_PLATES)
_SIMULATED = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}
"""Linear RGB as a dichromat's eye has it, from Machado et al., table 1, severity 1.0."""
_BASE = np.array([0.24, 0.22, 0.16])
"""Linear RGB between figure and ground."""
_DIMMEST, _BRIGHTEST = 0.55, 1.45
"""Each dot's light is that of its colour times a number between these."""
_LIGHTS = 6
"""So many of them: with few colours a plate takes a tenth of the bytes, and all seven come before the first question."""
_GRAY = np.array([150.0, 150.0, 150.0])
_DOTS = ((9.0, 1000), (7.0, 1500), (5.2, 3000), (3.8, 5000), (2.8, 2500))
"""Radius in pixels, and how often a place for such a dot is tried."""

Float = NDArray[np.float64]


def confused(kind: str) -> tuple[Float, Float]:
    """Figure and ground in linear RGB (3,): as far apart as the screen allows, yet alike to the eye of that kind."""
    line = np.linalg.svd(np.array(_SIMULATED[kind]))[2][-1]  # the matrix is of rank 2, nearly
    room = np.where(line > 0, 1 / _BRIGHTEST - _BASE, _BASE) / np.abs(line)
    back = np.where(line < 0, 1 / _BRIGHTEST - _BASE, _BASE) / np.abs(line)
    reach = 0.97 * min(room.min(), back.min())
    return _BASE + reach * line, _BASE - reach * line


def simulated(linear: Float, kind: str) -> Float:
    """Linear RGB (..., 3) as an eye of that kind has it."""
    return np.asarray(linear @ np.array(_SIMULATED[kind]).T)


@lru_cache(maxsize=COUNT)
def png(number: int) -> bytes:
    """Plate `number`, 0..COUNT-1; the same bytes each time."""
    kind, digit = _PLATES[number]
    figure, ground = (0.45 * _BASE, 1.7 * _BASE) if kind == "control" else confused(kind)
    lights = np.linspace(0.9, 1.1, _LIGHTS) if kind == "control" else np.linspace(_DIMMEST, _BRIGHTEST, _LIGHTS)
    colours = np.array([_level(of * light) for of in (ground, figure) for light in lights])
    rng = np.random.default_rng(number)
    inside = _digit(digit)
    plate = Image.new("RGB", (2 * SIDE, 2 * SIDE), _rgb(_GRAY))  # drawn at twice the size: smooth edges
    pen = ImageDraw.Draw(plate)
    for x, y, radius in _dots(rng):
        colour = colours[_LIGHTS * inside[int(y), int(x)] + rng.integers(_LIGHTS)]
        pen.ellipse([2 * (x - radius), 2 * (y - radius), 2 * (x + radius), 2 * (y + radius)], fill=_rgb(colour))
    return _indexed(np.asarray(plate.resize((SIDE, SIDE), Image.Resampling.BOX)), colours)


def _level(linear: Float) -> Float:
    """sRGB levels, 0..255."""
    linear = np.clip(linear, 0, 1)
    return np.asarray(255 * np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear))


def _rgb(levels: Float) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in np.rint(levels))
    return red, green, blue


def _indexed(rgb: NDArray[np.uint8], colours: Float) -> bytes:
    """A PNG of these colours, gray, and what lies half way between, for the edges."""
    palette = np.rint(np.vstack([_GRAY, colours, (colours + _GRAY) / 2])).astype(np.uint8)
    distance = ((rgb[:, :, None].astype(np.int32) - palette.astype(np.int32)) ** 2).sum(-1)
    picture = Image.fromarray(distance.argmin(-1).astype(np.uint8), "P")
    picture.putpalette(palette.tobytes())
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def judged(answers: Mapping[str, Any]) -> dict[str, Any]:
    """What was read on each plate ({"0": "7", …}) and the class it gives: typical, red-green, or unclear (a control plate misread)."""
    read = [str(answers.get(str(number), "")) for number in range(COUNT)]
    wrong = {
        kind: sum(given != digit for given, (of, digit) in zip(read, _PLATES, strict=True) if of == kind)
        for kind in ("control", *_SIMULATED)
    }
    missed = wrong["protan"] + wrong["deutan"]
    kind = "unclear" if wrong["control"] else "typical" if missed <= 1 else "red-green" if missed >= 3 else "unclear"
    return {"class": kind, "read": read, "missed": wrong}


def _digit(digit: str) -> NDArray[np.bool_]:
    mask = Image.new("L", (SIDE, SIDE), 0)
    font = ImageFont.load_default(size=240)
    ImageDraw.Draw(mask).text((SIDE / 2, SIDE / 2), digit, 255, font=font, anchor="mm", stroke_width=10)
    return np.asarray(mask) > 127


def _dots(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """x, y and radius of dots that fill the disc without touching, large ones first."""
    placed = np.empty((0, 3))
    for radius, tries in _DOTS:
        tried = rng.uniform(radius, SIDE - radius, (tries, 2))
        tried = tried[np.hypot(*(tried - SIDE / 2).T) <= SIDE / 2 - radius]
        tried = tried[~_touches(tried, radius, placed)]  # most: at once against the larger ones
        own = np.empty((0, 3))
        for x, y in tried:
            if not _touches(np.array([[x, y]]), radius, own).any():
                own = np.vstack([own, (x, y, radius)])
        placed = np.vstack([placed, own])
    return [(float(x), float(y), float(radius)) for x, y, radius in placed]


def _touches(centres: Float, radius: float, others: Float) -> NDArray[np.bool_]:
    """Whether a dot of that radius at each centre (N, 2) comes within a pixel of any of the others (M, 3)."""
    apart = np.hypot(*(centres[:, None] - others[None, :, :2]).transpose(2, 0, 1))
    return np.asarray((apart < others[:, 2] + radius + 1).any(axis=1))
