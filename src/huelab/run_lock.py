"""One at a time: a lock file that says who holds it. `with hold("run"):` Or many at a time, but not beside it: `with share("run"):`"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
    with _opened(name) as stream:
        give_up = time.monotonic() + wait
        while not _taken(stream, fcntl.LOCK_EX):
            if time.monotonic() >= give_up:
                raise HuelabError(f"{_holder(name, stream)} Wait until it is done, or stop it. ({paths.lock(name)})")
            time.sleep(_POLL_SECONDS)
        _sign(stream)
        try:
            yield
        finally:
            stream.truncate(0)  # before the kernel frees the lock on closing: a name here always belongs to a holder


@contextmanager
def share(name: str) -> Iterator[None]:
    """Keeps `hold(name)` waiting while the block runs; any number may share, each signing a file of its own.

    Raises HuelabError as `hold` does while somebody holds it.
    """
    with _opened(name) as stream:
        if not _taken(stream, fcntl.LOCK_SH):
            raise HuelabError(f"{_holder(name, stream)} Wait until it is done, or stop it. ({paths.lock(name)})")
        own = f"{name}.{os.getpid()}-{secrets.token_hex(4)}"
        try:
            with hold(own):
                yield
        finally:
            paths.lock(own).unlink(missing_ok=True)


def _opened(name: str) -> IO[str]:
    file = paths.lock(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("a+", encoding="utf-8")
    except OSError as error:
        raise HuelabError(f"{file} cannot be written ({error.strerror}): make its folder writable, or remove it.") from None


def _taken(stream: IO[str], how: int) -> bool:
    try:
        fcntl.flock(stream, how | fcntl.LOCK_NB)
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


def _holder(name: str, stream: IO[str]) -> str:
    signed = [_signature(stream), *(_sharer(file) for file in sorted(paths.lock(name).parent.glob(f"{name}.*.lock")))]
    known = [words for words in signed if words]
    return f"Already running: {'; '.join(known)}." if known else "Already running: another process holds the lock."


def _sharer(file: Path) -> str:
    """Who signed a sharer's file, if they still live: the kernel frees the lock of one that does not."""
    try:
        with file.open("r+", encoding="utf-8") as stream:
            return "" if _taken(stream, fcntl.LOCK_SH) else _signature(stream)
    except OSError:
        return ""


def _signature(stream: IO[str]) -> str:
    """ "" where nobody signed, or has the lock and has not signed yet."""
    stream.seek(0)
    try:
        holder = json.loads(stream.read())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']} ({holder['command']})"
    except (ValueError, KeyError, TypeError):
        return ""
