"""Where the pipeline stands: which stages are done, missing, running now, or older than params.yaml. Looks at files only, runs nothing."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dashboards import reading
from huelab import paths
from huelab.params import Params

State = Literal["done", "missing", "running", "outdated"]


@dataclass(frozen=True)
class Stage:
    """One stage of the pipeline as it lies on disk."""

    name: str
    """As `dvc repro NAME` calls it: inspect, train@beta, …"""
    what: str
    folder: Path
    proofs: tuple[Path, ...]
    """Files that are all there when the stage has finished."""
    state: State
    changed: tuple[str, ...] = ()
    """Keys of params.yaml whose value differs from the one the stage ran with."""


def survey(params: Params) -> list[Stage]:
    """Every stage that params.yaml asks for, in the order they run."""
    lock = reading.document(paths.root() / "dvc.lock")
    recorded: dict[str, Any] = (lock or {}).get("stages") or {}
    now = params.model_dump(mode="json")
    written = _being_written()
    stages = []
    for name, what, folder, files in _plan(params):
        proofs = tuple(folder / file for file in files)
        changed = _changed(recorded.get(name, {}), now)
        if any(folder == place or folder in place.parents for place in written):
            state: State = "running"
        elif not all(proof.is_file() for proof in proofs):
            state = "missing"
        else:
            state = "outdated" if changed else "done"
        stages.append(Stage(name, what, folder, proofs, state, changed))
    return stages


@dataclass(frozen=True)
class Run:
    """A run in progress, as its lock file tells."""

    pid: int
    since: str
    command: str


def run_in_progress() -> Run | None:
    """Who holds the run lock; None when nobody does. (A killed holder leaves its name in the file: only a living one counts.)"""
    try:
        holder = json.loads(paths.lock("run").read_text(encoding="utf-8"))
        run = Run(int(holder["pid"]), str(holder["since"]), str(holder["command"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return run if _alive(run.pid) else None


def _plan(params: Params) -> list[tuple[str, str, Path, tuple[str, ...]]]:
    plan: list[tuple[str, str, Path, tuple[str, ...]]] = [
        ("inspect", "looks at every photograph", paths.photos(), (paths.photo_table().name, paths.inspection_html().name)),
        ("standardize", "makes equal pictures and splits them", paths.store(), ("items.parquet", "meta.json")),
        ("augment", "fixes the augmentation policy", paths.augmentation(), ("policy.json",)),
        ("pretrain", "trains a classifier of the folder names", paths.pretrain(), ("card.json",)),
        ("backbones", "finds the classifiers that models look through", paths.backbones(), tuple(f"{name}.txt" for name in params.models)),
    ]
    for name in params.models:
        plan.append((f"train@{name}", f"trains {name}", paths.model(name), ("card.json",)))
    for name in params.models:
        plan.append((f"evaluate@{name}", f"scores {name} on the test split", paths.scores(name), ("summary.json", "scores.parquet")))
    plan.append(("compare", "builds the leaderboard and the report", paths.reports(), ("leaderboard.json", "report.html")))
    plan.append(("stimuli", "renders pictures for surveys", paths.stimuli(), ("manifest.json",)))
    return plan


def _being_written() -> list[Path]:
    """Outputs that a living DVC process has locked for writing, from DVC's own lock file."""
    locks = _dvc_locks().get("write", {})
    return [Path(place) for place, holder in locks.items() if isinstance(holder, dict) and _alive(holder.get("pid"))]


def _dvc_locks() -> dict[str, Any]:
    try:
        content = json.loads((paths.root() / ".dvc" / "tmp" / "rwlock").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no run yet, or DVC is rewriting it this very moment
        return {}
    return content if isinstance(content, dict) else {}


def _alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, as somebody else
        return True
    return True


def _changed(record: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    """Dotted keys of params.yaml that the stage's record in dvc.lock holds with another value than params.yaml has now."""
    then = (record.get("params") or {}).get("params.yaml") or {}
    return tuple(key for key, value in _leaves(then) if not _same(value, _at(now, key)))


def _leaves(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        leaves += _leaves(value, f"{name}.") if isinstance(value, dict) and value else [(name, value)]
    return leaves


def _at(tree: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return None
        tree = tree[part]
    return tree


def _same(then: Any, now: Any) -> bool:
    if then == {} or now is None:  # a section without keys; or a key that this version no longer knows
        return True
    return then == now
