"""The leaderboard and the scores below it, as the pages read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboards import parts, reading
from huelab import paths


@dataclass(frozen=True)
class OnePicture:
    """A model that memorised one picture, and the scores on that picture: its own, and those of the floors."""

    model: str
    values: pd.DataFrame
    """One row for it and each floor; one column per metric, in the order of Board.metrics."""


@dataclass(frozen=True)
class Best:
    """The best learned model by the metric that params.yaml sorts by."""

    model: str
    title: str
    written: str
    """Its mean and interval."""
    behind: str
    """A floor that scores better; "" when the model leads."""
    confidence: float


@dataclass(frozen=True)
class Board:
    """leaderboard.json."""

    rows: pd.DataFrame
    """model, metric, mean, low, high, floor, beats: one row per model and metric."""
    one_picture: tuple[OnePicture, ...]
    metrics: list[str]
    sort: str
    protocol: str
    notes: tuple[str, ...]
    """What must stand beside the numbers: a common budget, several seeds, the classifiers that models look through."""
    counts: str
    confidence: float
    not_computed: dict[str, str]
    truth_colorfulness: float | None
    """Of the photographs themselves: a metric without a direction is ranked by closeness to it."""

    def ranked(self, metric: str) -> pd.DataFrame:
        """model, mean, low, high, floor of one metric, best first."""
        rows = self.rows[self.rows["metric"] == metric].dropna(subset=["mean"])
        if not parts.has_direction(metric) and self.truth_colorfulness is not None:
            distance = (rows["mean"] - self.truth_colorfulness).abs()
            return rows.loc[distance.sort_values(kind="stable").index].reset_index(drop=True)
        return rows.sort_values("mean", ascending=parts.ascending(metric), kind="stable").reset_index(drop=True)

    def table(self, metric: str) -> pd.DataFrame:
        """One row per model, best first by `metric`: the model, that metric, which floors it beats, the other metrics (means)."""
        order = self.ranked(metric)["model"].tolist()
        wide = self.rows.pivot(index="model", columns="metric", values="mean").reindex(order)
        beats = self.rows.drop_duplicates("model").set_index("model")["beats"].reindex(order)
        table = wide[[metric]].assign(beats=beats).join(wide[[name for name in self.metrics if name != metric]])
        return table.reset_index()


def load() -> Board | None:
    """The leaderboard; None before stage compare has written it, or while it is rewritten."""
    found = reading.document(paths.reports() / "leaderboard.json")
    if not isinstance(found, dict) or not found.get("rows"):
        return None
    metrics = [metric["name"] for metric in found["metrics"]]
    rows, alone = [], []
    for row in found["rows"]:
        if row["one_picture"]:
            values = {row["model"]: {name: score["mean"] for name, score in row["scores"].items()}, **row["floors"]}
            alone.append(OnePicture(row["model"], pd.DataFrame.from_dict(values, orient="index").reindex(columns=metrics).astype(float)))
            continue
        for name, score in row["scores"].items():
            rows.append({"model": row["model"], "metric": name, "floor": row["floor"], "beats": _verdict(row), **score})
    table = pd.DataFrame(rows, columns=["model", "metric", "mean", "low", "high", "floor", "beats"])
    return Board(
        rows=table.astype({"mean": float, "low": float, "high": float}),
        one_picture=tuple(alone),
        metrics=metrics,
        sort=found["sort"] if found["sort"] in metrics else metrics[0],
        protocol=found["protocol"],
        notes=_notes(found),
        counts=f"{found['n_items']:,} test pictures of {found['n_photos']:,} photographs",
        confidence=found["confidence"],
        not_computed=found["not_computed"],
        truth_colorfulness=found["truth_colorfulness"],
    )


def _notes(found: dict[str, Any]) -> tuple[str, ...]:
    notes = [found["budget"]] if found.get("budget") else []
    seeds = max((row.get("seeds", []) for row in found["rows"]), key=len)
    if len(seeds) > 1:
        notes.append(f"Every number of a learned model is the mean of {len(seeds)} seeds; the report shows the spread between them.")
    return (*notes, *(f"{row['model']}: {note}." for row in found["rows"] for note in row.get("notes", [])))


def _verdict(row: dict[str, Any]) -> str:
    if row["floor"]:
        return "a floor"
    words = {True: "yes", False: "no", None: "unclear"}
    return ", ".join(f"{floor}: {words[found['beaten']]}" for floor, found in row["beats"].items()) or "–"


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
    interval = f" ({low} to {high})" if pd.notna(first["low"]) else ""  # none where all test pictures are of one photograph
    leader: Any = ranked.iloc[0]
    return Best(
        model=first["model"],
        title=parts.title_of(board.sort),
        written=parts.written(board.sort, first["mean"]) + interval,
        behind=leader["model"] if leader["floor"] else "",
        confidence=board.confidence,
    )


def scores(models: tuple[str, ...]) -> pd.DataFrame | None:
    """Every model's scores of every test picture, one below the other; None before any model is scored."""
    tables = [table for name in models if (table := reading.table(paths.scores(name) / "scores.parquet")) is not None]
    return pd.concat(tables, ignore_index=True) if tables else None
