"""Runs a flow once, now: params.yaml checked first, the lock of one run at a time, and a temporary Prefect server where none is named."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from types import ModuleType

from huelab import params
from huelab.errors import HuelabError
from pipelines import alone, flow_server


def once(call: Callable[[ModuleType], None], *, again: str) -> int:
    """Calls `call` with the module of the flows; gives the exit code (0 done, 1 failed, 2 wrong use, 130 stopped: `again` goes on)."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        params.load()
        with alone.one_run():
            _under_prefect(call)
    except HuelabError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"stopped; `{again}` goes on from here", file=sys.stderr)
        return 130
    return 0


def _under_prefect(call: Callable[[ModuleType], None]) -> None:
    with contextlib.ExitStack() as stack:
        os.environ.update(flow_server.settings())  # before prefect is imported: it reads them once
        server = None
        if given := os.environ.get("PREFECT_API_URL"):
            flow_server.require(given)
        else:
            server = stack.enter_context(flow_server.running())
            os.environ["PREFECT_API_URL"] = server.address
        from pipelines import flows  # while the server starts

        if server:
            server.wait()
            flows.end_abandoned()  # of this server's database, which only the holder of the lock uses
        try:
            call(flows)
        finally:
            flows.flush_logs()


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def add_options(parser: argparse.ArgumentParser) -> None:
    """What every flow takes: --jobs, --pull, --push."""
    parser.add_argument("--jobs", type=_count, default=1, metavar="N", help="stages that may run side by side (default: 1)")
    parser.add_argument("--pull", action="store_true", help="dvc pull first")
    parser.add_argument("--push", action="store_true", help="dvc push afterwards")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of stages (1 or more)")
    return int(text)
