"""What `huelab flow refresh` calls: python -m pipelines.refresh [--source SRC] [--promote | --no-promote] [--jobs N]

Runs the flow `refresh` once, now: new photographs, the stages, a challenger, and its comparison with the champion.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from pipelines.once import add_options, once


def main(words: Sequence[str]) -> int:
    """Runs the flow `refresh`; gives the exit code (0 done, 1 failed, 2 wrong use, 130 stopped)."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.refresh", description="New photographs: train, compare with the champion.")
    add_refresh_options(parser)
    arguments = parser.parse_args(words)

    def refresh(flows: ModuleType) -> None:
        flows.refresh(**refresh_parameters(arguments))

    return once(refresh, again="huelab flow refresh")


def add_refresh_options(parser: argparse.ArgumentParser) -> None:
    """The options that become parameters of the flow."""
    parser.add_argument("--source", metavar="SRC", help="photographs as `huelab data use` takes them (default: where data/ came from)")
    parser.add_argument(
        "--promote", action=argparse.BooleanOptionalAction, help="make a better challenger champion (default: as registry.auto says)"
    )
    add_options(parser)


def refresh_parameters(arguments: argparse.Namespace) -> dict[str, object]:
    """Parameters of the flow `refresh`."""
    return {name: getattr(arguments, name) for name in ("source", "promote", "jobs", "pull", "push")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
