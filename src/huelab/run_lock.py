"""One at a time: a lock file that says who holds it. `with hold("run"):`"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from huelab import paths
from huelab.errors import HuelabError

_POLL_SECONDS = 0.1


@contextmanager
def hold(name: str, *, wait: float = 0.0) -> Iterator[None]:
    """Holds var/locks/NAME.lock while the block runs, waiting up to `wait` seconds for another process to let go.

    The kernel frees the lock when its holder ends, however it ends: nothing stale is left behind by a crash.
    Raises HuelabError that names the holder's process, machine, start and command.
    """
    file = paths.lock(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = file.open("a+", encoding="utf-8")
    except OSError as error:
        raise HuelabError(f"{file} cannot be written ({error.strerror}): make its folder writable, or remove it.") from None
    with stream:
        give_up = time.monotonic() + wait
        while not _taken(stream):
            if time.monotonic() >= give_up:
                raise HuelabError(f"{_holder(stream)} Wait until it is done, or stop it. ({file})")
            time.sleep(_POLL_SECONDS)
        _sign(stream)
        try:
            yield
        finally:
            stream.truncate(0)  # before the kernel frees the lock on closing: a name here always belongs to a holder


def _taken(stream: IO[str]) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(stream: IO[str]) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": shlex.join(sys.orig_argv),
    }
    stream.truncate(0)
    stream.write(json.dumps(holder))
    stream.flush()


def _holder(stream: IO[str]) -> str:
    stream.seek(0)
    try:
        holder = json.loads(stream.read())
        return f"Already running: process {holder['pid']} on {holder['host']} since {holder['since']} ({holder['command']})."
    except (ValueError, KeyError, TypeError):  # it has the lock and has not signed yet
        return "Already running: another process holds the lock."
