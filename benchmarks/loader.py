"""Pictures per second into training: memory-mapped shards against decoding JPEGs in every epoch. python -m benchmarks.loader [ROUNDS]"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from benchmarks import photographs
from benchmarks.standardize import SIDE, pillow_crop, whole_stage
from benchmarks.timing import interleave, table
from huelab import params
from huelab.data.augment import Policy
from huelab.data.dataset import training_batches
from huelab.data.store import Store

BATCH = 16


def main(rounds: int, count: int = 400) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = photographs.write(folder / "photographs", count)
        whole_stage(files, folder / "store", 1)
        store = Store.open(folder / "store")
        standardized = []
        for number, rgb in enumerate(store.read(np.arange(count))):
            standardized.append(folder / f"{number}.jpg")
            Image.fromarray(rgb).save(standardized[-1], quality=95)
        order = np.random.default_rng(0).permutation(count)
        parts = [order[start : start + BATCH] for start in range(0, count, BATCH)]
        off = Policy.from_params(params.Augment(flip=0, affine=0, tone=0))
        usual = Policy.from_params(params.Augment())

        def decode(sources: list[Path]) -> None:
            for part in parts:
                np.stack([pillow_crop(sources[index]) for index in part])

        def read() -> None:
            for part in parts:
                store.read(part)

        def batches(policy: Policy) -> None:
            for _ in training_batches(store, policy, seed=0, epoch=0, batch=BATCH):
                pass

        reading = interleave(
            {
                "decode the photographs (Pillow)": lambda: decode(files),
                f"decode {SIDE} px JPEGs (Pillow)": lambda: decode(standardized),
                "huelab store": read,
            },
            rounds,
        )
        base = "decode the photographs (Pillow)"
        print(table(reading, base=base, title=f"An epoch of {count} pictures of {SIDE} px, RGB", amount=count, unit="pictures"))
        train = len(store.indices("train"))
        whole = interleave({"read + Lab": lambda: batches(off), "read + augment + Lab": lambda: batches(usual)}, rounds)
        print("\n" + table(whole, base="read + Lab", title="Ready L, ab, mask batches", amount=train // BATCH * BATCH, unit="pictures"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
