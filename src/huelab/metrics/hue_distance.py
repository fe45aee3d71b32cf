"""Metric `hue_distance`: how far, in degrees, the hues of a picture lie from those of its photograph, wherever in the picture they are.

Each picture's hues make a histogram of 36 bins of 10°, a pixel counting by its chroma. The distance is the circular earth mover's: the
mean angle over which colour must be turned around the hue circle to make one histogram the other. 0 is the same palette, 180 the
opposite. Place does not count: a red car before a green tree equals a green car before a red tree.

A gray picture has no hue. One CIE unit of mean chroma, spread evenly over all bins, is therefore added to each: gray counts as all hues
alike, lies at most 90° from anything, and the hues of rounding noise weigh nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

BINS = 36
EVEN = 1.0
"""CIE units of mean chroma spread over all hues."""


def histogram(chroma: NDArray[np.float32], hue: NDArray[np.float32]) -> NDArray[np.float64]:
    """(36,) shares of the hues (degrees) of pixels of some chroma (CIE units), sum 1."""
    bins = (hue.ravel() * np.float32(BINS / 360)).astype(np.int64)
    sums = np.bincount(bins, chroma.ravel(), minlength=BINS + 1)
    sums[0] += sums[BINS]  # 360° is 0°
    shares = sums[:BINS] / max(chroma.size, 1) + EVEN / BINS
    return np.asarray(shares / shares.sum())


def distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Circular earth mover's distance of two histograms (n,) of sum 1 over 360 degrees, in degrees."""
    surplus = np.cumsum(first - second)
    # what flows over the seam is free to choose; the median makes the whole flow least
    return float(np.abs(surplus - np.median(surplus)).sum() * 360 / len(surplus))


def hue_distance(pair: Pair) -> float:
    """Between the photograph and the predicted ab, degrees; 0 for equal ab."""
    return distance(histogram(*pair.truth_chroma_and_hue), histogram(*pair.predicted_chroma_and_hue))


METRIC = Metric(
    name="hue_distance",
    title="Hue distance",
    unit="degrees, circular earth mover's distance of 36-bin hue histograms weighted by chroma, 1 CIE unit spread evenly",
    better="lower",
    kind="paired",
    cost="cheap",
    citation="huelab; distance: J. Rabin, J. Delon, Y. Gousseau, Circular Earth Mover's Distance, ICPR 2008",
    digits=1,
    columns={"hue_distance": hue_distance},
)
