"""Metric `lpips_alex`: learned perceptual distance, LPIPS v0.1 on AlexNet. Needs torchvision's AlexNet weights; never downloads them.

The file alexnet-owt-7be5be79.pth is looked for where $HUELAB_ALEXNET_WEIGHTS points, else in torch's hub cache
($TORCH_HOME/hub/checkpoints, by default ~/.cache/torch/hub/checkpoints). Where it is absent, or is another file under that name, the
metric is "not computed": random features would give numbers that look right and mean nothing.
"""

from __future__ import annotations

import hashlib
import math
import os
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from huelab.errors import ModelError
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

if TYPE_CHECKING:
    from torch import Tensor, nn

VARIABLE = "HUELAB_ALEXNET_WEIGHTS"
FILE = "alexnet-owt-7be5be79.pth"
SHA256 = "7be5be79"  # first digits, as torchvision publishes them in the file's name
SMALLEST = 31
"""Pixels of a side below which AlexNet's second pooling has nothing left."""


def weights_file() -> Path:
    """Where the AlexNet weights should lie; need not exist."""
    if given := os.environ.get(VARIABLE):
        return Path(given).expanduser()
    cache_home = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    torch_home = Path(os.environ.get("TORCH_HOME", cache_home / "torch")).expanduser()
    return torch_home / "hub" / "checkpoints" / FILE


def missing() -> str:
    """Which file to put where; "" where the genuine weights lie. Names no path of this machine, for it stands in stage outputs."""
    file = weights_file()
    place = f"~/.cache/torch/hub/checkpoints (or name it in ${VARIABLE})"
    fetch = (
        f"download https://download.pytorch.org/models/{FILE} to {place}, then `dvc repro --force --single-item evaluate` and `dvc repro`"
    )
    if not file.is_file():
        return f"torchvision's AlexNet weights are not here: {fetch}"
    if not _genuine(file, file.stat().st_mtime_ns):
        return f"the {FILE} found here is not torchvision's (its SHA-256 does not begin with {SHA256}): {fetch}"
    return ""


@cache
def _genuine(file: Path, changed: int) -> bool:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest().startswith(SHA256)


def network(alexnet: dict[str, Tensor]) -> nn.Module:
    """The LPIPS v0.1 network from a torchvision AlexNet state dict and the heads that the lpips package holds."""
    import lpips
    import torch

    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore", UserWarning)  # the package calls torchvision by arguments of before 0.13
        model: Any = lpips.LPIPS(net="alex", pretrained=False, pnet_rand=True, verbose=False)
    heads = Path(lpips.__file__).parent / "weights" / "v0.1" / "alex.pth"
    model.load_state_dict(torch.load(heads, map_location="cpu", weights_only=True), strict=False)
    # the package splits torchvision's `features` into slices but keeps their numbers
    trunk = {name: alexnet[f"features.{name.split('.', 1)[1]}"] for name in model.net.state_dict()}
    model.net.load_state_dict(trunk)
    module: nn.Module = model.eval().requires_grad_(False)
    return module


@cache
def _installed() -> nn.Module:
    import torch

    if why := missing():
        raise ModelError(f"lpips_alex: {why}.")
    return network(torch.load(weights_file(), map_location="cpu", weights_only=True))


def distance(model: nn.Module, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """LPIPS of two (h, w, 3) uint8 pictures by `network(…)`; NaN when a side is under 31 pixels."""
    import torch

    if min(first.shape[:2]) < SMALLEST:
        return math.nan
    with torch.inference_mode():
        tensors = [torch.from_numpy(np.array(rgb)).permute(2, 0, 1)[None].float() / 127.5 - 1 for rgb in (first, second)]
        return float(model(*tensors))


def lpips_alex(pair: Pair) -> float:
    """LPIPS of photograph and rendered picture, 0 for identical ones; raises ModelError where the weights are missing."""
    return distance(_installed(), pair.truth_rgb, pair.predicted_rgb)


METRIC = Metric(
    name="lpips_alex",
    title="LPIPS",
    unit="v0.1, AlexNet",
    better="lower",
    kind="paired",
    cost="costly",
    citation="R. Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018",
    columns={"lpips_alex": lpips_alex},
    missing=missing,
)
