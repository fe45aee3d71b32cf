"""What an owner needs beside results: the codes to pay by, whether the record is whole, and a word where somebody edited the database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from huelab.survey import frozen, owners
from huelab.survey.schema import Version
from huelab.survey.store import Store
from tests.dashboards import voters
from tests.dashboards.conftest import whole, words
from tests.dashboards.surveyed import MINDS, draft, launched
from tests.dashboards.test_survey_pages import Visit, click


def blocks(app: AppTest) -> list[str]:
    return [str(one.value) for one in app.code]


def test_whoever_pays_people_finds_their_codes(visit: Visit, store: Store, project: Path) -> None:
    version = launched(store)
    assert not any(one.label == "Completion codes" for one in visit("studies", project).expander)
    voters.vote(store, version, MINDS, count=2)
    voters.vote(store, version, MINDS, count=1, stop_after=4)
    app = whole(visit("studies", project))
    assert "\n".join(owners.codes(store, version)) in blocks(app)
    assert len(owners.codes(store, version)) == 2


def test_the_export_page_says_whether_the_record_is_whole(visit: Visit, store: Store, project: Path) -> None:
    launched(store)
    app = whole(visit("export", project))
    assert "The audit is whole: 2 rows" in words(app)
    assert "huelab survey audit FILE" in words(app)
    with store.write() as session:
        session.execute(text("UPDATE audit SET who = 'nobody' WHERE what = 'create'"))
    assert "THE AUDIT IS BROKEN: row 1 was changed" in words(visit("export", project))


def test_a_study_without_purpose_is_not_launched_from_the_page(visit: Visit, store: Store, project: Path) -> None:
    draft(store, purpose="", contact="")
    app = click(visit("studies", project), "Launch")
    assert any("no purpose and no contact" in str(error.value) for error in app.error)


def test_a_version_edited_in_the_database_is_named_and_hides_no_other(
    visit: Visit, store: Store, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited, other = draft(store, title="Edited"), draft(store, title="Another")
    with store.write() as session:
        one = session.get_one(Version, edited)
        one.content = {**one.content, "people": 1}
    monkeypatch.setattr(frozen, "_CHECKED", set())
    app = visit("studies", project)
    assert not app.exception
    assert any(f"Version {edited} is not the study that was frozen" in str(error.value) for error in app.error)
    assert any(other in body.proto.body for body in app.get("html"))
