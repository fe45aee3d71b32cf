"""DVC's own stage graph: which stages there are, what each waits for, which changed. Nothing of it is written down twice."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from huelab import paths, tether
from huelab.errors import HuelabError, UsageError

DVC = (sys.executable, "-m", "dvc")

_NODE = re.compile(r'^\s*"(?P<name>[^"]+)";$')
_EDGE = re.compile(r'^\s*"(?P<before>[^"]+)" -> "(?P<after>[^"]+)";$')


@dataclass(frozen=True)
class Stage:
    """One stage as DVC addresses it (`data.dvc`, `inspect`, `train@zhang`), and the stages whose outputs it reads."""

    name: str
    after: tuple[str, ...]


def read() -> list[Stage]:
    """Every stage of the project, each after those it waits for."""
    return parse(_dvc("dag", "--full", "--dot"))


def parse(dot: str) -> list[Stage]:
    """The stages of a `dvc dag --dot` text in an order in which they can run; among equals the text's order."""
    waits: dict[str, list[str]] = {}
    for line in dot.splitlines():
        if node := _NODE.match(line):
            waits.setdefault(node["name"], [])
        elif edge := _EDGE.match(line):
            waits.setdefault(edge["before"], [])
            waits.setdefault(edge["after"], []).append(edge["before"])
    ordered: dict[str, Stage] = {}
    while len(ordered) < len(waits):  # DVC refuses cycles, so each round places at least one
        for name, after in waits.items():
            if name not in ordered and all(other in ordered for other in after):
                ordered[name] = Stage(name, tuple(after))
    return list(ordered.values())


def select(stages: Sequence[Stage], targets: Sequence[str]) -> list[Stage]:
    """The stages that `targets` (names, or a matrix's name for all of its stages) need, themselves included; all when none is given."""
    if not targets:
        return list(stages)
    wanted: set[str] = set()
    for target in targets:
        named = {stage.name for stage in stages if stage.name == target or stage.name.split("@")[0] == target}
        if not named:
            raise UsageError(f"There is no stage {target!r}: choose from {', '.join(stage.name for stage in stages)}.")
        wanted |= named
    for stage in reversed(stages):
        if stage.name in wanted:
            wanted |= set(stage.after)
    return [stage for stage in stages if stage.name in wanted]


def status() -> dict[str, Any]:
    """What DVC finds changed, by stage; a stage that is not a key is up to date unless one before it changes its outputs."""
    found = json.loads(_dvc("status", "--json") or "{}")
    assert isinstance(found, dict)
    return found


def _dvc(*arguments: str) -> str:
    done = subprocess.run([*DVC, *arguments], cwd=paths.root(), env=tether.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        message = " ".join(line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: "))
        raise HuelabError(f"`dvc {' '.join(arguments)}` failed: {message or done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
