"""Catch pictures: colours nobody who looks can take for real. They show whether somebody looks."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Catch = Literal["hue", "random"]

LEAST_CHROMA = 32.0
"""Mean chroma of a turned picture at least: turning the hues of a nearly gray one would not show."""


def colours(ab: Float, kind: Catch, *, seed: int) -> Float:
    """Wrong ab (h, w, 2) for a photograph with `ab`: its hues turned by a third to two thirds of the circle, or smooth random patches."""
    rng = np.random.default_rng(seed)
    if kind == "random":
        patches = rng.uniform(-80, 80, (4, 4, 2)).astype(np.float32)
        return np.asarray(cv2.resize(patches, ab.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    angle = rng.uniform(2 / 3, 4 / 3) * math.pi
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], np.float32)
    turned = ab @ turn.T
    mean = float(np.hypot(turned[..., 0], turned[..., 1]).mean())
    if mean < LEAST_CHROMA:
        direction = np.array([math.cos(angle), math.sin(angle)], np.float32)
        # a gray photograph has no hues to turn: it gets one
        turned = turned * np.float32(LEAST_CHROMA / mean) if mean > 4 else turned + LEAST_CHROMA * direction
    return np.asarray(turned, np.float32)
