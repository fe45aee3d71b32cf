"""The study chosen on the survey's pages stays the one chosen: closing another by mistake cannot be undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboards.surveying import versions
from huelab.survey.store import Store
from tests.dashboards.conftest import whole
from tests.dashboards.surveyed import draft

Visit = Callable[..., AppTest]


def press(app: AppTest, label: str) -> None:
    """A button of the page."""
    next(button for button in app.button if button.label == label).click()
    whole(app.run())


def state_of(store: Store, version: str) -> str:
    return next(one.state for one in versions.listed(store) if one.id == version)


def test_of_studies_with_one_title_the_chosen_one_is_launched_and_closed(visit: Visit, store: Store, project: Path) -> None:
    first, other, last = (draft(store, title="Real or fake?", purpose="A test.", contact="lab@example.org") for _ in range(3))
    app = whole(visit("studies", project))
    labels = app.selectbox(key="survey_version").options
    assert len(set(labels)) == 3
    app.selectbox(key="survey_version").select(next(label for label in labels if other[:6] in label))
    whole(app.run())
    press(app, "Launch")
    assert state_of(store, other) == "live"
    assert app.selectbox(key="survey_version").value == other
    whole(app.run())  # the browser sends the label it had, not the value
    app.text_input(key=f"why_close_{other}").input("enough")
    press(app, "Close the study")
    assert [state_of(store, one) for one in (first, other, last)] == ["draft", "closed", "draft"]
    assert app.selectbox(key="survey_version").value == other
