"""sRGB <-> CIE Lab of 256x256 photographs against scikit-image, one thread: python -m benchmarks.lab [ROUNDS]"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from skimage import color

from benchmarks.timing import interleave, table
from huelab.color import gamut, lab, tensor

SIDE = 256
SAMPLES = Path(__file__).resolve().parents[1] / "samples"


def photographs() -> list[np.ndarray]:
    """The starter photographs, cropped and scaled to SIDE."""
    pictures = []
    for file in sorted(SAMPLES.glob("*.jpg")):
        with Image.open(file) as image:
            side = min(image.size)
            pictures.append(np.array(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS, (0, 0, side, side))))
    if not pictures:
        raise SystemExit(f"{SAMPLES} holds no photographs (*.jpg)")
    return pictures


def main(rounds: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rgbs = photographs()
    labs = [lab.rgb_to_lab(rgb) for rgb in rgbs]
    planes = [(np.ascontiguousarray(one[..., 0]), np.ascontiguousarray(one[..., 1:])) for one in labs]
    tensors = [torch.from_numpy(rgb).permute(2, 0, 1)[None].contiguous() for rgb in rgbs]

    def each(function: Callable[..., object], *columns: list) -> Callable[[], object]:
        return lambda: [function(*row) for row in zip(*columns, strict=True)]

    forward = interleave(
        {
            "scikit-image": each(color.rgb2lab, rgbs),
            "huelab numpy": each(lab.rgb_to_lab, rgbs),
            "huelab torch": each(tensor.rgb_to_lab, tensors),
            "huelab, L only": each(lab.lightness, rgbs),
        },
        rounds,
    )
    back = interleave(
        {
            "scikit-image": each(color.lab2rgb, labs),
            "huelab numpy": each(lab.lab_to_rgb, labs),
            "huelab, gamut clamp included": each(lambda planes: gamut.render(*planes), planes),
        },
        rounds,
    )
    print(table(forward, base="scikit-image", title=f"sRGB to Lab, {SIDE}x{SIDE}", amount=len(rgbs), unit="pictures"), end="\n\n")
    print(table(back, base="scikit-image", title=f"Lab to 8-bit sRGB, {SIDE}x{SIDE}", amount=len(rgbs), unit="pictures"), end="\n\n")
    worst = max(float(np.abs(own - color.rgb2lab(rgb)).max()) for own, rgb in zip(labs, rgbs, strict=True))
    lost = max(int(np.abs(lab.lab_to_rgb(own).astype(int) - rgb).max()) for own, rgb in zip(labs, rgbs, strict=True))
    print(f"largest difference from scikit-image's float64: {worst:.1e}; levels lost there and back: {lost}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
