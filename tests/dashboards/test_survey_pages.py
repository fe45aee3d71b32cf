"""The survey's pages on a real database: an owner makes, launches, watches and ends a study; figures are those of the command line."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import functools
import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from dashboards.surveying import database, found, progress, versions
from huelab import cli, paths
from huelab.survey import answering, audit, export, longform, owners, people, person, privacy, publishing, texts, tokens
from huelab.survey.crowd import Crowd
from huelab.survey.schema import Answer, Audit, Participant, Stimulus, Trial, Version
from huelab.survey.statistics import preference
from huelab.survey.statistics import words as written
from huelab.survey.statistics.results import tree
from huelab.survey.store import Store
from tests.dashboards import voters
from tests.dashboards.conftest import whole, words
from tests.dashboards.surveyed import MINDS, MODELS, draft, launched
from tests.survey.conftest import rendered

Visit = Callable[..., AppTest]
PAGES = ("studies", "monitor", "results", "export")


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where intervals are not at stake, two thousand draws only take time."""
    monkeypatch.setattr(publishing, "results", functools.partial(publishing.results, draws=50))
    monkeypatch.setattr(preference, "DRAWS", 20)


def numbers(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def click(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


def rows_of(app: AppTest) -> list[list[tuple[str, ...]]]:
    return [[tuple(map(str, row)) for row in table.value.itertuples(index=False)] for table in app.dataframe]


def state(store: Store, version: str) -> str:
    with store.read() as session:
        return session.get_one(Version, version).state


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_project_says_what_to_do(page: str, visit: Visit, store: Store, project: Path) -> None:
    said = words(whole(visit(page, project)))
    assert "is the owner" in said
    assert ("make run" if page == "studies" else "There is no study yet") in said


def test_an_owner_makes_launches_pauses_and_closes_a_study(visit: Visit, store: Store, project: Path) -> None:
    rendered(paths.stimuli())
    app = whole(visit("studies", project))
    app.text_input(key=next(one.key for one in app.text_input if one.label == "Title")).input("Cats and dogs")
    app.number_input(key=next(one.key for one in app.number_input if one.label == "People")).set_value(3)
    app.text_area(key=next(one.key for one in app.text_area if one.label == "Purpose")).input("To see how far they are.")
    app.text_input(key=next(one.key for one in app.text_input if one.label == "Contact")).input("lab@example.org")
    app.run()
    assert "A person judges" in words(whole(app))
    whole(click(app, "Create a draft"))
    one = versions.listed(store)[0]
    assert (one.study.title, one.study.people, one.study.models, one.state) == ("Cats and dogs", 3, MODELS, "draft")
    assert "draft" in words(app)
    whole(click(app, "Launch"))
    assert state(store, one.id) == "live"
    click(app, "Pause the study")
    assert [error.value for error in app.error] == ["Say why: it stays on record."]
    app.text_input(key=f"why_pause_{one.id}").input("a picture is wrong")
    whole(click(app, "Pause the study"))
    assert state(store, one.id) == "paused"
    whole(click(app, "Resume"))
    app.text_input(key=f"why_close_{one.id}").input("enough")
    whole(click(app, "Close the study"))
    assert state(store, one.id) == "closed"
    assert "nobody can join it any more" in words(app)
    with store.read() as session:
        kept = [(row.what, row.why) for row in session.query(Audit).order_by(Audit.id)]
        assert audit.verify(session) is None
    assert [row for row in kept if row[1]] == [("paused", "a picture is wrong"), ("closed", "enough")]


def test_what_cannot_be_a_study_is_said_and_nothing_is_made(visit: Visit, store: Store, project: Path) -> None:
    rendered(paths.stimuli())
    app = visit("studies", project)
    app.text_input(key=next(one.key for one in app.text_input if one.label == "Title")).input(" ")
    app.text_input(key=next(one.key for one in app.text_input if one.label == "Looks")).input("9 3")
    app.run()
    assert "title" in app.error[0].value
    assert next(button for button in app.button if button.label == "Create a draft").disabled
    app = visit("studies", project)
    app.number_input(key=next(one.key for one in app.number_input if one.label == "Main trials")).set_value(100)
    click(app, "Create a draft")
    assert "100 + 4 for main and catch trials, found 24" in app.error[0].value
    assert versions.listed(store) == []


def test_a_launch_lists_every_missing_picture(visit: Visit, store: Store, project: Path) -> None:
    version = draft(store)
    gone = sorted((paths.stimuli() / "pictures").glob("*.png"))[:12]
    for file in gone:
        file.unlink()
    app = click(visit("studies", project), "Launch")
    assert not app.exception
    assert "12 pictures of the study are not there" in app.error[0].value
    with store.read() as session:
        lost = [row.photo_id for row in session.query(Stimulus) if row.sha256 in {file.stem for file in gone}]
    assert all(name in app.error[0].value for name in lost)
    assert state(store, version) == "draft"


def test_a_change_is_a_new_version_that_begins_with_nobody(visit: Visit, store: Store, project: Path) -> None:
    first = launched(store, title="Cats and dogs", exposure_ms=1000, looks=[1])
    voters.vote(store, first, MINDS, count=1)
    app = visit("studies", project)
    app.session_state["study_tab"] = "New study"
    app.run()
    app.selectbox(key="study_origin").set_value(first).run()
    whole(click(app, "Create a draft"))
    newest, older = versions.listed(store)
    assert (newest.survey, newest.number, newest.joined) == (older.survey, 2, 0)
    assert newest.study == older.study


def test_links_made_on_the_page_let_people_in_once(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store)
    app = visit("studies", project)
    app.number_input(key=f"links_{version}").set_value(3)
    app.text_input(key=f"note_{version}").input("=cmd()")
    whole(click(app, "Make links"))
    content = next(button for button in app.get("download_button")).proto
    assert content.label == "Download as CSV"
    made = app.session_state[f"made_links_{version}"]
    tokens = [row["link"].partition("/survey/#")[2] for row in made]
    assert len(set(tokens)) == 3
    for token in tokens:
        assert people.join(store, token) == people.join(store, token)
    assert sum(row[2] == "1 of 1" for table in rows_of(app.run()) for row in table if len(row) == 6) == 3
    app.radio(key=f"kind_{version}").set_value("Open: one link for many").run()
    app.number_input(key=f"cap_{version}").set_value(2)
    whole(click(app, "Make link"))
    link = app.session_state[f"made_links_{version}"][0]["link"].partition("#")[2]
    assert people.join(store, link) != people.join(store, link)
    with pytest.raises(Exception, match="full"):
        people.join(store, link)


def test_a_csv_of_links_runs_nothing_in_a_spreadsheet(visit: Visit, store: Store, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboards.surveying import inviting

    handed: list[str] = []
    monkeypatch.setattr(inviting.st, "download_button", lambda label, content, *_, **__: handed.append(content))
    version = launched(store)
    app = visit("studies", project)
    app.text_input(key=f"note_{version}").input("=cmd()")
    whole(click(app, "Make links"))
    row = next(csv.DictReader(io.StringIO(handed[-1])))
    assert row["note"] == "'=cmd()"
    assert re.fullmatch(r"http://127\.0\.0\.1:8501/survey/#[\w-]{32}", row["link"])


def test_a_preview_is_offered_and_never_counts(visit: Visit, store: Store, project: Path) -> None:
    version = draft(store)
    app = whole(click(visit("studies", project), "Preview"))
    token = app.session_state[f"preview_of_{version}"].partition("#")[2]
    assert people.join(store, token) == token
    assert versions.listed(store)[0].joined == 0


def test_the_monitor_counts_and_names_no_model(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store, people=4)
    voters.vote(store, version, MINDS, count=2)
    away = voters.vote(store, version, MINDS, count=1, seed=1, stop_after=9)[0]
    people.happened(store, away, "problem", {"text": "<b>The left one</b> never came"})
    people.join(store, owners.invite(store, version, who="owner")[0])
    with store.write() as session:  # whose showing failed: it says nothing of who did not see it
        caught = select(Answer).join(Trial, (Trial.participant_id == Answer.participant_id) & (Trial.k == Answer.k))
        session.scalars(caught.where(Trial.role == "catch").order_by(Answer.received_at)).first().flags = ["hidden"]  # type: ignore[union-attr]
    app = whole(visit("monitor", project))
    shown = numbers(app)
    assert (shown["Joined"], shown["Began"], shown["Under way"], shown["Complete"]) == ("4", "3", "2", "2")
    table = longform.of_version(store, version)
    assert shown["Answers"] == str(int((table["choice"] != "").sum()))
    assert len(longform.catches(table)) == (table.loc[table["role"] == "catch", "choice"] != "").sum() - 1
    assert shown["Catch trials seen through"] == f"{longform.catches(table)['correct'].mean():.0%}"
    assert any("<b>The left one</b> never came" in row for rows in rows_of(app) for row in rows)
    said = words(app) + str(rows_of(app)) + str([chart.proto for chart in app.get("vega_lite_chart")])
    assert not any(model in said for model in MODELS), "a monitor that tells models apart invites stopping when they look good"
    found = progress.of(store, version)
    at = dict(zip(found.steps["step"], found.steps["now"], strict=True))
    assert at["consent"] == 1
    assert at["trials 1 to 5"] == 1
    assert found.steps["reached"].iloc[0] == 4


def test_the_monitor_tells_who_left_and_how_long_it_takes(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store, people=4)
    done = voters.vote(store, version, MINDS, count=3)
    away, gone, _ = voters.vote(store, version, MINDS, count=3, seed=1, stop_after=9)
    answering.withdraw(store, gone)
    with store.write() as session:
        by_token = {one.token_hash: one for one in session.scalars(select(Participant))}
        by_token[tokens.hashed(away)].seen_at -= dt.timedelta(minutes=61)
        for token, minutes in zip(done, (4, 6, 20), strict=True):
            mine = select(Answer).where(Answer.participant_id == by_token[tokens.hashed(token)].id).order_by(Answer.k)
            answers = list(session.scalars(mine))
            for place, one in enumerate(answers):
                one.received_at = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes * place / (len(answers) - 1))
    app = whole(visit("monitor", project))
    shown, told = numbers(app), {metric.label: metric.proto.help for metric in app.metric}
    assert (shown["Joined"], shown["Under way"], shown["Complete"], shown["Left"]) == ("6", "1", "3", "2")
    assert told["Left"] == "1 withdrew, 1 were not seen for an hour"
    assert shown["Median duration"] == "6.0 min"
    assert told["Median duration"] == "Half of the people took 5.0 to 13.0 min"
    now = progress.of(store, version)
    assert (now.withdrawn, now.away, now.under_way) == (1, 1, 1)
    at = now.steps.set_index("step").loc["trials 1 to 5"]
    assert (at["reached"], at["now"], at["left"]) == (6, 1, 2)
    assert longform.of_version(store, version)["participant"].nunique() == 6, "what they answered stays"
    assert found.of(store, versions.listed(store)[0]).median_minutes == 6


def test_people_who_may_be_one_person_are_counted_and_kept(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store)
    link = owners.invite(store, version, who="owner", cap=9)[0]
    consent = hashlib.sha256(texts.consent(versions.listed(store)[0].study)["text"].encode()).hexdigest()
    for address, wide in (("one", 1280), ("one", 1280), ("one", 390), ("two", 1280), ("", 1280), ("", 1280)):
        token = people.join(store, link, address_hash=address)
        people.consent(store, token, consent)
        people.display(store, token, {"viewport": [wide, 800], "grays_seen": address + str(wide)})
    assert progress.of(store, version).possible_duplicates == 2
    assert "2 people may be fewer" in words(whole(visit("monitor", project)))
    assert numbers(visit("monitor", project))["Joined"] == "6"


@pytest.mark.usefixtures("few_draws")
def test_results_stay_hidden_until_an_owner_says_why(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store, people=3)
    voters.vote(store, version, MINDS, count=1)
    for page in ("results", "export"):
        app = whole(visit(page, project))
        assert "Results are hidden until 3 people are complete" in words(app)
        assert not app.dataframe
        assert not any("fooled" in str(table.value.columns) for table in app.dataframe)
    app = visit("results", project)
    click(app, "Open the results")
    assert "Say why" in app.error[0].value
    app.text_input(key=f"why_open_{version}").input("a participant asked")
    whole(click(app, "Open the results"))
    assert "with 1 complete: a participant asked" in words(app)
    assert app.dataframe
    with store.read() as session:
        assert session.query(Audit).filter_by(what="open results", why="a participant asked").count() == 1


def command(*words: str) -> str:
    """What `huelab survey WORDS` prints."""
    done = CliRunner().invoke(cli.app, ["survey", *words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.usefixtures("few_draws")
@pytest.mark.parametrize("mode", ["pair", "single", "prefer"])
def test_the_page_shows_what_the_command_prints(mode: str, visit: Visit, store: Store, project: Path) -> None:
    version = launched(store, mode=mode, people=5)
    minds = Crowd({"beta": 0.2, "zhang": 0.45}) if mode != "prefer" else Crowd({"beta": 1.0, "zhang": -1.0})
    voters.vote(store, version, minds, count=4)
    voters.vote(store, version, dataclasses.replace(minds, careless=1.0), count=1, seed=1)
    results = found.of(store, versions.listed(store)[0])
    assert results.excluded
    app = whole(visit("results", project))
    sections = written.sections(results.kept)
    assert ("Agreement" in [section.title for section in sections]) == (results.kept.agreement is not None)
    for section in sections:
        assert list(section.rows) in rows_of(app) or all(f"{key}: {value}" in words(app) for key, value, *_ in section.rows), section.title
    app.radio(key="results_whose").set_value(True)
    app = whole(app.run())
    assert all(list(one.rows) in rows_of(app) for one in written.sections(results.everybody) if any(one.columns))
    app.session_state["results_tab"] = "As text"
    printed = command("stats", version)
    assert printed.strip() in [code.value.strip() for code in whole(app.run()).code]
    assert printed.strip() == written.table(results).strip()
    assert json.loads(command("stats", version, "--json")) == json.loads(json.dumps(tree(results)))
    export.write(store, version, project / "out", who="owner")
    assert json.loads((project / "out" / "results.json").read_text()) == json.loads(json.dumps(tree(results)))
    app.session_state["results_tab"] = "Left out"
    assert list(written.excluded(results).rows) in rows_of(whole(app.run()))


@pytest.mark.usefixtures("few_draws")
def test_a_look_before_it_was_due_stands_beside_the_results_everywhere(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store, people=3)
    voters.vote(store, version, MINDS, count=1)
    owners.open_results(store, version, who="ann", why="curious")
    app = visit("results", project)
    app.session_state["results_tab"] = "As text"
    app = whole(app.run())
    assert "no level is kept" in words(app)
    assert "results open at" not in words(app)
    (early,) = json.loads(command("stats", version, "--json"))["early_looks"]
    assert early.endswith("with 1 complete: curious")
    assert early in app.code[0].value
    assert early in command("stats", version)


@pytest.mark.usefixtures("few_draws")
def test_a_deletion_does_not_hide_results_again(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store, people=2)
    first, _ = voters.vote(store, version, MINDS, count=2)
    privacy.delete_me(store, person.deletion_code(first))
    app = whole(visit("results", project))
    assert "Results are hidden" not in words(app)
    assert numbers(app)["Complete"] == "2 of 2"
    assert "2 of 2 people are complete (1 had their data deleted since)." in words(app)


@pytest.mark.usefixtures("few_draws")
def test_photographs_are_shown_with_their_votes(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store)
    voters.vote(store, version, MINDS, count=3)
    app = visit("results", project)
    app.session_state["results_tab"] = "Photographs"
    app = whole(app.run())
    table = found.of(store, versions.listed(store)[0]).kept.photographs_of
    first = table[table["model"] == "beta"].sort_values(["rate", "trials", "photo_id"], ascending=[False, False, True]).iloc[0]
    assert f"**{first['rate']:.0%}** of {first['trials']} took it for real" in words(app)
    assert len(app.get("image")) >= 2
    shutil.rmtree(paths.survey_stimuli())
    whole(app.run())


@pytest.mark.usefixtures("few_draws")
def test_metrics_stand_beside_people_only_for_the_weights_people_saw(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store)
    voters.vote(store, version, MINDS, count=4)
    for name in MODELS:
        paths.scores(name).mkdir(parents=True)
        paths.model(name).mkdir(parents=True)
        scores = {"item_id": [f"photo{number:02d}" for number in range(30)], "path": "a.jpg", "mse_ab128": [n / 100 for n in range(30)]}
        pd.DataFrame({"model": name, "photo_id": "whole", "label": "", **scores}).to_parquet(paths.scores(name) / "scores.parquet")
    (paths.model("beta") / "card.json").write_text('{"weights_sha256": "of-beta"}')
    (paths.model("zhang") / "card.json").write_text('{"weights_sha256": "another"}')
    app = visit("results", project)
    app.session_state["results_tab"] = "Metrics"
    said = words(whole(app.run()))
    assert "zhang, it was trained again since its pictures were rendered" in said
    section = written.beside_metrics(found.of(store, versions.listed(store)[0]).metrics)
    assert section.rows[0][0] == "MSE ab/128 ↓"
    assert list(section.rows) in rows_of(app)
    assert "Spearman" in said
    told = json.loads(command("stats", version, "--json"))["metrics"]
    assert [link["metric"] for link in told["links"]] == ["mse_ab128"]
    assert told["lacking"] == {"zhang": "it was trained again since its pictures were rendered"}
    for row in section.rows:
        assert all(cell in command("stats", version) for cell in row)
    shutil.rmtree(paths.scores("beta"))
    assert json.loads(command("stats", version, "--json"))["metrics"]["missing"].startswith("none of these pictures has a score here")


@pytest.mark.usefixtures("few_draws")
def test_a_preference_study_shows_ranks(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store, mode="prefer")
    voters.vote(store, version, Crowd({"beta": 1.0, "zhang": -1.0}), count=3)
    app = whole(visit("results", project))
    results = found.of(store, versions.listed(store)[0])
    assert results.kept.ranking is not None
    assert list(written.preference(results.kept.ranking).rows) in rows_of(app)
    for tab in ("Photographs", "Metrics", "Left out"):
        app.session_state["results_tab"] = tab
        whole(app.run())


def test_an_export_holds_the_votes_and_a_deletion_overtakes_it(visit: Visit, store: Store, project: Path, tmp_path: Path) -> None:
    version = launched(store, people=2)
    token = voters.vote(store, version, MINDS, count=3)[0]
    app = whole(click(visit("export", project), "Write an export"))
    with zipfile.ZipFile(io.BytesIO(app.session_state[f"exported_{version}"])) as archive:
        archive.extractall(tmp_path / "out")
    pd.testing.assert_frame_equal(export.read(tmp_path / "out" / f"survey-{version}"), longform.of_version(store, version))
    app.text_input(key="code").input("AAAAA-BBBBB-CCCCC-DDDDD")
    app.checkbox(key="code_sure").check()
    click(app.run(), "Delete their data")
    assert "Nobody has that code" in app.error[0].value
    app.text_input(key="code").input(person.deletion_code(token))
    whole(click(app.run(), "Delete their data"))
    assert longform.of_version(store, version)["participant"].nunique() == 2
    assert "overtaken" in str(rows_of(app.run()))


def test_a_backup_is_written_where_it_says(visit: Visit, store: Store, project: Path) -> None:
    launched(store)
    app = whole(click(visit("export", project), "Back up now"))
    assert [str(file) in app.success[0].value for file in paths.survey_backups().iterdir()] == [True]


@pytest.mark.usefixtures("few_draws")
@pytest.mark.parametrize("page", PAGES)
def test_simulated_studies_say_so_on_every_page(page: str, visit: Visit, store: Store, project: Path) -> None:
    version = launched(store, simulated=True)
    voters.vote(store, version, MINDS, count=3)
    assert "made by programs, not by people" in words(whole(visit(page, project)))


def test_a_damaged_database_is_one_sentence(visit: Visit, store: Store, project: Path) -> None:
    database.close()
    for file in paths.survey_database().parent.glob("survey.db*"):
        file.unlink()
    paths.survey_database().write_bytes(b"these are words, not a database" * 100)
    app = visit("monitor", project)
    assert not app.exception
    assert "is damaged" in app.error[0].value
