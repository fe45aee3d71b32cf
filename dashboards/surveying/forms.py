"""The form that a study is made by: every field of it with a sensible start and what it means, and at once what will follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from huelab.survey import plans, texts
from huelab.survey.manifest import Manifest
from huelab.survey.study import LONGEST, SHORTEST, UNLIMITED, Question, Rules, Study

_MODES = {
    "pair": "Pair: the photograph and a guess side by side, which is fake?",
    "single": "Single: one picture, real or fake?",
    "prefer": "Prefer: two guesses side by side, which is better?",
}
_LANGUAGES = {"en": "English", "de": "German"}


def starting(found: Manifest) -> Study:
    """A study that the rendered pictures are enough for."""
    models = tuple(found.models)
    room = len(found.photographs("main"))
    catches = min(6, room // 6)
    most = min(40, room - catches)
    trials = most - most % max(1, len(models))  # every model equally often
    practice = min(6, len(found.photographs("practice")))
    # pydantic checks the rest when the form is read: too few pictures are told there, in words
    return Study(
        title="Real or fake colours?", models=models or ("none",), trials=max(4, trials), catches=catches, practice=max(6, practice)
    )


def asked(base: Study, found: Manifest, key: str) -> Study | None:
    """The study as the form has it; None while it cannot be, with what is wrong. `key` keeps the widgets of two forms apart."""
    given: dict[str, Any] = {}

    def known(name: str) -> str:
        return f"{key}_{name}"

    def about(name: str) -> str | None:
        words = Study.model_fields[name].description
        return words and words[0].upper() + words[1:] + "."

    def text(name: str, label: str, *, area: bool = False, **more: Any) -> None:
        draw = st.text_area if area else st.text_input
        given[name] = draw(label, getattr(base, name), key=known(name), help=more.pop("help", about(name)), **more).strip()

    def whole(name: str, label: str, low: int, high: int, *, step: int = 1, **more: Any) -> None:
        value = min(max(getattr(base, name), low), high)
        given[name] = int(st.number_input(label, low, high, value, step, key=known(name), help=more.pop("help", about(name)), **more))

    def switch(name: str, label: str, **more: Any) -> None:
        given[name] = st.toggle(label, getattr(base, name), key=known(name), help=more.pop("help", about(name)), **more)

    text("title", "Title", max_chars=200, help="Participants read it above the consent.")
    text("purpose", "Purpose", area=True, height=72, max_chars=2000, help="Who asks, and what for; in the consent. A launch needs it.")
    text("contact", "Contact", max_chars=200, help="Whom participants may ask: an address they can write to. A launch needs it.")
    given["mode"] = st.radio("What is asked", list(_MODES), list(_MODES).index(base.mode), format_func=_MODES.get, key=known("mode"))
    names = [name for name in base.models if name in found.models] or list(found.models)
    given["models"] = tuple(
        st.multiselect(
            "Colorizers",
            list(found.models),
            names,
            format_func=lambda name: f"{name}: {found.models[name].title}",
            key=known("models"),
            help="Those whose pictures stage stimuli rendered (survey.models in params.yaml).",
        )
    )
    with st.container(horizontal=True):
        whole("trials", "Main trials", 4, 400)
        whole("catches", "Catch trials", 0, 40)
        whole("practice", "Practice trials", 6, 30)
        whole("people", "People", 1, 100_000, help="Planned number of complete participants; results are shown when it is reached.")
    with st.expander("How pictures are shown"):
        _showing(base, given, known, whole, switch)
    with st.expander("What participants read and are asked"):
        text("content_warning", "Content warning", max_chars=500, help="Shown before anything is, where photographs may upset somebody.")
        text(
            "consent", "Consent text", area=True, max_chars=20_000, help="Leave empty for the one of huelab, which names the purpose above."
        )
        known_languages = [name for name in texts.languages() if len(name) == 2]
        start = known_languages.index(base.language) if base.language in known_languages else 0
        given["language"] = st.selectbox(
            "Language of the consent", known_languages, start, format_func=lambda name: _LANGUAGES.get(name, name), key=known("language")
        )
        switch("screening", "Colour-vision screening")
        given["questions"] = _questions(base.questions, known("questions"))
        text("completion_url", "Completion address", help="Where participants go with their completion code; https only. May be empty.")
    with st.expander("Rules, looks and data"):
        given["rules"] = _rules(base.rules, known("rules"))
        looks = st.text_input(
            "Looks", " ".join(map(str, base.looks)), key=known("looks"), help=f"{about('looks')} Rising, with spaces; empty: none."
        )
        given["looks"] = looks.replace(",", " ").split()
        whole("block", "Trials between breaks", 5, 100)
        whole("retention_days", "Days that answers are kept", 1, 3650)
        whole("seed", "Seed of the plans", 0, 2**31 - 1)
        switch(
            "simulated",
            "Simulated study",
            help="Answered by programs, to try the survey out. For good: it can never hold people's answers.",
        )
    return _checked(given, found)


def _showing(base: Study, given: dict[str, Any], known: Any, whole: Any, switch: Any) -> None:
    timed = st.toggle("Timed", base.exposure_ms != UNLIMITED, key=known("timed"), help="Else people look as long as they like.")
    if timed:
        start = base.exposure_ms if base.exposure_ms != UNLIMITED else 1000
        given["exposure_ms"] = int(st.number_input("Shown for (ms)", SHORTEST, LONGEST, start, 50, key=known("exposure_ms")))
        switch("answer_while_shown", "Answers count while pictures are shown")
        switch("mask", "Noise after the pictures")
        if given["mode"] != "single" and st.toggle("One after the other", base.presentation == "in_turn", key=known("presentation")):
            given["presentation"] = "in_turn"
            whole("gap_ms", "Gap between the two (ms)", 0, 2000, step=50)
    whole("side", "Longer side of a picture (CSS pixels)", 64, 1024, step=16)
    keys = st.text_input("Keys", " ".join(base.keys), key=known("keys"), help="For left or real, and for right or fake.")
    given["keys"] = keys.lower().split()


def _questions(base: Sequence[Question], key: str) -> list[dict[str, Any]]:
    st.write("Questions after the last trial. Without choices the answer is free text, which may hold personal data.")
    rows = [{"key": one.key, "text": one.text, "choices": "; ".join(one.choices), "required": one.required} for one in base]
    start = pd.DataFrame(rows, columns=["key", "text", "choices", "required"]).astype({"required": bool})
    edited = st.data_editor(
        start,
        num_rows="dynamic",
        hide_index=True,
        key=key,
        column_config={
            "key": st.column_config.TextColumn("Name", help="Of the column in exports: small letters, digits and _"),
            "text": st.column_config.TextColumn("Question", width="large"),
            "choices": st.column_config.TextColumn("Choices", help="With semicolons between them"),
            "required": st.column_config.CheckboxColumn("Required"),
        },
    )
    return [
        {
            "key": str(row["key"] or ""),
            "text": str(row["text"] or ""),
            "choices": tuple(filter(None, (one.strip() for one in str(row["choices"] or "").split(";")))),
            "required": bool(row["required"]),
        }
        for row in edited.fillna("").to_dict("records")
        if row["key"] or row["text"]
    ]


def _rules(base: Rules, key: str) -> dict[str, Any]:
    st.write("Who is left out of the results. Frozen at launch; nobody is left out for how often they were fooled.")
    given: dict[str, Any] = {}
    with st.container(horizontal=True):
        for name, facts in Rules.model_fields.items():
            value = getattr(base, name)
            label = name.replace("_", " ").replace("ms", "(ms)").capitalize()
            step = 1 if isinstance(value, int) else 0.05
            given[name] = st.number_input(label, type(value)(0), value=value, step=step, key=f"{key}_{name}", help=facts.description)
    return given


def _checked(given: dict[str, Any], found: Manifest) -> Study | None:
    try:
        study = Study.model_validate(given)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            where = ".".join(map(str, problem["loc"]))
            lines.append(f"- {where + ': ' if where else ''}{problem['msg'].removeprefix('Value error, ')}")
        st.error("\n".join(["This cannot be yet:", *lines]), icon=":material/error:")
        return None
    _follows(study, found)
    return study


def _follows(study: Study, found: Manifest) -> None:
    """What a person will do, and how many votes the whole gives."""
    main = len(found.photographs("main"))
    shown = study.people * study.trials / (2 if study.mode == "single" else 1)
    per = len(study.models) if study.mode != "prefer" else len(plans.treatments(study))
    what = "pair of models" if study.mode == "prefer" else "model"
    votes = shown / per
    each = votes / max(1, main)
    practice = len(found.photographs("practice"))
    st.caption(
        f"A person judges {study.photographs_needed} different photographs in about {texts.minutes(study)} minutes. {main} are there for "
        f"main and catch trials, {practice} for practice. {study.people} people give {votes:,.0f} votes per {what}, "
        f"{f'about {each:,.0f}' if each >= 1 else 'fewer than one'} of each photograph. More people cannot replace more photographs."
    )
