"""registry/promotions.jsonl is the only memory of who was champion: nothing that stands in it may be lost or misread."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from huelab import paths
from huelab.errors import HuelabError
from huelab.run_lock import hold
from huelab.tracking import promotions
from huelab.tracking.promotions import Action, By, Promotion, append, previous, read, set_aside
from huelab.tracking.registered import Registered

A, B, C = (Registered(name, f"content-{name}", f"weights-{name}", "data", number) for number, name in enumerate("abc", 1))


def promotion(
    before: Registered | None, after: Registered, *, by: By = "rule", action: Action = "promote", over: tuple[Registered, ...] = ()
) -> Promotion:
    return Promotion("2026-01-02T03:04:05Z", "Ada", by, action, "better", before, after, {"metric": "ssim"}, ({"what": "ssim"},), over)


def silent(line: str) -> None:
    raise AssertionError(line)


def test_what_was_written_is_read(project: Path) -> None:
    written = [promotion(None, A), promotion(A, B, by="person", over=(C,)), promotion(B, A, by="person", action="rollback")]
    for one in written:
        append(one)
    assert read(silent) == written


def test_a_damaged_line_is_named_and_stays_in_the_file(project: Path) -> None:
    append(promotion(None, A))
    with paths.promotions().open("a") as stream:
        stream.write("<<<<<<< HEAD\n" + '{"when": "half a li')  # a conflict of git, and a process that was killed
    append(promotion(A, B))

    said: list[str] = []
    assert [one.after for one in read(said.append)] == [A, B]
    assert len(said) == 2
    assert "promotions.jsonl, line 2, is no promotion" in said[0]
    assert "half a li" in paths.promotions().read_text()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[]", "expected an object"),
        ('{"by": "cat", "action": "promote"}', "by: found 'cat', allowed: rule, person"),
        ('{"by": "rule", "action": "promote", "when": "x", "who": "y", "why": "z", "to": {"model": "a"}}', "content: expected text"),
        ('{"by": "rule", "action": "promote", "when": 3}', "when: expected text, found 3"),
    ],
)
def test_a_line_that_is_no_promotion_says_why(project: Path, line: str, says: str) -> None:
    paths.promotions().parent.mkdir()
    paths.promotions().write_text(line + "\n")
    said: list[str] = []
    assert read(said.append) == []
    assert says in said[0]


def test_a_folder_that_cannot_be_written_is_named(project: Path) -> None:
    paths.promotions().parent.write_text("a file where the folder should be")
    with pytest.raises(HuelabError, match=r"promotions\.jsonl cannot be written"):
        append(promotion(None, A))


def _append_twenty(number: int) -> None:
    for _ in range(20):
        with hold("tracking", wait=60):
            append(promotion(A, B))


def test_processes_that_append_at_the_same_time_lose_no_line(project: Path) -> None:
    with multiprocessing.get_context("fork").Pool(3) as pool:
        pool.map(_append_twenty, range(3))
    assert len(read(silent)) == 60


def test_a_rollback_goes_back_one_champion_at_a_time() -> None:
    assert previous([], A) is None
    assert previous([promotion(None, A)], A) is None
    forward = [promotion(None, A), promotion(A, B), promotion(B, C)]
    assert previous(forward, C) == B
    back = [*forward, promotion(C, B, action="rollback")]
    assert previous(back, B) == A, "not C: that was taken back"
    assert previous([*back, promotion(B, A, action="rollback")], A) is None
    assert previous([*back, promotion(B, C)], C) == B


def test_a_rollback_finds_champions_of_a_time_before_the_file() -> None:
    assert previous([promotion(A, B)], B) == A
    assert previous([promotion(None, A)], B) == A, "champion.json names another than the last line: an older checkout of git"


def test_a_champion_that_a_person_replaced_stays_out_until_a_person_promotes_it() -> None:
    taken_back = [promotion(None, A), promotion(A, B), promotion(B, A, by="person", action="rollback")]
    assert [one for one, _ in set_aside(taken_back)] == [B]
    assert [one for one, _ in set_aside([*taken_back, promotion(A, C)])] == [B]
    assert set_aside([*taken_back, promotion(A, C), promotion(C, B, by="person")]) == [(C, "Ada replaced it on 2026-01-02: better")]


def test_what_a_person_passed_over_stays_out_while_that_decision_is_the_last() -> None:
    chosen = [promotion(None, A), promotion(A, B, by="person", over=(C,))]
    assert [one for one, _ in set_aside(chosen)] == [A, C]
    assert [one for one, _ in set_aside([*chosen, promotion(B, Registered("d", "content-d"))])] == [A]


def test_who_decides_is_the_name_git_knows(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(project / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("LOGNAME", "ada-login")
    assert promotions.who() == "ada-login"
    (project / "gitconfig").write_text("[user]\n\tname = Ada Lovelace\n")
    assert promotions.who() == "Ada Lovelace"
