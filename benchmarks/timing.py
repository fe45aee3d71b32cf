"""Times things in turn, A B C A B C …, so that a busy spell of the machine strikes them alike, and prints medians and ratios."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median


def interleave(
    jobs: Mapping[str, Callable[[], object]], rounds: int = 7, *, warm_up: bool = True, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each job in each round, all jobs in every round; `warm_up` runs each once before, uncounted.

    By the wall unless `clock` is time.process_time, which leaves out the turns other programs took.
    """
    if warm_up:
        for job in jobs.values():
            job()
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            start = clock()
            job()
            seconds[name].append(clock() - start)
    return seconds


def table(seconds: Mapping[str, list[float]], *, base: str, title: str, amount: float = 1.0, unit: str = "runs") -> str:
    """A markdown table: median and best milliseconds, `unit`/s (a run handles `amount` of them) and how many times as fast as `base`.

    The ratio is the median over rounds of base time / own time: neighbours in time are compared, not two separate medians.
    """
    lines = [
        f"**{title}** ({machine()})",
        "",
        f"| | median ms | best ms | {unit}/s | × {base} |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, own in seconds.items():
        lines.append(
            f"| {name} | {_figure(median(own) * 1e3)} | {_figure(min(own) * 1e3)} | {_figure(amount / median(own))} "
            f"| {ratio(seconds, name, base):.2f} |"
        )
    return "\n".join(lines)


def ratio(seconds: Mapping[str, list[float]], name: str, base: str) -> float:
    """How many times as fast as `base` the job `name` is: the median over rounds."""
    return median(slow / fast for slow, fast in zip(seconds[base], seconds[name], strict=True))


def machine() -> str:
    """The processor, in words."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _figure(value: float) -> str:
    """Three figures or so."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"
