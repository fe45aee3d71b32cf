"""Why a run ends early, and how Ctrl-C waits until the step is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from huelab.errors import HuelabError


class Diverged(HuelabError):
    """A loss or a weight is no longer a finite number."""


class Interrupted(HuelabError):
    """The user stopped the run; a checkpoint was left."""

    exit_code = 130


@contextmanager
def signals_deferred() -> Iterator[Callable[[], str]]:
    """Within, SIGINT and SIGTERM only set a flag; yields a function that gives the signal's name, or "" while there was none.

    A second SIGINT acts at once, as if nothing were deferred. Outside the main thread, where Python allows no handlers, nothing is
    deferred.
    """
    caught: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: ""
        return

    def note(number: int, frame: FrameType | None) -> None:
        if caught and number == signal.SIGINT:
            raise KeyboardInterrupt
        caught.append(signal.Signals(number).name)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: caught[0] if caught else ""
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
