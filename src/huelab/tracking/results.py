"""What the stages left behind about one colorizer, as MLflow wants it: flat params, metrics with steps, tags. Reads files only."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
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

    def scores(self) -> dict[str, float]:
        """test_METRIC, with test_METRIC_low and _high where the leaderboard has an interval; the same names for every colorizer."""
        found: dict[str, Any] = {**self.summary.get("means", {}), **self.summary.get("set_level", {})}
        values: dict[str, Any] = {f"test_{metric}": value for metric, value in found.items()}
        for metric, estimate in self.row.get("scores", {}).items():
            values[f"test_{metric}"] = estimate["mean"]
            values |= {f"test_{metric}_{end}": estimate.get(end) for end in ("low", "high")}
        values |= {f"test_{metric}_between_seeds": value for metric, value in (self.row.get("between_seeds") or {}).items()}
        return _finite(values)

    def facts(self) -> dict[str, float]:
        """Numbers of the training itself: parameters, steps, seconds, images per second, peak memory in bytes."""
        card = {name: self.saved.card.get(name) for name in ("parameters", "steps", "best_step")}
        return _finite(card | {name: self.timing.get(name) for name in ("seconds", "images_per_second", "peak_memory")})

    def params(self) -> dict[str, str]:
        """The card as flat text: colorizer.width, train.seed, info.title, device …"""
        card = dict(self.saved.card)
        card["colorizer"] = card.pop("params")
        where = {name: self.timing[name] for name in ("device", "precision", "channels_last", "threads") if name in self.timing}
        return dict(_flat(card | where))

    def curves(self) -> list[tuple[str, float, int]]:
        """(name, value, step) of every cell of history.csv; a loss term is called loss_TERM."""
        try:
            with (self.saved.folder / "history.csv").open(encoding="utf-8", newline="") as stream:
                rows = list(csv.DictReader(stream))
            return [
                (name if name.startswith("val_") or name == "epoch" else f"loss_{name}", float(cell), int(float(row["step"])))
                for row in rows
                for name, cell in row.items()
                if name != "step" and cell and math.isfinite(float(cell))
            ]
        except FileNotFoundError:  # a floor
            return []
        except (KeyError, TypeError, ValueError) as error:
            raise HuelabError(f"{self.saved.folder / 'history.csv'} is damaged ({error}): run `dvc repro train@{self.name}`.") from None

    def pictures(self) -> list[Path]:
        """The first gallery photographs as it coloured them."""
        return sorted((paths.scores(self.name) / "pictures" / "gallery").glob("*.png"))[:6]


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
    return Result(saved, summary, row, digest.hexdigest()[:16], timing if isinstance(timing, dict) else {})


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


def _finite(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float) and math.isfinite(value)}


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None and value != "":
            yield f"{prefix}{key}", (json.dumps(value) if isinstance(value, list | bool) else str(value))[:6000]
