"""What stage evaluate keeps of a colorizer's test pictures beside their scores: gathered picture by picture, one file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from huelab.evaluation.ab_density import AbDensity
from huelab.evaluation.confidence import Confidence
from huelab.evaluation.predict import Prediction
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair
from huelab.models.saved import Saved


class Collector(Protocol):
    """One file in the making. Pictures come in the order of scores.parquet."""

    def add(self, prediction: Prediction, pair: Pair | None) -> None:
        """The next test picture; `pair` is None where the colorizer gave no finite colours."""

    def write(self, folder: Path) -> None:
        """Writes its file into the colorizer's folder of scores."""


def collectors(saved: Saved, computed: Sequence[Metric]) -> list[Collector]:
    """Those that this colorizer and these metrics need."""
    return [AbDensity(), Confidence()]
