"""What `make run` calls: python -m pipelines.run [STAGE...] [--jobs N]

Runs the flow `reproduce` once and prints the leaderboard and what to do next.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from huelab import paths
from pipelines.once import add_options, once

NEXT = """Next:
  make ui                    the dashboard and MLflow, in the browser
  huelab data use FOLDER     train on your own photographs, then `make run` again
  huelab colorize PHOTO      colour a black-and-white photograph with the champion"""


def main(words: Sequence[str]) -> int:
    """Runs the flow `reproduce`; gives the exit code (0 done, 1 failed, 2 wrong use, 130 stopped)."""
    arguments = _arguments(words)

    def reproduce(flows: ModuleType) -> None:
        flows.reproduce(arguments.targets, arguments.jobs, pull=arguments.pull, push=arguments.push)

    code = once(reproduce, again="make run")
    if code == 0:
        leaderboard = paths.reports() / "leaderboard.txt"
        if leaderboard.is_file():
            print(f"\n{leaderboard.read_text(encoding='utf-8').rstrip()}")
        print(f"\n{NEXT}")
    return code


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.run", description="Run what changed of the pipeline; mirror it to MLflow.")
    parser.add_argument("targets", nargs="*", metavar="STAGE", help="only these stages and what they need, e.g. train@zhang (default: all)")
    add_options(parser)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
