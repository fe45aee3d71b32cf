"""Makes colour photographs of scenes that never were: python -m tests.generated_photographs FOLDER COUNT

Sky, hills, a sun or lamp and flower dots, each picture from its own seed; colours depend on what is where: there is something to learn.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def photograph(seed: int, *, width: int = 160, height: int = 120) -> np.ndarray:
    """One scene as uint8 RGB (height, width, 3), the same for the same seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    sky = np.stack([90 + 60 * y / height, 140 + 50 * y / height, 225 - 20 * y / height], axis=-1)
    phase, amplitude, wave = rng.uniform(0, 6), rng.uniform(8, 25), rng.uniform(20, 60)
    ground = y > height * rng.uniform(0.45, 0.65) + amplitude * np.sin(x / wave + phase)
    grass = np.stack([60 + 30 * rng.random(), 120 + 40 * rng.random(), 45.0], axis=-1)
    picture = np.where(ground[..., None], grass + rng.normal(0, 12, (height, width, 1)), sky)
    cx, cy, radius = rng.uniform(0, width), rng.uniform(0, height * 0.4), rng.uniform(6, 16)
    picture[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] = (250, 220, 120)
    for _ in range(int(rng.integers(5, 25))):
        fx, fy = rng.uniform(0, width), rng.uniform(height * 0.65, height)
        picture[(x - fx) ** 2 + (y - fy) ** 2 < rng.uniform(2, 12)] = (205, 50, 60)
    return np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def write(folder: Path, count: int, *, first_seed: int = 0) -> list[Path]:
    """Writes `count` JPEGs into two class folders below `folder`."""
    files = []
    for seed in range(first_seed, first_seed + count):
        file = folder / ("morning", "evening")[seed % 2] / f"scene-{seed:05d}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture = photograph(seed)
        if seed % 2:
            picture = (picture * np.array([1.0, 0.82, 0.7])).astype(np.uint8)
        Image.fromarray(picture).save(file, quality=92)
        files.append(file)
    return files


if __name__ == "__main__":
    print(f"{len(write(Path(sys.argv[1]), int(sys.argv[2])))} photographs in {sys.argv[1]}")
