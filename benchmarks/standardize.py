"""Stage standardize against the obvious script, one core and two: python -m benchmarks.standardize [--rounds N] [--memory]"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from PIL import Image

from benchmarks import photographs
from benchmarks.timing import interleave, ratio, table
from huelab import params
from huelab.data import photo

SIDE = 256


def whole_stage(files: list[Path], out: Path, workers: int, side: int = SIDE, **shape: int) -> None:
    """What `python -m pipelines.standardize` does after reading its table."""
    from huelab.data.standardize import standardize  # here: worker processes load this file again, and need none of it

    shutil.rmtree(out, ignore_errors=True)  # else the old store would be reused
    standard = params.Standardize(size=side, workers=workers)
    split = params.SplitParams(by="photo")
    standardize(photographs.table(files, **shape), files[0].parent, out=out, standard=standard, split=split, max_pixels=10**8)


def obvious_script(files: list[Path], out: Path) -> None:
    """Pillow, Lanczos, scikit-image, one float32 Lab array per photograph."""
    from skimage.color import rgb2lab

    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for file in files:
        np.save(out / f"{file.stem}.npy", rgb2lab(pillow_crop(file)).astype(np.float32))


def pillow_crop(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        rgb = image.convert("RGB")
        side = min(rgb.size)
        left, top = (rgb.width - side) // 2, (rgb.height - side) // 2
        return np.asarray(rgb.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def pillow_full(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB").resize((SIDE * 4 // 3, SIDE), Image.Resampling.LANCZOS))


def small(file: Path) -> np.ndarray:
    rgb, _ = photo.read(file, max_pixels=10**8, least_side=SIDE)
    return np.asarray(cv2.resize(rgb, (SIDE * 4 // 3, SIDE), interpolation=cv2.INTER_AREA))


def speed(folder: Path, rounds: int, count: int) -> None:
    files = photographs.write(folder / "photographs", count)
    one = interleave(
        {
            "Pillow + scikit-image": lambda: obvious_script(files, folder / "obvious"),
            "huelab, one process": lambda: whole_stage(files, folder / "store", 1),
        },
        rounds,
    )
    print(table(one, base="Pillow + scikit-image", title=f"500x375 JPEG to {SIDE} px", amount=count, unit="photographs"))
    large = photographs.write(folder / "large", 4, width=4000, height=3000)
    scaled = interleave(
        {"Pillow, full decode": lambda: [pillow_full(file) for file in large], "huelab": lambda: [small(file) for file in large]}, rounds
    )
    print("\n" + table(scaled, base="Pillow, full decode", title="12 MP JPEG to 256 px", amount=len(large), unit="photographs"))


def processes(folder: Path, rounds: int, count: int) -> None:
    """Time per photograph without the start of the processes: the difference between many and few."""
    files = photographs.write(folder / "many", count)
    few = files[: count // 3]  # still enough for the stage to start processes at all
    jobs = {
        f"{workers} of {len(part)}": (lambda part=part, workers=workers: whole_stage(part, folder / "store", workers))
        for workers in (1, 2)
        for part in (few, files)
    }
    seconds = interleave(jobs, rounds, warm_up=False)
    print(f"\n{count} photographs of 500x375, processes:\n\n| processes | whole stage s | photographs/s after the start |\n|---|---:|---:|")
    rates = {}
    for workers in (1, 2):
        many, part = seconds[f"{workers} of {len(files)}"], seconds[f"{workers} of {len(few)}"]
        rates[workers] = median((len(files) - len(few)) / (a - b) for a, b in zip(many, part, strict=True))
        print(f"| {workers} | {median(many):.2f} | {rates[workers]:.0f} |")
    print(f"\nTwo processes are {rates[2] / rates[1]:.2f} times as fast as one.")
    print(f"With their start: {ratio(seconds, f'2 of {len(files)}', f'1 of {len(files)}'):.2f} times.")


_PEAK = """
import resource, sys
from pathlib import Path
from benchmarks.standardize import whole_stage
files = sorted(Path(sys.argv[1]).iterdir())[:int(sys.argv[2])]
whole_stage(files, Path(sys.argv[3]), 2, 128, width=320, height=240)
used = resource.getrusage
print(used(resource.RUSAGE_SELF).ru_maxrss, used(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def memory(folder: Path) -> None:
    photographs.write(folder / "small", 20_000, width=320, height=240)
    print("\n| photographs of 320x240 | s | peak MB, stage | peak MB, largest worker |\n|---|---:|---:|---:|")
    for count in (1_000, 20_000):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, str(folder / "small"), str(count), str(folder / "store")],
            check=True,
            capture_output=True,
            text=True,
        )
        own, child = (int(value) / 1024 for value in done.stdout.split())
        print(f"| {count:,} | {time.perf_counter() - start:.1f} | {own:.0f} | {child:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=400, help="photographs of the first table")
    parser.add_argument("--memory", action="store_true", help="only the peak memory of 1,000 against 20,000 photographs (minutes)")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        if chosen.memory:
            memory(Path(folder))
        else:
            speed(Path(folder), chosen.rounds, chosen.count)
            processes(Path(folder), max(3, chosen.rounds // 2), 3000)


if __name__ == "__main__":
    main()
