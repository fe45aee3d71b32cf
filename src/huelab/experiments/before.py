"""params.yaml as it was before an experiment was laid over it, kept: experiments do not pile up on each other, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huelab import paths
from huelab.params_reading import read


@dataclass(frozen=True)
class Before:
    """What an experiment is laid over."""

    content: bytes
    """Of params.yaml."""
    experiment: str
    """The earlier experiment whose parameters now stand in params.yaml and are taken off first; "": none."""

    def tree(self) -> Mapping[str, Any]:
        """The parameters; params.yaml or the kept copy of it is read."""
        return read(_kept() if self.experiment else paths.params_file())


def look() -> Before:
    """params.yaml as it stands; or, where it is just what the last experiment left there, as it was before that."""
    current = paths.params_file().read_bytes()
    try:
        left = json.loads(_note().read_text(encoding="utf-8"))
        if left["sha256"] == hashlib.sha256(current).hexdigest():
            return Before(_kept().read_bytes(), str(left["experiment"]))
    except (OSError, ValueError, LookupError, TypeError):
        pass  # no experiment yet, or var/ was cleaned: the file is the user's
    return Before(current, "")


def put_back(before: Before) -> Path:
    """Makes params.yaml what it was before, keeping a copy; returns where the copy lies."""
    _kept().parent.mkdir(parents=True, exist_ok=True)
    _write(_kept(), before.content)
    if before.experiment:
        _write(paths.params_file(), before.content)
    return _kept()


def note(experiment: str) -> None:
    """Remembers that params.yaml is now as `experiment` has it."""
    sha256 = hashlib.sha256(paths.params_file().read_bytes()).hexdigest()
    _write(_note(), json.dumps({"experiment": experiment, "sha256": sha256}).encode())


def _kept() -> Path:
    return paths.params_before_experiment()


def _note() -> Path:
    return _kept().with_suffix(".json")


def _write(file: Path, content: bytes) -> None:
    temporary = file.with_name(file.name + ".tmp")
    temporary.write_bytes(content)
    os.replace(temporary, file)
