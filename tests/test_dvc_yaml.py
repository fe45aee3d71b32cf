"""DVC must know what each stage reads: else an edit leaves stale results standing, and nobody notices."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from huelab import models, params
from pipelines import code
from pipelines.imports import ROOT, closure

PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
OTHERS = sorted(set(PIPELINE) - {"code"})


def test_every_stage_depends_on_the_list_of_its_own_code() -> None:
    """A stage without it would never run again after an edit."""
    assert set(OTHERS) == {*code.ALONE, *code.PER_MODEL}
    for name in code.ALONE:
        assert f"work/code/{name}.txt" in PIPELINE[name]["deps"]
    for name in code.PER_MODEL:
        assert f"work/code/{name}-${{item.model}}.txt" in PIPELINE[name]["deps"]
    assert set(PIPELINE["code"]["deps"]) == {"pipelines", "src/huelab"}, "all code that a stage can import"


def test_the_lists_name_what_stages_import_wherever_the_import_stands() -> None:
    """Imports inside functions count, and so do the model and the metrics, which are imported by name."""
    found = {str(file.relative_to(ROOT)) for file in code.imported("train", "zhang", "classification")}
    assert {"pipelines/train.py", "src/huelab/models/zhang.py", "src/huelab/models/layers.py", "src/huelab/training/loop.py"} <= found
    assert {"src/huelab/objectives/classification.py", "src/huelab/color/bins.py", "src/huelab/params.py"} <= found
    assert not {"src/huelab/models/beta.py", "src/huelab/data/sources.py", "src/huelab/evaluation/report.py"} & found
    scored = {str(file.relative_to(ROOT)) for file in code.imported("evaluate", "gray")}
    assert {"src/huelab/metrics/ssim.py", "src/huelab/metrics/ciede2000.py", "src/huelab/evaluation/score.py"} <= scored


@pytest.mark.parametrize("name", models.NAMES)
def test_editing_one_colorizer_reruns_that_colorizer_alone(name: str) -> None:
    own = ROOT / "src" / "huelab" / "models" / f"{name}.py"
    for stage in code.PER_MODEL:
        for model in (*models.NAMES, f"{name}-own"):
            assert (own in code.imported(stage, model)) == (models.base(model) == name)
    for stage in code.ALONE:
        assert own not in code.imported(stage)


def test_a_list_names_each_file_by_its_content() -> None:
    """The names alone would not change with an edit."""
    file = ROOT / "pipelines" / "train.py"
    lines = dict(reversed(line.split("  ")) for line in code.listing(closure(file)).splitlines())
    assert lines["pipelines/train.py"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert len(lines) > 20


def test_the_stage_writes_a_list_for_every_dependency(project: Path) -> None:
    code.main()
    for name in OTHERS:
        for model in params.load().models:
            for dep in PIPELINE[name]["deps"]:
                if dep.startswith("work/code/"):
                    assert (project / dep.replace("${item.model}", model)).stat().st_size > 0


def test_every_param_section_named_in_dvc_yaml_exists() -> None:
    tree = params.load(ROOT / "params.yaml").model_dump()
    for stage in PIPELINE.values():
        for key in stage.get("params", []):
            place: Any = tree
            for step in key.replace("${item.model}", "beta").split("."):
                assert step in place, f"dvc.yaml names the params {key}, which params.yaml does not have"
                place = place[step]


def test_only_colorizers_that_look_through_a_classifier_wait_for_its_weights() -> None:
    """A new classifier would otherwise train every model anew."""
    assert "work/backbones/${item.model}.txt" in PIPELINE["train"]["deps"]
    assert not any(dep == "work/pretrain" for dep in PIPELINE["train"]["deps"])


def test_an_edit_of_one_loss_trains_no_model_of_another() -> None:
    joint, regression = (ROOT / "src" / "huelab" / "objectives" / f"{name}.py" for name in ("classification", "regression"))
    assert joint in code.imported("train", "zhang", "classification")
    assert regression not in code.imported("train", "zhang", "classification")
    assert regression in code.imported("train", "beta", "regression")


def test_stage_outputs_stay_out_of_git() -> None:
    for stage in PIPELINE.values():
        for out in stage["outs"]:
            path = next(iter(out)) if isinstance(out, dict) else out
            assert path.startswith("work/")
