"""What the stages left behind about one colorizer, as MLflow wants it: flat params, metrics with steps, tags. Reads files only."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huelab import paths
from huelab.errors import HuelabError
from huelab.models.saved import Saved

_HASHED = ("card.json", "history.csv", "weights.safetensors"), ("summary.json", "scores.parquet")


@dataclass(frozen=True)
class Result:
    """A trained and evaluated colorizer."""

    saved: Saved
    summary: Mapping[str, Any]
    row: Mapping[str, Any]
    """Its row of the leaderboard; empty where stage compare has not run, or ran on other scores."""
    content: str
    """Hash of the model and its scores: the same results are mirrored once."""
    timing: Mapping[str, Any] = field(default_factory=dict)
    is_itself: tuple[str, ...] = ()
    """Of gray, mean and best, those that this colorizer is."""

    @property
    def name(self) -> str:
        """The colorizer's name."""
        return self.saved.name

    @property
    def data_hash(self) -> str:
        """Of the photographs and the split it was trained and scored on."""
        return str(self.summary["data_hash"])

    @property
    def may_be_champion(self) -> bool:
        """Floors cannot colour a photograph of one's own worth the name, and a model of one picture knows that picture only."""
        return not self.saved.floor and not self.saved.one_picture

    def value(self, metric: str) -> float | None:
        """Its test score; None where it has none."""
        return self.scores().get(f"test_{metric}")

    @property
    def kind(self) -> str:
        """learned, floor or one picture."""
        return "floor" if self.saved.floor else "one picture" if self.saved.one_picture else "learned"

    def metrics(self) -> list[str]:
        """The metrics it was scored in."""
        return list(self._means())

    def scores(self) -> dict[str, float]:
        """test_METRIC, with _low, _high and _median where the leaderboard has them; the same names for every colorizer."""
        values: dict[str, Any] = {f"test_{metric}": value for metric, value in self._means().items()}
        for metric, estimate in self.row.get("scores", {}).items():
            values[f"test_{metric}"] = estimate["mean"]
            values |= {f"test_{metric}_{end}": estimate.get(end) for end in ("low", "high", "median")}
        values |= {f"test_{metric}_between_seeds": value for metric, value in (self.row.get("between_seeds") or {}).items()}
        return finite(values)

    def differences(self) -> dict[str, float]:
        """versus_OTHER/METRIC with _low, _high and _p_holm: this colorizer minus gray, mean or the best, on the same photographs.

        Against itself all differences are 0: so the names are the same for every colorizer, and stay right when another one becomes best.
        """
        if not self.row or self.saved.one_picture:
            return {}
        found = dict(self.row.get("versus", {}))
        names = [metric for metric, estimate in self.row["scores"].items() if estimate["mean"] is not None]
        nothing = {"difference": 0.0, "low": 0.0, "high": 0.0, "p_holm": 1.0}
        found |= {other: dict.fromkeys(names, nothing) for other in self.is_itself if other not in found}
        values: dict[str, Any] = {}
        for other, by_metric in found.items():
            for metric, paired in by_metric.items():
                values[f"versus_{other}/{metric}"] = paired.get("difference")
                values |= {f"versus_{other}/{metric}_{key}": paired.get(key) for key in ("low", "high", "p_holm")}
        return finite(values)

    def left_out(self) -> list[str]:
        """What MLflow cannot be told because it is no finite number, in words."""
        words = [f"test_{metric}" for metric, value in self._means().items() if not finite({metric: value})]
        lost = sum(1 for _, cell, _ in self._cells() if not math.isfinite(cell))
        return words + ([f"{lost} {'point' if lost == 1 else 'points'} of its curves"] if lost else [])

    def _means(self) -> dict[str, Any]:
        return {**self.summary.get("means", {}), **self.summary.get("set_level", {})}

    def facts(self) -> dict[str, float]:
        """Numbers of the training and scoring: parameters, steps, seconds, images per second, peak memory in bytes, pictures, rank …"""
        card = {name: self.saved.card.get(name) for name in ("parameters", "steps", "best_step")}
        timed = {name: self.timing.get(name) for name in ("seconds", "images_per_second", "peak_memory")}
        scored = {"pictures": self.summary.get("n_items"), "photographs": self.summary.get("n_photos"), "rank": self.row.get("rank")}
        excluded = self.summary.get("excluded")
        return finite(card | timed | scored | {"excluded_scores": sum(excluded.values()) if isinstance(excluded, dict) else 0})

    def params(self) -> dict[str, str]:
        """The card as flat text: colorizer.width, train.seed, info.title, device …"""
        card = dict(self.saved.card)
        card["colorizer"] = card.pop("params")
        where = {name: self.timing[name] for name in ("device", "precision", "channels_last", "threads") if name in self.timing}
        return dict(_flat(card | where))

    def curves(self) -> list[tuple[str, float, int]]:
        """(name, value, step) of every finite cell of history.csv; a loss term is called loss_TERM."""
        return [point for point in self._cells() if math.isfinite(point[1])]

    def _cells(self) -> list[tuple[str, float, int]]:
        try:
            with (self.saved.folder / "history.csv").open(encoding="utf-8", newline="") as stream:
                rows = list(csv.DictReader(stream))
            return [
                (name if name.startswith("val_") or name == "epoch" else f"loss_{name}", float(cell), int(float(row["step"])))
                for row in rows
                for name, cell in row.items()
                if name != "step" and cell
            ]
        except FileNotFoundError:  # a floor
            return []
        except (KeyError, TypeError, ValueError) as error:
            raise HuelabError(f"{self.saved.folder / 'history.csv'} is damaged ({error}): run `dvc repro train@{self.name}`.") from None

    def pictures(self) -> list[Path]:
        """The first gallery photographs as it coloured them."""
        return sorted((paths.scores(self.name) / "pictures" / "gallery").glob("*.png"))[:6]


def present(names: Sequence[str], say: Callable[[str], None]) -> list[Result]:
    """The results of all that are trained and evaluated; damaged ones are named through `say` and left out, and so are NaN and infinity."""
    board, found = leaderboard(), []
    for name in names:
        try:
            result = read(name, board)
            lost = result.left_out() if result else []
        except HuelabError as error:
            say(f"{name} left out: {error}")
            continue
        if lost:
            say(f"{name}: no finite number, so not in MLflow: {', '.join(lost)}")
        if result is not None:
            found.append(result)
    return found


def read(name: str, leaderboard: Mapping[str, Any]) -> Result | None:
    """The result of colorizer `name`; None before it is trained and evaluated. Raises HuelabError where a file is damaged."""
    folders = paths.model(name), paths.scores(name)
    if not (folders[0] / "card.json").is_file() or not (folders[1] / "summary.json").is_file():
        return None
    saved = Saved.open(folders[0])
    summary = read_json(folders[1] / "summary.json")
    if not isinstance(summary, dict) or summary.get("data_hash") != saved.card.get("data_hash"):
        raise HuelabError(f"{folders[1]} was not scored on the data that {name} was trained on: run `dvc repro evaluate@{name}`.")
    row: Mapping[str, Any] = next((row for row in leaderboard.get("rows", []) if row.get("model") == name), {})
    if not _agrees(row, summary):
        row = {}
    digest = hashlib.sha256()
    for folder, files in zip(folders, _HASHED, strict=True):
        for file in files:
            if (folder / file).is_file():
                digest.update(f"{file}\0".encode() + hashlib.sha256((folder / file).read_bytes()).digest())
    timing = read_json(paths.timing(name)) if paths.timing(name).is_file() else {}
    itself = [other for other in ("gray", "mean", "best") if name == (leaderboard.get("best") if other == "best" else other)]
    return Result(saved, summary, row, digest.hexdigest()[:16], timing if isinstance(timing, dict) else {}, tuple(itself))


def _agrees(row: Mapping[str, Any], summary: Mapping[str, Any]) -> bool:
    """Whether a row of the leaderboard was made from these scores, not from those before stage evaluate ran again."""
    pairs = [(estimate["mean"], summary.get("means", {}).get(metric)) for metric, estimate in row.get("scores", {}).items()]
    return all(math.isclose(mean, value, rel_tol=1e-6, abs_tol=1e-9) for mean, value in pairs if mean is not None and value is not None)


def leaderboard() -> dict[str, Any]:
    """leaderboard.json; empty before stage compare has run."""
    file = paths.reports() / "leaderboard.json"
    if not file.is_file():
        return {}
    found = read_json(file)
    return found if isinstance(found, dict) else {}


def read_json(file: Path) -> Any:
    """The content of `file`. Raises HuelabError where it is missing or only half written."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HuelabError(f"{file} cannot be read ({error}): run `dvc repro`, which writes it anew.") from None


def finite(values: Mapping[str, Any]) -> dict[str, float]:
    """Those of `values` that are finite numbers."""
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float) and math.isfinite(value)}


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None and value != "":
            yield f"{prefix}{key}", (json.dumps(value) if isinstance(value, list | bool) else str(value))[:6000]
