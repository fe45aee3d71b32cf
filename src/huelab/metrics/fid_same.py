"""Metric `fid_same`: FID of the colourized test pictures against the same photographs, the protocol of CT2 and DDColor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.metrics import frechet, inception
from huelab.metrics.definition import Metric, Vectors


def of_vectors(vectors: Vectors, reference: NDArray[np.float32] | None, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(draws,) FIDs; a picture is drawn together with its photograph. NaN for fewer than two pictures; too high for few of them."""
    return frechet.of_pairs(vectors["inception"], vectors["inception_truth"], counts)


METRIC = Metric(
    name="fid_same",
    title="FID (same photographs)",
    unit=f"{inception.UNIT}; against the same test photographs; biased upwards by few pictures, so compare at equal n only",
    better="lower",
    kind="set",
    cost="costly",
    citation="M. Heusel et al., GANs Trained by a Two Time-Scale Update Rule, NeurIPS 2017; protocol of X. Kang et al., DDColor, ICCV 2023",
    digits=2,
    columns={},
    missing=inception.WEIGHTS.missing,
    weights_sha256=inception.WEIGHTS.sha256,
    vectors={"inception": inception.of_predicted, "inception_truth": inception.of_truth},
    of_vectors=of_vectors,
)
