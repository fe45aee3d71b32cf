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


class TooLarge(HuelabError):
    """A step does not fit the memory, or a batch is too small for the network."""


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


def out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python ran out of memory, on the GPU or the CPU (whose allocator raises a plain RuntimeError)."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in ("not enough memory", "can't allocate memory"))


def nothing_to_average(error: BaseException) -> bool:
    """Whether a batch norm got a single value per channel: a batch of one, halved down to one pixel."""
    return isinstance(error, ValueError) and "Expected more than 1 value per channel" in str(error)
