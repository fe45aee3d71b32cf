"""Floor `shuffled`: Another test photograph's ab: real colours in the wrong places, so colourfulness alone proves nothing."""

from __future__ import annotations

from huelab.models.info import Info
from huelab.params import ColorizerParams

INFO = Info(
    title="Shuffled colour",
    paper="",
    year=0,
    changes="",
    licence="",
    objective="floor",
    output="ab",
)


class Params(ColorizerParams):
    """Nothing to set."""
