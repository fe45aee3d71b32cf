"""Studies on a real database for the survey's pages to show, and who is asked to look at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import streamlit as st
from streamlit import config

from huelab import paths
from huelab.survey import owners, texts
from huelab.survey.crowd import Crowd
from huelab.survey.frozen import study_of
from huelab.survey.store import Store
from huelab.survey.study import Study
from tests.survey.conftest import rendered

MODELS = ("beta", "zhang")
MINDS = Crowd({"beta": 0.2, "zhang": 0.45})


def draft(store: Store, **settings: object) -> str:
    """A small study of flat pictures, in the place where stage stimuli leaves its own."""
    if not paths.stimuli().exists():
        rendered(paths.stimuli())
    study = Study.model_validate(
        {
            "title": "Which is real?",
            "purpose": "To see how far they are.",
            "contact": "lab@example.org",
            "models": MODELS,
            "trials": 8,
            "catches": 2,
            "block": 5,
            "people": 3,
            **settings,
        }
    )
    return owners.create(store, study, paths.stimuli(), who="owner")


def launched(store: Store, **settings: object) -> str:
    """The same, open."""
    version = draft(store, **settings)
    with store.read() as session:
        study = study_of(owners.find(session, version))
    owners.launch(store, version, paths.stimuli(), who="owner", consent=texts.consent(study)["text"])
    return version


@contextmanager
def served_at(address: str) -> Iterator[None]:
    """As if the dashboard listened there."""
    before = config.get_option("server.address")
    config.set_option("server.address", address)
    try:
        yield
    finally:
        config.set_option("server.address", before)


@contextmanager
def seen_by(patch: pytest.MonkeyPatch, *, cookies: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Iterator[None]:
    """As if the browser had sent these: AppTest has none."""
    with patch.context() as inner:
        inner.setattr(type(st.context), "cookies", property(lambda _: cookies or {}))
        inner.setattr(type(st.context), "headers", property(lambda _: headers or {}))
        yield
