"""Metric `flip`: LDR-FLIP, how strongly two pictures differ when one flips between them on a screen, seen at 67 pixels per degree.

The formulas and constants are those of the paper and of NVIDIA's code; this form works in float32 with filters taken apart into rows and
columns. Colours are blurred as the eye blurs them (contrast sensitivity of one achromatic and two chromatic channels), compared by a
hue-preserving distance, and the error is raised where edges or points of the two differ.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.color import lab, srgb
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair, length

Float = NDArray[np.float32]
Matrix = NDArray[np.float64]

PIXELS_PER_DEGREE = 0.7 * 3840 / 0.7 * math.pi / 180
"""67.02: a 4K monitor 0.7 m wide at a distance of 0.7 m, NVIDIA's default."""

# linear sRGB to XYZ over white as in NVIDIA's code (its white is the sum of the matrix's rows)
_XYZ_FROM_RGB = np.array(
    [
        [10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794],
        [2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897],
        [1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382],
    ]
)
_RELATIVE_FROM_RGB = _XYZ_FROM_RGB / _XYZ_FROM_RGB.sum(axis=1, keepdims=True)
# YyCxCz, the linear form of L*a*b* in which contrast sensitivity is given; y of 0..1 instead of 116 y - 16, for both ends use it so
_OPPONENT_FROM_RELATIVE = np.array([[0, 1, 0], [500, -500, 0], [0, 200, -200]], np.float64)
_OPPONENT_FROM_RGB = _OPPONENT_FROM_RELATIVE @ _RELATIVE_FROM_RGB
_RGB_FROM_OPPONENT = np.linalg.inv(_OPPONENT_FROM_RGB)

# contrast sensitivity: amplitude and width of the Gaussians of each channel
_ACHROMATIC, _RED_GREEN, _BLUE_YELLOW = ((1.0, 0.0047),), ((1.0, 0.0053),), ((34.1, 0.04), (13.5, 0.025))
_EDGE_WIDTH = 0.082
"""Degrees from peak to trough of the eye's edge detector."""
_COLOUR_EXPONENT = 0.7
_NOTHING = np.float32(1e-30)
"""Stands for no colour error, whose logarithm there is none of; to any power that matters it vanishes."""
_KNEE, _AT_KNEE = 0.4, 0.95
"""Errors up to this share of the largest are spread over 0..0.95."""


def error_map(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Float:
    """FLIP of each pixel (h, w), 0..1, of two (h, w, 3) uint8 sRGB pictures; 0 where they cannot be told apart."""
    planes, other_planes = _opponents(first), _opponents(second)
    feature = _feature_difference(planes[0], other_planes[0])
    blurred, other_blurred = _blurred(planes), _blurred(other_planes)
    error, feature = np.empty((len(blurred), 1), np.float32), feature.reshape(-1, 1)
    for strip in lab.strips(len(blurred)):
        colour = _redistributed(_distance(_hunt(_light(blurred[strip])), _hunt(_light(other_blurred[strip]))))
        # colour ** (1 - feature), where a pixel without colour error has none
        cv2.exp(cv2.log(np.maximum(colour, _NOTHING)) * (1 - feature[strip]), error[strip])
    return error.reshape(first.shape[:2])


def _opponents(rgb: NDArray[np.uint8]) -> list[Float]:
    """y, Cx and Cz of a picture, each (h, w)."""
    light = cv2.LUT(np.ascontiguousarray(rgb), srgb.linear_table())
    return [_array(plane) for plane in cv2.split(cv2.transform(light, _OPPONENT_FROM_RGB.astype(np.float32)))]


def _light(opponents: Float) -> Float:
    """Linear RGB, clipped to 0..1."""
    light = _array(cv2.transform(opponents, _RGB_FROM_OPPONENT.astype(np.float32)))
    return np.clip(light, 0, 1, out=light)


def _hunt(light: Float) -> list[Float]:
    """L*, and a* and b* times L*/100, of linear RGB (n, 1, 3), each (n, 1): colours in the dark look less colourful."""
    relative = _array(cv2.transform(light, _RELATIVE_FROM_RGB.astype(np.float32)))
    lightness, a, b = (_array(plane) for plane in cv2.split(cv2.transform(lab.compress(relative), srgb.LAB_FROM_F)))
    share = lightness * np.float32(0.01)
    a *= share
    b *= share
    return [lightness, a, b]


def _distance(first: list[Float], second: list[Float]) -> Float:
    """HyAB to the power 0.7, (n, 1): |ΔL| + the Euclidean distance in the ab plane."""
    lightness, a, b = (one - other for one, other in zip(first, second, strict=True))
    return _array(cv2.pow(np.abs(lightness) + length(a, b), _COLOUR_EXPONENT))


@cache
def _largest() -> float:
    """Of green and blue, the most different colours."""
    corners = np.array([[[0, 1, 0]], [[0, 0, 1]]], np.float32)
    green, blue = (_hunt(corner[None]) for corner in corners)
    return float(_distance(green, blue)[0, 0])


def _redistributed(distance: Float) -> Float:
    """0..1, two straight lines."""
    knee = _KNEE * _largest()
    above = np.float32((1 - _AT_KNEE) / (_largest() - knee))
    return np.asarray(np.minimum(distance, knee) * np.float32(_AT_KNEE / knee) + np.maximum(distance - np.float32(knee), 0) * above)


def _blurred(planes: list[Float]) -> Float:
    """(n, 1, 3) the pixels of three planes (h, w) as the eye resolves them."""
    blurred = []
    for channel, plane in enumerate(planes):
        parts = [_filtered(plane, rows, columns) for rows, columns in _filters(channel)]
        blurred.append(parts[0] if len(parts) == 1 else parts[0] + parts[1])
    return _array(cv2.merge(blurred)).reshape(-1, 1, 3)


def _filtered(plane: Float, rows: Float, columns: Float) -> Float:
    return _array(cv2.sepFilter2D(plane, -1, rows, columns, borderType=cv2.BORDER_REPLICATE))


@cache
def _filters(channel: int) -> tuple[tuple[Float, Float], ...]:
    """Row and column filters whose sum is the contrast sensitivity filter of a channel: one pair per Gaussian."""
    radius = math.ceil(3 * math.sqrt(0.04 / (2 * math.pi**2)) * PIXELS_PER_DEGREE)  # of the widest of all channels
    squares = (np.arange(-radius, radius + 1) / PIXELS_PER_DEGREE) ** 2
    parts = []
    for amplitude, width in (_ACHROMATIC, _RED_GREEN, _BLUE_YELLOW)[channel]:
        gauss = np.exp(-(math.pi**2) * squares / width)
        parts.append((gauss, gauss * amplitude * math.sqrt(math.pi / width)))
    total = sum(rows.sum() * columns.sum() for rows, columns in parts)
    pairs = []
    for rows, columns in parts:
        needed = np.abs(rows) > 1e-9  # what lies further out is less than float32 resolves
        pairs.append((rows[needed].astype(np.float32), (columns[needed] / total).astype(np.float32)))
    return tuple(pairs)


def _feature_difference(first: Float, second: Float) -> Float:
    """How much stronger edges or points of one y plane (h, w) are than those of the other, 0..1."""
    lengths = [_edges_and_points(plane) for plane in (first, second)]
    edges, points = (np.abs(one - other) for one, other in zip(*lengths, strict=True))
    return _array(np.sqrt(np.maximum(edges, points) * np.float32(1 / math.sqrt(2))))


def _edges_and_points(luminance: Float) -> tuple[Float, Float]:
    """Lengths of the gradient and of the second derivatives, each (h, w)."""
    across, first, second = _derivatives()
    edges, points = (length(_filtered(luminance, along, across), _filtered(luminance, across, along)) for along in (first, second))
    return edges, points


@cache
def _derivatives() -> tuple[Float, Float, Float]:
    """A Gaussian and its first and second derivatives; the positive weights of each derivative sum to 1, the negative ones to -1."""
    sigma = 0.5 * _EDGE_WIDTH * PIXELS_PER_DEGREE
    radius = math.ceil(3 * sigma)
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    gauss = np.exp(-(x**2) / (2 * sigma**2))
    balanced = []
    for weights in (-x * gauss, (x**2 / sigma**2 - 1) * gauss):
        negative, positive = -weights[weights < 0].sum(), weights[weights > 0].sum()
        balanced.append(np.where(weights < 0, weights / negative, weights / positive).astype(np.float32))
    return (gauss / gauss.sum()).astype(np.float32), balanced[0], balanced[1]


def _array(value: object) -> Float:
    return np.asarray(value, np.float32)


def flip(pair: Pair) -> float:
    """Mean FLIP of the photograph and the picture as rendered, 0..1; 0 for identical pictures."""
    return float(error_map(pair.truth_rgb, pair.predicted_rgb).mean(dtype=np.float64))


METRIC = Metric(
    name="flip",
    title="FLIP",
    unit="LDR-FLIP, 67 pixels per degree, mean of pixels",
    better="lower",
    kind="paired",
    cost="moderate",
    citation="P. Andersson et al., FLIP: A Difference Evaluator for Alternating Images, PACMCGIT 3(2), HPG 2020",
    columns={"flip": flip},
)
