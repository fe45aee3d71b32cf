"""The leaderboard and the scores below it, as the pages read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboards import parts, reading
from huelab import params, paths
from huelab.models import FLOORS


@dataclass(frozen=True)
class OnePicture:
    """A model that memorised one picture, and its scores on that picture."""

    model: str
    values: dict[str, float]


@dataclass(frozen=True)
class Best:
    """The best learned model by the metric that params.yaml sorts by."""

    model: str
    title: str
    written: str
    interval: str
    confidence: float


@dataclass(frozen=True)
class Board:
    """leaderboard.json."""

    rows: pd.DataFrame
    """model, metric, mean, low, high, n, floor: one row per model and metric."""
    one_picture: tuple[OnePicture, ...]
    metrics: list[str]
    sort: str
    protocol: str
    confidence: float
    not_computed: dict[str, str]

    def ranked(self, metric: str) -> pd.DataFrame:
        """model, mean, low, high, floor of one metric, best first."""
        rows = self.rows[self.rows["metric"] == metric].dropna(subset=["mean"])
        return rows.sort_values("mean", ascending=parts.ascending(metric), kind="stable").reset_index(drop=True)

    def table(self, metric: str) -> pd.DataFrame:
        """One row per model, best first by `metric`; one column per metric (means)."""
        order = self.ranked(metric)["model"].tolist()
        wide = self.rows.pivot(index="model", columns="metric", values="mean").reindex(order)
        return wide[self.metrics].reset_index()


def load() -> Board | None:
    """The leaderboard; None before stage compare has written it, or while it is rewritten."""
    found = reading.document(paths.reports() / "leaderboard.json")
    if not isinstance(found, dict) or not found.get("rows"):
        return None
    settings = params.load()
    rows, alone = [], []
    for row in found["rows"]:
        if row.get("one_picture"):
            alone.append(OnePicture(row["model"], {name: score["mean"] for name, score in row["scores"].items()}))
            continue
        for name, score in row["scores"].items():
            rows.append({"model": row["model"], "metric": name, "n": row["n_photos"], "floor": row["model"] in FLOORS, **score})
    table = pd.DataFrame(rows, columns=["model", "metric", "mean", "low", "high", "n", "floor"])
    there = set(table["metric"])
    return Board(
        rows=table,
        one_picture=tuple(alone),
        metrics=[name for name in settings.evaluate.metrics if name in there],
        sort=found["sort"],
        protocol=found["protocol"],
        confidence=found["confidence"],
        not_computed=found.get("not_computed", {}),
    )


def best() -> Best | None:
    """The best learned model; None while there is no leaderboard, or only floors stand on it."""
    board = load()
    if board is None:
        return None
    ranked = board.ranked(board.sort)
    learned = ranked[~ranked["floor"]]
    if learned.empty:
        return None
    first: Any = learned.iloc[0]
    low, high = parts.written(board.sort, first["low"]), parts.written(board.sort, first["high"])
    return Best(first["model"], parts.title_of(board.sort), parts.written(board.sort, first["mean"]), f"{low} to {high}", board.confidence)


def scores(models: tuple[str, ...]) -> pd.DataFrame | None:
    """Every model's scores of every test picture, one below the other; None before any model is scored."""
    tables = [table for name in models if (table := reading.table(paths.scores(name) / "scores.parquet")) is not None]
    return pd.concat(tables, ignore_index=True) if tables else None
