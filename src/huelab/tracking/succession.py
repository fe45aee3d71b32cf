"""Applies the rule: registers who is new, finds the champion, judges the challengers, installs whoever won with a record of why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from huelab import paths
from huelab.data import split_record
from huelab.errors import DataError, ModelError
from huelab.evaluation import human
from huelab.models.saved import Saved
from huelab.params import Params
from huelab.tracking import champion, new_photographs, promotion, promotions, reasoning, registry, standing
from huelab.tracking.champion import Source
from huelab.tracking.database import Tracking
from huelab.tracking.promotion import Contender, Decision, Trial
from huelab.tracking.promotions import Action, By, Promotion
from huelab.tracking.registered import Registered
from huelab.tracking.results import Result

Say = Callable[[str], None]


def update(mlflow: Tracking, candidates: Sequence[tuple[Result, str]], settings: Params, *, promote: bool | None, say: Say) -> None:
    """Registers each of `candidates` (with the id of its run) once, makes the champion's files whole and, where `promote` allows, judges.

    `promote`: True for `huelab promote`, which says all its reasons; None asks registry.auto.
    """
    rule = settings.registry
    split_record.remember()  # one of these may be champion when there are other photographs
    challengers = _registered(mlflow, candidates, settings, say)
    records = promotions.read(say)
    holder, lost = standing.settled(mlflow, challengers, records, rule, say)
    now = holder.registered if holder else None
    if promote or (promote is None and rule.auto):
        try:
            decision = judge(holder, lost, challengers, records, settings)
        except DataError as error:
            if promote:
                raise
            say(f"champion stays {now or 'unnamed'}: nobody can be judged, for {error}")
        else:
            if promote:
                say(reasoning.text(holder, decision, settings))
            now = decision.champion
            if now is not None and decision.changed:
                record = recorded(settings, holder.registered if holder else lost, now, decision.why, trial=_last(decision))
                install(mlflow, now, Source.of_work(Saved.open(paths.model(now.model))), record, settings)
            words = "no champion" if now is None else f"champion {'is now' if decision.changed else 'stays'} {now}"
            say(f"{words}: {decision.why}")
    else:
        why = "registry.auto is off" if promote is None else "not asked to judge"
        say(f"champion: {now or 'none'} ({why}); `huelab promote` applies the rule")
    _point_at_challenger(mlflow, challengers, now, settings)


def judge(
    holder: Contender | None, lost: Registered | None, challengers: Sequence[Contender], records: Sequence[Promotion], settings: Params
) -> Decision:
    """What the rule of params.yaml says. Raises DataError where what surveys found cannot be read."""
    found = human.read() if settings.registry.human else ()
    aside = promotions.set_aside(records)
    holder, challengers, note = new_photographs.together(holder, challengers, settings)
    decision = promotion.decide(holder, challengers, settings.registry, settings.compare, results=found, aside=aside, lost=lost)
    return replace(decision, notes=(note, *decision.notes)) if note else decision


def recorded(
    settings: Params,
    before: Registered | None,
    after: Registered,
    why: str,
    *,
    by: By = "rule",
    action: Action = "promote",
    trial: Trial | None = None,
    passed_over: Sequence[Registered] = (),
) -> Promotion:
    """The line of registry/promotions.jsonl, of this moment and whoever is at the keyboard."""
    return Promotion(
        when=promotions.now(),
        who=promotions.who(),
        by=by,
        action=action,
        why=why,
        before=before,
        after=after,
        rule=settings.registry.model_dump(mode="json"),
        evidence=tuple(finding.tree() for finding in trial.findings) if trial else (),
        passed_over=passed_over,
    )


def install(mlflow: Tracking, now: Registered, source: Source, record: Promotion, settings: Params) -> None:
    """Makes `now` champion: copy, record, var/champion.json, alias. Killed in between, the next sync ends it, for the record counts."""
    folder = champion.keep(now, source)
    promotions.append(record)
    champion.write(now, folder=folder, why=record.why, when=record.when)
    registry.point(mlflow, settings.registry.model, registry.CHAMPION, now.version)


def _registered(mlflow: Tracking, candidates: Sequence[tuple[Result, str]], settings: Params, say: Say) -> list[Contender]:
    rule = settings.registry
    known = {one.content: one for one in registry.versions(mlflow, rule.model).values()}
    found = []
    for result, run in candidates:
        one = standing.contender(result, rule.metric)
        try:
            version = known.get(result.content) or registry.register(mlflow, one.registered, Source.of_work(result.saved), run, rule.model)
        except ModelError as error:
            say(f"{result.name} is not registered: {error}")
            continue
        found.append(replace(one, registered=replace(one.registered, version=version.version)))
    return found


def _last(decision: Decision) -> Trial | None:
    return decision.trials[-1] if decision.trials else None


def _point_at_challenger(mlflow: Tracking, challengers: Sequence[Contender], now: Registered | None, settings: Params) -> None:
    """The best of the others, so that MLflow can compare it with the champion."""
    best = next((one for one in promotion.ranked(challengers, settings.registry) if not one.registered.same(now)), None)
    if challengers:
        registry.point(mlflow, settings.registry.model, registry.CHALLENGER, best.registered.version if best else None)
