"""The rule by which a challenger becomes champion: scores in, decision with its reasons out. Reads and writes no file.

A challenger must be better than the champion on the same photographs by more than `registry.min_improvement`, with an interval that
excludes 0, be shown to be worse in none of the `registry.veto` metrics, and fool people no less often where a survey covers both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from huelab import metrics
from huelab.errors import DataError, ParamsError
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.human import HumanResult
from huelab.evaluation.paired import Paired, paired
from huelab.metrics.definition import Metric
from huelab.params import Compare, Registry
from huelab.tracking import human
from huelab.tracking.registered import Registered

_NOT_BETTER = "not better"
_ALONE = "nobody else is there to be compared"
_DECIDED = "a person decided so, and nobody newer is there"


@dataclass(frozen=True)
class Contender:
    """A registered colorizer and what it scored."""

    registered: Registered
    value: float | None
    """In registry.metric; None where it has none."""
    evaluated: Evaluated | None = field(default=None, repr=False)
    """None where its scores are gone: then it cannot be paired with anybody."""

    def score(self, metric: str) -> float | None:
        """Its test score in any metric; None where it has none."""
        summary: Mapping[str, Any] = self.evaluated.summary if self.evaluated else {}
        value = {**summary.get("means", {}), **summary.get("set_level", {})}.get(metric)
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


@dataclass(frozen=True)
class Finding:
    """One comparison; differences are challenger minus champion, in the metric's unit."""

    what: str
    champion: float | None
    challenger: float | None
    verdict: str
    allows: bool
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    photographs: int = 0

    def tree(self) -> dict[str, Any]:
        """For JSON."""
        return {
            key: None if isinstance(value, float | np.floating) and not math.isfinite(value) else value for key, value in vars(self).items()
        }


@dataclass(frozen=True)
class Trial:
    """All comparisons of one challenger with the champion."""

    challenger: Contender
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing stands against it."""
        return all(finding.allows for finding in self.findings)

    @property
    def behind(self) -> bool:
        """Whether it is not even better in the rule's metric."""
        return self.findings[0].verdict == _NOT_BETTER

    @property
    def why(self) -> str:
        """What decided: the comparison in the rule's metric, or what stands against it."""
        against = [finding for finding in self.findings if not finding.allows]
        return "; ".join(f"{finding.what}: {finding.verdict}" for finding in against or self.findings[:1])


@dataclass(frozen=True)
class Decision:
    """Who is champion now and why."""

    champion: Registered | None
    changed: bool
    why: str
    trials: tuple[Trial, ...] = ()
    """Who was compared with the champion, best first; the last passed if the champion changed."""
    notes: tuple[str, ...] = ()


def decide(
    champion: Contender | None,
    challengers: Sequence[Contender],
    rule: Registry,
    compare: Compare,
    *,
    results: Sequence[HumanResult] = (),
    aside: Sequence[tuple[Registered, str]] = (),
    lost: Registered | None = None,
) -> Decision:
    """Judges the challengers best first; the first who passes becomes champion. Where there is no champion, the best becomes it.

    `results` are those of surveys, `aside` those whom a person's decision keeps out, with the reason; `lost` was champion, but its files
    are gone. Scores on other photographs cannot be compared: `rule.new_data` says who stays then. Raises ParamsError for a metric that has
    no better end.
    """
    sign = _sign(rule.metric, "metric")
    for name in rule.veto:
        _sign(name, "veto")
    all_ranked = ranked(challengers, rule)
    own = champion.registered if champion else None
    notes = [f"{one.registered} is left alone: {why}" for one in all_ranked if (why := _kept_out(one.registered, aside))]
    open_to = [one for one in all_ranked if not one.registered.same(own) and not _kept_out(one.registered, aside)]
    here = [one for one in open_to if champion and one.registered.data_hash == champion.registered.data_hash]
    if champion is None or not (here or any(one.registered.same(own) for one in all_ranked)):
        return _without_comparison(champion, open_to, rule, tuple(notes), lost)
    trials: list[Trial] = []
    for one in here:
        ahead = champion.value is None or sign * ((one.value or 0.0) - champion.value) > 0
        if trials and not ahead:
            break
        trials.append(trial(champion, one, rule, compare, results))
        if trials[-1].passed:
            return Decision(one.registered, True, _won(champion, one, trials[-1], rule), tuple(trials), tuple(notes))
    return Decision(own, False, _stays(champion, trials, rule, left_alone=bool(notes)), tuple(trials), tuple(notes))


def ranked(contenders: Sequence[Contender], rule: Registry) -> list[Contender]:
    """Best first, those without a score in the rule's metric left out."""
    sign = _sign(rule.metric, "metric")
    scored = [one for one in contenders if one.value is not None]
    return sorted(scored, key=lambda one: (-sign * (one.value or 0.0), one.registered.version, one.registered.model))


def trial(champion: Contender, challenger: Contender, rule: Registry, compare: Compare, results: Sequence[HumanResult] = ()) -> Trial:
    """Compares two colorizers in everything the rule looks at."""
    findings = [_gain(champion, challenger, rule, compare)]
    findings += [_veto(champion, challenger, name, compare) for name in rule.veto if name != rule.metric]
    if rule.human:
        findings.append(_human(champion, challenger, results))
    return Trial(challenger, tuple(findings))


def _without_comparison(
    champion: Contender | None, ranked: Sequence[Contender], rule: Registry, notes: tuple[str, ...], lost: Registered | None
) -> Decision:
    """The first champion, or the first on new photographs."""
    own = champion.registered if champion else None
    if not ranked:
        why = (_DECIDED if notes else _ALONE) if own else f"no learned colorizer that may be champion has a score in {rule.metric}"
        return Decision(own, False, why, notes=notes)
    best = ranked[0]
    hashes = sorted({one.registered.data_hash for one in ranked})
    if len(hashes) > 1:
        why = f"the challengers were scored on different data ({', '.join(hashes)}), which cannot be compared: run `dvc repro`"
        return Decision(own, False, why, notes=notes)
    words = f"{rule.metric} {best.value:.4g}, best of {len(ranked)}"
    if own is None:
        first = f"the files of the champion {lost} are gone" if lost else "the first champion"
        return Decision(best.registered, True, f"{first}: {words}", notes=notes)
    here = best.registered.data_hash
    if rule.new_data == "keep":
        kept = f"kept: {best.registered.model} was scored on other photographs ({here}), which cannot be compared"
        return Decision(own, False, kept, notes=notes)
    return Decision(best.registered, True, f"the photographs changed ({own.data_hash} -> {here}): {words}", notes=notes)


def _won(champion: Contender, challenger: Contender, trial: Trial, rule: Registry) -> str:
    found = trial.findings[0]
    low, high = sorted(_sign(rule.metric, "metric") * (end or 0.0) for end in (found.low, found.high))
    one, other = (f"{who.registered.model}'s" for who in (challenger, champion))
    gain = f"a paired gain of {abs(found.difference or 0.0):.4g} [{low:.4g}, {high:.4g}]"
    return f"{one} {rule.metric} {challenger.value:.4g} against {other} {champion.value:.4g} is {gain}, more than {rule.min_improvement:g}"


def _stays(champion: Contender, trials: Sequence[Trial], rule: Registry, *, left_alone: bool) -> str:
    if trials and not trials[0].behind:
        return f"{trials[0].challenger.registered.model} does not pass ({trials[0].why})"
    if left_alone and not trials:
        return _DECIDED
    if champion.value is None:
        return _ALONE
    return f"still the best{' of those that may be judged' if left_alone else ''}: {rule.metric} {champion.value:.4g}"


def _gain(champion: Contender, challenger: Contender, rule: Registry, compare: Compare) -> Finding:
    found = _paired(champion, challenger, rule.metric, compare)
    if isinstance(found, str):
        verdict = f"{found}, so no gain can be shown; `huelab promote --to VERSION --why TEXT` is a person's way"
        return Finding(rule.metric, champion.value, challenger.value, verdict, False)
    sign = _sign(rule.metric, "metric")
    gain, shown = sign * found.difference, _excludes_zero(found)
    enough = gain > rule.min_improvement
    if gain <= 0:
        verdict = _NOT_BETTER
    elif not enough:
        verdict = f"better by {gain:.4g}, not by more than {rule.min_improvement:g}"
    elif found.low is None:
        verdict = f"better, but one photograph gives no interval: chance is not excluded ({found.photographs} photograph)"
    elif not shown:
        verdict = f"better within chance: the interval [{found.low:.4g}, {found.high:.4g}] holds 0"
    else:
        verdict = f"better by more than {rule.min_improvement:g}, and the interval excludes 0"
    return _finding(rule.metric, champion, challenger, found, verdict, enough and shown)


def _veto(champion: Contender, challenger: Contender, name: str, compare: Compare) -> Finding:
    found = _paired(champion, challenger, name, compare)
    if isinstance(found, str):
        return Finding(name, champion.score(name), challenger.score(name), f"{found}: no veto", True)
    worse = _sign(name, "veto") * found.difference < 0
    if worse and _excludes_zero(found):
        return _finding(name, champion, challenger, found, "worse, and the interval excludes 0: veto", False)
    verdict = "not worse" if not worse else "worse within chance: no veto" if found.low is not None else "worse, without interval: no veto"
    return _finding(name, champion, challenger, found, verdict, True)


def _human(champion: Contender, challenger: Contender, results: Sequence[HumanResult]) -> Finding:
    both = human.in_one_study(results, champion.registered, challenger.registered)
    if both is None:
        return Finding("people fooled", None, None, "no survey covers both: no veto", True)
    value, low, high = human.difference(both[1], both[0])
    veto = high < 0
    verdict = f"study {both[0].study}: " + ("fewer, and the interval excludes 0: veto" if veto else "not shown to be fewer")
    return Finding("people fooled", both[0].rate, both[1].rate, verdict, not veto, value, low, high)


def _paired(champion: Contender, challenger: Contender, name: str, compare: Compare) -> Paired | str:
    """The comparison, or why there is none."""
    for one in (champion, challenger):
        if one.evaluated is None:
            return f"the scores of {one.registered.model} by photograph are not there"
        if one.score(name) is None or not one.evaluated.has(metrics.metric(name)):
            return f"{one.registered.model} is not scored in it"
    assert challenger.evaluated is not None
    assert champion.evaluated is not None
    try:
        found = paired(challenger.evaluated, champion.evaluated, metrics.metric(name), compare)
    except DataError as error:
        return f"cannot be compared ({error})"
    return found if math.isfinite(found.difference) else "no photograph has a score of both"


def _finding(name: str, champion: Contender, challenger: Contender, found: Paired, verdict: str, allows: bool) -> Finding:
    values = champion.score(name), challenger.score(name)
    return Finding(name, *values, verdict, allows, found.difference, found.low, found.high, found.photographs)


def _excludes_zero(found: Paired) -> bool:
    return found.low is not None and found.high is not None and (found.low > 0 or found.high < 0)


def _kept_out(one: Registered, aside: Sequence[tuple[Registered, str]]) -> str:
    return next((why for other, why in aside if other.same(one)), "")


def _sign(name: str, key: str) -> float:
    metric: Metric = metrics.metric(name)
    if metric.better == "none":
        raise ParamsError(f"params.yaml: registry.{key} is {name!r}, which has no better end: choose another metric.")
    return 1.0 if metric.better == "higher" else -1.0
