"""Published weights that metrics need and that never ship with this project: which file, where it is looked for, whether it is genuine.

Nothing is downloaded. Where the file is absent, or is another one under that name, its metrics are "not computed": the features of random
weights would give numbers that look right and mean nothing.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from huelab.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

PLACE = "~/.cache/torch/hub/checkpoints"
"""torch's hub cache, unless $TORCH_HOME or $XDG_CACHE_HOME move it."""


@dataclass(frozen=True)
class WeightsFile:
    """One published state dict."""

    what: str
    """In words, such as "torchvision's AlexNet weights"."""
    url: str
    """Whoever wants the metric downloads it from there."""
    sha256: str
    variable: str
    """Environment variable that may name the file."""

    @property
    def name(self) -> str:
        """The file's name, as published."""
        return self.url.rsplit("/", 1)[1]

    def place(self) -> Path:
        """Where it should lie: what the variable names, else in torch's hub cache; need not exist."""
        if given := os.environ.get(self.variable):
            return Path(given).expanduser()
        cache_home = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
        torch_home = Path(os.environ.get("TORCH_HOME", cache_home / "torch")).expanduser()
        return torch_home / "hub" / "checkpoints" / self.name

    def missing(self) -> str:
        """Which file to put where; "" where the genuine one lies. Names no path of this machine, for it stands in stage outputs."""
        file = self.place()
        fetch = (
            f"download {self.url} to {PLACE} (or name it in ${self.variable}), "
            "then `dvc repro --force --single-item evaluate` and `dvc repro`"
        )
        if not file.is_file():
            return f"{self.what} are not here: {fetch}"
        if _sha256(file, file.stat().st_mtime_ns) != self.sha256:
            return f"the {self.name} found here is not the published one (its SHA-256 is not {self.sha256}): {fetch}"
        return ""

    def load(self) -> dict[str, Tensor]:
        """Its tensors, on the CPU; raises ModelError where the genuine file is not there. Nothing but tensors is unpickled."""
        if why := self.missing():
            raise ModelError(f"{why}.")
        import torch

        state: dict[str, Tensor] = torch.load(self.place(), map_location="cpu", weights_only=True)
        return state


@cache
def _sha256(file: Path, changed: int) -> str:
    """Of the file as it was `changed` (ns): half a gigabyte is hashed once per run, not once per metric."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
