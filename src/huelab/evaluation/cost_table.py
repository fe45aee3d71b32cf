"""The leaderboard beside what it cost on this machine: parameters, seconds, pictures a second. Printed, never a stage's output.

Durations differ from run to run, so no file under work/ may hold them; they come from var/timing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from huelab import metrics, paths
from huelab.errors import DataError
from huelab.evaluation.tables import ARROWS
from huelab.metrics.definition import Metric


def markdown(chosen: Sequence[str] = ()) -> str:
    """A Markdown table of the models in work/reports/leaderboard.json with the `chosen` metrics (all that were computed by default).

    Raises DataError before `compare` has run, ParamsError for an unknown metric.
    """
    file = paths.reports() / "leaderboard.json"
    try:
        board = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(f"{file} is not there: run `make run` or `dvc repro` first.") from None
    shown = [metrics.metric(name) for name in (chosen or [metric["name"] for metric in board["metrics"]])]
    head = [
        "",
        "model",
        "parameters",
        "pictures seen",
        "seconds",
        "img/s",
        *(f"{metric.title} {ARROWS[metric.better]}".strip() for metric in shown),
    ]
    lines = [" | ".join(["", *head, ""]).strip(), "|" + "---|" * 2 + "---:|" * (len(head) - 2)]
    lines += [" | ".join(["", *_cells(row, shown), ""]).strip() for row in board["rows"]]
    own = [f"`{row['model']}` is scored on the one picture it memorised." for row in board["rows"] if row["one_picture"]]
    notes = [f"`{row['model']}`: {note}." for row in board["rows"] for note in row["notes"]]
    protocol = f"{board['protocol']} {board['n_items']} test pictures of {board['n_photos']} photographs."
    return "\n".join([*lines, "", " ".join(filter(None, [protocol, board.get("budget"), *own, *notes]))]) + "\n"


def _cells(row: dict[str, Any], shown: Sequence[Metric]) -> list[str]:
    name = f"*{row['model']}*" if row["floor"] else f"`{row['model']}`"
    cost = ["", "", "", ""] if row["floor"] else _cost(row["model"], row["parameters"])
    return [str(row["rank"] or ""), name, *cost, *(_score(row, metric) for metric in shown)]


def _cost(model: str, parameters: int) -> list[str]:
    """Parameters, pictures seen while training, seconds and pictures a second; – where this machine did not train it."""
    try:
        timing = json.loads(paths.timing(model).read_text(encoding="utf-8"))
        seen = json.loads((paths.model(model) / "card.json").read_text(encoding="utf-8"))["images"]
    except (OSError, ValueError, KeyError):
        return [f"{parameters:,}", "–", "–", "–"]
    return [f"{parameters:,}", f"{seen:,}", f"{timing['seconds']:.0f}", f"{timing['images_per_second']:.0f}"]


def _score(row: dict[str, Any], metric: Metric) -> str:
    found = row["scores"].get(metric.name)
    if found is None or found["mean"] is None:
        return "–"
    text = f"{found['mean']:.{metric.digits}f}"
    if found["low"] is not None:
        text += f" [{found['low']:.{metric.digits}f}, {found['high']:.{metric.digits}f}]"
    between = row["between_seeds"].get(metric.name)
    return text if between is None else f"{text} ±{between:.{metric.digits}f}"
