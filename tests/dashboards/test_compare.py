"""Page Compare: what each section must show, over a finished project, two photographs, and scores that are not as they should be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from huelab import paths
from tests.dashboards.conftest import MODELS, section, whole, words

Visit = Callable[..., AppTest]
SECTIONS = ("Leaderboard", "Two models", "Pictures", "Gallery", "Colours", "Training")


def leaderboard(root: Path) -> dict:
    return json.loads((root / "work" / "reports" / "leaderboard.json").read_text())


def test_the_leaderboard_ranks_by_the_metric_chosen_and_keeps_alpha_apart(visit: Visit, finished: Path) -> None:
    rows = leaderboard(finished)["rows"]
    ranked = [row["model"] for row in rows if not row["one_picture"]]
    app = whole(visit("compare", finished))
    table = app.dataframe[0].value
    assert table["model"].tolist() == ranked
    assert "alpha" not in ranked
    apart = app.dataframe[-1].value
    assert apart.index.tolist() == ["alpha", "gray", "mean"]
    by_psnr = {row["model"]: row["scores"]["psnr_rgb"]["mean"] for row in rows if not row["one_picture"]}
    app.selectbox(key="compare_metric").set_value("psnr_rgb").run()
    assert whole(app).dataframe[0].value["model"].tolist() == sorted(by_psnr, key=by_psnr.__getitem__, reverse=True)
    assert "`lpips_alex`" in words(app)


def test_pictures_lists_every_test_picture_worst_first_and_filters_by_label(visit: Visit, finished: Path) -> None:
    scores = pd.read_parquet(finished / "work" / "scores" / "beta" / "scores.parquet")
    app = section(visit("compare", finished), "Pictures")
    table = app.dataframe[0].value
    assert len(table) == len(scores)
    np.testing.assert_allclose(table["beta"], sorted(scores["ciede2000"], reverse=True))
    assert "alpha" not in table.columns
    app.multiselect(key="shown_labels").set_value(["morning"]).run()
    filtered = whole(app).dataframe[0].value
    assert set(filtered["label"]) == {"morning"}
    assert len(filtered) == int((scores["label"] == "morning").sum())


def test_gallery_shows_a_whole_photograph_of_every_model(visit: Visit, finished: Path) -> None:
    app = section(visit("compare", finished), "Gallery")
    captions = [image.proto.imgs[0].caption for image in app.get("image")]
    assert captions[:2] == ["gray", "truth"]
    assert set(captions) == {*MODELS, "truth"}


@pytest.mark.parametrize("stage", ["standardize", "train@beta", "evaluate@beta", "compare"])
def test_no_section_breaks_while_a_stage_is_being_rebuilt(stage: str, visit: Visit, copied: Path) -> None:
    kind, _, model = stage.partition("@")
    folder = {"standardize": paths.store, "compare": paths.reports}.get(kind)
    shutil.rmtree(folder() if folder else paths.model(model) if kind == "train" else paths.scores(model))
    app = visit("compare", copied)
    for name in SECTIONS:
        section(app, name)


def test_no_section_breaks_over_half_written_files(visit: Visit, copied: Path) -> None:
    for file in (copied / "work").rglob("*"):
        if file.suffix in (".parquet", ".json", ".csv", ".png", ".npy", ".npz"):
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    app = visit("compare", copied)
    for name in SECTIONS:
        section(app, name)
