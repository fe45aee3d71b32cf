"""The one training loop: a budget of steps, validation, best weights, early stopping, checkpoints, and a clean end whatever happens."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from huelab.data.dataset import Batch
from huelab.models.layers import finite, learned_state
from huelab.objectives.base import NET, Objective
from huelab.params import Train
from huelab.training import checkpoint
from huelab.training.budget import Limit
from huelab.training.checkpoint import Progress
from huelab.training.progress import Display
from huelab.training.runtime import Runtime
from huelab.training.schedule import factor
from huelab.training.source import Source
from huelab.training.stopping import Diverged, Interrupted, TooLarge, nothing_to_average, out_of_memory, signals_deferred

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
        limit: Limit,
        schedule: str,
        folder: Path,
        settings: Mapping[str, Any],
        display: Display | None = None,
    ) -> None:
        """`folder` holds its checkpoint; one with other `settings` (params, data and code) is never resumed."""
        self.name, self.objective, self.source, self.runtime, self.train = name, objective, source, runtime, train
        self.limit, self.schedule, self.folder, self.settings = limit, schedule, folder, settings
        self.display = display or Display(name, limit)
        self.progress = Progress()
        self._saved = time.monotonic()
        epochs = math.ceil(limit.steps / source.steps_per_epoch)
        self.validation_epochs = max(1, math.ceil(epochs / VALIDATIONS))
        # for a limit in seconds: of training, when the next validation is due
        self._next_validation = limit.seconds / VALIDATIONS

    def fit(self) -> Progress:
        """Trains to the end of the budget, or until the validation score stops improving; resumes a checkpoint where there is one.

        Raises Diverged when a loss is not finite, Interrupted after Ctrl-C or SIGTERM; both leave a checkpoint (of before, of now).
        """
        self._begin()
        self.runtime.prepare(self.objective)
        self._resume()
        self.objective.mode(training=True)
        with signals_deferred() as signal_name:
            while not self._over():
                epoch, start = divmod(self.progress.step, self.source.steps_per_epoch)
                self._epoch(epoch, start, signal_name)
        return self.progress

    def _epoch(self, epoch: int, start: int, signal_name: Callable[[], str]) -> None:
        progress = self.progress
        clock = time.monotonic()
        for batch in self.source.training(epoch, start):
            terms = self._step(batch)
            self._check_finite(terms)
            progress.step += 1
            images = batch.L.shape[0]
            progress.images += images
            for name, value in terms.items():
                progress.sums[name] = progress.sums.get(name, 0.0) + value
                progress.counts[name] = progress.counts.get(name, 0) + 1
            self.display.step(progress.step, images, terms)
            progress.seconds += time.monotonic() - clock
            if self._validation_due(epoch):
                self._validate(epoch + 1)
            if name := signal_name():
                file = self._save()
                raise Interrupted(
                    f"{name}: {self.name} stopped after step {progress.step} of {self.limit.words}; everything so far is in {file}. "
                    f"To go on from there: python -m pipelines.train {self.name} (or dvc repro, make run)."
                )
            if self._over():
                return
            if time.monotonic() - self._saved > self.train.checkpoint_seconds:
                self._save()
                self._saved = time.monotonic()
            clock = time.monotonic()

    def _step(self, batch: Batch) -> dict[str, float]:
        """One step of the objective at the rates of this moment."""
        objective, progress = self.objective, self.progress
        objective.fraction = self.limit.spent(progress.step, progress.seconds)
        objective.steps_done = progress.step
        objective.scale_rates(factor(self.schedule, objective.fraction))
        try:
            return {name: value.item() for name, value in objective.step(self.runtime.here(batch)).items()}
        except (RuntimeError, MemoryError, ValueError) as error:
            count, _, *sides = batch.L.shape
            key = f"colorizers.{self.name}"
            if out_of_memory(error):
                raise TooLarge(
                    f"{self.name} needs more memory than there is for {count} pictures of {sides[0]} x {sides[1]} at a time: in params.yaml"
                    f" lower {key}.batch (now {count}) first, then {key}.width or standardize.size (now {sides[0]})."
                ) from None
            if nothing_to_average(error):
                raise TooLarge(
                    f"{self.name} normalises over the batch, and a batch of {count} leaves it a single value to average: "
                    f"set {key}.batch to 2 or more in params.yaml."
                ) from None
            raise

    def _over(self) -> bool:
        return self.limit.reached(self.progress.step, self.progress.seconds) or self._stale()

    def _validation_due(self, epoch: int) -> bool:
        progress = self.progress
        if self.limit.reached(progress.step, progress.seconds):
            return True
        if self.limit.seconds:
            return progress.seconds >= self._next_validation
        return progress.step % self.source.steps_per_epoch == 0 and (epoch + 1) % self.validation_epochs == 0

    def _validate(self, epoch: int) -> None:
        progress = self.progress
        began = time.monotonic()
        score = self._score()
        # a network that is slow to look at is looked at less often: at most a fifth of the time goes into validation
        pause = max(self.limit.seconds / VALIDATIONS, 4 * (time.monotonic() - began))
        self._next_validation = progress.seconds + pause
        if not math.isfinite(score):
            self._diverged("the validation score")
        if self.objective.phase > progress.phase:  # what came before was learned for another end
            progress.phase, progress.best_score, progress.best_step = self.objective.phase, math.inf, progress.step
        best = score < progress.best_score
        if best:
            progress.best_score, progress.best_step, progress.best = score, progress.step, self._weights()
        self.display.validated(progress.step, score, best=best)
        means = {name: total / progress.counts[name] for name, total in progress.sums.items()}
        progress.rows.append({"step": progress.step, "epoch": epoch, **means, "val_mse_ab128": score})
        progress.sums, progress.counts = {}, {}

    def _score(self) -> float:
        """Mean over validation pictures of the mean over content pixels of (difference of ab / 128)²."""
        self.objective.mode(training=False)
        colorizer = self.objective.colorizer().to(self.runtime.fabric.device)
        total, count = 0.0, 0
        with torch.no_grad():
            for batch in map(self.runtime.here, self.source.validation()):
                squared = ((colorizer(batch.L, **self.objective.given(batch)) - batch.ab) / 128.0).square() * batch.mask
                each = squared.sum((1, 2, 3)) / (2 * batch.mask.sum((1, 2, 3))).clamp_min(1.0)
                total += each.double().sum().item()
                count += len(each)
        self.objective.mode(training=True)
        return total / count

    def _stale(self) -> bool:
        """Whether train.patience epochs have passed since the best validation score of the last phase."""
        if not (self.train.patience and self.progress.rows) or self.progress.phase < self.objective.last_phase:
            return False
        return self.progress.step - self.progress.best_step >= self.train.patience * self.source.steps_per_epoch

    def _weights(self) -> dict[str, torch.Tensor]:
        return {key: value.detach().to("cpu", copy=True) for key, value in learned_state(self.objective.nets[NET]).items()}

    def _begin(self) -> None:
        """Lets the objective look at data before anything is wrapped or learned; what a checkpoint holds has done so."""
        found = checkpoint.stored(self.folder)
        if found is not None and checkpoint.fits(found, self.settings):
            return
        if found is not None:
            changed = ", ".join(checkpoint.differences(found, self.settings)[:8]) or "the version of huelab"
            self.display.line(f"{self.name}: {self.folder / checkpoint.FILE} is of another run ({changed}): not resumed, starting anew")
        if type(self.objective).begin is not Objective.begin:
            self.objective.begin(next(iter(self.source.training(0, 0))))

    def _resume(self) -> None:
        self.objective.move(self.runtime.fabric.device)
        restored = checkpoint.load(self.folder, self.settings, self.objective)
        if restored is not None:
            self.progress = restored
            self._next_validation = restored.seconds + self.limit.seconds / VALIDATIONS
            self.display.line(f"{self.name}: going on after step {restored.step} of {self.limit.words} ({self.folder / checkpoint.FILE})")

    def _save(self) -> Path:
        for net in self.objective.nets.values():
            if not finite(net):
                self._diverged("a weight")
        return checkpoint.save(self.folder, self.settings, self.progress, self.objective)

    def _check_finite(self, terms: dict[str, float]) -> None:
        for name, value in terms.items():
            if not math.isfinite(value):
                self._diverged(f"the loss {name}")

    def _diverged(self, what: str) -> None:
        found = checkpoint.stored(self.folder)
        good = "there is no checkpoint from before"
        if found is not None and checkpoint.fits(found, self.settings):
            good = f"the last good checkpoint, of step {found['step']}, is {self.folder / checkpoint.FILE}"
        raise Diverged(
            f"{self.name} diverged: {what} is not a finite number at step {self.progress.step + 1} of {self.limit.words}; {good}. "
            f"Lower colorizers.{self.name}.lr or set train.clip_norm (now {self.train.clip_norm:g}) in params.yaml, then run it again."
        )
