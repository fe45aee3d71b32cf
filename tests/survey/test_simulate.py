"""The whole service, end to end: programs with known minds take a study over HTTP, and the statistics find their minds again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from huelab.errors import SurveyError
from huelab.survey import crowd, longform, owners, publishing, simulate, web
from huelab.survey.crowd import Crowd
from huelab.survey.statistics.results import results
from huelab.survey.store import Store
from huelab.survey.study import Study
from tests.survey.conftest import Launch, rendered


@contextmanager
def served(store: Store) -> Iterator[str]:
    """The survey on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=[web.mount(lambda: store)]), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.slow
@pytest.mark.long
def test_forty_people_of_forty_trials_are_understood(store: Store, project: Path, tmp_path: Path) -> None:
    models = ("beta", "plain", "zhang")
    folder = rendered(tmp_path / "stimuli", models, main=60)
    study = Study(title="t", models=models, trials=40, catches=6, simulated=True, people=40)
    version = owners.create(store, study, folder, who="owner")
    owners.launch(store, version, folder, who="owner", consent="I agree.")
    minds = Crowd({"beta": 0.15, "plain": 0.3, "zhang": 0.45}, side_bias=0.3, careless=0.05, dropout=0.05)
    with served(store) as url:
        simulate.run(store, version, people=40, url=url, who="owner", seed=0, crowd=minds)
    found = results(longform.of_version(store, version), study, closed=True)
    assert found.simulated
    assert found.begun == 40
    assert found.complete >= 34
    true = {model: crowd.true_rate(minds, model) for model in models}
    held = [(one.rate.low or 0) <= true[one.model] <= (one.rate.high or 1) for one in found.kept.fooled]
    assert sum(held) >= 2, "plans are drawn anew each time, and one in twenty intervals may miss; coverage has a test of its own"
    assert all(abs(one.rate.value - true[one.model]) < 0.1 for one in found.kept.fooled)
    assert [one.model for one in sorted(found.kept.fooled, key=lambda one: one.rate.value)] == list(models)
    owners.close(store, version, who="owner")
    with pytest.raises(SurveyError, match="simulated"):
        publishing.publish(store, version, who="owner")


@pytest.mark.parametrize("mode", ["pair", "single", "prefer"])
def test_a_few_take_each_mode(launch: Launch, mode: str) -> None:
    one = launch(mode=mode, simulated=True, people=3)
    with served(one.store) as url:
        simulate.run(one.store, one.version, people=3, url=url, who="owner", crowd=Crowd({"beta": 0.2, "zhang": 0.4}))
    found = results(longform.of_version(one.store, one.version), one.study, closed=False, draws=50)
    assert (found.complete, found.look.open) == (3, True)


def test_programs_are_kept_from_peoples_studies_and_need_a_server(launch: Launch) -> None:
    one = launch()
    with pytest.raises(SurveyError, match="for people"):
        simulate.run(one.store, one.version, people=1, url="http://127.0.0.1:1", who="owner")
    simulated = launch(simulated=True)
    with pytest.raises(SurveyError, match="No survey server answers"):
        simulate.run(simulated.store, simulated.version, people=1, url="http://127.0.0.1:1", who="owner")
