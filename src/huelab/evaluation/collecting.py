"""What stage evaluate keeps of a colorizer's test pictures beside their scores: gathered picture by picture, one file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from huelab.data.store import Store
from huelab.evaluation.ab_density import AbDensity
from huelab.evaluation.confidence import Confidence
from huelab.evaluation.predict import Prediction
from huelab.evaluation.vectors import KeptVectors
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair


class Collector(Protocol):
    """One file in the making. Pictures come in the order of scores.parquet."""

    def add(self, prediction: Prediction, pair: Pair | None) -> None:
        """The next test picture; `pair` is None where the colorizer gave no finite colours."""

    def write(self, folder: Path) -> None:
        """Writes its file into the colorizer's folder of scores."""


def collectors(computed: Sequence[Metric], store: Store) -> list[Collector]:
    """Those that these metrics need of the colorizer's first seed."""
    return [AbDensity(), Confidence(), KeptVectors(computed, store)]


def of_further_seed(computed: Sequence[Metric], store: Store, seed: int) -> list[Collector]:
    """Those that these metrics need of a further seed."""
    return [KeptVectors(computed, store, seed)]
