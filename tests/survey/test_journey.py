"""What participants and owners would lose if the service forgot, leaked or miscounted: their answers, their place, and the truth."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from huelab.errors import SurveyError
from huelab.survey import answering, audit, owners, people, person
from huelab.survey.consent import consent_of
from huelab.survey.pictures import Pictures, padded
from huelab.survey.refusal import Refused
from huelab.survey.schema import Answer, Audit, Participant, Stimulus, Trial, Version
from huelab.survey.store import Store
from huelab.survey.study import Question, Study
from tests.survey.conftest import CONSENT, Launch, Launched, rendered


def take(one: Launched, token: str, *, most: int = 1000, choice: str = "left", **timings: Any) -> dict[str, Any]:
    """Answers up to `most` trials; gives the state after them."""
    state = answering.current(one.store, token)
    while most and "trial" in state:
        state = answering.answer(one.store, token, state["trial"]["nonce"], choice, **timings)["state"]
        most -= 1
    return state


def count(store: Store, table: Any, *where: Any) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def refused(word: str) -> Any:
    return pytest.raises(Refused, match=f"^{word}$")


def test_the_whole_way_from_the_link_to_the_codes(launch: Launch) -> None:
    one = launch(questions=(Question(key="seen", text="Have you seen these before?", choices=("yes", "no"), required=True),))
    token = people.join(one.store, one.link())
    assert answering.current(one.store, token)["step"] == "consent"
    with refused("consent_changed"):
        people.consent(one.store, token, "0" * 64)
    people.consent(one.store, token, CONSENT)
    assert answering.current(one.store, token)["step"] == "display"
    people.display(one.store, token, {"viewport": [390, 800]})
    assert answering.current(one.store, token)["step"] == "screening"
    with refused("not_now"):
        people.ready(one.store, token)
    people.screened(one.store, token, {"class": "normal"})
    assert answering.current(one.store, token)["step"] == "instructions"
    people.ready(one.store, token)
    state = take(one, token, most=6)
    assert (state["step"], state["done"], state["of"]) == ("main", 0, 10)
    state = take(one, token)
    assert state["step"] == "questions"
    with refused("bad_request"):
        answering.questions(one.store, token, {})
    state = answering.questions(one.store, token, {"seen": "no"})
    assert state["step"] == "debrief"
    assert len(state["completion_code"]) == 19
    assert state["deletion_code"] == person.deletion_code(token)
    assert count(one.store, Answer) == 16


def test_the_browser_is_told_nothing_but_random_names_before_its_answer(launch: Launch) -> None:
    one = launch()
    token = one.person()
    told = json.dumps(answering.current(one.store, token))
    with one.store.read() as session:
        trial = session.scalars(select(Trial).order_by(Trial.k)).first()
        assert trial is not None
        for secret in (*one.study.models, trial.photo_id, "photo", "catch", "model", '"real"', "fake", one.version):
            assert secret not in told, secret
        for stimulus in session.scalars(select(Stimulus)):
            assert stimulus.sha256 not in told
    reply = answering.answer(one.store, token, trial.nonce, "left")
    assert reply["feedback"] == {"right": trial.fake_side == "left", "truth": trial.fake_side}
    take(one, token, most=5)
    assert answering.answer(one.store, token, answering.current(one.store, token)["trial"]["nonce"], "left")["feedback"] is None


@pytest.mark.parametrize("mode", ["pair", "single", "prefer"])
def test_every_mode_can_be_taken_and_refuses_the_others_choices(launch: Launch, mode: str) -> None:
    one = launch(mode=mode)
    token = one.person()
    nonce = answering.current(one.store, token)["trial"]["nonce"]
    with refused("bad_request"):
        answering.answer(one.store, token, nonce, "real" if mode != "single" else "left")
    assert take(one, token, choice="real" if mode == "single" else "right")["step"] == "debrief"


def test_all_pictures_of_a_study_are_equally_long_and_show_what_was_rendered(launch: Launch) -> None:
    one = launch()
    pictures = Pictures(one.store)
    token = one.person()
    state = answering.current(one.store, token)
    names = [state["trial"]["left"], state["trial"]["right"], *state["next"]]
    bodies = [pictures.body(name) for name in names]
    assert len(set(map(len, bodies))) == 1
    assert all(Image.open(io.BytesIO(body)).size == (16, 16) for body in bodies)
    with refused("unknown"):
        pictures.body("made-up")
    with pytest.raises(ValueError, match="padded"):
        padded(bodies[0], 10)


def test_who_comes_again_goes_on_where_they_were(launch: Launch) -> None:
    one = launch()
    link = one.link()
    token = people.join(one.store, link)
    people.consent(one.store, token, CONSENT)
    people.display(one.store, token, {"touch": True})
    people.screened(one.store, token, {})
    people.ready(one.store, token)
    state = take(one, token, most=3)
    assert people.join(one.store, link) == token, "another device with the same link"
    assert people.join(one.store, token) == token, "by their own link"
    again = answering.current(one.store, token)
    assert again["trial"] == state["trial"]
    assert count(one.store, Participant) == 1


def test_an_open_link_lets_in_as_many_as_it_says(launch: Launch) -> None:
    one = launch()
    link = one.link(cap=3)
    assert len({people.join(one.store, link) for _ in range(3)}) == 3
    with refused("full"):
        people.join(one.store, link)
    with refused("unknown"):
        people.join(one.store, "forged")


def test_ended_links_let_nobody_new_in(launch: Launch) -> None:
    one = launch()
    old = one.link(expires=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
    with refused("link_ended"):
        people.join(one.store, old)


def test_twenty_posts_of_one_answer_are_one_answer(launch: Launch) -> None:
    one = launch()
    token = one.person()
    nonce = answering.current(one.store, token)["trial"]["nonce"]
    sides = itertools.cycle(("left", "right"))
    replies = at_once(lambda: answering.answer(one.store, token, nonce, next(sides)), 20)
    assert all(isinstance(reply, dict) and reply["stored"] for reply in replies), replies
    assert len({reply["state"]["trial"]["nonce"] for reply in replies}) == 1
    assert count(one.store, Answer) == 1


def at_once(call: Callable[[], Any], times: int = 12) -> list[Any]:
    """What a call gives or raises, of as many threads at the same time."""
    found: list[Any] = []

    def one() -> None:
        try:
            found.append(call())
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_whoever_sends_everything_twelve_times_has_one_plan_and_one_completion_code(launch: Launch) -> None:
    """A code that was shown and then overwritten is one nobody can find: the person goes unpaid."""
    one = launch(screening=False)
    link = one.link()
    tokens = at_once(lambda: people.join(one.store, link))
    assert len(set(tokens)) == 1, tokens
    token = tokens[0]
    assert at_once(lambda: people.consent(one.store, token, CONSENT)) == [None] * 12
    people.display(one.store, token, {"viewport": [1, 1]})
    people.ready(one.store, token)
    state = answering.current(one.store, token)
    last = ""
    while "trial" in state:
        last = state["trial"]["nonce"]
        if not state["next"]:
            break
        state = answering.answer(one.store, token, last, "left")["state"]
    ends = at_once(lambda: answering.answer(one.store, token, last, "left"))
    assert len({reply["state"]["completion_code"] for reply in ends}) == 1, ends
    assert answering.current(one.store, token)["completion_code"] == ends[0]["state"]["completion_code"]


def test_who_is_complete_finds_their_codes_after_the_study_closed(launch: Launch) -> None:
    one = launch(completion_url="https://pay.example/?code={code}")
    token = one.person()
    done = take(one, token)
    owners.close(one.store, one.version, who="owner")
    assert answering.current(one.store, token) == done
    assert done["completion_url"] == f"https://pay.example/?code={done['completion_code']}"


def test_answers_of_others_and_ahead_of_time_are_refused(launch: Launch) -> None:
    one = launch()
    mine, other = one.person(), one.person()
    nonce = answering.current(one.store, other)["trial"]["nonce"]
    with refused("unknown"):
        answering.answer(one.store, mine, nonce, "left")
    with one.store.read() as session:
        later = session.scalars(select(Trial.nonce).where(Trial.k == 5)).first()
    assert later is not None
    with pytest.raises(Refused):
        answering.answer(one.store, mine, later, "left")
    with refused("unknown"):
        answering.current(one.store, "forged")
    assert count(one.store, Answer) == 0


def test_a_failed_exposure_is_put_again_once(launch: Launch) -> None:
    one = launch(exposure_ms=500)
    token = one.person()
    state = take(one, token, most=6)
    first = state["trial"]["nonce"]
    people.happened(one.store, token, "shown", {"nonce": first})
    people.happened(one.store, token, "shown", {"nonce": first})
    answering.answer(one.store, token, first, "left", flags=["hidden", "nonsense"])
    state = take(one, token, flags=["late"])
    assert state["step"] == "debrief"
    with one.store.read() as session:
        repeated = Counter(session.scalars(select(Trial.repeats).where(Trial.repeats.is_not(None))))
        assert set(repeated.values()) == {1}
        assert len(repeated) == 10, "the main trials and the catches: a catch that nobody could see says nothing about who did not see it"
        answer = session.scalar(select(Answer).join(Trial, (Trial.k == Answer.k)).where(Trial.nonce == first))
        assert answer is not None
        assert answer.flags == ["hidden", "reexposed"]


def test_people_fill_the_square_evenly_and_the_lost_give_their_place_back(launch: Launch) -> None:
    one = launch()
    for _ in range(12):
        one.person()
    with one.store.read() as session:
        cells = Counter(session.scalars(select(Participant.cell)))
    assert set(cells.values()) == {2}, cells
    with one.store.write() as session:
        for lost in session.scalars(select(Participant).where(Participant.cell == 3)):
            lost.seen_at -= dt.timedelta(hours=2)
    one.person()
    with one.store.read() as session:
        assert Counter(session.scalars(select(Participant.cell)))[3] == 3


def test_paused_and_closed_studies_take_no_answer_and_lose_none(launch: Launch) -> None:
    one = launch()
    link, token = one.link(), one.person()
    state = take(one, token, most=2)
    owners.pause(one.store, one.version, who="owner", why="a typo")
    with refused("paused"):
        answering.answer(one.store, token, state["trial"]["nonce"], "left")
    owners.resume(one.store, one.version, who="owner")
    take(one, token, most=1)
    owners.close(one.store, one.version, who="owner")
    with refused("closed"):
        take(one, token, most=1)
    with refused("closed"):
        people.join(one.store, link)
    assert count(one.store, Answer) == 3
    with pytest.raises(SurveyError, match="is closed: only one that is live can become paused"):
        owners.pause(one.store, one.version, who="owner")
    with pytest.raises(SurveyError, match="nobody can join"):
        one.link()


def test_a_preview_may_try_a_draft_and_counts_for_nothing(store: Store, project: Path, tmp_path: Path) -> None:
    folder = rendered(tmp_path / "stimuli")
    study = Study(title="t", models=("beta", "zhang"), trials=8, catches=2, screening=False)
    version = owners.create(store, study, folder, who="owner")
    token = owners.preview(store, version, who="owner", rendered=folder)
    with store.read() as session:
        people.consent(store, token, consent_of(session.get_one(Version, version), "en")["sha256"])
    assert answering.current(store, token)["preview"] is True
    with refused("not_open"):
        people.join(store, owners.invite(store, version, who="owner")[0])


def test_a_launch_with_missing_pictures_names_them_all_and_launches_nothing(store: Store, project: Path, tmp_path: Path) -> None:
    folder = rendered(tmp_path / "stimuli")
    version = owners.create(store, Study(title="t", models=("beta",), trials=8, catches=2), folder, who="owner")
    gone = sorted((folder / "pictures").glob("*.png"))[:3]
    for file in gone[:2]:
        file.unlink()
    gone[2].write_bytes(b"other")
    with pytest.raises(SurveyError, match=r"\d pictures of the study are not there: .*jpg photo"):
        owners.launch(store, version, folder, who="owner", consent="I agree.")
    assert count(store, Version, Version.state == "draft") == 1


def test_studies_that_cannot_work_are_refused_when_they_are_created(store: Store, project: Path, tmp_path: Path) -> None:
    folder = rendered(tmp_path / "stimuli", main=5)
    with pytest.raises(SurveyError, match="No pictures were rendered of koala; there are some of beta, zhang"):
        owners.create(store, Study(title="t", models=("koala",), trials=8), folder, who="owner")
    with pytest.raises(SurveyError, match=r"8 \+ 6 for main and catch trials, found 5"):
        owners.create(store, Study(title="t", models=("beta",), trials=8), folder, who="owner")
    with pytest.raises(SurveyError, match=r"manifest\.json is missing"):
        owners.create(store, Study(title="t", models=("beta",)), tmp_path / "nowhere", who="owner")
    with pytest.raises(SurveyError, match="no study version 'x'"):
        owners.pause(store, "x", who="owner")


def test_what_owners_do_is_on_record(launch: Launch) -> None:
    one = launch()
    owners.open_results(one.store, one.version, who="ann", why="a pilot")
    with pytest.raises(SurveyError, match="Say why"):
        owners.open_results(one.store, one.version, who="ann", why=" ")
    with one.store.read() as session:
        assert [row.what for row in session.scalars(select(Audit).order_by(Audit.id))] == ["create", "live", "open results"]
        assert audit.verify(session) is None
        assert session.get_one(Version, one.version).results_opened[0]["why"] == "a pilot"
