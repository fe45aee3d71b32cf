"""Finds the champion again, whatever was lost: the database, var/, the copy of its weights, or a version somebody deleted.

var/champion.json says who colours here and now, registry/promotions.jsonl (under git) how it came to that; where a colleague's promotion is
newer, that counts. MLflow's aliases follow the files; only where both say nothing is the alias asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from huelab import paths
from huelab.errors import ModelError
from huelab.models.saved import Saved
from huelab.params import Registry
from huelab.tracking import champion, promotions, registry
from huelab.tracking.champion import Claim, Source
from huelab.tracking.database import Tracking
from huelab.tracking.promotion import Contender
from huelab.tracking.promotions import Promotion
from huelab.tracking.registered import Registered
from huelab.tracking.results import Result

Say = Callable[[str], None]


def contender(result: Result, metric: str) -> Contender:
    """A result of the stages as the rule sees it; it has no version number yet."""
    weights = str(result.saved.card.get("weights_sha256", ""))
    registered = Registered(result.name, result.content, weights, result.data_hash)
    return Contender(registered, result.value(metric), champion.evaluated(registered, paths.scores(result.name)))


def claims(records: Sequence[Promotion], say: Say) -> list[Claim]:
    """Who is champion by the files, the word that counts first."""
    here = champion.claim(say)
    last = records[-1] if records else None
    found = [here] if here else []
    if last is not None and (here is None or last.when > here.when):
        found.insert(0, Claim(last.after, last.why, last.when, f"{paths.promotions().parent.name}/{paths.promotions().name}"))
    return found


def seen(
    challengers: Sequence[Contender], records: Sequence[Promotion], metric: str, say: Say
) -> tuple[Contender | None, Registered | None]:
    """The champion as far as files show it, without asking the registry and without changing anything; and who it would be but is gone."""
    found = claims(records, say)
    for claim in found:
        own = next((one for one in challengers if one.registered.same(claim.registered)), None)
        if own is not None:
            return replace(own, registered=replace(own.registered, version=claim.registered.version)), None
        folder = champion.copy_of(claim.registered)
        if folder is not None:
            return holder(claim.registered, Source.of_copy(folder), metric), None
        say(f"{claim.by} names {claim.registered} as champion, whose files are not here; `huelab promote` would look in the registry")
    return None, found[0].registered if found else None


def settled(
    mlflow: Tracking, challengers: Sequence[Contender], records: Sequence[Promotion], rule: Registry, say: Say
) -> tuple[Contender | None, Registered | None]:
    """The champion, its copy and var/champion.json made whole again and the registry's alias set to it; and who it would be but is gone.

    `challengers` are registered. What had to be mended is said.
    """
    alias = registry.pointed_at(mlflow, rule.model)
    found = claims(records, say)
    if not found and alias is not None:
        found = [Claim(alias, "the registry's alias says so", promotions.now(), "the registry")]
    for claim in found:
        try:
            found_again, folder = _had(mlflow, claim.registered, challengers, rule)
        except ModelError as error:
            say(f"{claim.by} names {claim.registered} as champion, which cannot be had: {error}")
            continue
        registered = found_again.registered
        _mend(claim, registered, folder, say)
        if alias is not None and alias.version not in (registered.version, claim.registered.version):
            remedy = f"`huelab promote --to {alias.version} --why TEXT` makes it champion"
            say(f"MLflow's alias stood for {alias} and is set back to {registered}: {remedy}")
        registry.point(mlflow, rule.model, registry.CHAMPION, registered.version)
        return found_again, None
    return None, found[0].registered if found else None


def _had(mlflow: Tracking, wanted: Registered, challengers: Sequence[Contender], rule: Registry) -> tuple[Contender, Path]:
    """The colorizer with its present version number, and its copy: from work/, from its copy, or from the registry."""
    own = next((one for one in challengers if one.registered.same(wanted)), None)
    if own is not None:
        return own, champion.keep(own.registered, Source.of_work(Saved.open(paths.model(own.registered.model))))
    version = version_of(wanted, registry.versions(mlflow, rule.model).values())
    folder = champion.copy_of(wanted)
    if folder is None:
        if not version:
            place = paths.champion_copy(f"{wanted.model}-{wanted.content}")
            raise ModelError(f"{place} is gone, work/ holds others, and the registry has no version of content {wanted.content}.")
        with registry.fetched(rule.model, version) as source:
            folder = champion.keep(wanted, source)
    found = holder(replace(wanted, version=version), Source.of_copy(folder), rule.metric)
    if not version:
        found = replace(found, registered=registry.register_again(mlflow, found.registered, folder, rule.model))
    return found, folder


def version_of(wanted: Registered, known: Iterable[Registered]) -> int:
    """Number of the version of that very content, else of the same weights; 0 if there is none."""
    alike = [one for one in known if one.same(wanted)]
    return next((one.version for one in alike if one.content == wanted.content), alike[0].version if alike else 0)


def numbered(one: Contender, known: Iterable[Registered]) -> Contender:
    """`one` with its number in the registry, if it has one."""
    return replace(one, registered=replace(one.registered, version=version_of(one.registered, known)))


def holder(registered: Registered, source: Source, metric: str) -> Contender:
    """A colorizer as its copy shows it."""
    card = Saved.open(source.model).card
    data_hash = registered.data_hash or str(card.get("data_hash", ""))
    whole = replace(registered, weights=str(card.get("weights_sha256", "")), data_hash=data_hash)
    alone = Contender(whole, None, champion.evaluated(whole, source.scores))
    return replace(alone, value=alone.score(metric))


def _mend(claim: Claim, registered: Registered, folder: Path, say: Say) -> None:
    before = champion.claim(lambda line: None)
    champion.write(registered, folder=folder, why=claim.why, when=claim.when)
    if before is None:
        say(f"champion restored: {registered}, as {claim.by} says")
    elif not before.registered.same(registered):
        say(f"champion is now {registered}: {claim.by} says so since {claim.when} ({claim.why})")
    elif before.registered.version != registered.version:
        say(f"champion {registered.model} is version {registered.version} now: the registry was rebuilt, or it was scored anew")
