"""Runs an experiment: `dvc exp run` with its parameters, checked before anything starts.

DVC itself writes params.yaml (comments stay), runs what changed and keeps parameters and results as a commit of its own beside the branch.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huelab import params, paths, tether, tracking
from huelab.data import tracked
from huelab.errors import HuelabError
from huelab.experiments import before, files, overlay
from huelab.experiments.before import Before
from huelab.experiments.files import Experiment
from huelab.params_reading import read_text
from huelab.run_lock import hold

Say = Callable[[str], None]

_CHATTER = re.compile(
    r"^((Generating|Updating) lock file|WARNING: No file hash info|Ran experiment|To track the changes with git|\s*git add |\s*$)"
)
"""Lines of DVC that tell nobody anything here."""

_IDENTITY = {"GIT_AUTHOR_NAME": "huelab", "GIT_AUTHOR_EMAIL": "huelab@localhost"}
_IDENTITY |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in _IDENTITY.items()}
"""DVC keeps an experiment as a commit, and git refuses one without an author; taken where git knows of none."""


@dataclass(frozen=True)
class Plan:
    """An experiment laid over params.yaml, and found good."""

    experiment: Experiment
    under: Before
    changes: list[str]
    """What DVC is to set."""
    params: params.Params


def run(name: str, *, assignments: Sequence[str] = (), dry_run: bool = False, say: Say) -> None:
    """Runs experiment `name` with "key=value" `assignments` on top; `say` gets every line. `dry_run` tells what would be done instead.

    Raises HuelabError where something must be put right first, or where a stage failed; KeyboardInterrupt when it was stopped, after every
    process it started has ended.
    """
    if dry_run:
        _announce(plan(name, assignments), say)
        return
    with hold("run"):
        planned = plan(name, assignments)
        _check_git()
        tracked.refuse_to_lose()
        _announce(planned, say)
        _run(planned, say)


def plan(name: str, assignments: Sequence[str] = ()) -> Plan:
    """Lays an experiment over params.yaml and checks the result. Raises UsageError, or ParamsError naming file (or --set) and key."""
    experiment = files.find(name)
    under = before.look()
    tree = before.tree(under)
    params.parse(tree, paths.params_file())  # what is wrong there is no fault of the experiment
    laid = overlay.lay(experiment.overlay, tree)
    checked = params.parse(laid, experiment.file)
    if assignments:
        laid = overlay.assign(laid, assignments)
        checked = params.parse(laid, Path("--set"))
    return Plan(experiment, under, overlay.difference(tree, laid), checked)


def _announce(planned: Plan, say: Say) -> None:
    experiment = planned.experiment
    say(f"{experiment.name}: {experiment.about}")
    say(f"Photographs: {experiment.photographs}")
    say(f"Colorizers: {', '.join(planned.params.models)}")
    if planned.under.experiment:
        say(f"params.yaml holds the experiment {planned.under.experiment}; this one is laid over what it was before that.")
    elif edited := _edited(planned.under):
        say(f"It is laid over your params.yaml, which differs from the last commit in {edited}.")
    say(f"Changes to params.yaml: {len(planned.changes)}" + "".join(f"\n  {change}" for change in planned.changes))


def _edited(under: Before) -> str:
    """The keys in which params.yaml differs from the last commit; "" where it does not, or there is no commit to compare with."""
    committed = _committed()
    if committed is None or committed == under.content:
        return ""
    steps = overlay.difference(read_text(committed, paths.params_file()), before.tree(under))
    keys = [step.lstrip("~+").partition("=")[0] for step in steps]
    return ", ".join(keys[:6]) + (", …" if len(keys) > 6 else "")


def _run(planned: Plan, say: Say) -> None:
    experiment = planned.experiment
    before.put_back(planned.under)
    kept = before.keep(planned.under)
    back = "git checkout params.yaml" if _committed() == planned.under.content else f"cp {kept.relative_to(paths.root())} params.yaml"
    label = _free_name(experiment.name)
    command = [sys.executable, "-m", "dvc", "exp", "run", "--name", label]
    command += [word for change in planned.changes for word in ("--set-param", change)]
    child = tether.start(command, cwd=paths.root(), environment=_environment())
    failure = ""
    try:
        assert child.stdout is not None
        for line in child.stdout:
            failure = failure or (line if line.startswith("error: ") else "")
            if not _CHATTER.match(line):
                say(line.rstrip())
    except KeyboardInterrupt:
        rest, _ = child.communicate()  # lets go of the tether: a training saves where it is, then everything ends
        say((rest or "").rstrip())
        say(f"stopped; `huelab experiment {experiment.name}` goes on from here, `{back}` goes back")
        raise
    finally:
        child.communicate()
        before.note(planned.under, experiment.name)
    if child.returncode:
        reason = failure.removeprefix("error: ").strip() or f"`dvc exp run` ended with exit code {child.returncode}, see above"
        raise HuelabError(f"{experiment.name}: {reason}\nThe same command goes on from here once that is put right; `{back}` goes back.")
    if params.load() != planned.params:
        raise HuelabError(f"DVC wrote params.yaml otherwise than {experiment.file} asks: see `git diff params.yaml`; `{back}` goes back.")
    _conclude(label, back, say)


def _conclude(label: str, back: str, say: Say) -> None:
    try:
        tracking.sync(say=say)
    except HuelabError as error:
        say(f"not mirrored to MLflow: {error}")
    leaderboard = paths.reports() / "leaderboard.txt"
    if leaderboard.is_file():
        say(f"\n{leaderboard.read_text(encoding='utf-8').rstrip()}")
    width = max(len(f"dvc exp apply {label}"), len(back), len("dvc exp show --only-changed"))
    say(
        f"\nKept as the experiment {label}. Next:\n"
        f"  {'dvc exp show --only-changed':{width}}  the parameters of every experiment side by side\n"
        f"  {f'dvc exp apply {label}':{width}}  come back to this one later: parameters, results and code (commit edits of yours first)\n"
        f"  {back:{width}}  go back to the parameters of before, then `make run`"
    )


def _environment() -> dict[str, str]:
    known = all(_git("config", "--get", key) for key in ("user.name", "user.email"))
    return {**({} if known else _IDENTITY), **tether.environment()}


def _check_git() -> None:
    if _git("rev-parse", "--verify", "--quiet", "HEAD") is None:
        raise HuelabError(
            f"{paths.root()} is not a git repository with a commit, and DVC keeps an experiment as a commit: run"
            " `git init && git add . && git commit -m start` there (a clone has all that), or edit params.yaml by hand and `make run`."
        )


def _committed() -> str | None:
    """params.yaml of the last commit; None where there is none."""
    found = _git("show", "HEAD:./params.yaml")
    return None if found is None else found.decode("utf-8", "replace")


def _git(*arguments: str) -> bytes | None:
    """What git prints; None where it fails or is not installed."""
    try:
        done = subprocess.run(["git", *arguments], cwd=paths.root(), capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def _free_name(name: str) -> str:
    """`name`, or the first of name-2, name-3, … that no experiment has: DVC refuses a name twice, and earlier results are kept."""
    taken = set(tracked.run_dvc("exp", "list", "--all-commits", "--name-only").split())
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free
