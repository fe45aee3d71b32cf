"""What is missing from the numbers, and why: metrics that were not computed, scores that were no numbers."""

from __future__ import annotations

from html import escape

from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import code, section


def left_out(found: Contents) -> str:
    """The section; nothing where nothing is missing."""
    board = found.board
    lines = [f"<li><code>{escape(name)}</code> was not computed: {code(why)}</li>" for name, why in board.not_computed.items()]
    for model, scores in board.excluded.items():
        lines += [
            f"<li>{escape(model)}: <code>{escape(one['metric'])}</code> of {escape(one['path'])} is {escape(one['value'])}, "
            "left out of the mean</li>"
            for one in scores
        ]
    return section("left-out", "Not computed, left out", f"<ul>{''.join(lines)}</ul>" if lines else "")
