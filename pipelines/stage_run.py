"""Runs one DVC stage as a child process on a tether, its lines passed on as they come."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from huelab import paths, tether
from huelab.errors import HuelabError
from pipelines import gpus, stage_graph

Outcome = Literal["unchanged", "restored", "done"]
"""unchanged: nothing to do. restored: DVC had this very result in its cache. done: the stage ran."""

Say = Callable[[str], None]

_DVC_CHATTER = re.compile(
    r"^(Running stage '|> |Importing '|Verifying outputs in frozen|Generating lock file|Updating lock file|WARNING: stage: '.*' is frozen"
    r"|To track the changes with git|\s*git add |To enable auto staging|\s*dvc config core\.autostage|Use `dvc push`"
    r"|Data and pipelines are up to date|Stage '.*' (didn't|is cached)|'.*' didn't change|\s*$)"
)
"""Lines of DVC itself that say nothing a stage's name and outcome do not."""


class Stages:
    """The DVC commands of one run: at most `jobs` stages at once, on different GPUs where there are several, and none left at its end."""

    def __init__(self, jobs: int) -> None:
        self._gate = threading.Semaphore(max(1, jobs))
        self._gpus = gpus.Pool(gpus.visible() if jobs > 1 else ())
        self._guard = threading.Lock()
        self._children: set[subprocess.Popen[str]] = set()
        self._over = False

    @contextlib.contextmanager
    def turn(self) -> Iterator[dict[str, str]]:
        """Waits until fewer than `jobs` stages run; the block is one of them. Gives what `repro` needs to know of the stage's GPU."""
        with self._gate, self._gpus.one() as place:
            yield place

    def repro(self, stage: str, *, say: Say, log: Say, place: Mapping[str, str] | None = None) -> Outcome:
        """`dvc repro -s STAGE`: that stage alone, which is what lets two of a matrix run side by side.

        `place` (of its turn) is added to its environment; `say` gets the stage's own lines, `log` DVC's. Raises HuelabError with the last
        words of a stage that failed.
        """
        command = ["--wait-for-lock", "repro", "--single-item", stage]
        lines = self._run(command, lambda line: (log if _DVC_CHATTER.match(line) else say)(line), place)
        if any("didn't change, skipping" in line for line in lines):
            return "unchanged"
        return "restored" if any("is cached - skipping run" in line for line in lines) else "done"

    def transfer(self, direction: Literal["pull", "push"], *, say: Say) -> None:
        """`dvc pull` or `dvc push`, to or from the remote that .dvc/config names."""
        self._run([direction], say)

    def end(self) -> None:
        """Ends every child that still runs, with all of theirs, and starts no more; returns when they are gone."""
        with self._guard:
            self._over = True
            children = list(self._children)
        for child in children:
            assert child.stdin is not None
            child.stdin.close()  # lets go of the tether
        for child in children:
            child.wait()

    def _run(self, arguments: list[str], each: Say, place: Mapping[str, str] | None = None) -> list[str]:
        with self._guard:
            if self._over:
                raise HuelabError("stopped before it began")
            environment = {**tether.environment(), **(place or {})}
            child = tether.start([*stage_graph.DVC, *arguments], cwd=paths.root(), environment=environment)
            self._children.add(child)
        lines = []
        try:
            assert child.stdout is not None
            for line in child.stdout:
                lines.append(line.rstrip())
                each(lines[-1])
        finally:
            child.communicate()  # closes the tether, waits
            with self._guard:
                self._children.discard(child)
        if child.returncode:
            raise HuelabError(_last_words(lines) or f"`dvc {' '.join(arguments)}` ended with exit code {child.returncode}")
        return lines


def _last_words(lines: list[str]) -> str:
    """What a failed stage said: its own `error: …` and what follows, else DVC's ERROR, else the last line."""
    told = [line for line in lines if line.strip()]
    for start, line in enumerate(told):
        if line.startswith("error: "):
            message = [line.removeprefix("error: "), *(more for more in told[start + 1 :] if not more.startswith("ERROR: "))]
            return "\n".join(message)
    errors = [line.removeprefix("ERROR: ") for line in told if line.startswith("ERROR: ")]
    if any("missing data 'source'" in line for line in errors):
        return f"{errors[0]}: fetch the photographs again with `dvc checkout` or `dvc update data.dvc`, or choose others: huelab data use"
    return " ".join(errors) or (told[-1] if told else "")
