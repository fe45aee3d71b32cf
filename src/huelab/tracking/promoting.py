"""The commands `huelab promote` and `huelab rollback`: the rule with all its reasons, and a person's decision in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from huelab import params as params_file
from huelab import paths
from huelab.errors import HuelabError, ModelError, UsageError
from huelab.evaluation import human
from huelab.models.saved import Saved
from huelab.params import Params, Registry
from huelab.run_lock import hold
from huelab.tracking import address, champion, mirror, promotion, promotions, reasoning, registry, results, standing, succession
from huelab.tracking.champion import Source
from huelab.tracking.database import Tracking, tracking
from huelab.tracking.promotion import Contender
from huelab.tracking.registered import Registered

Say = Callable[[str], None]

_LOCK_SECONDS = 600.0
_UNCHANGED = "dry run: nothing was changed"


def promote(*, dry_run: bool = False, to: int | None = None, why: str = "", say: Say) -> None:
    """Applies the rule, or with `to` a person's choice of a registered version, and says all its reasons. `dry_run` changes nothing.

    Raises UsageError for `to` without `why`, or a version that does not exist.
    """
    if to is None:
        if why:
            raise UsageError("--why belongs to --to: the rule writes its own reasons. Choose a version: --to VERSION --why TEXT.")
        if dry_run:
            _show(params_file.load(), say)
        else:
            mirror.sync(say=say, promote=True)
        return
    if not why.strip():
        raise UsageError("--to needs --why TEXT: a person's decision is kept with its reason.")
    settings = params_file.load()
    _require_registry(settings)
    with hold("tracking", wait=_LOCK_SECONDS), tracking(settings.registry.experiment, say=say) as mlflow:
        known = registry.versions(mlflow, settings.registry.model)
        if to not in known:
            there = ", ".join(f"{number} ({one.model})" for number, one in known.items()) or "none"
            raise UsageError(f"{settings.registry.model} has no version {to}, or it was deleted: there are {there}.")
        _appoint(mlflow, known[to], why.strip(), "promote", settings, dry_run, say)


def rollback(*, dry_run: bool = False, why: str = "", say: Say) -> None:
    """Makes the previous champion champion again. Raises HuelabError where there was none before."""
    settings = params_file.load()
    with hold("tracking", wait=_LOCK_SECONDS):
        records = promotions.read(say)
        found = standing.claims(records, say)
        if not found:
            raise HuelabError("There is no champion yet, so nothing can be rolled back: `make run` or `huelab promote` makes one.")
        now = found[0].registered
        before = promotions.previous(records, now)
        if before is None:
            count = f"{len(records)} {'promotion' if len(records) == 1 else 'promotions'}"
            known = paths.promotions().relative_to(paths.root())
            raise HuelabError(
                f"{now} is the first champion, as far as {known} knows ({count}): nobody was before it. "
                "`huelab promote --to VERSION --why TEXT` makes another champion."
            )
        _require_registry(settings)
        with tracking(settings.registry.experiment, say=say) as mlflow:
            _appoint(mlflow, before, why.strip() or f"{now.model} is taken back", "rollback", settings, dry_run, say)


def _show(settings: Params, say: Say) -> None:
    """What the rule would do, from files alone: no version is registered, no database made."""
    metric = settings.registry.metric
    challengers = [standing.contender(one, metric) for one in results.present(settings.models, say) if one.may_be_champion]
    records = promotions.read(say)
    holder, lost = standing.seen(challengers, records, metric, say)
    decision = succession.judge(holder, lost, challengers, records, settings)
    say(reasoning.text(holder, decision, settings))
    say(_UNCHANGED)


def _require_registry(settings: Params) -> None:
    if address.is_own() and not paths.tracking_database().is_file():
        raise UsageError(
            f"{paths.tracking_database()} does not exist, so {settings.registry.model} has no versions: run `huelab track sync`."
        )


def _appoint(mlflow: Tracking, wanted: Registered, why: str, action: promotions.Action, settings: Params, dry_run: bool, say: Say) -> None:
    """A person's decision, beside what the rule would say of it."""
    rule = settings.registry
    known = list(registry.versions(mlflow, rule.model).values())
    present = [one for one in results.present(settings.models, say) if one.may_be_champion]
    challengers = [standing.numbered(standing.contender(one, rule.metric), known) for one in present]
    records = promotions.read(say)
    holder, lost = standing.seen(challengers, records, rule.metric, say)
    now = holder.registered if holder else lost
    if now is not None and wanted.same(now):
        say(f"{wanted} is champion already: nothing was changed")
        return
    with ExitStack() as stack:
        chosen, source = _had(wanted, challengers, known, rule, stack)
        trial = promotion.trial(holder, chosen, rule, settings.compare, human.read() if rule.human else ()) if holder else None
        if holder and trial:
            say(f"champion: {reasoning.named(holder)}")
            say("\n".join(reasoning.table(trial, settings)))
            say(f"the rule would {'say the same' if trial.passed else f'not do it ({trial.why})'}")
        if dry_run:
            say(f"{chosen.registered} would become champion: {why}")
            say(_UNCHANGED)
            return
        after = chosen.registered
        if not after.version:
            after = registry.register_again(mlflow, after, source.model, rule.model)
        over = [one.registered for one in challengers if not one.registered.same(after) and not one.registered.same(now)]
        record = succession.recorded(settings, now, after, why, by="person", action=action, trial=trial, passed_over=over)
        succession.install(mlflow, after, source, record, settings)
    say(f"champion is now {after}: {why}")
    say(f"recorded in {paths.promotions().relative_to(paths.root())}, in the name of {record.who}: commit it")


def _had(
    wanted: Registered, challengers: Sequence[Contender], known: Sequence[Registered], rule: Registry, stack: ExitStack
) -> tuple[Contender, Source]:
    """The colorizer and its files: from work/, from a copy that was champion once, or from the registry, while `stack` is open."""
    own = next((one for one in challengers if one.registered.same(wanted)), None)
    if own is not None:
        return own, Source.of_work(Saved.open(paths.model(own.registered.model)))
    number = standing.version_of(wanted, known)
    copy = champion.copy_of(wanted)
    if copy is not None:
        source = Source.of_copy(copy)
    elif number:
        source = stack.enter_context(registry.fetched(rule.model, number))
    else:
        place = paths.champion_copy(f"{wanted.model}-{wanted.content}")
        raise ModelError(f"{wanted} cannot be had: {place} is gone, and no version in the registry has its content ({wanted.content}).")
    return standing.holder(replace(wanted, version=number), source, rule.metric), source
