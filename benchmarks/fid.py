"""The Fréchet distance behind FID, 2048 dimensions: scipy's matrix root against eigenvalues: python -m benchmarks.fid [ROUNDS]"""

from __future__ import annotations

import sys
import time

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from benchmarks.timing import interleave, machine, ratio, table
from huelab.metrics import frechet

LENGTH = 2048
MANY, FEW, DRAWS = 5000, 200, 20
"""Pictures above and below the number of dimensions, and bootstrap draws."""
SCIPY, LARGE, SMALL = "scipy sqrtm", "huelab, eigenvalues", "huelab, small matrix"


def main(rounds: int) -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(LENGTH, LENGTH)) * np.geomspace(1, 0.01, LENGTH) / np.sqrt(LENGTH)
    first, second = (np.abs(rng.normal(size=(MANY, LENGTH)) @ mixing + 0.4).astype(np.float32) for _ in range(2))
    values: dict[str, float] = {}

    def run(name: str, value: float) -> None:
        values[name] = value

    many = interleave(
        {
            SCIPY: lambda: run(SCIPY, by_scipy(first, second)),
            LARGE: lambda: run(LARGE, float(frechet.of_pairs(first, second, np.ones((1, MANY)))[0])),
        },
        rounds,
        warm_up=False,
    )
    print(table(many, base=SCIPY, title=f"Two sets of {MANY:,}×{LENGTH}", unit="distances"), "\n")
    print(f"{ratio(many, LARGE, SCIPY):.1f} times scipy's speed (target: 4); {values[SCIPY]:.6f} and {values[LARGE]:.6f}\n")

    some, others = first[:FEW], second[:FEW]
    few = interleave(
        {
            SCIPY: lambda: run(SCIPY, by_scipy(some, others)),
            SMALL: lambda: run(SMALL, float(frechet.of_pairs(some, others, np.ones((1, FEW)))[0])),
        },
        rounds,
        warm_up=False,
    )
    print(table(few, base=SCIPY, title=f"Two sets of {FEW}×{LENGTH}", unit="distances"), "\n")
    print(f"{ratio(few, SMALL, SCIPY):.0f} times scipy's speed; {values[SCIPY]:.6f} and {values[SMALL]:.6f}\n")

    counts = rng.multinomial(FEW, np.full(FEW, 1 / FEW), size=DRAWS).astype(np.float64)
    for name, draw in (("same photographs", frechet.of_pairs), ("other photographs", frechet.from_others)):
        began = time.perf_counter()
        draw(some, others if draw is frechet.of_pairs else second, counts)
        print(f"a bootstrap draw of {FEW} pictures, {name}: {(time.perf_counter() - began) / DRAWS * 1e3:.1f} ms ({machine()})")


def by_scipy(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """As pytorch-fid and clean-fid compute it."""
    one, other = (np.cov(own, rowvar=False) for own in (first, second))
    apart = first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)
    root = linalg.sqrtm(one @ other).real
    return float(apart @ apart + np.trace(one) + np.trace(other) - 2 * np.trace(root))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
