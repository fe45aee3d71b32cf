"""Small weights files, as a user would put them in place."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch

NAME = "resnet10t"
"""The smallest classifier of timm whose stages and head are like those of the large ones: 5.4 million parameters."""


def network(name: str = NAME, *, classes: int = 1000, seed: int = 1) -> torch.nn.Module:
    import timm

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = timm.create_model(name, pretrained=False, num_classes=classes).eval()
    return net


def write(file: Path, name: str = NAME, *, classes: int = 1000, seed: int = 1) -> torch.nn.Module:
    """Writes seeded noise as weights of `name` to `file` and gives the network that holds them."""
    net = network(name, classes=classes, seed=seed)
    file.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file(net.state_dict(), file)
    return net
