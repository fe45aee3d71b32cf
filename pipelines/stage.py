"""What every stage does around its own work: clear errors, and no process that outlives the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

from huelab.errors import HuelabError


def main(function: Callable[[], None]) -> None:
    """Runs a stage. A user's mistake becomes one message and its exit code (1 failed, 2 wrong use), never a traceback."""
    die_with_parent()
    try:
        function()
    except HuelabError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our lines went away (`| head`): the work is done all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def die_with_parent() -> None:
    """Asks the kernel to end this process when its parent ends (Linux).

    DVC starts a stage through a shell; a killed DVC would leave the stage running and writing into outputs that the next repro rebuilds.
    """
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGTERM)
        if os.getppid() == 1:  # the parent ended before the request was heard
            sys.exit(1)
