"""One run at a time, whoever starts it: `make run` before it starts a server, a flow run of a served deployment when it begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from huelab.run_lock import hold

_held = False


@contextmanager
def one_run() -> Iterator[None]:
    """Holds the lock `run`; where this process holds it already the block simply runs. Raises HuelabError naming who else is at work."""
    global _held
    if _held:
        yield
        return
    with hold("run"):
        _held = True
        try:
            yield
        finally:
            _held = False
