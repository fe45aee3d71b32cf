"""The page of the colorizers says what their files say, or it misleads."""

from __future__ import annotations

import pytest

from huelab import models
from huelab.models import page
from tests.conftest import ROOT

LEARNED = [name for name in models.NAMES if name not in models.FLOORS]


def test_the_page_is_in_step_with_the_model_files() -> None:
    """Run: python -m huelab.models.page > docs/models.md"""
    assert (ROOT / "docs" / "models.md").read_text(encoding="utf-8") == page.page()


@pytest.mark.parametrize("name", LEARNED)
def test_every_colorizer_says_where_it_comes_from_what_differs_and_when_to_choose_it(name: str) -> None:
    info = models.module(name).INFO
    assert info.changes
    assert info.choose
    assert info.licence
    text = models.module(name).__doc__
    assert f"{page.count(name):,}" in text or "variant" in text, "the layer table names the count"
