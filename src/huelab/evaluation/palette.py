"""One colour per model, the same everywhere: Okabe and Ito's (2008) and Tol's muted ones (2021), for colour-blind eyes too.

Floors are gray. Colours go by place among the learned models on the board, in the order of `models.NAMES` and of variants' names, whatever
the ranking: no two of one board share one (up to twice as many as there are), and a board has the same in every table, plot and page.
"""

from __future__ import annotations

from collections.abc import Iterable

from huelab import models

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Without black, which is text, and without yellow, which white paper swallows."""
TOL_MUTED = ("#882255", "#117733", "#332288", "#999933", "#CC6677", "#44AA99", "#AA4499")
COLOURS = OKABE_ITO + TOL_MUTED
FLOOR = "#8b8d92"
_SHADES = 0.42
"""How far the second round of colours goes toward black."""


def colours(entries: Iterable[str]) -> dict[str, str]:
    """The colour (#rrggbb) of each model on a board, floors included. Give all that are on the board: colours go by place among them."""
    known = sorted(dict.fromkeys(entries), key=_place)
    learned = [entry for entry in known if entry not in models.FLOORS and models.known(entry)]
    found = dict.fromkeys(known, FLOOR)
    for place, entry in enumerate(learned):
        plain = COLOURS[place % len(COLOURS)]
        found[entry] = mixed(plain, "#000000", _SHADES) if place // len(COLOURS) % 2 else plain
    return found


def on_dark(plain: str, paper: str = "#1f2227", least: float = 3.6) -> str:
    """`plain` (#rrggbb), mixed with white until it stands out from dark `paper` by at least this WCAG contrast (3 is asked of graphics)."""
    for part in range(20):
        lighter = mixed(plain, "#ffffff", part / 20)
        if contrast(lighter, paper) >= least:
            return lighter
    return "#ffffff"


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two colours (#rrggbb), 1..21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(one: str, other: str, part: float) -> str:
    """`one` with `part` (0..1) of `other` in it, level by level."""
    levels = (round(first + (second - first) * part) for first, second in zip(_levels(one), _levels(other), strict=True))
    return "#" + "".join(f"{level:02x}" for level in levels)


def _place(entry: str) -> tuple[int, str]:
    base = models.base(entry)
    return (models.NAMES.index(base) if base in models.NAMES else len(models.NAMES), entry)


def _levels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [level / 255 / 12.92 if level / 255 <= 0.04045 else ((level / 255 + 0.055) / 1.055) ** 2.4 for level in _levels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
