"""Floor `gray`: No colour at all: ab = 0 everywhere, the least a colorizer must beat."""

from __future__ import annotations

from huelab.models.info import Info
from huelab.params import ColorizerParams

INFO = Info(
    title="Gray",
    paper="",
    year=0,
    changes="",
    licence="",
    objective="floor",
    output="ab",
)


class Params(ColorizerParams):
    """Nothing to set."""
