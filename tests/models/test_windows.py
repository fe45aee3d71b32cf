"""Windows must not show: no seams, no shift, no pixel left without colour."""

from __future__ import annotations

import numpy as np
import pytest

from huelab.models import windows


@pytest.mark.parametrize("shape", [(64, 64), (64, 65), (96, 200), (37, 61), (1, 1), (130, 64), (5, 300)])
def test_a_network_that_judges_pixels_one_by_one_gives_the_same_in_windows(shape: tuple[int, int]) -> None:
    L = np.random.default_rng(0).uniform(0, 100, shape).astype(np.float32)

    def network(batch: np.ndarray) -> np.ndarray:
        assert batch.shape[1:] == (64, 64)
        assert len(batch) <= windows.BATCH
        return np.stack([batch - 50, 2 * batch], axis=-1).astype(np.float32)

    ab = windows.predict(network, L, 64)
    assert ab.shape == (*shape, 2)
    np.testing.assert_allclose(ab, np.stack([L - 50, 2 * L], axis=-1), rtol=1e-4, atol=1e-3)


def test_windows_that_disagree_are_blended_without_a_seam() -> None:
    """Each window gets its own colour here; a border between two of them would be a visible line."""
    count = 0

    def network(batch: np.ndarray) -> np.ndarray:
        nonlocal count
        count += len(batch)
        return np.stack([np.full((64, 64, 2), 40 * (-1) ** number, np.float32) for number in range(len(batch))])

    ab = windows.predict(network, np.full((64, 256), 50, np.float32), 64)
    assert count == 7
    assert np.abs(np.diff(ab[..., 0], axis=1)).max() < 5
