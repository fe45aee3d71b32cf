"""The leaderboard as JSON: what dashboard, report, mirror and promotion read. NaN and infinity are null."""

from __future__ import annotations

import json
import math
from typing import Any

from huelab.evaluation import fooled
from huelab.evaluation.intervals import Estimate
from huelab.evaluation.leaderboard import Leaderboard, Row
from huelab.evaluation.paired import Paired


def to_json(board: Leaderboard) -> str:
    """Readable JSON. Ranked rows first, then those of one memorised picture (`one_picture` not empty)."""
    tree: dict[str, Any] = {
        "protocol": board.protocol,
        "budget": board.budget,
        "data_hash": board.data_hash,
        "n_items": board.n_items,
        "n_photos": board.n_photos,
        "n_groups": board.n_groups,
        "sort": board.sort,
        "best": board.best,
        "confidence": board.confidence,
        "interval": board.interval,
        "draws": board.draws,
        "costly_draws": board.costly_draws,
        "power": {name: _rounded(value) for name, value in board.power.items()},
        "power_of": board.power_of,
        "metrics": [
            {
                "name": metric.name,
                "title": metric.title,
                "unit": metric.unit,
                "better": metric.better,
                "kind": metric.kind,
                "ideal": _rounded(board.ideals.get(metric.name)),
            }
            for metric in board.metrics
        ],
        "rows": [_tree(row, place) for place, row in enumerate(board.rows, 1)] + [_tree(row, None) for row in board.own],
        "not_computed": board.not_computed,
        "excluded": board.excluded,
        "truth_colorfulness": board.truth_colorfulness,
    }
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _tree(row: Row, rank: int | None) -> dict[str, Any]:
    beats = {name: {"beaten": found.beaten, "difference": _difference(found.paired)} for name, found in row.beats.items()}
    versus = {name: {metric: _paired(own) for metric, own in found.items()} for name, found in row.versus.items()}
    return {
        "rank": rank,
        "model": row.model,
        "title": row.title,
        "floor": row.floor,
        "one_picture": row.one_picture,
        "n_items": row.n_items,
        "n_photos": row.n_photos,
        "scores": {name: _estimate(found) for name, found in row.scores.items()},
        "seeds": list(row.seeds),
        "between_seeds": row.between_seeds,
        "parameters": row.parameters,
        "notes": list(row.notes),
        "human": fooled.tree(row.human),
        "versus": versus,
        "tied_with_best": row.tied_with_best,
        "beats": beats,
        "floors": row.floors,
    }


def _estimate(found: Estimate) -> dict[str, Any]:
    mean = found.mean if math.isfinite(found.mean) else None
    ends = {"median": found.median, "low": _rounded(found.low), "high": _rounded(found.high)}
    return {"mean": mean, **ends, "excluded": found.excluded}


def _difference(found: Paired) -> dict[str, Any]:
    ends = {"low": _rounded(found.low), "high": _rounded(found.high)}
    return {"mean": _rounded(found.difference), **ends, "excluded": found.excluded}


def _paired(found: Paired) -> dict[str, Any]:
    numbers = ("difference", "low", "high", "p", "p_holm", "effect")
    return {name: _rounded(getattr(found, name)) for name in numbers} | {"photographs": found.photographs, "excluded": found.excluded}


def _rounded(value: float | None) -> float | None:
    """To 10 digits, for the last ones of a sum depend on how many threads added it up; None for what is no number."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.10g}")
