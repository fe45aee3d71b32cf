"""Where and how precisely a colorizer trains: Lightning Fabric with the device, precision, threads and memory format of params.yaml."""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from huelab.data.parallel import available
from huelab.errors import UsageError
from huelab.objectives.base import Objective
from huelab.params import Train

if TYPE_CHECKING:
    from huelab.data.dataset import Batch


@dataclass(frozen=True)
class Runtime:
    """A started Fabric and what was chosen for it."""

    fabric: Any
    device: str
    precision: str
    channels_last: bool
    threads: int

    def prepare(self, objective: Objective) -> None:
        """Moves the objective's networks to the device and wraps them, so that they run in the chosen precision."""
        for name, net in objective.nets.items():
            if self.channels_last:
                net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            objective.running[name], objective.stepping[name] = self.fabric.setup(net, objective.optimizers[name])
        objective.backward = self.fabric.backward

    def here(self, batch: Batch) -> Batch:
        """The batch on the device."""
        if self.device == "cpu":
            return batch
        device = self.fabric.device
        L, ab, mask, index = (value.to(device, non_blocking=True) for value in (batch.L, batch.ab, batch.mask, batch.index))
        return replace(batch, L=L, ab=ab, mask=mask, index=index)

    @property
    def words(self) -> str:
        """E.g. "cpu, 2 threads, bf16-mixed, channels last"."""
        threads = f", {self.threads} thread{'s' * (self.threads != 1)}" if self.device == "cpu" else ""
        return f"{self.device}{threads}, {self.precision}{', channels last' * self.channels_last}"


def start(train: Train, *, seed: int | None = None) -> Runtime:
    """Chooses device, precision and threads, makes torch deterministic and seeds it (by default with the first of train.seeds).

    Raises UsageError for a device that is not there.
    On the same machine with the same threads everything that follows gives the same bits.
    """
    device = "cuda" if train.device == "auto" and torch.cuda.is_available() else train.device.replace("auto", "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("train.device is cuda, but torch finds no CUDA device: set it to auto or cpu in params.yaml.")
    threads = train.threads or available()
    torch.set_num_threads(threads)
    precision = train.precision
    if precision == "auto":
        precision = "bf16-mixed" if fast_bf16(device) else "32-true"
    # in float32 the memory format wins nothing where transposed convolutions dominate
    channels_last = precision == "bf16-mixed" if train.channels_last == "auto" else train.channels_last
    _deterministic(device)
    torch.manual_seed(train.seed if seed is None else seed)
    with warnings.catch_warnings():
        # importing Fabric pulls in torchmetrics and with it libraries that warn about their own future
        warnings.simplefilter("ignore")
        from lightning.fabric import Fabric

        for logger in ("lightning.fabric", "lightning.pytorch"):
            logging.getLogger(logger).setLevel(logging.WARNING)  # what they say, our first line says too
        fabric = Fabric(accelerator=device, devices=1, precision=precision)
    return Runtime(fabric, device, precision, channels_last, threads)


def fast_bf16(device: str) -> bool:
    """Whether bfloat16 is faster than float32 there: on a CPU only with AVX512_BF16 or AMX, else it is emulated and slower."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    abilities = torch.cpu.get_capabilities()
    return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))


def _deterministic(device: str) -> None:
    # a few CUDA kernels (padding, backward) have no deterministic form: those warn and run
    torch.use_deterministic_algorithms(True, warn_only=device == "cuda")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a debugging aid that costs a pass over every new tensor
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
