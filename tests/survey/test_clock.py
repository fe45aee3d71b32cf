"""Clocks are wrong: a server's may be set back between two answers, and a browser's is never believed."""

from __future__ import annotations

import datetime as dt
import types

import pytest
from sqlalchemy import select

from huelab.survey import answering, export, longform, owners, person, privacy, publishing
from huelab.survey.schema import Answer
from tests.survey.conftest import Launch


def set_to(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime) -> None:
    """As if the server's clock showed `moment`."""

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return moment.astimezone(tz)

    skewed = types.SimpleNamespace(**{**vars(dt), "datetime": Clock})
    for module in (answering, person, owners):
        monkeypatch.setattr(module, "dt", skewed)


def test_a_clock_set_back_between_answers_loses_none_and_breaks_no_figure(
    launch: Launch, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    one = launch(people=1)
    token = one.person()
    now = dt.datetime.now(dt.UTC)
    state = answering.current(one.store, token)
    moments = [now, now - dt.timedelta(days=2), now + dt.timedelta(minutes=1), now - dt.timedelta(hours=3)]
    given = []
    while "trial" in state:
        set_to(monkeypatch, moments[len(given) % len(moments)])
        given.append(state["trial"]["nonce"])
        state = answering.answer(one.store, token, given[-1], "left", rt_ms=900.0)["state"]
    assert state["step"] == "debrief"
    assert len(set(given)) == 16
    with one.store.read() as session:
        assert len(session.scalars(select(Answer)).all()) == 16
    monkeypatch.undo()
    table = longform.of_version(one.store, one.version)
    assert table["k"].tolist() == list(range(16)), "by the order of the plan, not of the clock"
    assert publishing.opened(one.store, one.version, who="owner").complete == 1
    owners.close(one.store, one.version, who="owner")
    assert export.write(one.store, one.version, tmp_path / "out", who="owner") == 16  # type: ignore[operator]
    assert privacy.sweep(one.store) == 0
    privacy.delete_me(one.store, person.deletion_code(token))


def test_a_browsers_clock_is_never_believed(launch: Launch) -> None:
    one = launch()
    token = one.person()
    nonce = answering.current(one.store, token)["trial"]["nonce"]
    before = dt.datetime.now(dt.UTC)
    answering.answer(one.store, token, nonce, "left", rt_ms=900.0, frames={"at": "1970-01-01T00:00:00Z", "received_at": 0.0})
    with one.store.read() as session:
        (kept,) = session.scalars(select(Answer))
    assert before - dt.timedelta(seconds=1) <= kept.received_at <= dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
