"""Learning curves: validation MSE over training steps of every learned model, with what gray and the mean colour score as lines to beat."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab.color import lab
from huelab.data.store import Store
from huelab.errors import DataError
from huelab.evaluation.palette import colours
from huelab.models.saved import Saved

VALUE = "val_mse_ab128"
_CHUNK = 256


@dataclass(frozen=True)
class Curve:
    """One learned model: steps and validation MSE of ab/128, equally long; `best` is the step whose weights were kept."""

    model: str
    steps: list[float]
    values: list[float]
    best: int
    one_picture: bool


@dataclass(frozen=True)
class Curves:
    """All learned models, and the floors' validation MSE."""

    learned: list[Curve]
    floors: dict[str, float]

    @property
    def last(self) -> float:
        """Right end of the axis: the last step of those that learned from the training pictures; one picture may take far more steps."""
        ends = [(max(curve.steps), curve.one_picture) for curve in self.learned if curve.steps]
        return max((end for end, one_picture in ends if not one_picture), default=max((end for end, _ in ends), default=0.0))

    @property
    def top(self) -> float:
        """Upper end of the axis: above the floors, but not so far that first, wild steps press everything flat."""
        highest = max((value for curve in self.learned for value in curve.values), default=0.0)
        floor = max(self.floors.values(), default=0.0)
        return min(highest, 2 * floor) * 1.05 if floor else highest * 1.05


def read(saved: Sequence[Saved], store: Store) -> Curves:
    """Histories of the learned ones, and gray and mean on the validation pictures. Raises DataError for a damaged history.csv."""
    curves = []
    for one in saved:
        if one.floor:
            continue
        file = one.folder / "history.csv"
        try:
            history = pd.read_csv(file)[["step", VALUE]].dropna()
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"{file} cannot be read ({error}): run `dvc repro train@{one.name}`.") from None
        steps, values = history["step"].astype(float).tolist(), history[VALUE].astype(float).tolist()
        curves.append(Curve(one.name, steps, values, int(one.card.get("best_step") or 0), bool(one.one_picture)))
    colours = {}
    for one in saved:
        if one.name in ("gray", "mean"):
            a, b = one.card.get("mean_ab") or (0.0, 0.0)
            colours[one.name] = np.array([a, b], np.float32)
    return Curves(curves, _validation_mse(store, colours))


def _validation_mse(store: Store, colours: dict[str, NDArray[np.float32]]) -> dict[str, float]:
    """As training measures it: mean over validation pictures of the mean over content pixels of (difference of ab / 128)²."""
    totals = dict.fromkeys(colours, 0.0)
    indices = store.indices("val")
    for start in range(0, len(indices), _CHUNK):
        part = indices[start : start + _CHUNK]
        for rgb, (top, left, height, width) in zip(store.read(part), store.boxes(part), strict=True):
            ab = lab.rgb_to_lab(rgb[top : top + height, left : left + width])[..., 1:]
            for name, ab_of_floor in colours.items():
                totals[name] += float(np.square((ab - ab_of_floor) / 128).mean(dtype=np.float64))
    return {name: total / max(1, len(indices)) for name, total in totals.items()}


def draw(curves: Curves) -> bytes:
    """A PNG, the same bytes for the same curves."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 5), dpi=120, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        styles, inks = ("-", "--", "-.", ":"), colours(curve.model for curve in curves.learned)
        for place, curve in enumerate(curves.learned):
            label = f"{curve.model} (its own picture)" if curve.one_picture else curve.model
            style = styles[place % len(styles)]
            axes.plot(curve.steps, curve.values, style, color=inks[curve.model], label=label, marker=".", markersize=4, linewidth=1.8)
        for name, value in curves.floors.items():
            axes.axhline(value, color="#5c5f66", linewidth=1.2, linestyle="-" if name == "gray" else (0, (6, 3)), label=f"{name} (floor)")
        if curves.top > 0:
            axes.set_ylim(0, curves.top)
        axes.set_xlim(0, 1.02 * curves.last or None)
        axes.set_xlabel("training steps")
        axes.set_ylabel("validation MSE of ab/128")
        axes.grid(color="#e4e5e8", linewidth=0.8)
        axes.set_axisbelow(True)
        if curves.learned or curves.floors:
            figure.legend(loc="outside right upper", frameon=False)
        file = io.BytesIO()
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def write(curves: Curves, file: Path) -> None:
    """Draws into `file`."""
    file.write_bytes(draw(curves))
