"""What is measured of one photograph: identity of its pixels, chroma, luminance and a perceptual hash."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.color.lab import rgb_to_lab
from huelab.data import photo

VERSION = 1
"""Raised whenever a measurement or the reading of photographs changes: older cached measurements are then made again."""

_STATISTICS_SIDE = 256  # pixels of the longer side on which chroma and luminance are taken; averages away the noise of JPEG


@dataclass(frozen=True)
class Measurement:
    """One photograph in numbers. Chroma and lightness are CIE (D65), taken at a longer side of at most 256 pixels."""

    photo_id: str = ""
    """16 hex digits of the SHA-256 of the decoded pixels; "" where the file cannot be read."""
    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    orientation: int = 0
    chroma_mean: float = float("nan")
    chroma_p95: float = float("nan")
    l_mean: float = float("nan")
    l_std: float = float("nan")
    phash: str = ""
    reason: str = ""
    """Why it cannot be read, one of photo.Reason; "" where it can."""
    detail: str = ""
    passing: bool = False
    """True: it says something about the moment or this program, not about the file; measured again next time."""

    def as_dict(self) -> dict[str, Any]:
        """The fields by name, for the cache."""
        return asdict(self)


def measure(path: Path, max_pixels: int) -> Measurement:
    """Reads and measures one file; one that cannot be read becomes a Measurement with its reason, never an error."""
    try:
        rgb, facts = photo.read(path, max_pixels=max_pixels)
        return _of_pixels(rgb, facts)
    except photo.UnreadablePhoto as error:
        passing = error.reason in ("vanished", "not_permitted") or "memory" in error.detail
        return Measurement(reason=error.reason, detail=error.detail, passing=passing)
    except MemoryError:
        return Measurement(reason="too_many_pixels", detail="not enough memory to measure it", passing=True)
    except Exception as error:  # a decoder nobody tried on such bytes: one file must not cost the other 100,000
        return Measurement(reason="unsupported", detail=f"{type(error).__name__}: {' '.join(str(error).split())}", passing=True)


def _of_pixels(rgb: NDArray[np.uint8], facts: photo.Facts) -> Measurement:
    lab = rgb_to_lab(_at_most(rgb, _STATISTICS_SIDE))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return Measurement(
        photo_id=photo_id(rgb),
        format=facts.format,
        mode=facts.mode,
        width=facts.width,
        height=facts.height,
        orientation=facts.orientation,
        # 4 decimals: the sums behind them may differ in the last bits between processors
        chroma_mean=round(float(chroma.mean(dtype=np.float64)), 4),
        chroma_p95=round(float(np.percentile(chroma, 95)), 4),
        l_mean=round(float(lab[..., 0].mean(dtype=np.float64)), 4),
        l_std=round(float(lab[..., 0].std(dtype=np.float64)), 4),
        phash=perceptual_hash(rgb),
    )


def photo_id(rgb: NDArray[np.uint8]) -> str:
    """16 hex digits that name the pixels (h, w, 3): equal for equal pictures, whatever file they came in."""
    digest = hashlib.sha256(f"{rgb.shape[0]}x{rgb.shape[1]}:".encode())
    digest.update(np.ascontiguousarray(rgb).data)
    return digest.hexdigest()[:16]


def perceptual_hash(rgb: NDArray[np.uint8]) -> str:
    """64 bits as 16 hex digits; near-duplicates (resized, recompressed, slightly toned) differ in a few bits.

    The signs of the 8 x 8 lowest frequencies of a 32 x 32 cosine transform of the luma, against their median: `phash` of
    C. Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010, as the Python library ImageHash computes it.
    """
    gray = cv2.cvtColor(_at_most(rgb, _STATISTICS_SIDE), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float64)
    low = cv2.dct(small)[:8, :8]
    bits = np.asarray(low > np.median(low), dtype=bool)
    return bytes(np.packbits(bits)).hex()


def _at_most(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """`rgb` (h, w, 3) with its longer side at most `side` pixels, by averaging."""
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
