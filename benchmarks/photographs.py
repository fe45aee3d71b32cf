"""Photographs to measure on: crops of the starter photographs, enlarged, turned and with grain, so that each file is its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


def write(folder: Path, count: int, *, width: int = 500, height: int = 375) -> list[Path]:
    """`count` JPEGs of quality 90 in `folder`, each from its own random crop."""
    folder.mkdir(parents=True, exist_ok=True)
    originals = [cv2.imread(str(file)) for file in sorted(SAMPLES.glob("*.jpg"))]
    if not originals:
        raise SystemExit(f"{SAMPLES} holds no photographs (*.jpg)")
    files = []
    for number in range(count):
        rng = np.random.default_rng(number)
        original = originals[number % len(originals)]
        share = rng.uniform(0.6, 1)
        high, wide = int(original.shape[0] * share), int(original.shape[1] * share)
        top, left = int(rng.integers(original.shape[0] - high + 1)), int(rng.integers(original.shape[1] - wide + 1))
        picture = cv2.resize(original[top : top + high, left : left + wide], (width, height), interpolation=cv2.INTER_CUBIC)
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        grain = rng.integers(-4, 5, (height, width, 1), dtype=np.int16)
        coded = cv2.imencode(".jpg", np.clip(picture + grain, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
        file = folder / f"photograph-{number:06d}.jpg"
        file.write_bytes(coded.tobytes())
        files.append(file)
    return files


def table(files: list[Path], *, width: int = 500, height: int = 375) -> pd.DataFrame:
    """The columns of the photograph table that stage standardize reads; every 10th validates, every 10th tests."""
    import pandas as pd

    rows = [
        {
            "photo_id": f"{number:016x}",
            "file": file.name.encode(),
            "path": file.name,
            "label": "",
            "split": {0: "val", 1: "test"}.get(number % 10, "train"),
            "group": f"{number:016x}",
            "sha256": f"{number:064x}",
            "width": width,
            "height": height,
            "reject_reason": "",
        }
        for number, file in enumerate(files)
    ]
    return pd.DataFrame(rows)
