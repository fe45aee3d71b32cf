"""What is published must be what was answered: whole, readable again, safe in a spreadsheet, and without whoever asked to be forgotten."""

from __future__ import annotations

import csv
import threading
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import func, select

from huelab.errors import SurveyError
from huelab.survey import answering, backup, export, longform, person, privacy, restoring
from huelab.survey.codebook import columns
from huelab.survey.schema import Answer, Export, Participant
from huelab.survey.store import Store
from huelab.survey.study import Question
from tests.survey.conftest import Launch, Launched


def taken(one: Launched, count: int = 2, note: str = "") -> list[str]:
    tokens = [one.person() for _ in range(count)]
    for token in tokens:
        state = answering.current(one.store, token)
        while "trial" in state:
            reply = answering.answer(one.store, token, state["trial"]["nonce"], "left", rt_ms=900.0, shown_ms=1000.0)
            state = reply["state"]
        if state["step"] == "questions":
            answering.questions(one.store, token, {"note": note})
    return tokens


def test_an_export_is_read_again_as_it_was_written(launch: Launch, tmp_path: Path) -> None:
    one = launch()
    taken(one)
    one.person()
    table = longform.of_version(one.store, one.version)
    assert export.write(one.store, one.version, tmp_path / "out", who="owner") == len(table) == 48
    pd.testing.assert_frame_equal(export.read(tmp_path / "out"), table)
    with (tmp_path / "out" / "votes.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [column.name for column in columns()]
    assert sum(row["choice"] == "left" for row in rows) == 32
    main = table[(table["role"] == "main") & (table["choice"] != "")]
    assert (main["fooled"] == (main["fake_side"] != "left")).all()
    assert table.loc[table["role"] == "catch", "fooled"].isna().all()


def test_a_changed_export_is_noticed(launch: Launch, tmp_path: Path) -> None:
    one = launch()
    taken(one, 1)
    export.write(one.store, one.version, tmp_path / "out", who="owner")
    file = tmp_path / "out" / "votes.csv"
    file.write_text(file.read_text().replace("left", "right"))
    with pytest.raises(SurveyError, match=r"votes\.csv is not as exported"):
        export.read(tmp_path / "out")
    with pytest.raises(SurveyError, match="is no export"):
        export.read(tmp_path)


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"])
def test_free_text_is_no_formula_in_a_spreadsheet(launch: Launch, tmp_path: Path, cell: str) -> None:
    one = launch(questions=(Question(key="note", text="Anything?"),))
    taken(one, 1, note=cell)
    export.write(one.store, one.version, tmp_path / "out", who="owner")
    with (tmp_path / "out" / "participants.csv").open(newline="") as stream:
        assert [row["note"] for row in csv.DictReader(stream)] == [f"'{cell}"]


def test_who_is_deleted_is_in_no_later_export_and_earlier_ones_are_marked(launch: Launch, tmp_path: Path) -> None:
    one = launch()
    first, _ = taken(one)
    export.write(one.store, one.version, tmp_path / "before", who="owner")
    privacy.delete_me(one.store, person.deletion_code(first))
    export.write(one.store, one.version, tmp_path / "after", who="owner")
    assert export.read(tmp_path / "before")["participant"].nunique() == 2
    assert export.read(tmp_path / "after")["participant"].nunique() == 1
    with one.store.read() as session:
        assert list(session.scalars(select(Export.overtaken).order_by(Export.at))) == [True, False]


def test_a_backup_during_answers_restores_whole(launch: Launch, tmp_path: Path) -> None:
    one = launch()
    taken(one, 1)
    busy = threading.Thread(target=taken, args=(one, 2))
    busy.start()
    backup.backup(one.store, tmp_path / "kept.tar")
    busy.join()
    with one.store.read() as session:
        now = session.scalar(select(func.count()).select_from(Answer))
    url = one.store.url.render_as_string(hide_password=False)
    one.store.close()
    restoring.restore(url, tmp_path / "kept.tar")
    again = Store.open(url)
    assert backup.check(again) == "ok"
    with again.read() as session:
        restored = session.scalar(select(func.count()).select_from(Answer)) or 0
        assert session.scalar(select(func.count()).where(Participant.state == "complete")) >= 1
    assert 16 <= restored <= (now or 0)
    again.close()
    with pytest.raises(SurveyError, match="never overwritten"):
        backup.backup(again, tmp_path / "kept.tar")


def test_what_is_no_backup_changes_nothing(launch: Launch, tmp_path: Path) -> None:
    one = launch()
    (tmp_path / "bad.tar").write_bytes(b"not a tar")
    url = one.store.url.render_as_string(hide_password=False)
    with pytest.raises(SurveyError, match="is no backup"):
        restoring.restore(url, tmp_path / "bad.tar")
    assert longform.of_version(one.store, one.version).empty
