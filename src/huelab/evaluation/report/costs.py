"""What each model cost on this machine: parameters, pictures, seconds, memory. Only the report says so: durations differ each time."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from huelab import paths
from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import section, table
from huelab.models.saved import Saved

_NOTE = (
    "Measured on the machine that made this report, by the last training there; – where a model came from elsewhere. Seconds: of training, "
    "without validation. Memory: the process at its largest. Of several seeds the first."
)


def costs(found: Contents) -> str:
    """The section; nothing where no model has learned."""
    by_name = {one.name: one for one in found.saved if not one.floor}
    ranked = [row.model for row in (*found.board.rows, *found.board.own) if row.model in by_name]
    rows = [_row(found, by_name[name]) for name in ranked]
    if not rows:
        return ""
    head = ["model", "parameters", "steps", "pictures seen", "img/s", "seconds", "memory", "trained on"]
    return section("cost", "Cost", f'{table(head, rows)}<p class="note">{_NOTE}</p>')


def _row(found: Contents, one: Saved) -> list[str]:
    card, timing = one.card, _timing(one.name)
    device = ", ".join(str(timing[key]) for key in ("device", "precision") if timing.get(key))
    threads = f", {timing['threads']} threads" if timing.get("device") == "cpu" and timing.get("threads") else ""
    return [
        f"{found.swatch(one.name)}{escape(one.name)}",
        _count(card.get("parameters")),
        _count(card.get("steps")),
        _count(card.get("images")),
        _count(timing.get("images_per_second")),
        _count(timing.get("seconds")),
        _size(timing.get("peak_memory")),
        escape(device + threads) or "–",
    ]


def _timing(name: str) -> dict[str, Any]:
    """What training noted beside its outputs; empty where this machine did not train it, or the note is damaged."""
    try:
        found = json.loads(paths.timing(name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _count(value: object) -> str:
    if not isinstance(value, (int, float)):
        return "–"
    return f"{value:,.0f}" if value >= 10 or float(value).is_integer() else f"{value:.1f}"


def _size(value: object) -> str:
    return f"{value / 1e6:,.0f} MB" if isinstance(value, (int, float)) and value else "–"
