"""leaderboard.json as the pages read it: rows with intervals, marks, paired differences, and the sentences that belong beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dashboards import parts, reading
from huelab import paths
from huelab.evaluation.human import HumanResult

ROWS = ("model", "metric", "mean", "median", "low", "high", "excluded", "between", "floor", "beats", "mark")
TIED = "= best"
VERSUS = ("model", "against", "metric", "difference", "low", "high", "p", "p_holm", "effect", "photographs", "floor")


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
    """ROWS: one row per model and metric, in the leaderboard's order."""
    versus: pd.DataFrame
    """VERSUS: the paired differences, model minus other; empty where the leaderboard has none."""
    one_picture: tuple[OnePicture, ...]
    metrics: list[str]
    sort: str
    best: str
    """The learned model that ranks first; "" where none takes part."""
    protocol: str
    notes: tuple[str, ...]
    """What must stand beside the numbers: a common budget, several seeds, the classifiers that models look through."""
    counts: str
    photographs: int
    """Near-duplicates counted once: what intervals and tests are over."""
    data_hash: str
    confidence: float
    interval: str
    """How intervals are made, in words."""
    not_computed: dict[str, str]
    excluded: pd.DataFrame
    """model, metric, path, value: scores that are no numbers, left out of the means."""
    power: dict[str, float]
    """Metric -> the smallest paired difference that so many photographs can show."""
    power_of: str
    """Whose comparisons that is the median of."""
    ideals: dict[str, float]
    """Metrics without a better end -> what the photographs themselves score: a model ranks by its closeness to that."""
    seeds: dict[str, int] = field(default_factory=dict)
    """Model -> how many seeds its numbers are the mean of, where more than one."""
    people: dict[str, HumanResult] = field(default_factory=dict)
    """Model -> how often its pictures fooled people, of those that a study showed."""

    @property
    def models(self) -> list[str]:
        """Those judged on the test split, in the leaderboard's order."""
        return list(dict.fromkeys(self.rows["model"]))

    def ranked(self, metric: str) -> pd.DataFrame:
        """The rows of one metric that have a mean, best first; a metric without a better end keeps the leaderboard's order."""
        rows = self.rows[self.rows["metric"] == metric].dropna(subset=["mean"])
        if parts.has_direction(metric):
            return rows.sort_values("mean", ascending=parts.ascending(metric), kind="stable").reset_index(drop=True)
        if metric in self.ideals:
            distance = (rows["mean"] - self.ideals[metric]).abs()
            rows = rows.loc[distance.sort_values(kind="stable").index]
        return rows.reset_index(drop=True)

    def against(self, other: str, metric: str) -> pd.DataFrame:
        """The paired differences of every model to `other` ("gray", "mean", "best") in one metric, in the leaderboard's order."""
        found = self.versus
        return found[(found["against"] == other) & (found["metric"] == metric)].reset_index(drop=True)


def load() -> Board | None:
    """The leaderboard; None before stage compare has written it, while it is rewritten, or where another version wrote it."""
    found = reading.document(paths.reports() / "leaderboard.json")
    if not isinstance(found, dict) or not found.get("rows"):
        return None
    try:
        return _board(found)
    except (KeyError, TypeError, ValueError, AttributeError):  # damaged, or of another version: stage compare writes it anew
        return None


def _board(found: dict[str, Any]) -> Board:
    metrics = [metric["name"] for metric in found["metrics"]]
    ranked = [row for row in found["rows"] if not row["one_picture"]]
    alone = []
    for row in found["rows"]:
        if row["one_picture"]:
            values = {row["model"]: {name: score["mean"] for name, score in row["scores"].items()}, **row["floors"]}
            alone.append(OnePicture(row["model"], pd.DataFrame.from_dict(values, orient="index").reindex(columns=metrics).astype(float)))
    rows = pd.DataFrame([line for row in ranked for line in _lines(row, found.get("best"))], columns=list(ROWS))
    versus = pd.DataFrame([line for row in ranked for line in _differences(row)], columns=list(VERSUS))
    numbers = dict.fromkeys(("difference", "low", "high", "p", "p_holm", "effect"), float)
    excluded = [{"model": model, **one} for model, scores in (found.get("excluded") or {}).items() for one in scores]
    return Board(
        rows=rows.astype(dict.fromkeys(("mean", "median", "low", "high", "between"), float)),
        versus=versus.astype(numbers),
        one_picture=tuple(alone),
        metrics=metrics,
        sort=found["sort"] if found["sort"] in metrics else metrics[0],
        best=str(found.get("best") or ""),
        protocol=found["protocol"],
        notes=_notes(found),
        counts=_counts(found),
        photographs=int(found.get("n_groups", found["n_photos"])),
        data_hash=str(found.get("data_hash", "")),
        confidence=found["confidence"],
        interval={"bca": "BCa bootstrap"}.get(found.get("interval", ""), "bootstrap"),
        not_computed=found["not_computed"],
        excluded=pd.DataFrame(excluded, columns=["model", "metric", "path", "value"]).astype(str),
        power={name: value for name, value in (found.get("power") or {}).items() if value is not None},
        power_of=str(found.get("power_of") or ""),
        ideals={metric["name"]: metric["ideal"] for metric in found["metrics"] if metric.get("ideal") is not None},
        seeds={row["model"]: len(row["seeds"]) for row in ranked if len(row.get("seeds") or ()) > 1},
        people=_people(ranked),
    )


def _people(ranked: list[dict[str, Any]]) -> dict[str, HumanResult]:
    return {row["model"]: HumanResult(model=row["model"], content=row["model"], **row["human"]) for row in ranked if row.get("human")}


def _counts(found: dict[str, Any]) -> str:
    items, photographs, groups = found["n_items"], found["n_photos"], found.get("n_groups", found["n_photos"])
    counts = f"{items:,} test picture{'s' * (items != 1)} of {photographs:,} photograph{'s' * (photographs != 1)}"
    return counts + (f" ({groups:,} where near-duplicates count as one)" if groups < photographs else "")


def _lines(row: dict[str, Any], best: str | None) -> list[dict[str, Any]]:
    mark = "best" if row["model"] == best else TIED if row.get("tied_with_best") else ""
    shared = {"model": row["model"], "floor": row["floor"], "beats": _verdict(row), "mark": mark}
    between = row.get("between_seeds") or {}
    return [{**shared, "metric": name, "between": between.get(name), **score} for name, score in row["scores"].items()]


def _differences(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"model": row["model"], "against": other, "metric": metric, "floor": row["floor"], **one}
        for other, by_metric in (row.get("versus") or {}).items()
        for metric, one in by_metric.items()
    ]


def _notes(found: dict[str, Any]) -> tuple[str, ...]:
    notes = [found["budget"]] if found.get("budget") else []
    seeds = max((row.get("seeds", []) for row in found["rows"]), key=len)
    if len(seeds) > 1:
        notes.append(f"Every number of a learned model is the mean of {len(seeds)} seeds; ± is the standard deviation between them.")
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
    learned = ranked[~ranked["floor"].astype(bool)]
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
