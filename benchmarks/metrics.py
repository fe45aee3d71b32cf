"""Scoring 256×256 photographs, one thread: SSIM, CIEDE2000 and the default set: python -m benchmarks.metrics [ROUNDS]"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys

import cv2
import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from benchmarks.lab import SIDE, photographs
from benchmarks.timing import interleave, table
from huelab import metrics
from huelab.color import bins, lab
from huelab.metrics.ciede2000 import difference
from huelab.metrics.pair import Pair
from huelab.metrics.ssim import structural_similarity as own_ssim


def main(rounds: int) -> None:
    cv2.setNumThreads(1)
    rgbs = photographs()
    histogram = bins.AbHistogram()
    for rgb in rgbs:
        histogram.add(lab.rgb_to_lab(rgb)[..., 1:])
    prior = histogram.prior()
    predicted = [0.6 * lab.rgb_to_lab(rgb)[..., 1:] + np.float32(3) for rgb in rgbs]
    pairs = [Pair.of(rgb, ab, prior=prior) for rgb, ab in zip(rgbs, predicted, strict=True)]
    exact = [(rgb2lab(pair.truth_rgb), rgb2lab(pair.predicted_rgb)) for pair in pairs]
    planes = [(pair.truth_lab, pair.predicted_lab) for pair in pairs]

    ssim = interleave(
        {
            "scikit-image": lambda: [reference_ssim(pair) for pair in pairs],
            "huelab": lambda: [own_ssim(pair.truth_rgb, pair.predicted_rgb) for pair in pairs],
        },
        rounds,
    )
    ciede2000 = interleave(
        {
            "scikit-image": lambda: [deltaE_ciede2000(*labs) for labs in exact],
            "huelab": lambda: [difference(*labs) for labs in planes],
        },
        rounds,
    )
    chosen = [metric for name in metrics.names() if not (metric := metrics.metric(name)).not_computed()]
    columns = {column: function for metric in chosen for column, function in metric.columns.items()}

    def default_set() -> None:
        for rgb, ab in zip(rgbs, predicted, strict=True):
            pair = Pair.of(rgb, ab, prior=prior)
            for of_pair in columns.values():
                of_pair(pair)

    whole = interleave({"gamut clamp, rendering and the default set": default_set}, rounds)
    for name, seconds in (("SSIM (target: 6)", ssim), ("CIEDE2000 (target: 4)", ciede2000)):
        print(
            table(seconds, base="scikit-image", title=f"{name}, {SIDE}×{SIDE}, {len(rgbs)} pictures", amount=len(rgbs), unit="pictures"),
            "\n",
        )
    taken = sorted(whole["gamut clamp, rendering and the default set"])
    print(f"Gamut clamp, rendering and the default set ({', '.join(metric.name for metric in chosen)}): ", end="")
    print(f"median {taken[len(taken) // 2] / len(rgbs) * 1e3:.1f} ms, best {taken[0] / len(rgbs) * 1e3:.1f} ms a picture (target: 30)")
    apart = max(abs(own_ssim(pair.truth_rgb, pair.predicted_rgb) - reference_ssim(pair)) for pair in pairs)
    worst = max(float(np.abs(difference(*own) - deltaE_ciede2000(*labs)).max()) for own, labs in zip(planes, exact, strict=True))
    print(f"Largest difference from scikit-image: SSIM {apart:.1e} of a picture, CIEDE2000 {worst:.1e} of a pixel")


def reference_ssim(pair: Pair) -> float:
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "channel_axis": -1}
    return float(structural_similarity(pair.truth_rgb, pair.predicted_rgb, **settings))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
