"""Colours one photograph at full resolution: chroma from the network at its own size, lightness from the photograph itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from huelab.color import gamut, lab
from huelab.color.srgb import Float32, UInt8
from huelab.data.resize import network_size, resize
from huelab.errors import ModelError, UsageError
from huelab.models import windows

if TYPE_CHECKING:
    from torch import nn

Predict = Callable[[Float32], Float32]
"""L (h, w), 0..100, to ab (h, w, 2) in CIE units: a whole picture, at whatever size it is given."""

PredictBatch = Callable[[Float32], Float32]
"""L (n, h, w), 0..100, to ab (n, h, w, 2) in CIE units: several pictures of one size."""


@dataclass(frozen=True)
class Engine:
    """A colorizer made ready to colour photographs of any size."""

    name: str
    size: int
    """Pixels of the shorter side the network sees."""
    predict: Predict

    def colour(self, rgb: UInt8) -> UInt8:
        """`rgb` (h, w, 3) sRGB coloured anew: its lightness stays, within 0.5 of L and mostly to the level. Raises ModelError."""
        return paint(rgb, self.chroma(rgb))

    def chroma(self, rgb: UInt8) -> Float32:
        """Ab at the network's size (h', w', 2) for `rgb` (h, w, 3); the colours that are in it are not looked at."""
        small = resize(rgb, *network_size(rgb.shape[0], rgb.shape[1], self.size))
        ab = np.asarray(self.predict(lab.lightness(small)), np.float32)
        if ab.shape != (*small.shape[:2], 2):
            raise ModelError(f"The colorizer {self.name} gave chroma of shape {ab.shape} for a picture of {small.shape[:2]}.")
        if not np.isfinite(ab).all():
            raise ModelError(f"The colorizer {self.name} gave colours that are not numbers: train it again.")
        return ab


def load(folder: Path, *, size: int | None = None, device: Literal["auto", "cpu", "cuda"] = "auto") -> Engine:
    """The engine of a trained colorizer's folder; `size` replaces the scale it was trained at. Raises ModelError or UsageError."""
    from huelab.models.saved import Saved

    if size is not None and not 16 <= size <= 4096:
        raise UsageError(f"size is {size}: choose 16 to 4096 pixels for the shorter side that the network sees.")
    saved = Saved.open(folder)
    batched = predictor(saved.colorizer(), device)

    def whole(L: Float32) -> Float32:
        return windows.predict(batched, L, saved.size) if saved.in_windows else batched(L[None])[0]

    return Engine(saved.name, size or saved.photograph_side, whole)


def predictor(colorizer: nn.Module, device: Literal["auto", "cpu", "cuda"] = "auto") -> PredictBatch:
    """A torch module L (N, 1, H, W) -> ab (N, 2, H, W) as a function of arrays, a batch at a time. "auto" takes CUDA where it is."""
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    elif device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device is cuda, but torch sees no CUDA device here: choose auto or cpu.")
    module = colorizer.to(device).eval()

    def predict(L: Float32) -> Float32:
        try:
            with torch.inference_mode():
                ab = module(torch.from_numpy(L)[:, None].to(device))
                return np.ascontiguousarray(ab.float().movedim(1, -1).cpu().numpy())
        except RuntimeError as error:  # above all: not enough memory on the device
            why = " ".join(str(error).split())[:200]
            raise ModelError(f"The network cannot colour a picture of {L.shape[2]} x {L.shape[1]} ({why}): try a smaller size.") from None

    return predict


def paint(rgb: UInt8, ab: Float32) -> UInt8:
    """The lightness of `rgb` (h, w, 3) with chroma `ab` (h', w', 2), enlarged bilinearly and clamped to the gamut.

    Works in strips: besides both pictures it takes memory for one strip, however large the photograph.
    """
    height, width = rgb.shape[:2]
    rows = ab.shape[0]
    wide = np.asarray(cv2.resize(ab, (width, rows), interpolation=cv2.INTER_LINEAR), np.float32).reshape(rows, width * 2)
    # OpenCV's own weights of the rows: what it makes of the identity
    weights = np.asarray(cv2.resize(np.eye(rows, dtype=np.float32), (rows, height), interpolation=cv2.INTER_LINEAR), np.float32)
    weights = weights.reshape(height, rows)
    painted = np.empty((height, width, 3), np.uint8)
    step = max(1, 16 * lab.STRIP // width)
    for top in range(0, height, step):
        bottom = min(top + step, height)
        used = np.flatnonzero(weights[top:bottom].any(axis=0))
        first, last = used[0], used[-1] + 1
        strip = (weights[top:bottom, first:last] @ wide[first:last]).reshape(bottom - top, width, 2)
        painted[top:bottom] = gamut.render(lab.lightness(rgb[top:bottom]), strip)
    return painted
