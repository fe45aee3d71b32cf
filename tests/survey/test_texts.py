"""A translation must say all that English says, and no address a browser asks for may fill the server's memory."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from huelab.survey import texts
from huelab.survey.refusal import STATUS
from huelab.survey.study import Study

FOLDER = Path(texts.__file__).parent / "catalogues"
PAGE = Path(texts.__file__).parent / "page"


def read(language: str) -> dict[str, str]:
    return json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", [name for name in texts.languages() if name != texts.FALLBACK])
def test_a_translation_has_every_text_with_the_same_places_to_fill(language: str) -> None:
    english, other = read("en"), read(language)
    assert list(other) == list(english)
    assert other["language"] == language
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", other[key])) == sorted(re.findall(r"\{\w+\}", text)), key
        assert bool(other[key]) == bool(text), key
        assert other[key].count("\n\n") == text.count("\n\n"), key
    same = {key for key in english if english[key] and english[key] == other[key]}
    assert same == set(), "not translated"


def test_a_text_that_a_translation_lacks_is_read_in_english() -> None:
    english = {"language": "en", "send": "Send", "close": "Close", "note": ""}
    assert texts.merged(english, {"language": "xx", "send": "Absenden", "close": ""}) == {
        "language": "xx",
        "send": "Absenden",
        "close": "Close",
        "note": "",
    }


def test_languages_are_found_by_what_browsers_say() -> None:
    assert {"de", "en"} <= set(texts.languages())
    assert [texts.chosen(wanted) for wanted in ("de", "de-CH", "DE-at", "zz", "", "../en")] == ["de", "de", "de", "en", "en", "en"]
    assert texts.catalogue("de-CH")["send"] == "Absenden"
    assert texts.catalogue("zz") == texts.catalogue("en")


def test_whatever_is_asked_for_only_known_languages_stay_in_memory() -> None:
    for number in range(500):
        texts.catalogue(f"x{number}")
    assert texts._catalogue.cache_info().currsize <= len(texts.languages())
    texts.catalogue("en")["send"] = "spoilt"
    assert texts.catalogue("en")["send"] == "Send"


def test_every_refusal_and_every_text_the_page_asks_for_is_there() -> None:
    english = read("en")
    assert {f"refused_{word}" for word in STATUS} <= set(english)
    scripts = "\n".join(file.read_text(encoding="utf-8") for file in PAGE.glob("*.js"))
    asked = set(re.findall(r"\btext\(\"(\w+)\"", scripts)) | set(re.findall(r"ended\(\"(\w+)\"", scripts))
    assert asked - set(english) == set()


def test_a_consent_says_in_which_language_it_is() -> None:
    settings = {"title": "t", "models": ("beta",)}
    german = texts.consent(Study.model_validate({**settings, "language": "de"}))
    assert german["language"] == "de"
    assert "freiwillig" in german["text"]
    assert texts.consent(Study.model_validate({**settings, "consent": "I agree."}))["language"] == "en"
    assert "{" not in german["text"]
