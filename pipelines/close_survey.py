"""What `huelab flow close-survey` calls: python -m pipelines.close_survey VERSION [--promote | --no-promote]

Runs the flow `close_survey` once, now: a study is closed, and what people saw goes to leaderboard, MLflow and promotion rule.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from huelab.errors import HuelabError
from huelab.survey import publishing
from huelab.survey.store import Store
from pipelines.once import once


def main(words: Sequence[str]) -> int:
    """Runs the flow `close_survey`; gives the exit code (0 done, 1 failed, 2 wrong use, 130 stopped)."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.close_survey", description="Close a study and use what people saw.")
    parser.add_argument("version", metavar="VERSION", help="of a study; `huelab survey list` shows them")
    parser.add_argument(
        "--promote", action=argparse.BooleanOptionalAction, help="make a better challenger champion (default: as registry.auto says)"
    )
    arguments = parser.parse_args(words)

    try:  # before a server is started for it
        store = Store.open()
        publishing.require_publishable(store, arguments.version)
        store.close()
    except HuelabError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code

    def close_survey(flows: ModuleType) -> None:
        flows.close_survey(arguments.version, promote=arguments.promote)

    return once(close_survey, again=f"huelab flow close-survey {arguments.version}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
