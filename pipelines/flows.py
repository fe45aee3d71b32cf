"""The Prefect flow over DVC's stages, the only file that imports prefect. `make run` enters by pipelines/run.py.

`dvc repro` alone does the same stages. The flow adds: stages of a matrix side by side, a record of every run, the mirror to MLflow, and the
certainty that nothing it started outlives it.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
from prefect import flow, get_run_logger, serve, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import EntrypointType
from prefect.exceptions import MissingContextError, ObjectNotFound, PrefectHTTPStatusError
from prefect.futures import PrefectFuture
from prefect.logging.handlers import APILogHandler
from prefect.states import Cancelled, Crashed

from huelab import paths
from huelab.data import split_record, tracked
from huelab.errors import HuelabError, UsageError
from pipelines import stage, stage_graph
from pipelines.alone import one_run
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
def mirror(promote: bool | None = None, *, reasons: bool = True) -> list[str]:
    """Mirrors models and scores to MLflow, registers challengers and, as `promote` or registry.auto says, applies the rule.

    Gives what was said; `reasons`: whether the table of a decision is shown, which has been where the comparison went before. Where it
    fails the stages' work stands, and a later run mirrors it.
    """
    from huelab import tracking

    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        lines = text.splitlines()
        if reasons or len(lines) == 1:
            tell_all("mlflow", lines)

    try:
        tracking.sync(say=say, promote=promote)
    except HuelabError as error:
        say(f"not mirrored: {error}")
    return said


@task(cache_policy=NO_CACHE)
def follow_photographs(source: str | None) -> bool:
    """Brings data/ to what its source (or `source`) holds now; whether that are other photographs than before."""
    from huelab.data import following

    return following.follow(source, say=lambda line: tell("photographs", line))


@task(cache_policy=NO_CACHE)
def publish_study(version: str) -> None:
    """Closes a version of a study, if it is still open, and writes how often people were fooled to registry/human.json."""
    from huelab.survey import publishing
    from huelab.survey.store import Store

    store = Store.open()
    try:
        tell_all("survey", publishing.close_and_publish(store, version, who=getpass.getuser()))
    finally:
        store.close()


@task(cache_policy=NO_CACHE)
def compare_with_champion() -> str:
    """What the rule of params.yaml says of the challengers, from files alone; changes nothing."""
    from huelab.tracking import promoting

    said: list[str] = []
    try:
        promoting.promote(dry_run=True, say=said.append)
        text = "\n".join(said[:-1])  # the last says that nothing was changed
    except HuelabError as error:
        text = f"not compared: {error}"
    tell_all("comparison", text.splitlines())
    return text


@task(cache_policy=NO_CACHE)
def publish_comparison(text: str, outcome: str) -> None:
    """Champion and challenger side by side, and what followed, as an artifact of the flow run."""
    markdown = f"**{outcome}**\n\n```text\n{text}\n```\n"
    create_markdown_artifact(markdown, key="comparison", description="Challengers against the champion, on the same photographs")


@flow
def reproduce(targets: list[str] | None = None, jobs: int = 1, pull: bool = False, push: bool = False) -> dict[str, str]:
    """Runs what changed of every stage (or of `targets` and all they need), at most `jobs` side by side, and mirrors the results.

    A failed stage stops what depends on it; other models go on, and a HuelabError names each that failed. Gives each stage's outcome.
    """
    with _running(jobs) as running:
        if pull:
            transfer("pull", stages=running)
        outcomes = _stages(running, targets or [])
        mirror()
        if push:
            transfer("push", stages=running)
    return outcomes


@flow
def refresh(
    source: str | None = None, promote: bool | None = None, jobs: int = 1, pull: bool = False, push: bool = False
) -> dict[str, str]:
    """New photographs, where there are any: the stages, a challenger, and its comparison with the champion on the same photographs.

    `source` is what `huelab data use` takes, else the place where data/ came from is looked at again. `promote` True or False: whether a
    challenger that passes the rule becomes champion; None leaves it to registry.auto. Ends early where nothing is new and nothing is left
    to do, but mirrors what an earlier run could not. Gives each stage's outcome; none where it ended early.
    """
    with _running(jobs) as running:
        if pull:
            transfer("pull", stages=running)
        fresh = follow_photographs(source)
        changed = stage_graph.status()
        outcomes: dict[str, str] = {}
        if fresh or changed:
            tell("refresh", "new photographs" if fresh else f"no new photographs, but not all is up to date: {', '.join(sorted(changed))}")
            outcomes = _stages(running, [])
            text = compare_with_champion()
            publish_comparison(text, _outcome(mirror(promote, reasons=False)))
        else:
            tell("refresh", "no new photographs, and everything is up to date")
            mirror(promote)
        if push:
            transfer("push", stages=running)
    return outcomes


@flow
def close_survey(version: str, promote: bool | None = None) -> dict[str, str]:
    """Ends a study, and takes what people saw to the leaderboard, to MLflow and to the rule that decides who is champion.

    Nothing is trained or scored: stage compare alone runs, on the scores there are. `promote` as in `refresh`. May be run again: what is
    closed stays so. Gives the stage's outcome.
    """
    with _running(1) as running:
        publish_study(version)
        outcome = run_stage("compare", changed=True, before={}, stages=running)
        publish_leaderboard()
        text = compare_with_champion()
        publish_comparison(text, _outcome(mirror(promote, reasons=False)))
    return {"compare": outcome}


@contextmanager
def _running(jobs: int) -> Iterator[Stages]:
    """The only run of this project while the block lasts; nothing that it started outlives it."""
    if os.environ.get("PREFECT__FLOW_RUN_ID"):  # started by a server's schedule: it ends with whoever serves it
        stage.die_with_parent()
    with one_run():
        running = Stages(jobs)
        try:
            yield running
        finally:
            running.end()


def _stages(running: Stages, targets: list[str]) -> dict[str, str]:
    """Every stage of DVC's graph that `targets` need, in its order, those of a matrix side by side; the leaderboard is published."""
    split_record.remember()  # what a champion learned from must be known after the store has changed
    wanted = stage_graph.select(stage_graph.read(), targets)
    changed = stage_graph.status()
    if paths.data_record().name in changed:
        tracked.refuse_to_lose()
    futures: dict[str, PrefectFuture[Outcome]] = {}
    for one in wanted:
        before = {name: futures[name] for name in one.after}
        futures[one.name] = run_stage.submit(one.name, changed=one.name in changed, before=before, stages=running)
    for future in futures.values():
        future.wait()
    _raise_failures(futures)
    publish_leaderboard()
    return {name: future.result() for name, future in futures.items()}


def _outcome(said: list[str]) -> str:
    """What became of the champion, in the words of the mirror."""
    return next((line for line in reversed(said) if line.startswith(("champion", "no champion", "not mirrored"))), "nothing to mirror")


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


def tell_all(name: str, lines: Iterable[str]) -> None:
    """`tell` of every line that says something."""
    for line in lines:
        if line.strip():
            tell(name, line)


def _log(line: str) -> None:
    try:
        get_run_logger().info(line)
    except MissingContextError:  # called as a plain function
        return


def offer(name: str, *, every: timedelta | None, cron: str | None, refresh_with: dict[str, Any], reproduce_with: dict[str, Any]) -> None:
    """Serves the deployments refresh/NAME (on the schedule, if one is given) and reproduce/NAME until it is interrupted.

    One run at a time. Each run is a process of its own that reads the code as it is then. Raises UsageError for a schedule that cannot be,
    HuelabError where the server goes away.
    """
    kind = EntrypointType.MODULE_PATH
    try:
        scheduled = refresh.to_deployment(
            name, interval=every, cron=cron, parameters=refresh_with, paused=False, entrypoint_type=kind, tags=["huelab"]
        )
    except ValueError as error:
        raise UsageError(f"--cron {cron!r} is no schedule: five fields, minute hour day month weekday, such as '0 3 * * *'") from error
    by_hand = reproduce.to_deployment(name, parameters=reproduce_with, paused=False, entrypoint_type=kind, tags=["huelab"])
    address = os.environ["PREFECT_API_URL"]
    try:
        for deployment in (scheduled, by_hand):
            _end_left_over(deployment.full_name)
        when = f"every {every}" if every else f"at {cron} UTC" if cron else "when somebody starts it"
        print(
            f"refresh/{name} runs {when}, reproduce/{name} when somebody starts it: {address.removesuffix('/api')}/deployments", flush=True
        )
        serve(scheduled, by_hand, limit=1, print_starting_message=False)
    except (PrefectHTTPStatusError, httpx.HTTPError, ExceptionGroup, RuntimeError) as error:
        raise HuelabError(f"The Prefect server at {address} does not answer any more ({_reason(error)}): nothing is served.") from error


def _end_left_over(deployment: str) -> None:
    """Ends what the last one who served left behind when it was killed: runs that look alive, and those that nobody was there to start."""
    with get_client(sync_client=True) as client:
        try:
            found = client.read_deployment_by_name(deployment)
        except ObjectNotFound:  # served for the first time
            return
        own = DeploymentFilter(id=DeploymentFilterId(any_=[found.id]))
        try:
            with one_run():  # else somebody is at work on it
                end_abandoned(own)
        except HuelabError as error:
            print(f"note: {error}", flush=True)
        late = FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(before_=datetime.now(UTC)),
        )
        for run in client.read_flow_runs(flow_run_filter=late, deployment_filter=own):
            if run.auto_scheduled:
                client.set_flow_run_state(run.id, Cancelled(message="nobody served it at its time"), force=True)


def end_abandoned(of: DeploymentFilter | None = None) -> None:
    """Marks flow runs as crashed that were killed before they could say so. Call it where no other run can be under way."""
    with get_client(sync_client=True) as client:
        under_way = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])))
        for run in client.read_flow_runs(flow_run_filter=under_way, deployment_filter=of):
            client.set_flow_run_state(run.id, Crashed(message="its process is gone"), force=True)


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return " ".join(str(error).split())[:200] or type(error).__name__


def flush_logs() -> None:
    """Sends what the server has not got yet; call it before that server ends."""
    asyncio.run(APILogHandler.aflush())
