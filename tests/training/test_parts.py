"""Schedules, the history file and what a person sees."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from huelab.errors import UsageError
from huelab.params import Train
from huelab.training import history, runtime
from huelab.training.budget import Limit
from huelab.training.progress import Display, duration
from huelab.training.schedule import factor


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_constant_is_what_the_papers_mostly_used() -> None:
    assert {factor("constant", step / 10) for step in range(10)} == {1.0}


def test_cosine_falls_from_the_full_rate_to_nearly_none() -> None:
    factors = [factor("cosine", Limit(100).spent(step, 0.0)) for step in range(100)]
    assert factors == sorted(factors, reverse=True)
    assert factors[0] > 0.99
    assert 0 < factors[-1] < 0.01


def test_onecycle_warms_up_over_a_tenth() -> None:
    factors = [factor("onecycle", Limit(100).spent(step, 0.0)) for step in range(100)]
    top = factors.index(max(factors))
    assert 9 <= top <= 11
    assert factors[:top] == sorted(factors[:top])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert factors[0] < 0.1
    assert factors[-1] < 0.01


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine", "onecycle"])
def test_a_single_step_still_learns(schedule: str) -> None:
    assert factor(schedule, Limit(1).spent(0, 0.0)) > 0.1


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="constant, linear, cosine, onecycle"):
        factor("steps", 0.1)


def test_history_keeps_every_digit(tmp_path: Path) -> None:
    rows = [{"step": 2, "epoch": 1, "mse": 1 / 3, "val_mse_ab128": 0.1}]
    history.write(tmp_path / "history.csv", rows, ["mse"])
    with (tmp_path / "history.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert list(row) == ["step", "epoch", "mse", "val_mse_ab128"]
    assert float(row["mse"]) == 1 / 3
    assert [file.name for file in tmp_path.iterdir()] == ["history.csv"]


def test_a_log_file_gets_plain_lines() -> None:
    """DVC's and Prefect's logs would fill with control characters."""
    stream = io.StringIO()
    display = Display("beta", Limit(10), stream)
    for step in range(1, 11):
        display.step(step, 4, {"mse": 0.5})
    display.validated(10, 0.0123, best=True)
    text = stream.getvalue()
    assert "\r" not in text
    assert "\x1b" not in text
    assert text.startswith("beta  step 10/10  validation mse_ab128 0.01230  best so far")
    assert "img/s" in text
    assert text.count("\n") == 1


def test_a_terminal_gets_a_bar_with_speed_and_time_left() -> None:
    stream = Terminal()
    display = Display("beta", Limit(4), stream)
    for step in range(1, 5):
        display.step(step, 4, {"mse": 0.5})
    text = stream.getvalue()
    assert "\rbeta [" in text
    assert "4/4" in text
    assert "mse 0.5" in text
    assert "img/s, 0 s left" in text


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (185, "3:05 min"), (7800, "2:10 h")])
def test_durations_read_at_a_glance(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_threads_and_precision_are_as_asked() -> None:
    import torch

    chosen = runtime.start(Train(threads=1, precision="32-true"))
    assert torch.get_num_threads() == 1
    assert (chosen.device, chosen.precision, chosen.channels_last) == ("cpu" if not torch.cuda.is_available() else "cuda", "32-true", False)
    assert runtime.start(Train(threads=1, precision="bf16-mixed")).channels_last
    assert runtime.start(Train(threads=1, precision="32-true", channels_last=True)).channels_last


def test_bf16_is_chosen_only_where_the_processor_has_it() -> None:
    """Emulated bfloat16 is several times slower than float32."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    if "flags" not in flags:
        pytest.skip("this processor's abilities are not listed in /proc/cpuinfo")
    assert runtime.fast_bf16("cpu") == ("avx512_bf16" in flags or "amx_bf16" in flags)


def test_cuda_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(UsageError, match=r"train\.device is cuda"):
        runtime.start(Train(device="cuda"))
