"""Metric `fid_other`: FID of the colourized test pictures against other real photographs, those of training: the protocol of ColTran."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.metrics import frechet, inception
from huelab.metrics.definition import Metric, Vectors


def of_vectors(vectors: Vectors, reference: NDArray[np.float32] | None, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(draws,) FIDs; the reference is not drawn again. NaN for fewer than two pictures of either kind; too high for few of them."""
    others = reference if reference is not None else np.empty((0, 1), np.float32)
    return frechet.from_others(vectors["inception"], others, counts)


METRIC = Metric(
    name="fid_other",
    title="FID (other photographs)",
    unit=f"{inception.UNIT}; against at most 5,000 training pictures; biased upwards by few pictures, so compare at equal n only",
    better="lower",
    kind="set",
    cost="costly",
    citation="M. Heusel et al., GANs Trained by a Two Time-Scale Update Rule, NeurIPS 2017; protocol of M. Kumar et al., Colorization "
    "Transformer, ICLR 2021",
    digits=2,
    columns={},
    missing=inception.WEIGHTS.missing,
    weights_sha256=inception.WEIGHTS.sha256,
    vectors={"inception": inception.of_predicted},
    reference=inception.of_pictures,
    of_vectors=of_vectors,
)
