"""What a metric file states about its metric: name, unit, direction, columns per picture and how a set's value follows from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from huelab.metrics.pair import Pair

Means = Mapping[str, NDArray[np.float64]]
Vectors = Mapping[str, NDArray[np.float32]]
"""Name -> (pictures, length)."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One way to score a colourization.

    Every metric is computed from `columns`: numbers of one picture, NaN or inf where the metric is undefined for it. A paired metric has
    the column of its own name, and its value for a set is that column's mean. The value of a set-level metric is no mean of pictures:
    `of_means` makes it from the means of its columns (arrays of any shape, one entry per bootstrap draw), or `of_vectors` from a vector per
    picture, where it compares distributions.
    """

    name: str
    title: str
    """As tables head it."""
    unit: str
    """Unit and variant; "" for a pure number."""
    better: Literal["lower", "higher", "none"]
    kind: Literal["paired", "set"]
    cost: Literal["cheap", "moderate", "costly"]
    """About < 1, < 5 and more milliseconds for 256×256 on one core."""
    citation: str
    digits: int = 3
    """Decimals in tables."""
    columns: Mapping[str, Callable[[Pair], float]] = field(repr=False)
    of_means: Callable[[Means], NDArray[np.float64]] | None = field(default=None, repr=False)
    signed: Callable[[Means], NDArray[np.float64]] | None = field(default=None, repr=False)
    """Where `of_means` is the absolute value of a difference: that difference. Bootstrap draws of an absolute value pile up beside 0, so
    the interval is made of the difference and folded."""
    missing: Callable[[], str] | None = field(default=None, repr=False)
    """For metrics that need downloaded weights: "" where they are, else which file to put where."""
    weights_sha256: str = ""
    """Of those weights; what is computed by them is kept under it."""
    unlabelled: Callable[[Collection[str]], str] | None = field(default=None, repr=False)
    """For metrics that need the photographs' labels: "" where these will do, else why not and what to do."""
    vectors: Mapping[str, Callable[[Pair], NDArray[np.float32]]] = field(default_factory=dict, repr=False)
    """What `of_vectors` needs of each picture."""
    reference: Callable[[Iterable[NDArray[np.uint8]]], NDArray[np.float32]] | None = field(default=None, repr=False)
    """Vectors of the training photographs, for metrics that compare with other photographs than the test's."""
    of_vectors: Callable[[Vectors, NDArray[np.float32] | None, NDArray[np.float64]], NDArray[np.float64]] | None = field(
        default=None, repr=False
    )
    """Vectors, reference and how often each picture was drawn (draws, pictures) -> (draws,) values."""

    @property
    def needs_weights(self) -> bool:
        """Whether it can only be computed where downloaded weights lie."""
        return self.missing is not None

    def not_computed(self, labels: Collection[str] = ()) -> str:
        """Why it cannot be computed for photographs with these `labels` and what to do about it; "" if it can."""
        return (self.missing() if self.missing else "") or (self.unlabelled(labels) if self.unlabelled else "")

    def value(self, means: Means) -> NDArray[np.float64]:
        """The value of a set of pictures from the means of its columns over that set."""
        return self.of_means(means) if self.of_means else means[self.name]
