"""What `make run` calls: python -m pipelines.run [STAGE...] [--jobs N]

Checks params.yaml before anything starts, holds the lock of one run at a time, gives the flow a temporary Prefect server (none where
PREFECT_API_URL names one) and prints the leaderboard and what to do next.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from huelab import params, paths
from huelab.errors import HuelabError
from huelab.run_lock import hold
from pipelines import flow_server

NEXT = """Next:
  make ui                    the dashboard and MLflow, in the browser
  huelab data use FOLDER     train on your own photographs, then `make run` again
  huelab colorize PHOTO      colour a black-and-white photograph with the champion"""


def main(words: Sequence[str]) -> int:
    """Runs the flow `reproduce`; gives the exit code (0 done, 1 failed, 2 wrong use, 130 stopped)."""
    arguments = _arguments(words)
    signal.signal(signal.SIGTERM, _stop)
    try:
        params.load()
        with hold("run"):
            _run(arguments)
    except HuelabError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; `make run` goes on from here", file=sys.stderr)
        return 130
    return 0


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.run", description="Run what changed of the pipeline; mirror it to MLflow.")
    parser.add_argument("targets", nargs="*", metavar="STAGE", help="only these stages and what they need, e.g. train@zhang (default: all)")
    parser.add_argument("--jobs", type=_count, default=1, metavar="N", help="stages that may run side by side (default: 1)")
    parser.add_argument("--pull", action="store_true", help="dvc pull first")
    parser.add_argument("--push", action="store_true", help="dvc push afterwards")
    return parser.parse_args(words)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of stages (1 or more)")
    return int(text)


def _run(arguments: argparse.Namespace) -> None:
    with contextlib.ExitStack() as stack:
        os.environ.update(flow_server.settings())  # before prefect is imported: it reads them once
        server = None
        if not os.environ.get("PREFECT_API_URL"):
            server = stack.enter_context(flow_server.running())
            os.environ["PREFECT_API_URL"] = server.address
        from pipelines import flows  # while the server starts

        if server:
            server.wait()
            flows.end_abandoned()  # of this server's database, which only the holder of the lock uses
        try:
            flows.reproduce(arguments.targets, arguments.jobs, pull=arguments.pull, push=arguments.push)
        finally:
            flows.flush_logs()
    leaderboard = paths.reports() / "leaderboard.txt"
    if leaderboard.is_file():
        print(f"\n{leaderboard.read_text(encoding='utf-8').rstrip()}")
    print(f"\n{NEXT}")


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
