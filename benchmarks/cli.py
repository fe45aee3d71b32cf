"""How long a user waits for an answer: python -m benchmarks.cli

Targets: `huelab --help` ≤ 0.25 s, `python -m huelab.params` ≤ 0.5 s, `dvc repro` with nothing to do ≤ 1 s (shown after a finished run).
The first row, Python doing nothing, is what no command can go below.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.timing import interleave, table

ROOT = Path(__file__).resolve().parents[1]


def command(*arguments: str) -> Callable[[], None]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def call() -> None:
        subprocess.run(arguments, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)

    return call


def candidates() -> dict[str, Callable[[], None]]:
    found = {
        "python -c pass": command(sys.executable, "-c", "pass"),
        "huelab --help": command(sys.executable, "-m", "huelab.cli", "--help"),
        "python -m huelab.params": command(sys.executable, "-m", "huelab.params"),
        "python -c 'import torch'": command(sys.executable, "-c", "import torch"),
    }
    if finished():
        found["dvc repro (nothing to do)"] = command(sys.executable, "-m", "dvc", "repro", "--quiet")
    return found


def finished() -> bool:
    """Whether every stage is up to date, so that timing `dvc repro` runs none."""
    if not (ROOT / "dvc.lock").exists():
        return False
    done = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], cwd=ROOT, capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.strip() == "{}"


def main(arguments: Sequence[str] = ()) -> None:
    seconds = interleave(candidates(), rounds=int(arguments[0]) if arguments else 7)
    print(table(seconds, base="python -c pass", title="Until a command answers"))
    if not finished():
        print("\nno finished run here: `make run` first, to time `dvc repro` with nothing to do")


if __name__ == "__main__":
    main(sys.argv[1:])
