"""Two runs at once would write into the same outputs; the second must be told who is at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from huelab import paths
from huelab.errors import HuelabError
from huelab.run_lock import hold

HOLDER = "import sys\nfrom huelab.run_lock import hold\nwith hold('run'):\n    print('held', flush=True)\n    sys.stdin.read()\n"


def holder() -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=30)


def test_the_second_run_says_who_holds_the_lock(project: Path) -> None:
    process = holder()
    try:
        with pytest.raises(HuelabError, match=rf"(?s)process {process.pid} on .* since \d{{4}}-.*huelab\.run_lock"), hold("run"):
            pass
    finally:
        end(process)


def test_a_lock_is_free_after_its_holder_was_killed(project: Path) -> None:
    process = holder()
    os.kill(process.pid, signal.SIGKILL)
    end(process)
    with hold("run"):
        assert f'"pid": {os.getpid()}' in paths.lock("run").read_text()
    assert paths.lock("run").read_text() == ""


def test_a_short_lock_is_waited_for(project: Path) -> None:
    process = holder()
    assert process.stdin is not None
    process.stdin.close()
    with hold("run", wait=30):
        pass
    process.stdin = None
    end(process)


def test_locks_of_different_names_do_not_meet(project: Path) -> None:
    with hold("run"), hold("tracking"):
        pass


def test_the_lock_is_freed_when_the_work_fails(project: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold("run"):
        1 / 0  # noqa: B018
    with hold("run"):
        pass
