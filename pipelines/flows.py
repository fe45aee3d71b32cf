"""The Prefect flow over DVC's stages, the only file that imports prefect. `make run` enters by pipelines/run.py.

`dvc repro` alone does the same stages. The flow adds: stages of a matrix side by side, a record of every run, the mirror to MLflow, and the
certainty that nothing it started outlives it.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Literal

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.exceptions import MissingContextError
from prefect.futures import PrefectFuture
from prefect.logging.handlers import APILogHandler
from prefect.states import Crashed

from huelab import paths
from huelab.data import tracked
from huelab.errors import HuelabError
from pipelines import stage_graph
from pipelines.stage_run import Outcome, Stages

_COLUMN = 20  # characters of a stage's name on the terminal


@task(cache_policy=NO_CACHE, task_run_name="{name}")
def run_stage(name: str, *, changed: bool, before: dict[str, Outcome], stages: Stages) -> Outcome:
    """One DVC stage. DVC is not even asked when it found the stage unchanged at the start and nothing before it ran since."""
    if not changed and all(outcome == "unchanged" for outcome in before.values()):
        tell(name, "unchanged")
        return "unchanged"
    with stages.turn() as place:
        started = time.monotonic()
        try:
            outcome = stages.repro(name, say=lambda line: tell(name, f"| {line}"), log=_log, place=place)
        except HuelabError:
            tell(name, f"FAILED after {time.monotonic() - started:.1f} s")
            raise
        tell(name, f"{outcome}, {time.monotonic() - started:.1f} s")
    return outcome


@task(cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5)
def transfer(direction: Literal["pull", "push"], *, stages: Stages) -> None:
    """`dvc pull` or `dvc push`, the only steps that a second try may mend: they talk to a remote."""
    stages.transfer(direction, say=lambda line: tell(direction, f"| {line}"))


@task(cache_policy=NO_CACHE)
def publish_leaderboard() -> None:
    """The leaderboard as an artifact of the flow run."""
    file = paths.reports() / "leaderboard.md"
    if file.is_file():
        create_markdown_artifact(file.read_text(encoding="utf-8"), key="leaderboard", description="Test scores of every colorizer")


@task(cache_policy=NO_CACHE)
def mirror() -> list[str]:
    """Mirrors models and scores to MLflow; where that fails the stages' work stands, and a later run mirrors it."""
    from huelab import tracking

    try:
        return tracking.sync(say=lambda line: tell("mlflow", line))
    except HuelabError as error:
        tell("mlflow", f"not mirrored: {error}")
        return []


@flow
def reproduce(targets: list[str] | None = None, jobs: int = 1, pull: bool = False, push: bool = False) -> dict[str, str]:
    """Runs what changed of every stage (or of `targets` and all they need), at most `jobs` side by side, and mirrors the results.

    A failed stage stops what depends on it; other models go on, and a HuelabError names each that failed. Gives each stage's outcome.
    """
    running = Stages(jobs)
    try:
        if pull:
            transfer("pull", stages=running)
        wanted = stage_graph.select(stage_graph.read(), targets or [])
        changed = stage_graph.status()
        if paths.data_record().name in changed:
            tracked.refuse_to_lose()
        futures: dict[str, PrefectFuture[Outcome]] = {}
        for stage in wanted:
            before = {name: futures[name] for name in stage.after}
            futures[stage.name] = run_stage.submit(stage.name, changed=stage.name in changed, before=before, stages=running)
        for future in futures.values():
            future.wait()
        _raise_failures(futures)
        publish_leaderboard()
        mirror()
        if push:
            transfer("push", stages=running)
    finally:
        running.end()
    return {name: future.result() for name, future in futures.items()}


def _raise_failures(futures: dict[str, PrefectFuture[Outcome]]) -> None:
    messages, skipped = [], []
    for name, future in futures.items():
        if future.state.is_failed() or future.state.is_crashed():
            messages.append(f"{name}: {future.result(raise_on_failure=False)}")
        elif not future.state.is_completed():
            skipped.append(name)
    if messages:
        rest = [f"not run, since a stage before them failed: {', '.join(skipped)}"] if skipped else []
        raise HuelabError("\n".join([*messages, *rest]))


def tell(name: str, line: str) -> None:
    """One line about a stage for whoever watches: the terminal, and the flow run's log."""
    if os.environ.get("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL") == "CRITICAL":  # Prefect's own console lines are off
        print(f"{name:<{_COLUMN}} {line}\n", end="", flush=True)  # one write: stages may speak at the same time
    _log(f"{name}: {line}")


def _log(line: str) -> None:
    try:
        get_run_logger().info(line)
    except MissingContextError:  # called as a plain function
        return


def end_abandoned() -> None:
    """Marks flow runs as crashed that were killed before they could say so. Call it where no other run can be under way."""
    with get_client(sync_client=True) as client:
        under_way = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING])))
        for run in client.read_flow_runs(flow_run_filter=under_way):
            client.set_flow_run_state(run.id, Crashed(message="its process is gone"), force=True)


def flush_logs() -> None:
    """Sends what the server has not got yet; call it before that server ends."""
    asyncio.run(APILogHandler.aflush())
