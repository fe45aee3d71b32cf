"""The loop's promises: it learns, it repeats itself bit for bit, it resumes, and it stops where it should."""

from __future__ import annotations

import io
import math
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from huelab import models, objectives
from huelab.data.dataset import Batch
from huelab.objectives.regression import Regression
from huelab.params import Train
from huelab.training import checkpoint, runtime
from huelab.training.budget import Limit
from huelab.training.checkpoint import Progress
from huelab.training.loop import VALIDATIONS, Run
from huelab.training.progress import Display
from huelab.training.stopping import Diverged, Interrupted, TooLarge
from tests.flat_material import material, material_for, narrow_params
from tests.training.scenes import Scenes

RATES: dict[str, dict[str, float]] = {"iizuka": {}, "hage": {}}
"""Adadelta finds its own rates."""
LEARNED = [name for name in models.NAMES if name not in models.FLOORS]


def run(
    name: str,
    folder: Path,
    *,
    steps: int = 6,
    hook: Any = None,
    settings: str = "same",
    train: dict[str, Any] | None = None,
    **params: Any,
) -> Run:
    """A run that is ready to `fit`, on one thread."""
    threads = Train(threads=1, **{"precision": "32-true", **(train or {})})
    section = narrow_params(name, **{**RATES.get(name, {"lr": 1e-3}), "schedule": "cosine", **params})
    chosen = runtime.start(threads)
    objective = objectives.build(name, section, material_for(name, clip_norm=threads.clip_norm))
    return Run(
        name,
        objective,
        Scenes(batch_hook=hook),
        chosen,
        threads,
        limit=Limit(steps),
        schedule=section.schedule,
        folder=folder,
        settings={"all": settings},
        display=Display(name, Limit(steps), io.StringIO()),
    )


def weights(run: Run) -> dict[str, torch.Tensor]:
    return {f"{own}.{key}": value.clone() for own, net in run.objective.nets.items() for key, value in net.state_dict().items()}


def assert_same(first: Run, second: Run) -> None:
    a, b = weights(first), weights(second)
    assert a.keys() == b.keys()
    assert [key for key in a if not torch.equal(a[key], b[key])] == []
    assert first.progress.rows == second.progress.rows
    assert first.progress.best_step == second.progress.best_step
    for key, value in first.progress.best.items():
        assert torch.equal(value, second.progress.best[key])


def interrupt_at(step: int, signal_number: int = signal.SIGINT) -> Any:
    """A hook that sends this process Ctrl-C (or another signal) while batch number `step` is being made."""

    def hook(number: int, batch: Batch) -> Batch:
        if number == step:
            os.kill(os.getpid(), signal_number)
        return batch

    return hook


@pytest.mark.parametrize("name", LEARNED)
def test_the_loss_falls(name: str, tmp_path: Path) -> None:
    """Every colorizer learns something on a dozen pictures."""
    trained = run(name, tmp_path, steps=60)
    trained.fit()
    term = trained.objective.terms[0]
    rows = trained.progress.rows
    assert rows[-1][term] < 0.9 * rows[0][term]


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("name", LEARNED)
def test_the_same_run_gives_the_same_bits(name: str, precision: str, tmp_path: Path) -> None:
    """Reproducibility: DVC would otherwise store a new model at every repro."""
    first = run(name, tmp_path / "first", train={"precision": precision})
    first.fit()
    second = run(name, tmp_path / "second", train={"precision": precision})
    second.fit()
    assert_same(first, second)


def test_another_seed_gives_another_network(tmp_path: Path) -> None:
    first = run("beta", tmp_path / "a")
    first.fit()
    second = run("beta", tmp_path / "b", train={"seeds": (1,)})
    second.fit()
    assert any(not torch.equal(value, weights(second)[key]) for key, value in weights(first).items())


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("name", LEARNED)
def test_an_interrupted_run_resumes_to_the_same_bits(name: str, precision: str, tmp_path: Path) -> None:
    """Dropout, moments, batch statistics, the schedule, the history: whatever the checkpoint forgot would show here."""
    train = {"precision": precision}
    whole = run(name, tmp_path / "whole", train=train)
    whole.fit()
    cut = run(name, tmp_path / "cut", hook=interrupt_at(2), train=train)
    with pytest.raises(Interrupted) as stopped:
        cut.fit()
    assert f"python -m pipelines.train {name}" in str(stopped.value)
    assert stopped.value.exit_code == 130
    torch.manual_seed(999)
    resumed = run(name, tmp_path / "cut", train=train)
    resumed.fit()
    assert cut.progress.step == 3
    assert_same(whole, resumed)


def test_a_polite_kill_is_treated_like_ctrl_c_and_the_handlers_are_put_back(tmp_path: Path) -> None:
    """DVC, Prefect and the kernel (when the parent dies) end a stage by SIGTERM."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Interrupted, match="SIGTERM: beta stopped after step 3 of 6"):
        run("beta", tmp_path, hook=interrupt_at(2, signal.SIGTERM)).fit()
    assert checkpoint.stored(tmp_path)["step"] == 3  # type: ignore[index]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_checkpoint_of_other_settings_is_not_resumed_and_said_so(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        run("beta", tmp_path, hook=interrupt_at(2)).fit()
    fresh = run("beta", tmp_path / "fresh")
    fresh.fit()
    other = run("beta", tmp_path, settings="other")
    other.fit()
    assert_same(fresh, other)
    assert "(all same -> other): not resumed, starting anew" in other.display.stream.getvalue()  # type: ignore[attr-defined]


def test_a_damaged_checkpoint_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        run("beta", tmp_path, hook=interrupt_at(2)).fit()
    file = tmp_path / checkpoint.FILE
    file.write_bytes(file.read_bytes()[:-100])
    after = run("beta", tmp_path)
    after.fit()
    fresh = run("beta", tmp_path / "fresh")
    fresh.fit()
    assert_same(fresh, after)


def test_a_loss_that_is_not_a_number_stops_the_run_and_names_the_way_out(tmp_path: Path) -> None:
    """Hours of training on NaN are the alternative."""

    def poison(number: int, batch: Batch) -> Batch:
        return replace(batch, ab=batch.ab * math.nan) if number == 4 else batch

    with pytest.raises(Diverged) as stopped:
        run("beta", tmp_path, hook=poison, train={"checkpoint_seconds": 1e-9}).fit()
    message = str(stopped.value)
    assert "mse is not a finite number at step 5 of 6 steps" in message
    assert "last good checkpoint, of step 4," in message
    assert str(tmp_path / checkpoint.FILE) in message
    assert "colorizers.beta.lr" in message
    assert checkpoint.stored(tmp_path)["step"] == 4  # type: ignore[index]


def test_weights_that_are_not_numbers_are_never_saved_as_a_checkpoint(tmp_path: Path) -> None:
    broken = run("beta", tmp_path)
    with torch.no_grad():
        next(iter(broken.objective.net.parameters())).fill_(math.inf)
    with pytest.raises(Diverged, match="there is no checkpoint from before"):
        broken._save()
    assert not (tmp_path / checkpoint.FILE).exists()


def test_the_best_weights_are_kept_not_the_last(tmp_path: Path) -> None:
    trained = run("plain", tmp_path, steps=40, lr=0.05, schedule="constant")
    progress = trained.fit()
    scores = {row["step"]: row["val_mse_ab128"] for row in progress.rows}
    assert progress.best_score == min(scores.values())
    assert progress.best_score == scores[progress.best_step]
    trained.objective.net.load_state_dict(progress.best)
    assert trained._score() == progress.best_score


def test_training_stops_when_the_validation_score_no_longer_improves(tmp_path: Path) -> None:
    """train.patience saves the rest of a long budget."""
    frozen = run("beta", tmp_path, steps=40, lr=1e-30, train={"patience": 3})
    progress = frozen.fit()
    assert progress.best_step == 2  # after the first epoch
    assert progress.step == 2 + 3 * Scenes.steps_per_epoch


def test_validation_stays_cheap(tmp_path: Path) -> None:
    rows = run("beta", tmp_path, steps=200).fit().rows
    assert len(rows) == VALIDATIONS
    assert rows[-1]["step"] == 200
    assert all(row["step"] == row["epoch"] * Scenes.steps_per_epoch for row in rows)


def test_history_rows_hold_the_mean_loss_since_the_row_before(tmp_path: Path) -> None:
    seen: list[float] = []
    trained = run("beta", tmp_path, steps=4)
    step = trained.objective.step

    def watched(batch: Batch) -> dict[str, torch.Tensor]:
        terms = step(batch)
        seen.append(terms["mse"].item())
        return terms

    trained.objective.step = watched  # type: ignore[method-assign]
    rows = trained.fit().rows
    assert [row["mse"] for row in rows] == pytest.approx([sum(seen[:2]) / 2, sum(seen[2:]) / 2], rel=1e-12)


def test_a_checkpoint_is_written_as_often_as_asked(tmp_path: Path) -> None:
    run("beta", tmp_path / "often", train={"checkpoint_seconds": 1e-9}).fit()
    assert checkpoint.stored(tmp_path / "often")["step"] == 5  # type: ignore[index]
    run("beta", tmp_path / "seldom", train={"checkpoint_seconds": 1e9}).fit()
    assert checkpoint.stored(tmp_path / "seldom") is None


def test_a_checkpoint_keeps_the_memory_format_of_the_moments(tmp_path: Path) -> None:
    """Fused Adam walks weights and moments side by side: in another order it would mix them up silently."""
    train = {"channels_last": True}
    cut = run("plain", tmp_path, hook=interrupt_at(2), train=train)
    with pytest.raises(Interrupted):
        cut.fit()
    resumed = run("plain", tmp_path, train=train)
    resumed.runtime.prepare(resumed.objective)
    assert isinstance(checkpoint.load(tmp_path, {"all": "same"}, resumed.objective), Progress)
    optimizer = resumed.objective.optimizers["net"]
    strides = [(p.stride(), optimizer.state[p]["exp_avg"].stride()) for p in resumed.objective.net.parameters()]
    assert all(own == moment for own, moment in strides)
    assert any(not p.is_contiguous() for p in resumed.objective.net.parameters())


class Phased(Regression):
    """Learns one thing, then another that is worse by the validation score."""

    @property
    def phase(self) -> int:
        return int(self.fraction > 0.5)


def test_the_best_of_the_last_phase_is_kept_though_an_earlier_one_scored_better(tmp_path: Path) -> None:
    """Adversarial training raises the error it is validated by: the L1 stage's weights would always win."""
    trained = run("plain", tmp_path, steps=24, schedule="constant")
    objective = Phased(trained.objective.net, material(), optimizer="adam", lr=0.01, ab_scale=128.0)
    trained.objective = objective
    step = objective.step

    def worse(batch: Batch) -> dict[str, torch.Tensor]:
        wrong = replace(batch, ab=batch.ab - 300.0) if objective.phase else batch
        return step(wrong)

    objective.step = worse  # type: ignore[method-assign]
    progress = trained.fit()
    first = [row["val_mse_ab128"] for row in progress.rows if row["step"] <= 12]
    assert progress.best_step > 12
    assert progress.best_score > min(first)


@pytest.mark.parametrize("cut_after", [3, 4, 5])
def test_a_run_of_two_stages_resumes_on_either_side_of_their_border(cut_after: int, tmp_path: Path) -> None:
    """A second stage begun twice would forget its optimizer's moments: the killed run would end elsewhere than the one left alone."""
    stages = {"first_stage": 0.6}  # of 6 steps: the fifth is the second stage's first
    whole = run("resunet", tmp_path / "whole", **stages)
    whole.fit()
    cut = run("resunet", tmp_path / "cut", hook=interrupt_at(cut_after - 1), **stages)
    with pytest.raises(Interrupted):
        cut.fit()
    resumed = run("resunet", tmp_path / "cut", **stages)
    resumed.fit()
    assert cut.progress.step == cut_after
    assert_same(whole, resumed)


def test_the_history_shows_each_stage_by_its_own_terms(tmp_path: Path) -> None:
    """And the weights kept are the second's, though its first step disturbs what L1 alone had learned."""
    trained = run("resunet", tmp_path, first_stage=0.6)
    progress = trained.fit()
    steps = {row["step"]: {key for key in row if key in trained.objective.terms} for row in progress.rows}
    assert steps == {2: {"l1"}, 4: {"l1"}, 6: {"l1", "g_adversarial", "d_real", "d_fake"}}
    assert progress.best_step == 6


def test_a_batch_of_one_is_refused_where_a_batch_norm_has_nothing_to_average(tmp_path: Path) -> None:
    single = run("zhang", tmp_path, hook=lambda _, batch: one_pixel_in_the_middle(batch))
    with pytest.raises(TooLarge, match=r"a batch of 1 leaves it a single value to average: set colorizers\.zhang\.batch to 2"):
        single.fit()


def one_pixel_in_the_middle(batch: Batch) -> Batch:
    """One picture of 8 x 8, which zhang halves three times."""
    return Batch(L=batch.L[:1, :, :8, :8], ab=batch.ab[:1, :, :8, :8], mask=batch.mask[:1, :, :8, :8], index=batch.index[:1])


def test_memory_that_does_not_suffice_says_what_to_lower(tmp_path: Path) -> None:
    side = 1 << 18  # a terabyte, of which an expanded tensor takes four bytes
    huge = run("beta", tmp_path, hook=lambda _, batch: replace(batch, L=torch.ones(1, 1, 1, 1).expand(4, 1, side, side)))
    with pytest.raises(
        TooLarge, match=r"lower colorizers\.beta\.batch \(now \d+\) first, then colorizers\.beta\.width or standardize\.size"
    ):
        huge.fit()


def test_patience_ends_no_run_before_its_last_stage(tmp_path: Path) -> None:
    """Learning too fast, the L1 stage gets worse at once; the adversarial stage would never begin."""
    trained = run("resunet", tmp_path, steps=24, first_lr=0.05, schedule="constant", train={"patience": 1})
    rows = trained.fit().rows
    assert any("g_adversarial" in row for row in rows)
