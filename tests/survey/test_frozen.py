"""A launched study stays what it was: its consent text, its pictures and where they come from, whatever is edited or trained afterwards."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, update
from starlette.applications import Starlette
from starlette.testclient import TestClient

from huelab import paths
from huelab.errors import SurveyError
from huelab.survey import export, frozen, owners, texts, web
from huelab.survey.consent import consent_of
from huelab.survey.lineage import Tracked
from huelab.survey.schema import Stimulus, Version
from huelab.survey.store import Store
from huelab.survey.study import Study
from tests.survey.conftest import Launch, rendered

ASKED = {
    "title": "Which?",
    "models": ("beta", "zhang"),
    "trials": 8,
    "catches": 2,
    "block": 5,
    "purpose": "To see.",
    "contact": "a@b.example",
}


@pytest.fixture
def stimuli(project: Path) -> Path:
    """Pictures where stage stimuli leaves them."""
    return rendered(paths.stimuli())


def read_anew() -> None:
    """As a process that starts now."""
    for found in vars(texts).values():
        if hasattr(found, "cache_clear"):
            found.cache_clear()


@pytest.fixture
def own_catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the catalogues to be edited."""
    folder = tmp_path / "catalogues"
    shutil.copytree(texts._FOLDER, folder)
    monkeypatch.setattr(texts, "_FOLDER", folder)
    read_anew()
    yield folder
    monkeypatch.undo()
    read_anew()


def edited(folder: Path, words: str, language: str = "en") -> None:
    file = folder / f"{language}.json"
    tree = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"language": language}
    file.write_text(json.dumps(tree | {"consent_text": words}), encoding="utf-8")
    read_anew()


def version_of(store: Store, version: str) -> Version:
    with store.read() as session:
        return session.get_one(Version, version)


def drafted(store: Store, folder: Path, **settings: object) -> str:
    return owners.create(store, Study.model_validate({**ASKED, **settings}), folder, who="owner")


def test_a_preview_of_a_draft_shows_its_pictures(store: Store, stimuli: Path) -> None:
    """They reached var/ only with the launch: the page of a preview asked for them for ever."""
    version = drafted(store, stimuli, screening=False)
    browser = TestClient(Starlette(routes=[web.mount(lambda: store)]))
    token = owners.preview(store, version, who="owner")
    browser.headers["authorization"] = f"Bearer {token}"
    state = browser.get("/survey/api/state").json()
    for step, body in (("consent", {"sha256": state["consent"]["sha256"]}), ("display", {"viewport": [1280, 800]}), ("ready", {})):
        reply = browser.post(f"/survey/api/{step}", json=body)
        assert reply.status_code == 200, reply.text
    trial = reply.json()["state"]["trial"]
    bodies = [browser.get(f"/survey/api/picture/{trial[side]}") for side in ("left", "right")]
    assert [one.status_code for one in bodies] == [200, 200]
    assert len({len(one.content) for one in bodies}) == 1
    for one in bodies:
        with Image.open(io.BytesIO(one.content)) as picture:
            picture.load()
    owners.launch(store, version, stimuli, who="owner")
    assert version_of(store, version).body_bytes == len(bodies[0].content)


def test_a_preview_whose_pictures_are_gone_is_refused_in_words(store: Store, stimuli: Path) -> None:
    version = drafted(store, stimuli)
    shutil.rmtree(stimuli / "pictures")
    with pytest.raises(SurveyError, match="pictures of the study are not there"):
        owners.preview(store, version, who="owner")


def test_a_catalogue_changed_after_the_launch_changes_nothing_that_is_shown_or_exported(
    store: Store, stimuli: Path, own_catalogues: Path, tmp_path: Path
) -> None:
    edited(own_catalogues, "Old: {purpose} {contact}")
    edited(own_catalogues, "Alt: {purpose} {contact}", "de")
    version = drafted(store, stimuli, content_warning="Blood.")
    owners.launch(store, version, stimuli, who="owner")
    edited(own_catalogues, "New: {purpose}")
    edited(own_catalogues, "Neu: {purpose}", "de")

    one = version_of(store, version)
    english, german = consent_of(one, "en-GB"), consent_of(one, "de-CH")
    assert (english["text"], german["text"]) == ("Old: To see. a@b.example", "Alt: To see. a@b.example")
    assert (english["title"], english["warning"], german["language"]) == ("Which?", "Blood.", "de")
    assert consent_of(one, "fr") == english, "in the study's own language where there is no other"
    for read in (english, german):
        assert read["sha256"] == hashlib.sha256(read["text"].encode()).hexdigest()
    assert one.consent_sha256 == english["sha256"]

    export.write(store, version, tmp_path / "out", who="owner")
    assert hashlib.sha256((tmp_path / "out" / "consent-en.txt").read_bytes()).hexdigest() == english["sha256"]
    assert (tmp_path / "out" / "consent-de.txt").read_text(encoding="utf-8") == german["text"]
    assert json.loads((tmp_path / "out" / "study.json").read_text())["consent"]["de"] == german


def test_a_draft_is_previewed_with_the_text_of_today(store: Store, stimuli: Path, own_catalogues: Path) -> None:
    version = drafted(store, stimuli)
    edited(own_catalogues, "Mended: {purpose}")
    assert consent_of(version_of(store, version), "en")["text"] == "Mended: To see."
    own = drafted(store, stimuli, consent="My own words.")
    assert consent_of(version_of(store, own), "de")["text"] == "My own words."


def test_a_paused_version_is_not_launched_anew(store: Store, stimuli: Path, own_catalogues: Path) -> None:
    """It overwrote the hash of the consent that people had agreed to, and when they began."""
    version = drafted(store, stimuli)
    owners.launch(store, version, stimuli, who="owner")
    owners.pause(store, version, who="owner")
    before = version_of(store, version)
    edited(own_catalogues, "Other: {purpose}")
    with pytest.raises(SurveyError, match=r"is paused: only one that is draft can become live\. `huelab survey resume"):
        owners.launch(store, version, stimuli, who="owner")
    after = version_of(store, version)
    assert (after.state, after.consent_sha256, after.launched_at) == ("paused", before.consent_sha256, before.launched_at)


def test_a_study_edited_in_the_database_is_not_shown(store: Store, stimuli: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = drafted(store, stimuli)
    one = version_of(store, version)
    monkeypatch.setattr(frozen, "_CHECKED", set())  # as in a process that starts now
    assert frozen.study_of(one).trials == 8
    with store.write() as session:
        session.execute(update(Version).where(Version.id == version).values(content={**one.content, "trials": 4}))
    monkeypatch.setattr(frozen, "_CHECKED", set())
    with pytest.raises(SurveyError, match=r"is not the study that was frozen.*huelab survey restore"):
        frozen.study_of(version_of(store, version))
    with pytest.raises(SurveyError, match="is not the study that was frozen"):
        owners.launch(store, version, stimuli, who="owner")


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"contact": ""}, "no contact,"), ({"purpose": " "}, "no purpose,"), ({"contact": "", "purpose": ""}, "no purpose and no contact,")],
)
def test_people_are_told_what_for_and_whom_to_ask(store: Store, stimuli: Path, settings: dict[str, str], said: str) -> None:
    with pytest.raises(SurveyError, match=f"The study has {said}.*--contact"):
        owners.launch(store, drafted(store, stimuli, **settings), stimuli, who="owner")
    for enough in ({"simulated": True}, {"consent": "We are the lab; write to us."}):
        owners.launch(store, drafted(store, stimuli, **settings, **enough), stimuli, who="owner")


def test_a_language_nobody_wrote_is_refused_and_the_others_are_listed(store: Store, stimuli: Path) -> None:
    with pytest.raises(SurveyError, match=r"language is 'zz'; there are texts in: .*en"):
        drafted(store, stimuli, language="zz")
    drafted(store, stimuli, language="en-GB")


def test_a_picture_of_another_lightness_is_named_and_not_launched(store: Store, stimuli: Path) -> None:
    """Who sees that one picture is darker needs no colours to tell them apart."""
    tree = json.loads((stimuli / "manifest.json").read_text())
    tree["pictures"][2]["lightness_error"] = 3.5
    (stimuli / "manifest.json").write_text(json.dumps(tree))
    version = drafted(store, stimuli)
    with pytest.raises(SurveyError, match=r"1 pictures differ .* by more than 1: 0\.jpg photo00 by beta \(3\.5\)"):
        owners.launch(store, version, stimuli, who="owner")
    assert version_of(store, version).state == "draft"


def test_each_picture_is_traced_to_run_version_commit_and_data(store: Store, stimuli: Path, project: Path, tmp_path: Path) -> None:
    (project / "data.dvc").write_text("outs:\n- md5: 67c8c48f.dir\n  path: data\n")
    who = ["-c", "user.name=t", "-c", "user.email=t@t.example"]
    for words in (["init", "-q"], ["add", "data.dvc"], [*who, "commit", "-q", "-m", "photographs"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project, check=True, capture_output=True, text=True).stdout.strip()
    study = Study.model_validate(ASKED)
    version = owners.create(store, study, stimuli, who="owner", tracked={"of-beta": Tracked("run7", "3")})
    owners.launch(store, version, stimuli, who="owner")
    export.write(store, version, tmp_path / "out", who="owner")
    with (tmp_path / "out" / "pictures.csv").open(newline="") as stream:
        rows = {row["model"]: row for row in csv.DictReader(stream) if row["kind"] == "model"}
    assert (rows["beta"]["weights_sha256"], rows["beta"]["mlflow_run"], rows["beta"]["registry_version"]) == ("of-beta", "run7", "3")
    assert (rows["zhang"]["weights_sha256"], rows["zhang"]["mlflow_run"], rows["zhang"]["registry_version"]) == ("of-zhang", "", "")
    assert (rows["beta"]["git_commit"], rows["beta"]["data_revision"], rows["beta"]["data_hash"]) == (
        commit,
        "67c8c48f.dir",
        "0123456789ab",
    )
    lineage = json.loads((tmp_path / "out" / "study.json").read_text())["lineage"]
    assert (lineage["git_commit"], lineage["models"]["beta"]["registry_version"]) == (commit, "3")
    with store.read() as session:
        assert {one.provenance["path"] for one in session.scalars(select(Stimulus))} == {f"{number}.jpg" for number in range(30)}


def test_a_project_without_git_or_data_dvc_is_no_obstacle(launch: Launch) -> None:
    lineage = version_of((one := launch()).store, one.version).lineage
    assert (lineage["git_commit"], lineage["data_revision"]) == ("", "")
