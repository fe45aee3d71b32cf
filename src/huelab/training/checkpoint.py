"""Resumable checkpoints: everything a training run is, in one safetensors file outside the stage's outputs; nothing is pickled."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torch.optim import Optimizer

from huelab.models.layers import learned_state
from huelab.objectives.base import NET, Objective
from huelab.training.history import Row

FILE = "checkpoint.safetensors"
FORMAT = 2


@dataclass
class Progress:
    """How far a run is; what the loop changes as it goes."""

    step: int = 0
    """Optimizer steps done."""
    best_step: int = 0
    best_score: float = float("inf")
    """Lowest validation MSE so far, of ab / 128."""
    best: dict[str, Tensor] = field(default_factory=dict)
    """Weights at `best_step`."""
    rows: list[Row] = field(default_factory=list)
    """The history so far."""
    sums: dict[str, float] = field(default_factory=dict)
    """Sum of each term of the loss since the last row."""
    counts: dict[str, int] = field(default_factory=dict)
    """Of how many steps."""
    phase: int = 0
    """Of the objective, at the last validation."""
    images: int = 0
    seconds: float = 0.0


_PLAIN = ("step", "best_step", "best_score", "rows", "sums", "counts", "phase", "images", "seconds")
"""What of Progress is no tensor."""


def save(folder: Path, settings: Mapping[str, Any], progress: Progress, objective: Objective) -> Path:
    """Writes the state of the run to `folder`, whole or not at all. `settings`: everything the weights depend on, as plain values."""
    tensors: dict[str, Tensor] = {f"best/{key}": value for key, value in progress.best.items()}
    for name, net in objective.nets.items():
        tensors |= {f"net/{name}/{key}": value for key, value in learned_state(net).items()}
    tensors |= {f"buffer/{name}": value for name, value in objective.buffers.items()}
    for name, optimizer in objective.optimizers.items():
        for place, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{name}/{place}/{key}": torch.as_tensor(value) for key, value in state.items()}
    tensors["random/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    facts = {
        "format": FORMAT,
        "settings": settings,
        **{key: getattr(progress, key) for key in _PLAIN},
    }
    folder.mkdir(parents=True, exist_ok=True)
    file, temporary = folder / FILE, folder / f".{FILE}.new"
    # clones: safetensors refuses tensors that share memory
    whole = {key: value.detach().to("cpu", copy=True).contiguous() for key, value in tensors.items()}
    safetensors.torch.save_file(whole, temporary, metadata={"huelab": json.dumps(facts)})
    os.replace(temporary, file)
    return file


def load(folder: Path, settings: Mapping[str, Any], objective: Objective) -> Progress | None:
    """Puts the run saved in `folder` back into `objective` and torch's generator; None where there is none with these `settings`.

    A file of other settings or data, of another version, or damaged, is left alone and not used.
    """
    facts = stored(folder)
    if facts is None or not fits(facts, settings):
        return None
    tensors = safetensors.torch.load_file(folder / FILE)
    for name, net in objective.nets.items():
        state = _under(tensors, f"net/{name}/")
        net.load_state_dict({**net.state_dict(), **state} if name == NET else state)  # a frozen backbone is not in the file
    for name, buffer in _under(tensors, "buffer/").items():
        objective.buffers[name] = buffer.to(objective.buffers[name].device) if name in objective.buffers else buffer
    for name, optimizer in objective.optimizers.items():
        _restore(optimizer, _under(tensors, f"optimizer/{name}/"))
    torch.set_rng_state(tensors["random/cpu"])
    if "random/cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random/cuda"])
    known = {key: facts[key] for key in _PLAIN}
    return Progress(best=_under(tensors, "best/"), **known)


def fits(facts: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a checkpoint with these `facts` is of a run with these `settings`."""
    return facts.get("format") == FORMAT and facts.get("settings") == json.loads(json.dumps(settings))


def differences(facts: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """What differs between a checkpoint's settings and ours, e.g. "section.lr 0.001 -> 0.002"; long values (hashes) by name alone."""
    then, now = _flat(facts.get("settings") or {}), _flat(json.loads(json.dumps(settings)))
    found = []
    for key in sorted(then.keys() | now.keys()):
        if then.get(key) != now.get(key):
            values = f"{then.get(key)} -> {now.get(key)}"
            found.append(key if len(values) > 60 else f"{key} {values}")
    return found


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def stored(folder: Path) -> dict[str, Any] | None:
    """The facts (format, settings, step …) of the checkpoint in `folder`; None where there is none that can be read."""
    try:
        with safetensors.safe_open(folder / FILE, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["huelab"])
    except (OSError, safetensors.SafetensorError, KeyError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def remove(folder: Path) -> None:
    """Deletes the checkpoint: the run is complete."""
    shutil.rmtree(folder, ignore_errors=True)


def _restore(optimizer: Optimizer, saved: Mapping[str, Tensor]) -> None:
    """Puts moments and step counts, saved as PLACE/QUANTITY, back into an optimizer of the same parameters."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in saved.items():
        place, quantity = key.split("/")
        state.setdefault(int(place), {})[quantity] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    # fused kernels walk parameter and moments side by side: both need the same memory format, which a file does not keep
    for parameter, quantities in optimizer.state.items():
        for quantity, value in quantities.items():
            if value.shape == parameter.shape:
                quantities[quantity] = torch.empty_like(parameter).copy_(value)


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
