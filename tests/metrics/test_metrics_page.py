"""docs/metrics.md says what the metric files say: a reviewer reads units and definitions there."""

from __future__ import annotations

import re

from huelab import metrics
from huelab.metrics import page
from tests.conftest import ROOT


def test_the_page_is_current() -> None:
    """Run: python -m huelab.metrics.page > docs/metrics.md"""
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == page.page()


def test_every_metric_has_a_row_and_a_section() -> None:
    text = page.page()
    for name in metrics.names():
        assert f"\n| `{name}` |" in text
        assert f"\n### {name}: " in text


def test_it_names_only_metrics_that_exist() -> None:
    """A metric renamed in its file must not live on in the advice."""
    known = {column for name in metrics.names() for column in (name, *metrics.metric(name).columns)}
    advice = page.page().split("## Which to cite for what")[1].split("## A new metric")[0]
    named = set(re.findall(r"`([a-z0-9_]+)`", advice))
    assert named <= known, named - known
