"""Floor `mean`: The mean ab of the training pictures, everywhere: beats gray on squared error and looks worse."""

from __future__ import annotations

from huelab.models.info import Info
from huelab.params import ColorizerParams

INFO = Info(
    title="Mean colour",
    paper="",
    year=0,
    changes="",
    licence="",
    objective="floor",
    output="ab",
)


class Params(ColorizerParams):
    """Nothing to set."""
