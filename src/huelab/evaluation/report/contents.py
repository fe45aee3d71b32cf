"""Everything the report shows, gathered before it is written, and each model's colour in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from huelab.evaluation import palette
from huelab.evaluation.contact_sheet import Sheet
from huelab.evaluation.curves import Curves
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.failures import Failures
from huelab.evaluation.leaderboard import Leaderboard
from huelab.models.saved import Saved
from huelab.params import Params


@dataclass(frozen=True)
class Contents:
    """What stage compare found. `meta` is the store's; `cards`: model -> its model card (markdown)."""

    params: Params
    meta: Mapping[str, Any]
    board: Leaderboard
    evaluated: Sequence[Evaluated]
    saved: Sequence[Saved]
    curves: Curves
    sheets: Sequence[Sheet]
    failures: Failures
    cards: Mapping[str, str]

    @cached_property
    def colours(self) -> dict[str, str]:
        """#rrggbb of every model on light paper."""
        return palette.colours(one.name for one in self.saved)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {colour: f"--m{place}" for place, colour in enumerate(dict.fromkeys(self.colours.values()))}

    def ink(self, model: str) -> str:
        """A model's colour as CSS: a variable, which is lighter where the page is dark."""
        return f"var({self._names[self.colours[model]]})"

    def inks(self) -> str:
        """The style sheet that sets those variables, for light and dark."""
        light = "".join(f"{name}:{colour};" for colour, name in self._names.items())
        dark = "".join(f"{name}:{palette.on_dark(colour)};" for colour, name in self._names.items())
        return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"

    def swatch(self, model: str) -> str:
        """A small square of a model's colour, to stand before its name."""
        return f'<span class="swatch" style="background:{self.ink(model)}"></span>'
