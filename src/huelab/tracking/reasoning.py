"""The reasoning behind a decision, as a table for the terminal: what was compared, what stood against it, what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from huelab.params import Params
from huelab.tracking.promotion import Contender, Decision, Finding, Trial

_FEW = 20
"""Photographs below which bootstrap intervals are known to cover less than they say."""


def text(champion: Contender | None, decision: Decision, settings: Params) -> str:
    """All of it: the rule, the champion, a table for each challenger that was judged, the decision."""
    rule = settings.registry
    lines = [
        f"rule: {rule.metric} better by more than {rule.min_improvement:g} with an interval that excludes 0; "
        f"veto: {', '.join(rule.veto) or 'none'}; surveys {'count' if rule.human else 'do not count'}"
    ]
    if champion is not None:
        lines.append(f"champion: {named(champion)}")
    for trial in decision.trials:
        lines += ["", *table(trial, settings)]
    lines += ["", *decision.notes] if decision.notes else [""]
    verdict = "nobody" if decision.champion is None else f"{decision.champion} {'becomes' if decision.changed else 'stays'}"
    lines.append(f"decision: {verdict} champion: {decision.why}")
    return "\n".join(lines)


def named(one: Contender) -> str:
    """Who it is, so that it can be found again."""
    known = one.registered
    version = f"version {known.version}, " if known.version else ""
    return f"{known.model} ({version}content {known.content}, data {known.data_hash or 'unknown'})"


def table(trial: Trial, settings: Params) -> Iterator[str]:
    """A challenger against the champion, a line per comparison."""
    yield f"challenger: {named(trial.challenger)}"
    head = ["", "champion", "challenger", f"difference [{settings.compare.confidence:.0%}]", "verdict"]
    rows = [head, *(_cells(finding) for finding in trial.findings)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    photographs = max((finding.photographs for finding in trial.findings), default=0)
    if 1 < photographs < _FEW:
        yield f"  Paired over {photographs} photographs: with fewer than {_FEW} such intervals are too narrow."


def _cells(finding: Finding) -> Sequence[str]:
    interval = "" if finding.low is None or finding.high is None else f" [{_signed(finding.low)}, {_signed(finding.high)}]"
    difference = "–" if finding.difference is None else _signed(finding.difference) + interval
    return finding.what, _number(finding.champion), _number(finding.challenger), difference, finding.verdict


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _signed(value: float) -> str:
    return f"{value:+.4g}"
