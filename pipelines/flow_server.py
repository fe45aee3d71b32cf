"""A Prefect server for one run: started early, beside other work, and on a tether, so that not even kill -9 of the run leaves it behind.

Prefect's own temporary server is the same process, but it starts only when the flow does and survives a killed flow.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huelab import paths, tether
from huelab.errors import HuelabError

_START_SECONDS = 120.0
"""The first start makes the database; on a busy machine that takes longer than Prefect's own limit of 20 s."""

_ANSWER_SECONDS = 30.0


def settings() -> dict[str, str]:
    """Prefect's environment: its home under var/, no statistics sent, console left to the run's own lines."""
    return {
        "PREFECT_HOME": str(paths.prefect_home()),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": f"{_START_SECONDS:.0f}",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_CLI_PROMPT": "false",
    }


def require(address: str) -> None:
    """Raises HuelabError where no Prefect server answers at `address`, what PREFECT_API_URL names."""
    if not address.startswith(("http://", "https://")):
        raise HuelabError(f"PREFECT_API_URL is {address!r}: expected a server's address such as http://127.0.0.1:4200/api")
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=_ANSWER_SECONDS) as answer:
            healthy = answer.read(16).strip() == b"true"
    except (urllib.error.URLError, OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise HuelabError(
            f"No Prefect server answers at {address} ({why}), which PREFECT_API_URL names: start it (`prefect server start`), or unset "
            "PREFECT_API_URL. The same stages run without Prefect: dvc repro"
        ) from None
    if not healthy:
        raise HuelabError(
            f"What answers at {address} is no Prefect server: PREFECT_API_URL should end in /api, as http://127.0.0.1:4200/api"
        )


@dataclass(frozen=True)
class Server:
    """A server that was started; it may not answer yet."""

    address: str
    log: Path
    process: subprocess.Popen[str]

    def wait(self) -> None:
        """Returns when the server answers; raises HuelabError when it ends, or does not within two minutes."""
        give_up = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise HuelabError(f"The temporary Prefect server did not start (see {self.log}). The same stages run without Prefect: dvc repro")


@contextmanager
def running() -> Iterator[Server]:
    """Starts a server and ends it with the block."""
    home = paths.prefect_home()
    home.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    environment = {**os.environ, **settings(), "PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
    log = home / "server.log"
    with log.open("wb") as output:
        process = tether.start(_command(port), cwd=paths.root(), environment=environment, output=output)
    try:
        yield Server(f"http://127.0.0.1:{port}/api", log, process)
    finally:
        process.communicate()  # closes the tether


def _command(port: int) -> list[str]:
    package = importlib.util.find_spec("prefect")
    assert package is not None
    assert package.origin is not None
    application = ["--app-dir", str(Path(package.origin).parents[1]), "--factory", "prefect.server.api.server:create_app"]
    return [sys.executable, "-m", "uvicorn", *application, "--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port
