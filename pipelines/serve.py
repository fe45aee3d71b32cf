"""What `huelab flow serve` calls: python -m pipelines.serve [--every 1h | --cron "0 3 * * *"] [--source SRC] [--promote | --no-promote]

Offers the flows `refresh` and `reproduce` to a Prefect server, by which they run on a schedule or on a click, one at a time.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from huelab import params, paths
from huelab.errors import HuelabError, UsageError
from huelab.run_lock import hold
from pipelines import flow_server
from pipelines.refresh import add_refresh_options, refresh_parameters

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LEAST = timedelta(seconds=10)
_ASK_SECONDS = 3.0
_UNANSWERED = 5
"""Times in a row; each may take half a minute where the server is only slow, none where it is gone."""

NO_SERVER = """PREFECT_API_URL names no Prefect server, and a schedule needs one that stays. Start one in a terminal of its own,
  PREFECT_HOME={home} PREFECT_SERVER_ANALYTICS_ENABLED=false {program} server start
and then:
  PREFECT_API_URL=http://127.0.0.1:4200/api huelab flow serve --every 1h"""


def main(words: Sequence[str]) -> int:
    """Serves until it is stopped; gives the exit code (0 stopped, 1 failed, 2 wrong use)."""
    arguments = _arguments(words)
    try:
        params.load()
        address = os.environ.get("PREFECT_API_URL", "")
        if not address:
            home = paths.prefect_home().with_name("prefect-server")
            raise UsageError(NO_SERVER.format(home=home, program=os.path.join(os.path.dirname(sys.executable), "prefect")))
        os.environ.update(flow_server.settings())  # before prefect is imported: it reads them once
        with hold("serve"):
            flow_server.require(address)
            threading.Thread(target=_watch, args=(address,), daemon=True).start()
            from pipelines import flows

            flows.offer(
                arguments.name,
                every=arguments.every,
                cron=arguments.cron,
                refresh_with=refresh_parameters(arguments),
                reproduce_with={name: getattr(arguments, name) for name in ("jobs", "pull", "push")},
            )
    except HuelabError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        pass
    print("no longer served")
    return 0


def _watch(address: str) -> None:
    """Ends this process when the server has gone: Prefect itself would go on for minutes, and print tracebacks meanwhile."""
    unanswered = 0
    while unanswered < _UNANSWERED:
        time.sleep(_ASK_SECONDS)
        try:
            flow_server.require(address)
            unanswered = 0
        except HuelabError as error:
            unanswered, last = unanswered + 1, error
    print(f"error: {last}\nNothing is served any more; a run under way was ended, and the next goes on from there.", file=sys.stderr)
    sys.stderr.flush()
    os._exit(last.exit_code)  # a run under way ends with it; asking the server to stop the schedule would take minutes


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.serve", description="Run `refresh` on a schedule of a Prefect server.")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--every", type=_interval, metavar="TIME", help="from one run to the next: 30m, 1h, 2d")
    when.add_argument("--cron", metavar="CRON", help='minute hour day month weekday, in UTC: "0 3 * * *"')
    parser.add_argument("--name", default="huelab", help="of the deployments; two projects on one server need two (default: huelab)")
    add_refresh_options(parser)
    return parser.parse_args(words)


def _interval(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write a number and s, m, h or d, such as 30m, 1h or 2d")
    interval = timedelta(**{_UNITS[found[2]]: float(found[1])})
    if interval < _LEAST:
        raise argparse.ArgumentTypeError(f"{text!r} is too short: {_LEAST.seconds}s or more")
    return interval


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
