"""Where the photographs changed since the champion was scored: its scores on the present ones, so that challengers can meet it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from huelab import paths
from huelab.data.store import Store
from huelab.errors import HuelabError
from huelab.evaluation import rescore
from huelab.evaluation.rescore import Rescored
from huelab.models.saved import Saved
from huelab.params import Params
from huelab.tracking import champion
from huelab.tracking.champion import Source
from huelab.tracking.promotion import Contender


def together(
    holder: Contender | None, challengers: Sequence[Contender], settings: Params
) -> tuple[Contender | None, Sequence[Contender], str]:
    """Champion and challengers as scored on the same photographs, and a sentence on how; as they are, where they already were.

    The champion is scored on the present test pictures that are new to it, and the challengers' scores are cut down to those. Where that
    cannot be done honestly the sentence says why, and `registry.new_data` decides.
    """
    if holder is None or any(one.registered.data_hash == holder.registered.data_hash for one in challengers):
        return holder, challengers, ""
    store = _present_store()
    here = store.meta["data_hash"] if store else ""
    if store is None or not any(one.registered.data_hash == here for one in challengers):
        return holder, challengers, ""
    name = holder.registered.model
    try:
        found = _rescored(holder, store, settings)
    except HuelabError as error:
        return holder, challengers, f"{name} was scored on other photographs and cannot be scored on these: {error}"
    summary = found.evaluated.summary
    pictures = f"{summary['n_items']} test pictures of {summary['n_photos']} photographs"
    note = f"{name}, champion on other photographs, was scored anew on {pictures} it never learned from"
    note += f"; {found.left_out} more may not be new to it and do not count" if found.left_out else ""
    return (
        _with(holder, replace(holder, registered=replace(holder.registered, data_hash=here), evaluated=found.evaluated), settings),
        [_cut(one, found, settings) if one.registered.data_hash == here else one for one in challengers],
        note,
    )


def _rescored(holder: Contender, store: Store, settings: Params) -> Rescored:
    folder = champion.copy_of(holder.registered)
    if folder is None:
        raise HuelabError("its copy is gone")
    scores = Source.of_copy(folder).scores
    return rescore.rescore(Saved.open(folder), store, settings.evaluate, scored=scores, device=settings.train.device)


def _cut(one: Contender, found: Rescored, settings: Params) -> Contender:
    if one.evaluated is None or not found.left_out:
        return one
    return _with(one, replace(one, evaluated=found.same_pictures(one.evaluated)), settings)


def _with(one: Contender, scored: Contender, settings: Params) -> Contender:
    value = scored.score(settings.registry.metric)
    return replace(scored, value=one.value if value is None else value)


def _present_store() -> Store | None:
    try:
        return Store.open(paths.store())
    except HuelabError:  # none yet, or damaged: stage standardize says more
        return None
