"""Weights that fit the data before the first step.

Source: Kraehenbuehl, Doersch, Donahue, Darrell, "Data-dependent Initializations of Convolutional Neural Networks", ICLR 2016, by whose
code (philkr/magic_init, BSD licence) Zhang et al. initialised their network; re-implemented from a description.

Layer by layer, each seeing what the layers before it, already fitted, make of one batch: k-means finds as many typical inputs as the layer
has filters, whitened and seen through random filters (their faster variant), and makes them its filters; then each filter's responses are
scaled and shifted to mean 0 and variance 1. Left out: their second stage, which evens out how fast layers learn; the batch norms do.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Convolution = nn.Conv2d | nn.ConvTranspose2d

SAMPLES = 10
"""Pixels per filter that k-means looks at."""
ROUNDS = 10
"""Of k-means."""
EPSILON = 1e-6


@torch.no_grad()
def fit_to_data(body: nn.Module, picture: Tensor) -> None:
    """Initialises the convolutions of `body`, an nn.Sequential, from its input `picture` (N, C, H, W); not the last, which is no filter.

    Draws from torch's generator. Batch norms normalise by the batch and keep their running statistics as they are.
    """
    if not isinstance(body, nn.Sequential):
        raise ValueError("only a chain of layers (nn.Sequential) can be fitted to data one after the other")
    *filters, last = [layer for layer in body if isinstance(layer, Convolution)]
    signal = picture
    for layer in body:
        if layer is last:
            return
        if layer in filters:
            _typical_inputs(layer, signal)
            _standardize(layer, signal)
        if isinstance(layer, nn.BatchNorm2d):
            signal = F.batch_norm(signal, None, None, layer.weight, layer.bias, training=True, eps=layer.eps)
        else:
            signal = layer(signal)


def _typical_inputs(layer: Convolution, signal: Tensor) -> None:
    """Makes the filters of `layer` the centres of k-means on what it sees; where there are too few pixels for that, random ones."""
    layer.weight.normal_()
    if layer.bias is not None:
        layer.bias.zero_()
    seen = _pixels(layer(signal))
    count = seen.shape[1]
    if len(seen) < count:
        return
    seen = seen[torch.randperm(len(seen), device=seen.device)[: SAMPLES * count]]
    seen = seen - seen.mean(0)
    values, vectors = torch.linalg.eigh(seen.T @ seen / len(seen))
    # directions in which nothing varies (a filter of nine weights seen through sixty-four) carry no information
    scale = torch.where(values > EPSILON * values[-1], values.clamp_min(1e-30).rsqrt(), 0.0)
    centers = _k_means(F.normalize(seen @ (vectors * scale), dim=1), count)
    mix = centers @ (vectors * scale).T  # (filters, random filters)
    into = "oihw,po->pihw" if isinstance(layer, nn.Conv2d) else "iohw,po->iphw"
    layer.weight.copy_(torch.einsum(into, layer.weight, mix))


def _standardize(layer: Convolution, signal: Tensor) -> None:
    """Scales and shifts each filter of `layer` so that its responses to `signal` have mean 0 and variance 1."""
    seen = _pixels(layer(signal))
    deviation, mean = torch.std_mean(seen, dim=0, correction=0)
    deviation = torch.where(deviation > EPSILON, deviation, 1.0)
    out = 0 if isinstance(layer, nn.Conv2d) else 1
    layer.weight.div_(deviation.view([-1 if axis == out else 1 for axis in range(4)]))
    if layer.bias is not None:
        layer.bias.copy_((layer.bias - mean) / deviation)


def _k_means(points: Tensor, count: int) -> Tensor:
    """(count, d) means of `count` groups of `points` (n, d), n >= count; one that attracts no point keeps the point it began with."""
    centers = points[torch.randperm(len(points), device=points.device)[:count]]
    for _ in range(ROUNDS):
        nearest = torch.addmm(centers.square().sum(1), points, centers.T, alpha=-2).argmin(1)
        sums = torch.zeros_like(centers).index_add_(0, nearest, points)
        members = torch.bincount(nearest, minlength=count).unsqueeze(1)
        centers = torch.where(members > 0, sums / members.clamp_min(1), centers)
    return centers


def _pixels(planes: Tensor) -> Tensor:
    """(N * H * W, C) of (N, C, H, W)."""
    return planes.movedim(1, -1).reshape(-1, planes.shape[1])
