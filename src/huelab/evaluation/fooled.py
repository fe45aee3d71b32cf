"""The leaderboard's column "people fooled": how often a model's pictures were taken for real. Not there where nobody was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huelab.evaluation.human import HumanResult
from huelab.evaluation.leaderboard import Leaderboard, Row

TITLE = "people fooled"
FIELDS = ("rate", "low", "high", "n", "study")


def is_known(board: Leaderboard) -> bool:
    """Whether a study showed pictures of any ranked model."""
    return any(row.human for row in board.rows)


def head(board: Leaderboard) -> list[str]:
    """The column's heading; [] where nobody was asked."""
    return [f"{TITLE} ↑"] if is_known(board) else []


def cells(row: Row, board: Leaderboard) -> list[str]:
    """The column's cell of one model; [] where nobody was asked."""
    return [written(row.human)] if is_known(board) else []


def written(found: HumanResult | None) -> str:
    """Rate, 95 % interval and number of answers; – for a model that no study showed."""
    return f"{found.rate:.1%} [{found.low:.1%}, {found.high:.1%}] n={found.n}" if found else "–"


def csv_head(board: Leaderboard) -> list[str]:
    """Columns of the CSV."""
    return ["people_fooled", *(f"people_fooled_{name}" for name in FIELDS[1:])] if is_known(board) else []


def csv_cells(row: Row, board: Leaderboard) -> list[Any]:
    """Their values; empty for a model that no study showed."""
    if not is_known(board):
        return []
    found = tree(row.human) or dict.fromkeys(FIELDS, "")
    return [f"{value:.6g}" if isinstance(value, float) else value for value in found.values()]


def tree(found: HumanResult | None) -> dict[str, Any] | None:
    """For JSON."""
    return None if found is None else {name: getattr(found, name) for name in FIELDS}


def note(board: Leaderboard) -> str:
    """How to read it, and which study it is of; "" where nobody was asked."""
    return sentence({row.model: row.human for row in board.rows if row.human})


def sentence(known: Mapping[str, HumanResult]) -> str:
    """The note, from what is known of each model."""
    by_study: dict[str, list[str]] = {}
    for model, found in known.items():
        by_study.setdefault(found.study, []).append(model)
    if not by_study:
        return ""
    how = "People fooled: how often its picture was taken for a real one, with its 95% interval over people and photographs, and n answers"
    if len(by_study) == 1:
        return f"{how}; study {next(iter(by_study))}."
    studies = "; ".join(f"study {study}: {', '.join(models)}" for study, models in by_study.items())
    return f"{how}. {studies}. Rates of different studies cannot be compared."
