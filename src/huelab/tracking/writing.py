"""A run of MLflow as it should be, and what it takes to make it so: written once, then only what differs."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from huelab import paths
from huelab.tracking.database import Tracking

if TYPE_CHECKING:
    from mlflow.entities import Run

Entry = TypeVar("Entry")

FILES = "huelab.files"
"""Tag: hash of the artifacts a run has."""
NOTE = "mlflow.note.content"
"""Tag: a run's description, which MLflow shows as Markdown."""
PARENT = "mlflow.parentRunId"

_LONGEST_TAG = 7800
"""MLflow keeps 8000 characters of a tag."""


@dataclass(frozen=True)
class Wanted:
    """What a run should be."""

    name: str
    identity: Mapping[str, str]
    """Tags by which it is found again."""
    tags: Mapping[str, str]
    """Kept up to date."""
    first_tags: Mapping[str, str] = field(default_factory=dict)
    """Written with the run and left alone: where it came from."""
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Kept up to date."""
    curves: Sequence[tuple[str, float, int]] = ()
    """(name, value, step)."""
    dataset: Any = None
    files: Mapping[str, Path | bytes] = field(default_factory=dict)
    """Artifacts by their place in the run, as a file or as content; kept up to date."""
    seconds: float = 0.0
    """How long it took, up to `ended`."""
    ended: float = 0.0
    """Seconds since 1970; 0: now."""


def put(mlflow: Tracking, wanted: Wanted) -> tuple[str, bool]:
    """Writes the run, or what it lacks; gives its id and whether it is new. One that was killed half way is written again."""
    run = find(mlflow, wanted.identity)
    new = run is None
    if run is None:
        run = _start(mlflow, wanted)
        for some in _batches([_param(key, value) for key, value in wanted.params.items()], 100):
            mlflow.client.log_batch(run.info.run_id, params=some)
        points = [_metric(name, value, step, _end(wanted)) for name, value, step in wanted.curves]
        for some in _batches(points, 1000):
            mlflow.client.log_batch(run.info.run_id, metrics=some)
        if wanted.dataset is not None:
            mlflow.client.log_inputs(run.info.run_id, datasets=[wanted.dataset])
    _update(mlflow, run, wanted)
    if new:
        end(mlflow, run.info.run_id, wanted)
    return str(run.info.run_id), new


def end(mlflow: Tracking, run: str, wanted: Wanted) -> None:
    """Closes the run at its own time; again after whoever opened it to log a model to it, which closes it at that time."""
    mlflow.client.set_terminated(run, end_time=_end(wanted))


def find(mlflow: Tracking, identity: Mapping[str, str]) -> Run | None:
    """The finished run with these tags."""
    runs = mlflow.client.search_runs([mlflow.experiment], f"attributes.status = 'FINISHED' and {having(identity)}", max_results=1)
    return runs[0] if runs else None


def having(tags: Mapping[str, str]) -> str:
    """The part of a search that asks for these tags; MLflow knows no escapes, but two kinds of quotes."""
    quoted = {tag: f'"{value}"' if "'" in value else f"'{value}'" for tag, value in tags.items()}
    return " and ".join(f"tags.`{tag}` = {value}" for tag, value in quoted.items())


def shorten(text: str, rest: str) -> str:
    """Markdown that fits into a tag: cut at the end of a line, with `rest` saying where the whole text is."""
    if len(text) <= _LONGEST_TAG:
        return text
    return f"{text[: _LONGEST_TAG - len(rest) - 2].rpartition(chr(10))[0]}\n\n{rest}"


def here() -> dict[str, str]:
    """Tags that tell this project from others that use the same server."""
    return {"huelab.host": socket.gethostname(), "huelab.project": str(paths.root())}


def _update(mlflow: Tracking, run: Run, wanted: Wanted) -> None:
    number = run.info.run_id
    values = {name: value for name, value in wanted.metrics.items() if run.data.metrics.get(name) != value}
    for metrics in _batches([_metric(name, value, 0, _now()) for name, value in values.items()], 1000):
        mlflow.client.log_batch(number, metrics=metrics)
    tags = {key: value for key, value in wanted.tags.items() if run.data.tags.get(key) != value}
    for some in _batches([_tag(key, value) for key, value in tags.items()], 100):
        mlflow.client.log_batch(number, tags=some)
    digest = _digest(wanted.files)
    if run.data.tags.get(FILES) != digest or not _has(mlflow, number, wanted.files):
        _upload(mlflow, number, wanted.files)
        mlflow.client.set_tag(number, FILES, digest)


def _has(mlflow: Tracking, run: str, files: Mapping[str, Path | bytes]) -> bool:
    """Whether the run's artifacts are there still: their folder can be lost, or a server be started with another."""
    there = {Path(file.path).parts[0] for file in mlflow.client.list_artifacts(run)} if files else set()
    return {Path(place).parts[0] for place in files} <= there


def _upload(mlflow: Tracking, run: str, files: Mapping[str, Path | bytes]) -> None:
    if not files:
        return
    with tempfile.TemporaryDirectory() as scratch:
        for place, content in files.items():
            target = Path(scratch) / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                shutil.copyfile(content, target)
        mlflow.client.log_artifacts(run, scratch)


def _digest(files: Mapping[str, Path | bytes]) -> str:
    digest = hashlib.sha256()
    for place, content in sorted(files.items()):
        whole = content if isinstance(content, bytes) else content.read_bytes()
        digest.update(f"{place}\0".encode() + hashlib.sha256(whole).digest())
    return digest.hexdigest()[:16]


def _start(mlflow: Tracking, wanted: Wanted) -> Run:
    process = {"huelab.pid": str(os.getpid()), **here()}
    start = _end(wanted) - int(1000 * wanted.seconds)
    tags = {**wanted.first_tags, **process, **wanted.identity}
    return mlflow.client.create_run(mlflow.experiment, run_name=wanted.name, start_time=start, tags=tags)


def _end(wanted: Wanted) -> int:
    return int(1000 * wanted.ended) if wanted.ended else _now()


def _now() -> int:
    return int(1000 * time.time())


def _batches(entries: Sequence[Entry], most: int) -> Iterator[Sequence[Entry]]:
    """MLflow takes 100 params or tags and 1000 points of a metric at once."""
    return (entries[start : start + most] for start in range(0, len(entries), most))


def _param(key: str, value: str) -> Any:
    from mlflow.entities import Param

    return Param(key, value)


def _tag(key: str, value: str) -> Any:
    from mlflow.entities import RunTag

    return RunTag(key, value)


def _metric(name: str, value: float, step: int, time_ms: int) -> Any:
    from mlflow.entities import Metric

    return Metric(name, value, time_ms, step)
