"""Scores a champion of earlier photographs on the present test pictures, so that it and a challenger can be compared on the same ones.

Only pictures count that the champion did not learn from. Adding photographs moves no old one between train and test, but a near-duplicate,
another split seed or another set of photographs may: what a store held is therefore remembered under var/splits, by its data hash.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import huelab
from huelab import metrics, params, paths
from huelab.data import split_record
from huelab.data.store import GalleryPicture, Store, region
from huelab.errors import DataError
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.score import evaluate, summarize
from huelab.models.saved import Saved

_LEARNED = ("train", "val")
"""Splits that shaped the weights: val chose which of them were kept."""

_CODE = ("color", "data", "evaluation", "metrics", "models")
"""Packages whose edit may change a score."""


@dataclass(frozen=True)
class Rescored:
    """A champion's scores on the present test pictures, as if stage evaluate had made them."""

    evaluated: Evaluated
    left_out: int
    """Test pictures that it learned from, or that cannot be shown to be new to it."""

    def same_pictures(self, other: Evaluated) -> Evaluated:
        """`other`, scored on the whole test split, cut down to the pictures of this comparison."""
        kept = other.table["item_id"].isin(set(self.evaluated.table["item_id"])).to_numpy()
        if kept.all():
            return other
        table, *seeds = (own[kept].reset_index(drop=True) for own in (other.table, *other.by_seed))
        scored = [metrics.metric(name) for name in (*other.summary["means"], *other.summary["set_level"])]
        computed = [metric for metric in scored if not metric.of_vectors]
        summary = {**other.summary, **summarize(other.name, table, computed, other.summary)}
        nowhere = other.folder / "cut"  # its vectors are of the whole split: without a folder it has none
        return dataclasses.replace(other, table=table, by_seed=tuple(seeds), summary=summary, folder=nowhere)


def rescore(champion: Saved, store: Store, settings: params.Evaluate, *, scored: Path | None = None, device: str = "auto") -> Rescored:
    """Scores `champion` on the test pictures of `store` that are new to it; the result is kept under var/rescored.

    `scored` is the folder of its scores on its own photographs: where nothing remembers what it learned from, the pictures tested there are
    the only ones known to be new. Raises DataError that says why where no honest comparison is possible.
    """
    _require_same_pictures(champion, store)
    unseen = _unseen(champion, store, scored)
    left_out = int((store.items["split"] == "test").sum() - unseen.sum())
    if not unseen.any():
        raise DataError(f"all {left_out} test pictures may be among those that {champion.name} learned from")
    out = paths.rescored(f"{champion.name}-{_key(champion, store, settings, unseen)}")
    if not (out / "summary.json").is_file():
        # the very check that stage evaluate makes is answered above
        here = Saved(champion.folder, {**champion.card, "data_hash": store.meta["data_hash"]})
        items = store.items.assign(split=store.items["split"].where(unseen, ""))
        quiet = settings.model_copy(update={"pictures": 0})
        evaluate(here, _Unseen(store.folder, store.meta, items), quiet, out=out, device=device)
    return Rescored(Evaluated.read(champion.name, out), left_out)


class _Unseen(Store):
    """A store of test pictures alone: nothing is made to be looked at."""

    def gallery(self) -> list[GalleryPicture]:
        """None."""
        return []


def _require_same_pictures(champion: Saved, store: Store) -> None:
    if champion.one_picture:
        raise DataError(f"{champion.name} memorised one picture and is not scored on others")
    for key, what in (("size", "pixels of a side"), ("photograph_side", "pixels of a photograph's side"), ("split_by", "split by")):
        learned, now = champion.card.get(key), store.meta[key]
        if learned is not None and learned != now:
            raise DataError(f"{champion.name} learned on pictures made otherwise ({what}: {learned}, now {now})")


def _unseen(champion: Saved, store: Store, scored: Path | None) -> pd.Series[bool]:
    """Which rows of the store are test pictures that the champion has not learned from."""
    items = store.items
    test = items["split"] == "test"
    before = split_record.recall(str(champion.card.get("data_hash", "")))
    if before is None:
        known = _tested(champion, scored)
        return test & items["item_id"].isin(known)
    learned = before[before["split"].isin(_LEARNED)]
    group = (items["group"] if "group" in items else items["photo_id"]).astype(str)
    of_photo = dict(zip(items["photo_id"], group, strict=True))  # a photograph and its near-duplicates count as one
    if store.meta["split_by"] != "region":
        groups = {of_photo.get(photo, photo) for photo in learned["photo_id"]}
        return test & ~group.isin(groups) & ~items["photo_id"].isin(set(learned["photo_id"]))
    # other regions of the same photographs are what both must have learned from; a photograph only one of them knows tells nothing
    shared = {of_photo[photo] for photo in before["photo_id"] if photo in of_photo}
    tiles = {(of_photo.get(photo, photo), region(item)) for item, photo in zip(learned["item_id"], learned["photo_id"], strict=True)}
    own = pd.Series([(one, region(item)) not in tiles for one, item in zip(group, items["item_id"], strict=True)], index=items.index)
    return test & group.isin(shared) & own


def _tested(champion: Saved, scored: Path | None) -> set[str]:
    try:
        if scored is None:
            raise FileNotFoundError
        return set(pd.read_parquet(scored / "scores.parquet", columns=["item_id"])["item_id"])
    except (OSError, ValueError, KeyError):
        raise DataError(f"nothing says any more which photographs {champion.name} learned from") from None


def _key(champion: Saved, store: Store, settings: params.Evaluate, unseen: pd.Series[bool]) -> str:
    package = Path(huelab.__file__).parent
    code = [hashlib.sha256(file.read_bytes()).hexdigest() for part in _CODE for file in sorted((package / part).rglob("*.py"))]
    facts = [champion.card.get("weights_sha256"), store.meta["data_hash"], store.meta["recipe"], settings.metrics, unseen.tolist(), code]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
