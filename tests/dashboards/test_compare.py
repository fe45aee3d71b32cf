"""Page Compare: what each section must show, over a finished project, two photographs, and scores that are not as they should be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from streamlit.testing.v1 import AppTest

from huelab import params, paths
from huelab.data.store import Store
from huelab.evaluation import compare_two, leaderboard_json
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.leaderboard import build
from huelab.models.saved import Saved
from tests.dashboards.conftest import MODELS, section, whole, words

Visit = Callable[..., AppTest]
SECTIONS = ("Leaderboard", "Two models", "Pictures", "Gallery", "Sheets", "Colours", "Training")


def test_the_leaderboard_ranks_by_the_metric_chosen_and_keeps_alpha_apart(visit: Visit, finished: Path) -> None:
    rows = json.loads((finished / "work" / "reports" / "leaderboard.json").read_text())["rows"]
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


def rescored(name: str, change: Callable[[pd.DataFrame], pd.DataFrame], **facts: object) -> None:
    """Changes the scores that stage evaluate left of a model, and its summary with them."""
    folder = paths.scores(name)
    table = change(pd.read_parquet(folder / "scores.parquet"))
    table.to_parquet(folder / "scores.parquet", index=False)
    summary = json.loads((folder / "summary.json").read_text())
    summary |= {"n_items": len(table), "n_photos": int(table["photo_id"].nunique()), **facts}
    (folder / "summary.json").write_text(json.dumps(summary))


def ranked_anew() -> None:
    """Writes leaderboard.json from the scores as they are."""
    settings, store = params.load(), Store.open(paths.store())
    evaluated = [Evaluated.read(name, paths.scores(name)) for name in settings.models]
    cards = {name: Saved.open(paths.model(name)).card for name in settings.models}
    found = build(evaluated, store.meta, settings.evaluate.metrics, settings.compare, cards)
    (paths.reports() / "leaderboard.json").write_text(leaderboard_json.to_json(found))


def test_scores_that_cannot_be_used_are_named_and_the_rest_is_shown(visit: Visit, copied: Path) -> None:
    """One damaged model must neither hide the others nor stand beside them."""
    (paths.scores("mean") / "scores.parquet").write_bytes(b"PAR1 half")
    rescored("beta", lambda table: table, data_hash="0123456789ab")
    app = section(visit("compare", copied), "Pictures")
    said = "\n".join(warning.value for warning in app.warning)
    assert "beta was scored on other photographs or another split (data 0123456789ab)" in said
    assert f"{paths.scores('mean')} is damaged" in said or "scores.parquet is damaged" in said
    assert "`dvc repro evaluate@beta`" in said
    assert "beta" not in app.dataframe[0].value.columns
    assert "gray" in app.dataframe[0].value.columns


def test_a_leaderboard_of_another_split_says_so(visit: Visit, copied: Path) -> None:
    file = paths.reports() / "leaderboard.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "data_hash": "0123456789ab"}))
    app = whole(visit("compare", copied))
    assert any("of other photographs or another split (data 0123456789ab)" in warning.value for warning in app.warning)


def test_scores_that_are_no_numbers_are_counted_named_and_break_no_section(visit: Visit, copied: Path) -> None:
    def undefined(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[0, "ciede2000"], table.loc[1, "psnr_rgb"] = np.nan, np.inf
        return table

    path = pd.read_parquet(paths.scores("beta") / "scores.parquet")["path"][0]
    left_out = [{"metric": "ciede2000", "item_id": "x", "path": path, "value": "nan"}]
    rescored("beta", undefined, excluded={"ciede2000": 1}, excluded_scores=left_out)
    ranked_anew()
    app = visit("compare", copied)
    for name in SECTIONS:
        section(app, name)
    app = section(app, "Leaderboard")
    assert app.dataframe[0].value.set_index("model").loc["beta", "excluded"] == 1
    named = app.dataframe[-1].value
    assert named[["model", "metric", "path", "value"]].to_numpy().tolist() == [["beta", "ciede2000", path, "nan"]]
    app.selectbox(key="compare_metric").set_value("psnr_rgb").run()
    for name in ("Two models", "Pictures"):
        section(app, name)


@pytest.mark.parametrize("photographs", [1, 2])
def test_one_and_two_photographs_are_shown_with_what_they_cannot_tell(photographs: int, visit: Visit, copied: Path) -> None:
    def few(table: pd.DataFrame) -> pd.DataFrame:
        return table.drop_duplicates("photo_id").head(photographs).reset_index(drop=True)

    for name in ("gray", "mean", "beta"):
        rescored(name, few)
    ranked_anew()
    app = visit("compare", copied)
    for name in SECTIONS:
        section(app, name)
    said = words(section(app, "Leaderboard"))
    assert f"{photographs} photograph{'s' * (photographs > 1)} can show no difference" in said
    assert ("One photograph gives no interval" in said) == (photographs == 1)
    assert len(section(app, "Pictures").dataframe[0].value) == photographs


def test_two_models_shows_the_paired_table_of_every_metric(visit: Visit, finished: Path) -> None:
    """The figures must be those of the library: the page and `huelab compare` may not disagree."""
    app = section(visit("compare", finished), "Two models")
    app.selectbox(key="pair_first").set_value("mean")
    app = whole(app.run())
    app.selectbox(key="pair_second").set_value("beta")
    table = whole(app.run()).dataframe[0].value.set_index("metric")
    printed = compare_two.of_two("mean", "beta").splitlines()
    for title, row in table.iterrows():
        line = next(line for line in printed if line.startswith(str(title)))
        assert line.split() == f"{title} {' '.join(row)}".split()
    assert len(table) == 4
    said = words(app)
    assert all(line in said for line in printed if line.startswith(("Intervals", "Effect", "Smallest")))
    assert "mean is better on" in said


def test_twenty_models_fit_every_section_and_can_be_narrowed_down(visit: Visit, copied: Path) -> None:
    settings = yaml.safe_load((copied / "params.yaml").read_text())
    rng = np.random.default_rng(0)
    for number in range(17):
        name = f"beta-v{number:02d}"
        settings["models"].append(name)
        settings["colorizers"][name] = settings["colorizers"]["beta"]
        shutil.copytree(paths.model("beta"), paths.model(name))
        card = paths.model(name) / "card.json"
        card.write_text(json.dumps({**json.loads(card.read_text()), "name": name}))
        shutil.copytree(paths.scores("beta"), paths.scores(name))
        rescored(name, lambda table: table.assign(ciede2000=table["ciede2000"] * rng.uniform(0.5, 1.5, len(table))), model=name)
    (copied / "params.yaml").write_text(yaml.safe_dump(settings))
    ranked_anew()
    app = visit("compare", copied)
    for name in SECTIONS:
        section(app, name)
    assert len(section(app, "Leaderboard").dataframe[0].value) == 20
    app.multiselect(key="compare_models").set_value(["gray", "beta-v03", "beta"])
    assert set(whole(app.run()).dataframe[0].value["model"]) == {"gray", "beta-v03", "beta"}
    assert {"gray", "beta-v03", "beta"} <= set(section(app, "Pictures").dataframe[0].value.columns)
    assert "beta-v04" not in app.dataframe[0].value.columns
