"""Looking at a dozen bins instead of hundreds must not change a single target."""

import numpy as np
import pytest
import torch

from huelab.color import bins
from huelab.color.soft_encoder import SoftEncoder

SETS = {"313": bins.centers, "247": bins.hage_centers}


def every_bin(ab, centers, k):
    """Squared distances to all bins in float32, sorted: what the encoder shortens."""
    points, axes = ab.movedim(1, -1), torch.from_numpy(centers.astype(np.float32))
    squares = (points[..., :1] - axes[:, 0]) ** 2 + (points[..., 1:] - axes[:, 1]) ** 2
    near, index = squares.sort(dim=-1, stable=True)
    return index[..., :k].movedim(-1, 1), torch.softmax(near[..., :k] / -50, dim=-1).movedim(-1, 1)


@pytest.mark.parametrize("k", [1, 5, 10])
@pytest.mark.parametrize("which", SETS)
def test_the_same_bins_and_the_same_bits_as_by_comparing_with_every_bin(which, k):
    """Colours anywhere, also far beyond sRGB, on the bins themselves, on cell borders and between equally near bins."""
    centers = SETS[which]()
    generator = torch.Generator().manual_seed(0)
    ab = torch.cat(
        [
            torch.rand(2, 20000, generator=generator) * 300 - 150,
            torch.from_numpy(centers.astype(np.float32)).T,
            torch.randint(-140, 141, (2, 5000), generator=generator) / 2,
            torch.tensor([[0.0, 5.0, -127.5, 128.5, 1e4], [0.0, 5.0, 127.5, -128.5, -1e4]]),
        ],
        dim=1,
    )[None, :, None]
    index, weight = SoftEncoder(centers, k=k)(ab)
    expected_index, expected_weight = every_bin(ab, centers, k)
    assert torch.equal(index, expected_index)
    assert torch.equal(weight, expected_weight)


def test_batches_keep_their_shape_and_their_pixels():
    ab = torch.rand(3, 2, 5, 7) * 100 - 50
    encode = SoftEncoder(k=10)
    index, weight = encode(ab)
    assert index.shape == weight.shape == (3, 10, 5, 7)
    assert index.dtype == torch.int64
    alone = encode(ab[2:, :, 3:4, 4:5])
    assert torch.equal(alone[0], index[2:, :, 3:4, 4:5])
    assert encode(ab[:, :, :0])[0].shape == (3, 10, 0, 7)


def test_more_neighbours_than_bins_are_refused():
    with pytest.raises(ValueError, match="choose from 1 to 247"):
        SoftEncoder(bins.hage_centers(), k=248)
