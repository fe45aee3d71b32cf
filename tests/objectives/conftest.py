"""A small batch of real colours, partly padded."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from huelab.color import lab
from huelab.data.dataset import Batch


@pytest.fixture
def batch(samples: Path) -> Batch:
    """Four 32 x 32 pictures of a starter photograph; the last two are padded on the right."""
    rgb = cv2.imread(str(sorted(samples.glob("*.jpg"))[0]))[..., ::-1]
    tiles = np.stack([rgb[64 * i : 64 * i + 32, 96:128] for i in range(4)])
    planes = torch.from_numpy(lab.rgb_to_lab(tiles)).permute(0, 3, 1, 2)
    mask = torch.ones(4, 1, 32, 32)
    mask[2:, :, :, 20:] = 0
    return Batch(L=planes[:, :1].contiguous(), ab=planes[:, 1:].contiguous(), mask=mask, index=torch.arange(4))
