"""Runs a command that must not outlive its starter: python -m huelab.tether COMMAND...

The command gets a session of its own, this process watches its standard input. When the starter closes that pipe, or ends in any way
(kill -9 included: the kernel closes the pipe), the whole session is interrupted as by Ctrl-C, then terminated, then killed. A parent-death
signal would do for the command itself; DVC, however, starts a stage through a shell, and the grandchildren must end too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_GRACE = ((signal.SIGINT, 10.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
"""What is sent, and how many seconds a training may take for its checkpoint before the next is sent."""


def environment() -> dict[str, str]:
    """The environment of `dvc` and of the stages it starts: `python` in dvc.yaml is this interpreter, and its output comes line by line."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", "DVC_NO_ANALYTICS": "1"}


def start(command: Sequence[str], *, cwd: Path, environment: dict[str, str], output: IO[bytes] | None = None) -> subprocess.Popen[str]:
    """Starts `command` on a tether: close the process's `stdin`, or die, to end it with all its children.

    What it prints, errors too, comes in one text stream (`stdout`), or goes to `output`.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "huelab.tether", *command],
        cwd=cwd,
        env={**environment, "PYTHONPATH": _import_path(environment)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if output is None else output,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C in the terminal reaches the starter alone, which then ends its children in order
    )


def _import_path(environment: dict[str, str]) -> str:
    own = str(Path(__file__).resolve().parents[1])
    inherited = environment.get("PYTHONPATH")
    return f"{own}{os.pathsep}{inherited}" if inherited else own


def main(command: Sequence[str]) -> int:
    """Runs `command` to its end, or to the end of standard input; gives its exit code (128 + signal when it was killed)."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # an ignored SIGINT (`make run &`) would be inherited by the training
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def watch() -> None:
        while os.read(0, 4096):
            pass
        _end(child)

    threading.Thread(target=watch, daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # in a thread: a handler that waits would keep this one from reaping the child it waits for
        signal.signal(number, lambda *_: threading.Thread(target=_end, args=(child,), daemon=True).start())
    code = child.wait()
    _signal(child.pid, signal.SIGKILL)  # what the command left behind in its session
    return code if code >= 0 else 128 - code


def _end(child: subprocess.Popen[bytes]) -> None:
    for number, seconds in _GRACE:
        if not _signal(child.pid, number):
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until and _alive(child.pid):
            time.sleep(0.05)


def _signal(group: int, number: signal.Signals) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
