"""Mirrors trained and evaluated colorizers into MLflow, as often as one likes: what is there already is left alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from huelab import params as params_file
from huelab import paths
from huelab.errors import HuelabError
from huelab.run_lock import hold
from huelab.tracking import registry, results
from huelab.tracking.database import Tracking, end_abandoned, tracking
from huelab.tracking.results import Result

if TYPE_CHECKING:
    from mlflow.entities import Run

Say = Callable[[str], None]
Entry = TypeVar("Entry")

CONTENT = "huelab.content"
"""Tag by which a result is found again: the hash of its model and scores."""

_LOCK_SECONDS = 600.0
_REPORT_FILES = (
    "leaderboard.md",
    "leaderboard.csv",
    "leaderboard.json",
    "report.html",
    "contact_sheet.png",
    "gallery_sheet.png",
    "curves.png",
)


def sync(*, say: Say) -> list[str]:
    """Mirrors every colorizer of params.yaml that is trained and evaluated, registers the learned ones and decides who is champion.

    Idempotent: unchanged results are found by their content and left alone, also when DVC restored them from its cache. Gives the ids of
    the runs that stand for the present results. Raises HuelabError where MLflow cannot be used; damaged results are named and left out.
    """
    settings = params_file.load()
    found = list(_present(settings.models, results.leaderboard(), say))
    if not found:
        say("nothing to mirror: no colorizer is trained and evaluated yet (make run)")
        return []
    with hold("tracking", wait=_LOCK_SECONDS), tracking(settings.registry.experiment) as mlflow:
        if ended := end_abandoned(mlflow):
            say(f"marked {ended} run(s) as killed that an earlier process left unfinished")
        tags = _provenance()
        parent = _comparison(mlflow, found[0], tags)
        runs, new = {}, 0
        for result in found:
            run = _find(mlflow, CONTENT, result.content)
            if run is None:
                run = _write(mlflow, result, {**tags, "mlflow.parentRunId": parent})
                new += 1
            runs[result.name] = run
            _write_intervals(mlflow, run, result)
        say(f"{len(found)} colorizers mirrored, {new} of them new")
        candidates = [(result, runs[result.name].info.run_id) for result in found if result.may_be_champion]
        registry.update(mlflow, candidates, settings.registry, say=say)
        return [run.info.run_id for run in runs.values()]


def _present(names: Sequence[str], leaderboard: Mapping[str, Any], say: Say) -> Iterator[Result]:
    for name in names:
        try:
            result = results.read(name, leaderboard)
        except HuelabError as error:
            say(f"{name} left out: {error}")
            continue
        if result is not None:
            yield result


def _find(mlflow: Tracking, tag: str, value: str) -> Run | None:
    """A finished run: one that was killed half way is written again."""
    query = f"attributes.status = 'FINISHED' and tags.`{tag}` = '{value}'"
    runs = mlflow.client.search_runs([mlflow.experiment], query, max_results=1)
    return runs[0] if runs else None


def _write(mlflow: Tracking, result: Result, tags: Mapping[str, str]) -> Run:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    own = {"huelab.model": result.name, "huelab.data_hash": result.data_hash, "huelab.protocol": str(result.summary.get("protocol", ""))}
    run = _start(mlflow, result.name, {**tags, **own, CONTENT: result.content})
    number = run.info.run_id
    for some in _batches(list(result.params().items()), 100):
        mlflow.client.log_batch(number, params=[Param(key, value) for key, value in some])
    values = [Metric(name, value, now, 0) for name, value in {**result.facts(), **result.scores()}.items()]
    curves = [Metric(name, value, now, step) for name, value, step in result.curves()]
    for points in _batches([*curves, *values], 1000):
        mlflow.client.log_batch(number, metrics=points)
    mlflow.client.log_inputs(number, datasets=[_dataset(result)])
    for picture in result.pictures():
        mlflow.client.log_artifact(number, str(picture), "gallery")
    mlflow.client.log_artifact(number, str(result.saved.folder / "card.json"))
    mlflow.client.set_terminated(number)
    return mlflow.client.get_run(number)


def _write_intervals(mlflow: Tracking, run: Run, result: Result) -> None:
    """Scores as the present leaderboard has them: its intervals come later than a result's first mirroring, or with other settings."""
    from mlflow.entities import Metric

    known = run.data.metrics
    changed = {name: value for name, value in result.scores().items() if known.get(name) != value}
    if changed:
        now = int(time.time() * 1000)
        mlflow.client.log_batch(run.info.run_id, metrics=[Metric(name, value, now, 0) for name, value in changed.items()])


def _comparison(mlflow: Tracking, result: Result, tags: Mapping[str, str]) -> str:
    """The parent of all runs on the same photographs and split; it carries the newest leaderboard and report. Gives its id."""
    run = _find(mlflow, "huelab.comparison", result.data_hash)
    if run is None:
        own = {"huelab.comparison": result.data_hash, "huelab.protocol": str(result.summary.get("protocol", ""))}
        run = _start(mlflow, f"comparison {result.data_hash}", {**tags, **own})
        mlflow.client.log_inputs(run.info.run_id, datasets=[_dataset(result)])
        mlflow.client.set_terminated(run.info.run_id)
    files = [file for name in _REPORT_FILES if (file := paths.reports() / name).is_file()]
    digest = hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()[:16]
    if run.data.tags.get(CONTENT) != digest:
        for file in files:
            mlflow.client.log_artifact(run.info.run_id, str(file))
        for key, value in {**tags, CONTENT: digest}.items():
            mlflow.client.set_tag(run.info.run_id, key, value)
    return str(run.info.run_id)


def _batches(entries: Sequence[Entry], most: int) -> Iterator[Sequence[Entry]]:
    """MLflow takes 100 params and 1000 points of a metric at once."""
    return (entries[start : start + most] for start in range(0, len(entries), most))


def _start(mlflow: Tracking, name: str, tags: Mapping[str, str]) -> Run:
    process = {"huelab.pid": str(os.getpid()), "huelab.host": socket.gethostname()}
    return mlflow.client.create_run(mlflow.experiment, run_name=name, tags={**tags, **process})


def _dataset(result: Result) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    store = paths.store() / "meta.json"
    meta = results.read_json(store) if store.is_file() else {}
    profile = (
        {name: meta.get(name) for name in ("counts", "photographs", "size", "ratio")} if meta.get("data_hash") == result.data_hash else {}
    )
    source = {"path": "data", "record": paths.data_record().name}
    dataset = Dataset(
        name="photographs",
        digest=result.data_hash[:36],
        source_type="dvc",
        source=json.dumps(source),
        schema=json.dumps({"split_by": result.summary.get("split_by"), "protocol": result.summary.get("protocol")}),
        profile=json.dumps(profile),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training and test")])


def _provenance() -> dict[str, str]:
    """Which code and which pipeline state the results stand for: git commit, and the hash of dvc.lock."""
    tags = {"mlflow.source.name": "huelab", "mlflow.source.type": "PROJECT"}
    lock = paths.root() / "dvc.lock"
    if lock.is_file():
        tags["dvc.lock.md5"] = hashlib.md5(lock.read_bytes(), usedforsecurity=False).hexdigest()
    commit = _git("rev-parse", "HEAD")
    if commit:
        tags["mlflow.source.git.commit"] = commit
        tags["git.changed_files"] = str(len((_git("status", "--porcelain", "--untracked-files=no") or "").splitlines()))
    return tags


def _git(*arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    done = subprocess.run([program, *arguments], cwd=paths.root(), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
