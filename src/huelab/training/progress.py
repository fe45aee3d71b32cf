"""What a person sees while a colorizer trains: a bar with speed and remaining time on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

from huelab.training.budget import Limit

BAR = 24
REDRAW = 0.2
"""Seconds between two drawings of the bar."""


class Display:
    """Progress of one run up to its limit."""

    def __init__(self, name: str, limit: Limit, stream: TextIO | None = None) -> None:
        """Writes to `stream`, standard output by default; draws a bar where that is a terminal."""
        self.name = name
        self.limit = limit
        self.stream = stream or sys.stdout
        self.terminal = self.stream.isatty()
        self._began: float | None = None
        self._first = self._images = 0
        self._drawn = 0.0

    def step(self, step: int, images: int, terms: Mapping[str, float]) -> None:
        """`step` steps are done, the last on `images` pictures with the loss `terms`."""
        now = time.monotonic()
        if self._began is None:
            # the first step pays for kernels being chosen: the clock starts after it
            self._began, self._first = now, step
            return
        self._images += images
        if self.terminal and (now - self._drawn > REDRAW or step == self.limit.steps):
            self._drawn = now
            filled = int(BAR * self._done(step))
            losses = "  ".join(f"{name} {value:.4g}" for name, value in terms.items())
            self._write(f"\r{self.name} [{'█' * filled}{'·' * (BAR - filled)}] {self._of(step)}  {losses}  {self.speed(step)}\x1b[K")

    def validated(self, step: int, score: float, *, best: bool) -> None:
        """A validation at `step` gave `score` (MSE of ab / 128)."""
        star = "  best so far" if best else ""
        self.line(f"{self.name}  step {self._of(step)}  validation mse_ab128 {score:.5f}{star}  {self.speed(step)}")

    def line(self, text: str) -> None:
        """One line of its own, above the bar where there is one."""
        self._write(f"\r\x1b[K{text}\n" if self.terminal else f"{text}\n")

    def speed(self, step: int) -> str:
        """E.g. "210 img/s, 12 s left"; empty before it is known."""
        if self._began is None or step <= self._first:
            return ""
        seconds = max(time.monotonic() - self._began, 1e-9)
        left = self.limit.seconds - seconds if self.limit.seconds else seconds / (step - self._first) * (self.limit.steps - step)
        return f"{self._images / seconds:.0f} img/s, {duration(max(0.0, left))} left"

    def _done(self, step: int) -> float:
        """The share of the limit, 0..1."""
        seconds = time.monotonic() - self._began if self._began is not None else 0.0
        return min(1.0, self.limit.spent(step, seconds))

    def _of(self, step: int) -> str:
        return f"{step}" if self.limit.seconds else f"{step}/{self.limit.steps}"

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


def duration(seconds: float) -> str:
    """A time a person reads at a glance: 12 s, 3:05 min, 2:10 h."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"
