"""The one training loop: a budget of steps, validation, best weights, early stopping, checkpoints, and a clean end whatever happens."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch

from huelab.models.layers import finite
from huelab.objectives.base import NET, Objective
from huelab.params import Train
from huelab.training import checkpoint
from huelab.training.checkpoint import Progress
from huelab.training.progress import Display
from huelab.training.runtime import Runtime
from huelab.training.schedule import factor
from huelab.training.source import Source
from huelab.training.stopping import Diverged, Interrupted, signals_deferred

VALIDATIONS = 20
"""At most about so many per run, so that they stay cheap; each ends an epoch."""


class Run:
    """One colorizer in training; `fit` is the whole of it."""

    def __init__(
        self,
        name: str,
        objective: Objective,
        source: Source,
        runtime: Runtime,
        train: Train,
        *,
        steps: int,
        schedule: str,
        folder: Path,
        fingerprint: str,
        display: Display | None = None,
    ) -> None:
        """`folder` holds its checkpoint; one with another `fingerprint` (of params, data and code) is never resumed."""
        self.name, self.objective, self.source, self.runtime, self.train = name, objective, source, runtime, train
        self.steps, self.schedule, self.folder, self.fingerprint = steps, schedule, folder, fingerprint
        self.display = display or Display(name, steps)
        self.progress = Progress()
        self._saved = time.monotonic()
        epochs = math.ceil(steps / source.steps_per_epoch)
        self.validation_epochs = max(1, math.ceil(epochs / VALIDATIONS))

    def fit(self) -> Progress:
        """Trains to the end of the budget, or until the validation score stops improving; resumes a checkpoint where there is one.

        Raises Diverged when a loss is not finite, Interrupted after Ctrl-C or SIGTERM; both leave a checkpoint (of before, of now).
        """
        self.runtime.prepare(self.objective)
        self._resume()
        self.objective.mode(training=True)
        with signals_deferred() as signal_name:
            while self.progress.step < self.steps and not self._stale():
                epoch, start = divmod(self.progress.step, self.source.steps_per_epoch)
                self._epoch(epoch, start, signal_name)
        return self.progress

    def _epoch(self, epoch: int, start: int, signal_name: Callable[[], str]) -> None:
        progress = self.progress
        clock = time.monotonic()
        for batch in self.source.training(epoch, start):
            self.objective.scale_rates(factor(self.schedule, progress.step, self.steps))
            terms = {name: value.item() for name, value in self.objective.step(self.runtime.here(batch)).items()}
            self._check_finite(terms)
            progress.step += 1
            images = batch.L.shape[0]
            progress.images += images
            for name, value in (*terms.items(), ("steps", 1.0)):
                progress.sums[name] = progress.sums.get(name, 0.0) + value
            self.display.step(progress.step, images, terms)
            now = time.monotonic()
            progress.seconds += now - clock
            clock = now
            last = progress.step == self.steps
            epoch_done = progress.step % self.source.steps_per_epoch == 0
            if last or (epoch_done and (epoch + 1) % self.validation_epochs == 0):
                self._validate(epoch + 1)
            if name := signal_name():
                file = self._save()
                raise Interrupted(
                    f"{name}: {self.name} stopped after step {progress.step} of {self.steps}; everything so far is in {file}. "
                    f"To go on from there: python -m pipelines.train {self.name} (or dvc repro, make run)."
                )
            if last or self._stale():
                return
            if now - self._saved > self.train.checkpoint_seconds:
                self._save()
                self._saved = time.monotonic()

    def _validate(self, epoch: int) -> None:
        progress, sums = self.progress, self.progress.sums
        score = self._score()
        if not math.isfinite(score):
            self._diverged("the validation score")
        best = score < progress.best_score
        if best:
            progress.best_score, progress.best_step, progress.best = score, progress.step, self._weights()
        self.display.validated(progress.step, score, best=best)
        means = {name: sums[name] / sums["steps"] for name in self.objective.terms}
        progress.rows.append({"step": progress.step, "epoch": epoch, **means, "val_mse_ab128": score})
        progress.sums = {}

    def _score(self) -> float:
        """Mean over validation pictures of the mean over content pixels of (difference of ab / 128)²."""
        self.objective.mode(training=False)
        colorizer = self.objective.colorizer().to(self.runtime.fabric.device)
        total, count = 0.0, 0
        with torch.no_grad():
            for batch in map(self.runtime.here, self.source.validation()):
                squared = ((colorizer(batch.L) - batch.ab) / 128.0).square() * batch.mask
                each = squared.sum((1, 2, 3)) / (2 * batch.mask.sum((1, 2, 3))).clamp_min(1.0)
                total += each.double().sum().item()
                count += len(each)
        self.objective.mode(training=True)
        return total / count

    def _stale(self) -> bool:
        """Whether train.patience epochs have passed since the best validation score."""
        if not (self.train.patience and self.progress.rows):
            return False
        return self.progress.step - self.progress.best_step >= self.train.patience * self.source.steps_per_epoch

    def _weights(self) -> dict[str, torch.Tensor]:
        return {key: value.detach().to("cpu", copy=True) for key, value in self.objective.nets[NET].state_dict().items()}

    def _resume(self) -> None:
        found = checkpoint.stored(self.folder)
        restored = checkpoint.load(self.folder, self.fingerprint, self.objective)
        if restored is not None:
            self.progress = restored
            self.display.line(f"{self.name}: going on after step {restored.step} of {self.steps} ({self.folder / checkpoint.FILE})")
        elif found is not None:
            self.display.line(f"{self.name}: {self.folder / checkpoint.FILE} is of other params, data or code: starting anew")

    def _save(self) -> Path:
        for net in self.objective.nets.values():
            if not finite(net):
                self._diverged("a weight")
        return checkpoint.save(self.folder, self.fingerprint, self.progress, self.objective)

    def _check_finite(self, terms: dict[str, float]) -> None:
        for name, value in terms.items():
            if not math.isfinite(value):
                self._diverged(f"the loss {name}")

    def _diverged(self, what: str) -> None:
        found = checkpoint.stored(self.folder)
        good = "there is no checkpoint from before"
        if found is not None and found.get("fingerprint") == self.fingerprint:
            good = f"the last good checkpoint, of step {found['step']}, is {self.folder / checkpoint.FILE}"
        raise Diverged(
            f"{self.name} diverged: {what} is not a finite number at step {self.progress.step + 1} of {self.steps}; {good}. "
            f"Lower colorizers.{self.name}.lr or set train.clip_norm (now {self.train.clip_norm:g}) in params.yaml, then run it again."
        )
