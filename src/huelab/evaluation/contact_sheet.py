"""Contact sheets: gray | truth | what each model made of it, one block per picture. What they hold; `sheet_png` and the report draw it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huelab.data.store import Store
from huelab.evaluation.choosing import Kept
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.leaderboard import Leaderboard
from huelab.evaluation.tables import number
from huelab.evaluation.truths import Truths, gray
from huelab.metrics.definition import Metric

UInt8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Cell:
    """A picture (h, w, 3), or None where there is none, and a few words below it. `best`: by these numbers the best of its row."""

    rgb: UInt8 | None
    caption: str = ""
    best: bool = False


@dataclass(frozen=True)
class Sheet:
    """Rows of pictures below column heads, gray and truth first; each row has a caption of its own."""

    name: str
    """Of its file in work/reports, without .png."""
    title: str
    note: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]


def of_test_pictures(store: Store, evaluated: Sequence[Evaluated], board: Leaderboard, *, rows: int) -> list[Sheet]:
    """Sheets of kept test pictures: chosen by hash, best, worst, most disputed; the first has `rows` of them, the others half as many.

    Best and worst go by the first metric on the board that a single picture has; what cannot be told (a single learned model disputes with
    nobody) gives an empty sheet.
    """
    kept = Kept(store, evaluated)
    metric = next((metric for metric in board.metrics if metric.kind == "paired" and metric.better != "none"), None)
    few = max(1, rows // 2)
    test = _TestSheets(store, kept.on_split, metric)
    among = f"Of the {len(kept.items)} kept test pictures, which were chosen by a hash of their names:"
    sheets = [test.sheet("contact_sheet", "Test pictures", "Chosen by a hash of their names, not by a person.", kept.items[:rows])]
    if metric is not None:
        said = f"mean {metric.title} over the learned models"
        for name, title, found in (
            ("contact_best", "Best", kept.best(metric, few)),
            ("contact_worst", "Worst", kept.worst(metric, few)),
        ):
            also = {item: f"{said}: {number(mean, metric)}" for item, mean in found}
            sheets.append(test.sheet(name, title, f"{among} those with the {title.lower()} {said}.", list(also), also))
    also = {item: f"{distance:.1f} CIE units apart" for item, distance in kept.disputed(few)}
    about = f"{among} those that the learned models colour most differently (ab distance, mean over pixels and pairs of models)."
    sheets.append(test.sheet("contact_disputed", "Most disputed", about, list(also), also))
    return sheets


def of_gallery(store: Store, evaluated: Sequence[Evaluated]) -> Sheet:
    """Every gallery photograph as each model colours it."""
    shown = in_columns(evaluated)
    lines = []
    for picture in store.gallery():
        truth = picture.rgb()
        cells = [Cell(gray(truth)), Cell(truth)]
        cells += [Cell(one.gallery_picture(picture.name), "memorised" if one.one_picture == picture.name else "") for one in shown]
        lines.append((picture.path, cells))
    note = "Whole photographs, an illustration: never scored."
    if store.meta["split_by"] == "region":
        note = "Whole photographs, an illustration: every learned model has seen regions of them in training. Never scored."
    return Sheet("gallery_sheet", "Gallery", note, _heads(shown), lines)


def in_columns(evaluated: Sequence[Evaluated]) -> list[Evaluated]:
    """Learned models, then floors; gray has its own column already."""
    return [one for one in evaluated if not one.floor] + [one for one in evaluated if one.floor and one.name != "gray"]


class _TestSheets:
    """Sheets of test pictures, each picture with its score in one metric."""

    def __init__(self, store: Store, on_split: Sequence[Evaluated], metric: Metric | None) -> None:
        self.truths = Truths(store)
        self.shown = in_columns(on_split)
        self.metric = metric
        self.scores = {}
        if metric is not None:
            self.scores = {one.name: one.table.set_index("item_id")[metric.name] for one in on_split if metric.name in one.table}

    def sheet(self, name: str, title: str, note: str, items: Sequence[str], also: dict[str, str] | None = None) -> Sheet:
        """`items` as rows; `also` is said of each beside its name."""
        if self.metric is not None:
            note += f" Numbers: {self.metric.title} of that picture, {self.metric.better} is better; bold: the best learned model."
        rows = [(" · ".join(filter(None, (self.truths.name(item), (also or {}).get(item)))), self._cells(item)) for item in items]
        return Sheet(name, title, note, _heads(self.shown), rows)

    def _cells(self, item: str) -> list[Cell]:
        truth = self.truths.rgb(item)
        scores = {one.name: self._score(one.name, item) for one in self.shown if not one.floor}
        finite = [score for score in scores.values() if math.isfinite(score)]
        top = (max if self.metric is not None and self.metric.better == "higher" else min)(finite, default=math.nan)
        cells = [Cell(gray(truth), self._written("gray", item)), Cell(truth)]
        for one in self.shown:
            cells.append(Cell(one.test_picture(item), self._written(one.name, item), best=len(finite) > 1 and scores.get(one.name) == top))
        return cells

    def _score(self, model: str, item: str) -> float:
        return float(self.scores[model][item]) if model in self.scores else math.nan

    def _written(self, model: str, item: str) -> str:
        return "" if self.metric is None or model not in self.scores else number(self._score(model, item), self.metric)


def _heads(shown: Sequence[Evaluated]) -> list[str]:
    return ["gray", "truth", *(f"{one.name} (floor)" if one.floor else one.name for one in shown)]
