"""Who may see a study's results: a lost or guessed password, a damaged file or a changed role must let nobody in."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest

from huelab import paths
from huelab.errors import SurveyError, UsageError
from huelab.survey import accounts

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(project: Path) -> accounts.Account:
    accounts.add("ada", PASSWORD, "owner")
    found = accounts.find("ada")
    assert found is not None
    return found


def test_the_right_password_opens_and_nothing_of_it_is_in_the_file(ada: accounts.Account) -> None:
    assert accounts.Door().check("ada", PASSWORD) == ada
    file = paths.survey_accounts()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD not in file.read_text()
    accounts.add("bob", PASSWORD, "viewer")
    kept = json.loads(file.read_text())
    assert kept["ada"]["salt"] != kept["bob"]["salt"]
    assert kept["ada"]["hash"] != kept["bob"]["hash"]


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong horse battery"), ("ada", ""), ("eve", PASSWORD), ("", ""), ("ada\n", "\udcff")]
)
def test_anything_else_is_refused_in_the_same_words(ada: accounts.Account, name: str, password: str) -> None:
    with pytest.raises(SurveyError, match="Name and password do not belong together"):
        accounts.Door().check(name, password)


def test_an_unknown_name_takes_as_long_as_a_wrong_password(ada: accounts.Account) -> None:
    door = accounts.Door()

    def seconds(name: str) -> float:
        start = time.process_time()
        with pytest.raises(SurveyError):
            door.check(name, "wrong horse battery")
        return time.process_time() - start

    known, unknown = (min(seconds(name) for _ in range(2)) for name in ("ada", "eve"))
    assert 0.5 < unknown / known < 2


def test_guessing_is_slowed_down_by_name_and_by_address(ada: accounts.Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_scrypt", lambda *_, **__: bytes(32))  # fifty real ones take half a minute
    door = accounts.Door()

    def said(name: str, address: str) -> str:
        with pytest.raises(SurveyError) as error:
            door.check(name, "wrong horse battery", address=address)
        return str(error.value)

    by_name = [said("ada", f"10.0.0.{number}") for number in range(15)]
    assert sum("Too many tries" in words for words in by_name) == 5
    by_address = [said(f"name{number}", "10.1.1.1") for number in range(25)]
    assert sum("Too many tries" in words for words in by_address) == 5


def test_a_name_without_password_is_let_in_by_no_password(project: Path) -> None:
    accounts.add("ada@example.org", None, "analyst")
    assert [(one.name, one.role, one.password) for one in accounts.known()] == [("ada@example.org", "analyst", False)]
    for password in ("", "None", PASSWORD):
        with pytest.raises(SurveyError, match="do not belong together"):
            accounts.Door().check("ada@example.org", password)


def test_a_new_role_or_password_is_another_mark(ada: accounts.Account) -> None:
    accounts.add("ada", PASSWORD, "viewer")
    now = accounts.find("ada")
    assert now is not None
    assert now.role == "viewer"
    assert now.mark != ada.mark
    accounts.remove("ada")
    assert accounts.find("ada") is None
    with pytest.raises(SurveyError, match="no account 'ada'"):
        accounts.remove("ada")


@pytest.mark.parametrize(
    ("name", "password", "role", "words"),
    [
        ("ada", PASSWORD, "admin", "allowed: viewer, analyst, owner"),
        ("ada", "short", "owner", "10 are the least"),
        ("", PASSWORD, "owner", "is no name"),
        ("a\nb", PASSWORD, "owner", "is no name"),
    ],
)
def test_what_cannot_be_an_account_is_said(project: Path, name: str, password: str, role: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        accounts.add(name, password, role)
    assert accounts.known() == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"ada": {"role": "god"}}', '{"ada": {"role": "owner", "shell": "sh"}}'])
def test_a_damaged_file_lets_nobody_in(project: Path, text: str) -> None:
    paths.survey_accounts().parent.mkdir(parents=True)
    paths.survey_accounts().write_text(text)
    with pytest.raises(SurveyError, match=r"accounts\.json cannot be read"):
        accounts.known()
    with pytest.raises(SurveyError, match=r"accounts\.json cannot be read"):
        accounts.Door().check("ada", PASSWORD)


def test_roles_are_ordered() -> None:
    assert [accounts.allows("analyst", needed) for needed in accounts.ROLES] == [True, True, False]
    assert all(accounts.allows("owner", needed) for needed in accounts.ROLES)


def test_a_file_that_cannot_be_written_leaves_the_accounts_as_they_were(project: Path) -> None:
    paths.survey_accounts().parent.parent.mkdir(parents=True)
    paths.survey_accounts().parent.write_text("a file where the folder should be")
    with pytest.raises(SurveyError, match=r"accounts\.json cannot be (written|read)"):
        accounts.add("ada", PASSWORD, "owner")
