"""A picture of a survey is traced to the run and the registered version of the weights that painted it, where there are any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huelab import paths
from huelab.survey import manifest, owners
from huelab.survey.schema import Stimulus, Version
from huelab.survey.store import Store
from huelab.survey.study import Study
from huelab.tracking import known
from tests.survey.conftest import rendered
from tests.tracking.own import own_database
from tests.tracking.seen import client, names, runs, sync
from tests.tracking.stages import evaluate, train


def weights(name: str) -> str:
    return str(json.loads((paths.model(name) / "card.json").read_text())["weights_sha256"])


def test_the_newest_run_and_version_of_the_very_weights_are_found(mirrored: Path) -> None:
    first = weights("beta")
    (run,) = runs("tags.model = 'beta'")
    found = known.of_weights([first, "0" * 64, ""])
    assert set(found) == {first}
    assert found[first].run == run.info.run_id
    version = client().get_model_version(names().model, found[first].version)
    assert version.tags["huelab.weights"] == first
    train("beta", seed=1)
    evaluate("beta", 12.5)
    sync()
    second = weights("beta")
    assert known.of_weights([first])[first] == found[first], "trained anew it is another one"
    assert known.of_weights([second])[second].run not in ("", run.info.run_id)


@own_database
def test_a_study_keeps_them_with_each_picture(mirrored: Path, tmp_path: Path) -> None:
    folder = rendered(tmp_path / "stimuli", ("beta", "plain"))
    tree = json.loads((folder / "manifest.json").read_text())
    tree["models"]["beta"]["content"] = weights("beta")
    (folder / "manifest.json").write_text(json.dumps(tree))
    contents = [one.content for one in manifest.read(folder).models.values()]
    tracked, problem = known.told(contents)
    assert problem == ""
    store = Store.open()
    study = Study(title="t", models=("beta", "plain"), trials=8, catches=2)
    version = owners.create(store, study, folder, who="owner", tracked=tracked)
    with store.read() as session:
        lineage = session.get_one(Version, version).lineage["models"]
        kept = {one.model: one.provenance for one in session.query(Stimulus) if one.kind == "model"}
    store.close()
    assert (lineage["beta"]["mlflow_run"], lineage["beta"]["registry_version"]) == (
        tracked[weights("beta")].run,
        tracked[weights("beta")].version,
    )
    assert kept["beta"]["mlflow_run"] == lineage["beta"]["mlflow_run"] != ""
    assert (kept["plain"]["mlflow_run"], kept["plain"]["registry_version"]) == ("", "")


def test_asking_makes_no_database_and_a_server_that_is_away_stops_no_study(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert known.of_weights(["0" * 64]) == {}
    assert not paths.tracking_database().exists()
    paths.tracking_database().parent.mkdir(exist_ok=True)
    paths.tracking_database().write_text("no database, " * 100)
    tracked, problem = known.told(["0" * 64])
    assert tracked == {}
    assert problem.startswith("MLflow's runs and versions are not noted with the study: ")
