"""What people saw, written beside runs and registered versions, also those that were mirrored before the survey was published."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from huelab.errors import DataError
from huelab.evaluation import human
from huelab.evaluation.human import HumanResult
from huelab.tracking import registry
from huelab.tracking.database import Tracking
from huelab.tracking.runs import CONTENT

RATE = "human_fooling_rate"
"""Metric of a run and tag of a version; with _low, _high (the 95 % interval) and _n (answers) beside it."""
STUDY = "human_study"
"""Tag of both: the study that found it."""


def read(say: Callable[[str], None]) -> tuple[HumanResult, ...]:
    """What surveys published; a damaged file is named through `say`, and nothing is told of it."""
    try:
        return human.read()
    except DataError as error:
        say(f"what people saw is not mirrored: {error}")
        return ()


def write(mlflow: Tracking, results: Sequence[HumanResult], model: str) -> None:
    """Writes the latest study's figures to every run and every version of `model` whose pictures it showed; only what differs."""
    for run in _runs(mlflow) if results else ():
        params, own = run.data.params, run.data.tags.get(CONTENT, "")
        identity = human.identity(params.get("name", ""), params.get("weights_sha256", ""), params.get("data_hash", ""))
        if found := human.latest(results, identity, own):
            _beside_run(mlflow, run, found)
    for one, tags in registry.tagged(mlflow, model) if results else ():
        if found := human.latest(results, one.weights, one.content):
            words = {STUDY: found.study, **{name: f"{value:.6g}" for name, value in _numbers(found).items()}}
            for tag, value in _other(words, tags).items():
                mlflow.client.set_model_version_tag(model, str(one.version), tag, value)


def _beside_run(mlflow: Tracking, run: Any, found: HumanResult) -> None:
    for name, value in _other(_numbers(found), run.data.metrics).items():
        mlflow.client.log_metric(run.info.run_id, name, value)
    for tag, study in _other({STUDY: found.study}, run.data.tags).items():
        mlflow.client.set_tag(run.info.run_id, tag, study)


def _numbers(found: HumanResult) -> dict[str, float]:
    return {RATE: found.rate, f"{RATE}_low": found.low, f"{RATE}_high": found.high, f"{RATE}_n": float(found.n)}


def _other(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if there.get(name) != value}


def _runs(mlflow: Tracking) -> Iterator[Any]:
    token = None
    while True:
        page = mlflow.client.search_runs([mlflow.experiment], max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
