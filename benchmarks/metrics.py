"""Scoring 256×256 photographs: metrics beside their libraries, each alone, the default set: python -m benchmarks.metrics [ROUNDS]

All candidates take their turns in one run; times are of the processor, on one thread.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import cv2
import flip_evaluator
import numpy as np
import torch
from pytorch_msssim import ms_ssim as torch_ms_ssim
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from benchmarks.lab import SIDE, photographs
from benchmarks.timing import interleave, table
from huelab import metrics
from huelab.color import bins, lab
from huelab.metrics.ciede2000 import difference
from huelab.metrics.definition import Metric
from huelab.metrics.flip import error_map
from huelab.metrics.ms_ssim import multi_scale_similarity
from huelab.metrics.pair import Pair
from huelab.metrics.ssim import structural_similarity as own_ssim

Job = Callable[[], object]


def main(rounds: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rgbs = photographs()
    histogram = bins.AbHistogram()
    for rgb in rgbs:
        histogram.add(lab.rgb_to_lab(rgb)[..., 1:])
    prior = histogram.prior()
    predicted = [0.6 * lab.rgb_to_lab(rgb)[..., 1:] + np.float32(3) for rgb in rgbs]
    pairs = [Pair.of(rgb, ab, prior=prior) for rgb, ab in zip(rgbs, predicted, strict=True)]
    known = [metric for name in metrics.names() if not (metric := metrics.metric(name)).needs_weights]
    defaults = [metric for metric in known if metric.name in metrics.default_names()]

    versus = against_libraries(pairs)
    jobs = {f"{title}: {name}": job for title, candidates in versus.items() for name, job in candidates.items()}
    jobs |= {f"metric: {metric.name}": partial(alone, metric, pairs) for metric in known}
    jobs["default set"] = partial(whole, defaults, rgbs, predicted, prior)
    seconds = interleave(jobs, rounds, clock=time.process_time)

    for title, candidates in versus.items():
        own = {name: seconds[f"{title}: {name}"] for name in candidates}
        heading = f"{title}, {SIDE}×{SIDE}, {len(pairs)} pictures"
        print(table(own, base=next(iter(candidates)), title=heading, amount=len(pairs), unit="pictures"), "\n")
    print("Each metric by itself, its columns of one picture from ready Lab and rendered RGB (planes it shares with others included):\n")
    print("| metric | median ms | best ms | cost class | in the default set |\n|---|---:|---:|---|---|")
    for metric in known:
        taken = [one / len(pairs) * 1e3 for one in seconds[f"metric: {metric.name}"]]
        print(
            f"| {metric.name} | {median(taken):.2f} | {min(taken):.2f} | {metric.cost} | {'yes' if metric in defaults else 'on request'} |"
        )
    taken = [one / len(pairs) * 1e3 for one in seconds["default set"]]
    print(f"\nGamut clamp, rendering and the default set without weights ({len(defaults)} metrics): ", end="")
    print(f"median {median(taken):.1f} ms, best {min(taken):.1f} ms a picture (target: 30)")
    print(f"Largest difference from the libraries: {differences(pairs)}")


def against_libraries(pairs: list[Pair]) -> dict[str, dict[str, Job]]:
    """Per metric: the library first, then huelab; each works from what it would be given."""
    exact = [(rgb2lab(pair.truth_rgb), rgb2lab(pair.predicted_rgb)) for pair in pairs]
    planes = [(pair.truth_lab, pair.predicted_lab) for pair in pairs]
    floats = [tuple(rgb.astype(np.float32) / 255 for rgb in (pair.truth_rgb, pair.predicted_rgb)) for pair in pairs]
    tensors = [tuple(torch.from_numpy(255 * rgb).permute(2, 0, 1)[None].contiguous() for rgb in both) for both in floats]
    return {
        "SSIM (target: 6)": {
            "scikit-image": lambda: [reference_ssim(pair) for pair in pairs],
            "huelab": lambda: [own_ssim(pair.truth_rgb, pair.predicted_rgb) for pair in pairs],
        },
        "CIEDE2000 (target: 4)": {
            "scikit-image": lambda: [deltaE_ciede2000(*labs) for labs in exact],
            "huelab": lambda: [difference(*labs) for labs in planes],
        },
        "FLIP": {
            "flip-evaluator": lambda: [flip_evaluator.evaluate(*both, "LDR", applyMagma=False) for both in floats],
            "huelab": lambda: [error_map(pair.truth_rgb, pair.predicted_rgb) for pair in pairs],
        },
        "MS-SSIM": {
            "pytorch-msssim": lambda: [float(torch_ms_ssim(*both, data_range=255)) for both in tensors],
            "huelab": lambda: [multi_scale_similarity(pair.truth_rgb, pair.predicted_rgb) for pair in pairs],
        },
    }


def alone(metric: Metric, pairs: list[Pair]) -> None:
    """All columns of one metric; pairs made anew, so that nothing another metric left is used."""
    for one in pairs:
        pair = Pair(one.truth_rgb, one.predicted_rgb, one.truth_lab, one.predicted_ab, one.prior)
        for of_pair in metric.columns.values():
            of_pair(pair)


def whole(chosen: list[Metric], rgbs: list[np.ndarray], predicted: list[np.ndarray], prior: np.ndarray) -> None:
    """What evaluation does with a colorizer's output."""
    columns = {column: function for metric in chosen for column, function in metric.columns.items()}
    for rgb, ab in zip(rgbs, predicted, strict=True):
        pair = Pair.of(rgb, ab, prior=prior)
        for of_pair in columns.values():
            of_pair(pair)


def reference_ssim(pair: Pair) -> float:
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "channel_axis": -1}
    return float(structural_similarity(pair.truth_rgb, pair.predicted_rgb, **settings))


def differences(pairs: list[Pair]) -> str:
    """Of the metrics that are timed beside a library."""
    ssim = max(abs(own_ssim(pair.truth_rgb, pair.predicted_rgb) - reference_ssim(pair)) for pair in pairs)
    ciede2000, flip, ms_ssim = 0.0, 0.0, 0.0
    for pair in pairs:
        first, second = pair.truth_rgb, pair.predicted_rgb
        exact = deltaE_ciede2000(rgb2lab(first), rgb2lab(second))
        ciede2000 = max(ciede2000, float(np.abs(difference(pair.truth_lab, pair.predicted_lab) - exact).max()))
        errors = flip_evaluator.evaluate(first.astype(np.float32) / 255, second.astype(np.float32) / 255, "LDR", applyMagma=False)[0]
        flip = max(flip, float(np.abs(error_map(first, second) - errors[..., 0]).max()))
        tensors = [torch.from_numpy(rgb.astype(np.float64)).permute(2, 0, 1)[None] for rgb in (first, second)]
        ms_ssim = max(ms_ssim, abs(multi_scale_similarity(first, second) - float(torch_ms_ssim(*tensors, data_range=255))))
    return f"SSIM {ssim:.1e} and MS-SSIM {ms_ssim:.1e} of a picture, CIEDE2000 {ciede2000:.1e} and FLIP {flip:.1e} of a pixel"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
