"""Which GPUs there are, without loading torch, and one for each of the stages that run side by side."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

VARIABLE = "CUDA_VISIBLE_DEVICES"

_GPU = re.compile(r"^GPU \d+: .*\(UUID: (GPU-[^)]+)\)")
_SLICE = re.compile(r"^\s+MIG .*\(UUID: (MIG-[^)]+)\)")
_ANSWER_SECONDS = 20.0


def visible() -> tuple[str, ...]:
    """The GPUs that a stage may use, as CUDA_VISIBLE_DEVICES names them: those it already lists, else those that nvidia-smi finds.

    UUIDs, since CUDA numbers the fastest first and nvidia-smi by slot. A GPU that is divided counts by its instances.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        names = [name.strip() for name in chosen.split(",")]
        usable = next((place for place, name in enumerate(names) if name in ("", "-1")), len(names))  # CUDA stops reading there too
        return tuple(names[:usable])
    try:
        found = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, errors="replace", timeout=_ANSWER_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):  # no driver, or one that does not answer
        return ()
    return parse(found)


def parse(listing: str) -> tuple[str, ...]:
    """UUIDs in what `nvidia-smi -L` prints; of a GPU with MIG instances those of the instances."""
    groups: list[tuple[str, list[str]]] = []
    for line in listing.splitlines():
        if gpu := _GPU.match(line):
            groups.append((gpu[1], []))
        elif (instance := _SLICE.match(line)) and groups:
            groups[-1][1].append(instance[1])
    return tuple(name for gpu, instances in groups for name in (instances or [gpu]))


class Pool:
    """GPUs that are lent to stages, each time the one that fewest use."""

    def __init__(self, gpus: Sequence[str]) -> None:
        self._users = dict.fromkeys(gpus, 0)
        self._guard = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[dict[str, str]]:
        """What to add to a stage's environment while it runs: its own GPU; nothing where there are not at least two to choose from."""
        if len(self._users) < 2:
            yield {}
            return
        with self._guard:
            gpu = min(self._users, key=self._users.__getitem__)
            self._users[gpu] += 1
        try:
            yield {VARIABLE: gpu}
        finally:
            with self._guard:
                self._users[gpu] -= 1
