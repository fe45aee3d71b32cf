"""What a person sees while a colorizer trains: a bar with speed and remaining time on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

BAR = 24
REDRAW = 0.2
"""Seconds between two drawings of the bar."""


class Display:
    """Progress of one run over `steps` optimizer steps."""

    def __init__(self, name: str, steps: int, stream: TextIO | None = None) -> None:
        """Writes to `stream`, standard output by default; draws a bar where that is a terminal."""
        self.name = name
        self.steps = steps
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
        if self.terminal and (now - self._drawn > REDRAW or step == self.steps):
            self._drawn = now
            filled = BAR * step // self.steps
            losses = "  ".join(f"{name} {value:.4g}" for name, value in terms.items())
            self._write(f"\r{self.name} [{'█' * filled}{'·' * (BAR - filled)}] {step}/{self.steps}  {losses}  {self.speed(step)}\x1b[K")

    def validated(self, step: int, score: float, *, best: bool) -> None:
        """A validation at `step` gave `score` (MSE of ab / 128)."""
        star = "  best so far" if best else ""
        self.line(f"{self.name}  step {step}/{self.steps}  validation mse_ab128 {score:.5f}{star}  {self.speed(step)}")

    def line(self, text: str) -> None:
        """One line of its own, above the bar where there is one."""
        self._write(f"\r\x1b[K{text}\n" if self.terminal else f"{text}\n")

    def speed(self, step: int) -> str:
        """E.g. "210 img/s, 12 s left"; empty before it is known."""
        if self._began is None or step <= self._first:
            return ""
        seconds = max(time.monotonic() - self._began, 1e-9)
        left = seconds / (step - self._first) * (self.steps - step)
        return f"{self._images / seconds:.0f} img/s, {duration(left)} left"

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
