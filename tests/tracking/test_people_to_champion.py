"""What people saw reaches MLflow, whenever it was published, and the rule that decides who is champion."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from huelab import paths
from huelab.evaluation.human import identity
from tests.survey.asked import asked
from tests.tracking.own import own_database
from tests.tracking.seen import client, names, runs, sync
from tests.tracking.stages import DATA, evaluate, train

FIGURES = {"human_fooling_rate": 0.4, "human_fooling_rate_low": 0.35, "human_fooling_rate_high": 0.45, "human_fooling_rate_n": 300.0}
WORDS = {"human_fooling_rate": "0.4", "human_fooling_rate_low": "0.35", "human_fooling_rate_high": "0.45", "human_fooling_rate_n": "300"}


def weights(name: str) -> str:
    return str(json.loads((paths.model(name) / "card.json").read_text())["weights_sha256"])


def published(**by_study: dict[str, str]) -> None:
    """Each study with its colorizers and what names them."""
    rate = {"rate": 0.4, "low": 0.35, "high": 0.45, "n": 300}
    rows = [
        {"study": study, "model": model, "content": name, "weights": name, **rate}
        for study, of in by_study.items()
        for model, name in of.items()
    ]
    paths.human_results().write_text(json.dumps({"results": rows}))


def beside_run(name: str, present: str = "true") -> tuple[dict[str, float], str]:
    """The figures of the survey, and its name, in a colorizer's run."""
    (run,) = runs(f"tags.model = '{name}' and tags.present = '{present}'")
    return {key: value for key, value in run.data.metrics.items() if key.startswith("human")}, run.data.tags.get("human_study", "")


def beside_version(number: int) -> dict[str, Any]:
    tags = client().get_model_version(names().model, str(number)).tags
    return {key: value for key, value in tags.items() if key.startswith("human")}


def test_a_survey_that_ends_after_the_run_was_mirrored_stands_beside_it_and_its_version(mirrored: Path) -> None:
    assert beside_run("beta") == ({}, "")
    published(spring={"beta": weights("beta"), "gray": identity("gray", "", DATA)})
    sync()
    assert beside_run("beta") == beside_run("gray") == (FIGURES, "spring")
    assert beside_version(1) == {**WORDS, "human_study": "spring"}
    assert (beside_run("plain"), beside_version(2)) == (({}, ""), {}), "nobody was asked about it"

    before = weights("beta")
    train("beta", seed=1)
    evaluate("beta", 12.5)
    published(spring={"beta": before}, autumn={"beta": before})
    sync()
    assert beside_run("beta") == ({}, ""), "people saw other weights"
    assert beside_run("beta", present="false") == (FIGURES, "autumn")
    assert beside_version(1)["human_study"] == "autumn"
    assert beside_version(3) == {}


def test_a_slip_in_the_file_is_said_and_the_rest_is_mirrored(mirrored: Path) -> None:
    paths.human_results().write_text("{")
    found, said = sync()
    assert len(found) == 5
    assert any(line.startswith("what people saw is not mirrored: ") and "human.json cannot be read" in line for line in said)


def huelab(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "huelab.cli", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.slow
@own_database
def test_a_published_study_keeps_a_challenger_from_becoming_champion(mirrored: Path, tmp_path: Path) -> None:
    """By its scores beta would be champion; people, however, see through it."""
    evaluate("beta", 10.0)
    version = asked(tmp_path / "stimuli", {name: weights(name) for name in ("beta", "plain")}, fooled_by="plain")
    huelab("survey", "close", version)
    said = huelab("survey", "publish", version)
    assert "beta: 0.0% [0.0%, " in said
    assert "written to registry/human.json: commit it" in said
    lines = huelab("promote", "--dry-run").splitlines()
    people_fooled = next(line for line in lines if line.startswith("people fooled "))
    assert people_fooled.split()[2:4] == ["1", "0"]
    assert people_fooled.endswith(f"study {version}: fewer, and the interval excludes 0: veto")
    assert any(line.startswith("decision: plain (version 2) stays champion: beta does not pass (people fooled: ") for line in lines)
