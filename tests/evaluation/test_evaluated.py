"""Scores that are missing, half-written or do not fit together: the file and the command that mends it, never a wrong table."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from huelab.errors import DataError
from huelab.evaluation.evaluated import Evaluated
from tests.evaluation import score_folders
from tests.evaluation.score_folders import frame

SCORES = {seed: frame({"ssim": np.arange(6) + seed}) for seed in (0, 1, 2)}


@pytest.fixture
def folder(tmp_path):
    score_folders.write(tmp_path / "beta", "beta", SCORES)
    return tmp_path / "beta"


def change(file, function):
    table = pd.read_parquet(file)
    function(table).to_parquet(file, index=False)


def test_several_seeds_are_read_in_the_order_of_the_scores(folder):
    change(folder / "seeds.parquet", lambda table: table.sample(frac=1, random_state=0))
    one = Evaluated.read("beta", folder)
    from huelab import metrics

    assert one.scores(metrics.metric("ssim"))[..., 0].tolist() == [[place, place + 1, place + 2] for place in range(6)]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "seeds.parquet").unlink(), "seeds.parquet is missing"),
        (lambda folder: (folder / "seeds.parquet").write_bytes(b"PAR1"), "seeds.parquet is damaged"),
        (lambda folder: change(folder / "seeds.parquet", lambda t: t[t["seed"] < 2]), "holds seeds 0, 1, summary.json 0, 1, 2"),
        (lambda folder: change(folder / "seeds.parquet", lambda t: t.iloc[1:]), "holds other pictures for seed 0 than scores.parquet"),
        (lambda folder: change(folder / "seeds.parquet", lambda t: t.drop(columns="ssim")), "lacks the column ssim"),
        (lambda folder: change(folder / "scores.parquet", lambda t: t.drop(columns="photo_id")), "lacks the column photo_id"),
        (lambda folder: change(folder / "scores.parquet", lambda t: t.iloc[[0, 0, 2, 3, 4, 5]]), "holds picture i0 more than once"),
        (lambda folder: change(folder / "scores.parquet", lambda t: t.iloc[:4]), "holds 4 pictures, summary.json says 6"),
        (lambda folder: (folder / "scores.parquet").write_bytes(b"PAR1 half"), "scores.parquet is damaged"),
        (lambda folder: (folder / "summary.json").write_text('{"model": "be'), "summary.json is damaged"),
        (lambda folder: (folder / "summary.json").write_text("[]"), "lacks model, n_items"),
        (lambda folder: (folder / "summary.json").unlink(), "summary.json is missing: beta is not scored yet"),
    ],
)
def test_damaged_scores_name_the_file_and_the_command(folder, damage, words):
    damage(folder)
    with pytest.raises(DataError, match=re.escape(words)) as error:
        Evaluated.read("beta", folder)
    assert "`dvc repro evaluate@beta`" in str(error.value)


def test_damaged_vectors_name_the_file_and_the_command(folder):
    (folder / "vectors.npz").write_bytes(b"PK half")
    with pytest.raises(DataError, match=r"vectors\.npz is damaged .*evaluate@beta"):
        _ = Evaluated.read("beta", folder).vectors


def test_scores_without_groups_of_near_duplicates_count_photographs(folder):
    """Those of an older version: each photograph stands for itself."""
    change(folder / "scores.parquet", lambda table: table.drop(columns="group"))
    change(folder / "seeds.parquet", lambda table: table.drop(columns="group"))
    assert Evaluated.read("beta", folder).n_groups == 6


def test_scores_of_another_model_are_not_taken_for_this_one(folder):
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps({**summary, "model": "plain"}))
    with pytest.raises(DataError, match="is of 'plain', not of 'beta'"):
        Evaluated.read("beta", folder)
