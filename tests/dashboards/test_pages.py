"""Every page over a finished, an empty and a half-done project: what a visitor must see, and never a traceback."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from huelab import paths
from tests.dashboards.conftest import whole, words
from tests.generated_photographs import photograph

Visit = Callable[..., AppTest]
PAGES = ("overview", "data", "compare", "colour")


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader[0].set_value((name, content, "application/octet-stream"))
    return app.run()


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_project_says_what_to_run(page: str, visit: Visit, project: Path) -> None:
    app = whole(visit(page, project))
    assert "make run" in [code.value for code in app.code]


def test_overview_tells_best_model_and_that_all_is_done(visit: Visit, finished: Path) -> None:
    app = whole(visit("overview", finished))
    shown = metrics(app)
    assert shown["Stages done"] == "15 of 15"
    assert shown["Photographs"] == "6"
    assert shown["Best learned model by CIEDE2000 ↓"] == "beta"
    board = json.loads((finished / "work" / "reports" / "leaderboard.json").read_text())
    best = next(metric for metric in app.metric if metric.value == "beta")
    leader = board["rows"][0]
    assert ("behind the floor" in best.delta) == leader["floor"], "six steps may lose to a floor: then it must be said"
    assert board["protocol"] in words(app)
    assert "huelab colorize PHOTO -o OUT" in [code.value for code in app.code]


def test_overview_names_what_an_interrupted_run_left_out(visit: Visit, copied: Path) -> None:
    shutil.rmtree(paths.scores("beta"))
    shutil.rmtree(paths.reports())
    app = whole(visit("overview", copied))
    assert metrics(app)["Stages done"] == "13 of 15"
    assert "`evaluate@beta`" in words(app)
    assert "`compare`" in words(app)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("stage", ["inspect", "standardize", "train@beta", "evaluate@beta", "compare"])
def test_no_page_breaks_while_a_stage_is_being_rebuilt(page: str, stage: str, visit: Visit, copied: Path) -> None:
    """DVC deletes a stage's outputs before it runs; whatever stands after it is of the run before."""
    name, _, model = stage.partition("@")
    folder = {"inspect": paths.photos, "standardize": paths.store, "compare": paths.reports}.get(name)
    shutil.rmtree(folder() if folder else paths.model(model) if name == "train" else paths.scores(model))
    whole(visit(page, copied))


@pytest.mark.parametrize("page", PAGES)
def test_no_page_breaks_over_half_written_files(page: str, visit: Visit, copied: Path) -> None:
    files = [file for file in (copied / "work").rglob("*") if file.suffix in (".parquet", ".json", ".csv", ".png", ".npy", ".safetensors")]
    assert len(files) > 20
    for file in files:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    app = visit(page, copied)
    assert not app.exception, app.exception


def test_data_counts_and_explains_rejects(visit: Visit, finished: Path) -> None:
    app = whole(visit("data", finished))
    shown = metrics(app)
    assert (shown["Files found"], shown["Photographs used"], shown["Rejected"], shown["Labels"]) == ("7", "6", "1", "2")
    tables = [table.value for table in app.dataframe]
    refused = next(table for table in tables if "notes.jpg" in set(table["path"]))
    assert refused["reject_reason"].tolist() == ["not_an_image"]
    assert [button.label for button in app.get("download_button")] == ["Download rejects.csv"]


def test_data_finds_a_photograph_by_name(visit: Visit, finished: Path) -> None:
    app = visit("data", finished)
    app.text_input(key="data_find").input("scene-00003").run()
    assert any(table.value["path"].tolist() == ["evening/scene-00003.jpg"] for table in whole(app).dataframe)


def test_colour_gives_the_photograph_back_in_colour_at_full_size(visit: Visit, finished: Path) -> None:
    app = upload(visit("colour", finished), "gray.png", png(photograph(99, width=210, height=130).mean(axis=-1).astype(np.uint8)))
    assert "210×130 pixels" in words(whole(app))
    assert {button.label for button in app.get("download_button")} == {"Download PNG", "Download JPEG"}


def test_colour_offers_the_champion_and_every_trained_model(visit: Visit, finished: Path) -> None:
    options = visit("colour", finished).selectbox(key="colour_model").options
    assert options == ["champion", "alpha, knows one picture only", "beta"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("words.jpg", b"these are words, not a picture", "words.jpg is not a picture"),
        ("cut.png", png(photograph(1))[:2000], "cut.png"),
        ("empty.png", b"", "empty.png"),
    ],
)
def test_colour_says_plainly_what_is_wrong_with_an_upload(name: str, content: bytes, sentence: str, visit: Visit, finished: Path) -> None:
    app = upload(visit("colour", finished), name, content)
    assert not app.exception
    assert len(app.error) == 1
    assert app.error[0].value.startswith(sentence)
    assert "/tmp" not in app.error[0].value


def test_colour_follows_a_model_trained_again_without_a_restart(visit: Visit, copied: Path) -> None:
    """A cached network must not outlive its weights."""
    import torch

    from dashboards import colouring
    from huelab.models.saved import Saved, save

    rgb = photograph(5, width=64, height=48)
    before, _ = colouring.colour(rgb, "beta")
    saved = Saved.open(paths.model("beta"))
    state = {key: torch.zeros_like(value) if value.is_floating_point() else value for key, value in saved._state().items()}
    save(saved.folder, saved.card, state)
    after, _ = colouring.colour(rgb, "beta")
    assert not np.array_equal(before, after)
