"""The benchmarks: figures that come from doing the same job, and commands that still run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import photographs, train
from benchmarks.agreement import TOLERANCE, agreement
from benchmarks.contenders import Watched, material_for, objective_for
from benchmarks.notebook import Notebook, Photographs, loaded
from huelab import params
from huelab.color import lab
from huelab.data.dataset import Batch
from huelab.objectives.material import Material
from huelab.training import runtime


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return photographs.write(tmp_path_factory.mktemp("photographs"), 6, width=48, height=32)


PRIOR = np.full(313, 1 / 313)


def batch_of(count: int, side: int = 16) -> Batch:
    draw = torch.Generator().manual_seed(0)
    L = torch.rand(count, 1, side, side, generator=draw) * 100
    ab = torch.randn(count, 2, side, side, generator=draw) * 20
    return Batch(L=L, ab=ab, mask=torch.ones_like(L), index=torch.arange(count))


@pytest.mark.slow
def test_every_row_of_the_training_table_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Who asks how fast beta trains here gets a row whose ratios are those of its own figures, and not an error a year from now."""
    train.main(["beta", "--rounds=1", "--seconds=0.01", "--size=16", "--batch=2", "--width=0.05", "--photographs=20", "--threads=1"])
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.startswith("| beta"))
    cells = dict(zip(train.COLUMNS, (cell.strip() for cell in row.strip("|").split("|")), strict=True))
    memory, own = float(cells["in memory img/s"]), float(cells["huelab img/s"])
    notebook = float(cells["notebook img/s"].split()[0])
    assert float(cells["× in memory"].split()[0]) == pytest.approx(own / memory, rel=0.01, abs=0.01)
    assert float(cells["× notebook"]) == pytest.approx(own / notebook, rel=0.01, abs=0.01)
    assert 0 < float(cells["waiting for data"].rstrip("%")) < 100
    assert any(line.startswith("The ceiling, ") for line in lines)


def test_a_colorizer_that_does_not_learn_is_not_measured() -> None:
    """A misspelt name ends with the names there are."""
    with pytest.raises(SystemExit, match=r"'grey'.*beta"):
        train.main(["grey"])


def test_the_notebook_learns_from_the_same_colours(files: list[Path]) -> None:
    """The comparison is of speed alone: what the notebook converts is the Lab that huelab converts, flipped or not."""
    batch = next(loaded(Photographs(files[:1], 48, 32), 1, 1, 0))
    rgb = np.asarray(Image.open(files[0]).convert("RGB"))
    wanted = torch.from_numpy(lab.rgb_to_lab(rgb)).permute(2, 0, 1)[None]
    found = torch.cat([batch.L, batch.ab], 1)
    assert min(float((found - one).abs().max()) for one in (wanted, wanted.flip(-1))) < 1e-3
    assert torch.equal(batch.mask, torch.ones_like(batch.L))


def test_loader_processes_deliver_to_the_notebook(files: list[Path]) -> None:
    """With two loader processes it takes as many steps as without."""
    section = params.load().colorizer("beta").model_copy(update={"width": 0.05})
    objective = objective_for("beta", section, Material(size=16, prior=PRIOR))
    for workers in (0, 2):
        one = Notebook(objective, Photographs(files, 16, 16), batch=2, steps=2, workers=workers, device="cpu")
        assert one() > 0
        assert objective.steps_done == 1


def test_waiting_is_what_the_source_takes() -> None:
    """The share of time lost to data is neither that of the steps nor that of what was looked at before training."""

    class Slow:
        steps_per_epoch = 2

        def training(self, epoch: int, start: int) -> Iterator[Batch]:
            for _ in range(start, 2):
                time.sleep(0.02)
                yield batch_of(1)

        def validation(self) -> Iterator[Batch]:
            yield batch_of(1)

    source = Watched(Slow())
    next(source.training(0, 0))
    began = time.perf_counter()
    for _ in source.training(0, 0):
        time.sleep(0.1)
    assert 0.04 <= source.waited <= time.perf_counter() - began - 0.2


def test_agreement_tells_precisions_apart() -> None:
    """A GPU's figures are believed because of this check: float32 equals itself, bfloat16 is found within its own rounding only."""
    section = params.load().colorizer("beta").model_copy(update={"width": 0.1})
    found = {}
    for precision in ("32-true", "bf16-mixed"):
        chosen = runtime.start(params.Train(precision=precision, device="cpu", threads=1))  # type: ignore[arg-type]
        found[precision] = agreement("beta", section, Material(size=16, prior=PRIOR), batch_of(4), chosen)
    assert found["32-true"].holds
    assert found["bf16-mixed"].holds
    assert "DIFFERS" in str(replace(found["bf16-mixed"], tolerance=TOLERANCE["32-true"]))


def test_what_a_colorizer_needs_is_made_up(tmp_path: Path) -> None:
    """A colorizer that looks through a classifier is measured without anyone's weights, and every contender is given the same vectors."""
    settings = train.settings_for(train.options().parse_args(["fusion", "--size=16", "--batch=2", "--width=0.05"]))
    store, _ = train.store_in(tmp_path, settings, 20)
    material = material_for("fusion", settings.colorizer("fusion"), store, clip_norm=1.0)
    objective = objective_for("fusion", settings.colorizer("fusion"), material)
    given = objective.given(batch_of(2))["vector"]
    assert given.shape == (2, 1000)
    assert torch.allclose(given.sum(1), torch.ones(2), atol=1e-4)
