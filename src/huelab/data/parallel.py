"""Work over several processes whose results come in order, while only a few are under way: memory stays flat however long the list."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from huelab.errors import DataError

Task = TypeVar("Task")
Result = TypeVar("Result")

_KEPT = 24 << 20  # bytes of freed memory that a process keeps to use again
_AHEAD = 3  # tasks per process that may wait, running or done, until it is their turn


def in_order(function: Callable[[Task], Result], tasks: Iterable[Task], *, workers: int) -> Generator[Result]:
    """function(task) for each task, in the order of the tasks, by `workers` processes (1: in this one).

    Processes are spawned and import `function` by name. They end with this process, even if it is killed, and when the
    generator is closed. Raises DataError when one dies.
    """
    if workers <= 1:
        yield from map(function, tasks)
        return
    # spawned, not forked: threads of this process (pyarrow, BLAS) may hold locks
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start, initargs=(os.getpid(),))
    try:
        waiting: deque[Future[Result]] = deque()
        for task in tasks:
            waiting.append(pool.submit(function, task))
            if len(waiting) >= workers * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise DataError(
            "A worker process died, most likely for lack of memory: set standardize.workers in params.yaml to a smaller number than "
            f"{workers}, or lower inspect.max_pixels."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def available() -> int:
    """CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(parent: int) -> None:
    import cv2
    import numpy as np

    cv2.setNumThreads(1)  # the processes are the parallelism
    # the C library keeps freed blocks up to the size of the largest it has seen freed, and gives others back, to take them anew page by
    # page: without this a process would do so for every photograph, at half the cost of reading it
    np.empty(_KEPT, np.uint8)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends the processes
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the request was heard
            os._exit(1)
