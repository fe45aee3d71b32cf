"""Soft encoding of training targets: only the bins within reach against all of them: python -m benchmarks.soft_encode [ROUNDS]"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmarks.lab import SIDE, photographs
from benchmarks.timing import interleave, table
from huelab.color import bins, lab
from huelab.color.bins import Centers
from huelab.color.soft_encoder import SoftEncoder


def every_bin(ab: Tensor, among: Centers, k: int) -> tuple[Tensor, Tensor]:
    """The direct way: the distances of every pixel to every bin, and the k smallest."""
    points, axes = ab.movedim(1, -1), torch.from_numpy(among.astype(np.float32))
    squares = (points[..., 0, None] - axes[:, 0]) ** 2 + (points[..., 1, None] - axes[:, 1]) ** 2
    near, index = squares.topk(k, dim=-1, largest=False)
    return index.movedim(-1, 1), torch.softmax(near / -50, dim=-1).movedim(-1, 1)


def main(rounds: int) -> None:
    planes = np.stack([lab.rgb_to_lab(rgb)[::2, ::2, 1:] for rgb in photographs()])
    ab = torch.from_numpy(planes).permute(0, 3, 1, 2).contiguous()
    for among, k in ((bins.centers(), 5), (bins.centers(), 10), (bins.hage_centers(), 10)):
        encode = SoftEncoder(among, k=k)
        jobs: dict[str, Callable[[], object]] = {
            "every bin": lambda among=among, k=k: every_bin(ab, among, k),
            "bins within reach": lambda encode=encode: encode(ab),
        }
        title = f"{len(among)} bins, {k} nearest, {SIDE // 2}x{SIDE // 2}, {torch.get_num_threads()} threads"
        print(table(interleave(jobs, rounds), base="every bin", title=title, amount=len(ab), unit="pictures"), end="\n\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
