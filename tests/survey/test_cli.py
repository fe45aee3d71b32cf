"""`huelab survey …` as an owner types it: a study from draft to backup; and slips that are told in a sentence, with an exit code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from huelab import cli, paths
from huelab.evaluation import human
from huelab.survey import answering, export, frozen, people, person
from huelab.survey.consent import consent_of
from huelab.survey.schema import Version
from huelab.survey.store import Store
from tests.survey.conftest import rendered

STUDY = """\
title: Which is real?
purpose: To see how far colourised photographs are from real ones.
contact: lab@example.org
trials: 8
catches: 2
block: 5
people: 2
screening: false
rules: {same_side: 1.0, catch_accuracy: 0.0}
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str


Huelab = Callable[..., Said]


@pytest.fixture
def survey(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Huelab:
    """`huelab survey WORDS` in a project with rendered pictures."""
    rendered(paths.stimuli())
    (project / "study.yaml").write_text(STUDY)
    monkeypatch.delenv("HUELAB_SURVEY_URL", raising=False)

    def call(*words: str) -> Said:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["huelab", "survey", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as left:
            code = int(left.code or 0)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return call


@pytest.fixture
def done(survey: Huelab) -> Callable[..., str]:
    """The same where it must succeed; gives what it printed."""

    def call(*words: str) -> str:
        said = survey(*words)
        assert (said.code, said.err) == (0, "")
        return said.out

    return call


def take(link: str) -> str:
    """Somebody follows a printed link and answers everything; gives their deletion code."""
    store = Store.open()
    token = people.join(store, link.strip().partition("#")[2])
    with store.read() as session:
        version = session.get_one(Version, person.find(session.connection(), token).version_id)
        consent = consent_of(version, "en")["sha256"]
    people.consent(store, token, consent)
    people.display(store, token, {})
    people.ready(store, token)
    state = answering.current(store, token)
    while "trial" in state:
        state = answering.answer(store, token, state["trial"]["nonce"], ("left", "right")[state["done"] % 2], rt_ms=900.0)["state"]
    assert state["step"] == "debrief"
    store.close()
    return person.deletion_code(token)


def test_a_study_from_draft_to_backup(done: Callable[..., str], survey: Huelab, project: Path) -> None:
    version = done("create", "study.yaml", "--people", "3").strip()
    assert re.fullmatch(r"[0-9a-f]{16}", version)
    assert done("list") == f"{version}  draft   0/3  pair    v1 Which is real?\n"
    assert done("preview", version, "--url", "https://lab.example/").startswith("https://lab.example/survey/#")
    assert f"{version} is live" in done("launch", version)
    links = done("invite", version, "--count", "3", "--days", "7").split()
    assert len(set(links)) == 3
    assert links[0].startswith("http://127.0.0.1:8501/survey/#")

    code = take(links[0])
    assert done("pause", version, "--why", "lunch") == ""
    assert done("list").split()[1] == "paused"
    assert done("resume", version) == ""
    take(links[1])
    assert "live    2/3" in done("list")

    for words in (("stats", version), ("export", version, "out")):
        said = survey(*words)
        assert said.code == 1
        assert said.err.startswith("error: 2 of 3 people are complete: results open at 3")
        assert "--why TEXT" in said.err
        assert said.out == ""
    table = done("stats", version, "--why", "a pilot")
    assert "Fooling rate" in table
    assert re.search(r"LOOKED AT EARLY by .* with 2 complete: a pilot", table)
    assert json.loads(done("stats", version, "--json"))["complete"] == 2

    assert survey("publish", version).err == f"error: Version {version} is live: results are published once it is closed.\n"
    assert f"{version} is closed: `huelab survey publish {version}`" in done("close", version)
    said_of = done("publish", version).splitlines()
    assert [line.split(":")[0] for line in said_of[:2]] == ["beta", "zhang"]
    assert said_of[2].startswith("written to registry/human.json: commit it")
    assert {row.study for row in human.read()} == {version}

    codes = done("codes", version).split()
    assert len(codes) == 2
    assert codes == sorted(codes), "in no order that tells who was first"
    assert all(re.fullmatch(r"([2-9A-Z]{4}-){3}[2-9A-Z]{4}", one) for one in codes)

    assert done("export", version, "out") == "out: 32 trials\n"
    for file in (project / "out").iterdir():
        assert not any(one.encode() in file.read_bytes() for one in codes), "codes never stand beside answers"
    assert len(export.read(project / "out")) == 32
    size = done("backup", "kept.tar")
    assert re.fullmatch(r"kept\.tar: \d+\.\d MB\n", size)
    assert done("delete", code) == "deleted; exports made before are marked as overtaken\n"
    assert len(done("codes", version).split()) == 1
    done("export", version, "out")
    assert export.read(project / "out")["participant"].nunique() == 1
    for kept in ("kept.tar", "out/study.json"):
        assert re.fullmatch(r"The audit is whole: \d+ rows, the last [0-9a-f]{16}\.\n", done("audit", kept))
    shutil.rmtree(paths.survey_database().parent)
    assert done("restore", "kept.tar") == "restored\n"
    assert f"{version}  closed  2/3" in done("list"), "a backup made before a deletion brings the person back"
    assert "THE AUDIT DOES NOT GO ON FROM out/study.json" in survey("audit", "out/study.json").err
    assert done("restore", "kept.tar") == f"restored; what was there before is kept as {paths.survey_database()}.before-restore\n"


def test_options_go_on_top_of_the_file_and_alone_they_are_enough(done: Callable[..., str]) -> None:
    first = done("create", "study.yaml", "--mode", "single", "--model", "beta", "--trials", "10").strip()
    options = ("--title", "Simulated", "--trials", "8", "--catches", "2", "--exposure-ms", "500", "--simulated")
    second = done("create", *options).strip()
    lines = {line.split()[0]: line for line in done("list").splitlines()}
    assert "single" in lines[first]
    assert lines[second].endswith("v1 Simulated  SIMULATED")
    store = Store.open()
    with store.read() as session:
        found = session.execute(people.select(people.Version.id, people.Version.content, people.Version.survey_id)).all()
    store.close()
    content = {version: study for version, study, _ in found}
    assert (content[first]["models"], content[first]["trials"], content[first]["people"]) == (["beta"], 10, 2)
    assert (content[second]["models"], content[second]["exposure_ms"]) == (["beta", "zhang"], 500)
    belongs = next(survey for version, _, survey in found if version == first)
    third = done("create", "study.yaml", "--survey", belongs).strip()
    assert f"{third}  draft   0/2  pair    v2 Which is real?" in done("list")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("create", "study.yaml", "--trials", "80"), 1, "photographs"),
        (("create", "study.yaml", "--model", "bta"), 1, r"No pictures were rendered of bta; there are some of beta, zhang"),
        (("create", "nowhere.yaml"), 1, r"nowhere\.yaml cannot be read"),
        (("create", "study.yaml", "--mode", "guess"), 1, r"study\.yaml: mode"),
        (("create",), 1, "the options: title"),
        (("create", "study.yaml", "--survey", "none"), 1, "There is no survey 'none'"),
        (("create", "study.yaml", "--people", "many"), 2, "Invalid value for '--people'"),
        (("launch", "nothing"), 1, "There is no study version 'nothing'; there are: none"),
        (("pause", "nothing"), 1, "There is no study version"),
        (("resume", "nothing"), 1, "There is no study version"),
        (("close", "nothing"), 1, "There is no study version"),
        (("invite", "nothing"), 1, "There is no study version"),
        (("preview", "nothing"), 1, "There is no study version"),
        (("stats", "nothing"), 1, "There is no study version"),
        (("publish", "nothing"), 1, "There is no study version"),
        (("export", "nothing", "out"), 1, "There is no study version"),
        (("simulate", "nothing"), 1, "There is no study version"),
        (("delete", "AAAA-BBBB"), 2, "Nobody has the deletion code 'AAAA-BBBB'"),
        (("restore", "study.yaml"), 1, "is no backup of a survey"),
        (("backup", "study.yaml"), 1, "study.yaml exists: name a new file"),
        (("serve", "--workers", "2"), 2, "--workers 2: SQLite takes one server process"),
        (("plan", "--detect", "2"), 2, "--detect"),
        (("account", "ada", "--role", "king", "--password", "long enough"), 2, "role is 'king'; allowed: viewer, analyst, owner"),
        (("account", "ada", "--openid", "--password", "long enough"), 2, "--openid and --password"),
        (("account", "ada", "--remove"), 1, "There is no account 'ada'; there are: none"),
        (("codes", "nothing"), 1, "There is no study version"),
        (("audit", "study.yaml"), 1, r"study\.yaml is no backup"),
        (("invite", "nothing", "--days", "100000000"), 2, "Invalid value for '--days'"),
        (("invite", "nothing", "--url", ""), 2, "--url is ''; expected where participants reach the server"),
        (("preview", "nothing", "--url", "lab.example"), 2, "--url is 'lab.example'"),
        (("simulate", "nothing", "--url", "ftp://lab.example"), 2, "--url is 'ftp://lab.example'"),
        (("simulate", "nothing", "--url", "http://lab.example:port"), 2, "--url is 'http://lab.example:port'"),
        (("backup", "/proc/nope/k.tar"), 1, r"/proc/nope/k\.tar cannot be written"),
        (("backup", "study.yaml/k.tar"), 1, r"study\.yaml/k\.tar cannot be written"),
        (("restore", "nowhere.tar"), 1, r"nowhere\.tar is no backup"),
        (("create", "study.yaml", "--catches", "8"), 1, r"catches is 8; allowed: 0 to trials - 1 \(7\)"),
        (("invite", "nothing", "--count", "0"), 2, "Invalid value for '--count'"),
        (("fly",), 2, "No such command 'fly'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_is_one_message_and_its_exit_code(survey: Huelab, words: tuple[str, ...], code: int, says: str) -> None:
    said = survey(*words)
    assert said.code == code
    assert re.search(says, said.err), said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_states_that_cannot_follow_each_other_are_named(done: Callable[..., str], survey: Huelab) -> None:
    version = done("create", "study.yaml").strip()
    assert f"Version {version} is draft: only one that is live or paused can become closed" in survey("close", version).err
    assert f"Version {version} is draft, not paused" in survey("resume", version).err
    assert f"Version {version} is for people" in survey("simulate", version).err
    done("launch", version)
    assert f"Version {version} is live: only one that is draft can become live" in survey("launch", version).err
    done("pause", version)
    assert f"`huelab survey resume {version}` opens it again" in survey("launch", version).err
    done("close", version)
    assert f"Version {version} is closed: nobody can join it any more" in survey("invite", version).err


def test_pictures_that_are_gone_stop_a_launch_and_are_named(done: Callable[..., str], survey: Huelab) -> None:
    version = done("create", "study.yaml").strip()
    for file in sorted((paths.stimuli() / "pictures").iterdir())[:3]:
        file.unlink()
    said = survey("launch", version)
    assert (said.code, said.out) == (1, "")
    assert "3 pictures of the study are not there: " in said.err
    assert "dvc repro stimuli" in said.err
    shutil.rmtree(paths.stimuli())
    assert "no pictures are rendered for a survey yet" in survey("create", "study.yaml").err


def test_an_export_never_takes_the_place_of_other_files(done: Callable[..., str], survey: Huelab, project: Path) -> None:
    """The folder is replaced as a whole: somebody's own would be gone."""
    version = done("create", "study.yaml").strip()
    done("launch", version)
    done("close", version)
    for folder in (project, project / "study.yaml"):
        assert "no export: name a new folder" in survey("export", version, str(folder)).err
    assert (project / "study.yaml").read_text() == STUDY
    assert done("export", version, "out") == done("export", version, "out") == "out: 0 trials\n"
    (project / "out" / "notes.txt").write_text("mine")
    assert f"{'out'} holds notes.txt, no export" in survey("export", version, "out").err


def test_a_database_that_cannot_be_used_is_named(survey: Huelab, monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.setenv("HUELAB_SURVEY_URL", "mysql://somewhere/lab")
    assert "$HUELAB_SURVEY_URL names 'mysql'; allowed: sqlite, postgresql+psycopg" in survey("list").err
    monkeypatch.delenv("HUELAB_SURVEY_URL")
    paths.survey_database().parent.mkdir(parents=True)
    paths.survey_database().write_text("not a database, but long enough to be looked at " * 20)
    said = survey("list")
    assert said.code == 1
    assert "is damaged" in said.err
    assert "huelab survey restore FILE" in said.err


@pytest.mark.parametrize("words", [("list",), ("create", "study.yaml"), ("backup", "k.tar"), ("audit",), ("serve",), ("accounts",)])
def test_a_file_where_the_surveys_folder_should_be_is_named(survey: Huelab, project: Path, words: tuple[str, ...]) -> None:
    (project / "var").mkdir()
    (project / "var" / "survey").write_text("mine")
    said = survey(*words)
    assert (said.code, said.out) == (1, "")
    assert re.match(r"error: .*var/survey.* (cannot be made|cannot be read)", said.err)
    assert (project / "var" / "survey").read_text() == "mine"


def test_pictures_that_cannot_be_kept_stop_preview_and_launch(done: Callable[..., str], survey: Huelab) -> None:
    version = done("create", "study.yaml").strip()
    paths.survey_stimuli().write_text("a file where the folder should be")
    for command in ("preview", "launch"):
        said = survey(command, version)
        assert (said.code, said.out) == (1, "")
        assert re.match(r"error: The pictures cannot be kept in .*var/survey/stimuli .*The study is as it was", said.err)
    assert done("list").split()[1] == "draft"


def test_a_version_edited_by_hand_is_named_and_hides_no_other(
    done: Callable[..., str], survey: Huelab, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (done("create", "study.yaml").strip() for _ in range(2))
    store = Store.open()
    with store.write() as session:
        one = session.get_one(Version, first)
        one.content = {**one.content, "people": 1}
    store.close()
    monkeypatch.setattr(frozen, "_CHECKED", set())
    said = survey("list")
    assert said.code == 0
    assert said.out.startswith(f"{second}  draft")
    assert f"Version {first} is not the study that was frozen" in said.err
    assert f"Version {first} is not the study that was frozen" in survey("launch", first).err


def test_accounts_are_added_listed_and_removed(done: Callable[..., str], survey: Huelab) -> None:
    assert done("accounts") == ""
    assert done("account", "ada", "--password", "correct horse battery") == "ada may log in as owner\n"
    assert done("account", "eve@lab.example", "--role", "viewer", "--openid") == (
        "eve@lab.example may log in as viewer, signed in by OpenID Connect\n"
    )
    assert done("accounts") == "owner    password  ada\nviewer   OpenID  eve@lab.example\n"
    assert done("account", "ada", "--remove") == "ada may not log in any more\n"
    assert done("accounts") == "viewer   OpenID  eve@lab.example\n"


@pytest.mark.slow
def test_the_installed_command_says_the_same(survey: Huelab) -> None:
    """The tests above call what this runs."""
    done = subprocess.run([sys.executable, "-m", "huelab.cli", "survey", "close", "nothing"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == survey("close", "nothing").err
