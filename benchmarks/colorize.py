"""Colouring a 12-megapixel JPEG, everything but the network, one thread: python -m benchmarks.colorize [ROUNDS]

The network's place is taken by an array of chroma at its size, so that all else is measured: decoding, the network's small input, enlarging
the chroma, the gamut clamp, Lab to sRGB, encoding and writing. Beside it the obvious way: Pillow and scikit-image, without a clamp.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import tempfile
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from PIL import Image
from skimage import color, transform

from benchmarks.timing import interleave, table
from huelab.color import lab
from huelab.colorize import engine, files

WIDTH, HEIGHT = 4000, 3000
SIZE = 256
SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "coffee.jpg"


def photograph(file: Path) -> np.ndarray:
    """Writes a gray 12-megapixel JPEG with grain and gives the chroma a network would: that of the colour photograph, at SIZE."""
    with Image.open(SAMPLE) as image:
        rgb = np.array(image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.int16) + np.random.default_rng(0).integers(-5, 6, (HEIGHT, WIDTH))
    Image.fromarray(gray.clip(0, 255).astype(np.uint8)).convert("RGB").save(file, quality=92)
    height, width = engine.network_size(HEIGHT, WIDTH, SIZE)
    return np.ascontiguousarray(lab.rgb_to_lab(np.array(Image.fromarray(rgb).resize((width, height))))[..., 1:])


def obvious(source: Path, target: Path, ab: np.ndarray) -> None:
    """What a first script does."""
    values = color.rgb2lab(np.asarray(Image.open(source).convert("RGB")))
    values[..., 1:] = transform.resize(ab, values.shape[:2], order=1)
    Image.fromarray((color.lab2rgb(values) * 255).round().astype(np.uint8)).save(target, quality=95, subsampling=0)


def main(rounds: int) -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "gray.jpg", Path(folder) / "coloured.jpg"
        ab = photograph(source)
        colorizer = engine.Engine("none", SIZE, lambda L: ab)
        original = files.read(source, max_pixels=WIDTH * HEIGHT)
        painted = engine.paint(original.rgb, ab)

        def whole() -> None:
            read = files.read(source, max_pixels=WIDTH * HEIGHT)
            files.write(target, engine.paint(read.rgb, colorizer.chroma(read.rgb)), read, overwrite=True)

        ours, parts = "huelab", ("decode", "the network's input", "enlarge, clamp, Lab to sRGB", "encode and write")
        seconds = interleave(
            {
                ours: whole,
                parts[0]: lambda: files.read(source, max_pixels=WIDTH * HEIGHT),
                parts[1]: lambda: colorizer.chroma(original.rgb),
                parts[2]: lambda: engine.paint(original.rgb, ab),
                parts[3]: lambda: files.write(target, painted, original, overwrite=True),
            },
            rounds,
        )
        theirs = "Pillow + scikit-image"
        once = interleave({theirs: lambda: obvious(source, target, ab)}, 1, warm_up=False)[theirs]  # it takes too long for more
        compared = {theirs: once * rounds, ours: seconds[ours]}
        title = f"Colouring {WIDTH} x {HEIGHT} pixels, file to file, besides the network"
        print(table(compared, base=theirs, title=title, unit="photographs"), end="\n\n")
        print("of that, median ms: " + ", ".join(f"{part} {median(seconds[part]) * 1e3:.0f}" for part in parts))
        off = np.abs(lab.lightness(painted) - lab.lightness(original.rgb)).max()
        print(f"largest change of lightness by colouring (before JPEG): {off:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
