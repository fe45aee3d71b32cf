"""dvc.yaml must know what each stage reads: else an edit leaves stale results standing, and nobody notices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from huelab import models, params
from tests.imports import ROOT, closure

PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def dependencies(stage: dict[str, Any], model: str) -> list[Path]:
    return [ROOT / str(dep).replace("${item.model}", model) for dep in stage["deps"]]


def code(name: str, model: str) -> set[Path]:
    """The import closure of a stage; a model file is imported by name, so it is added by hand."""
    entries = [ROOT / "pipelines" / f"{name}.py"]
    if "matrix" in PIPELINE[name]:
        entries.append(ROOT / "src" / "huelab" / "models" / f"{model}.py")
    return {file for file in closure(*entries) if file.read_text(encoding="utf-8").strip()}


@pytest.mark.parametrize("model", models.NAMES)
@pytest.mark.parametrize("name", sorted(PIPELINE))
def test_a_stage_depends_on_every_file_its_code_imports(name: str, model: str) -> None:
    listed = dependencies(PIPELINE[name], model)
    missing = [file for file in code(name, model) if not any(file == dep or file.is_relative_to(dep) for dep in listed)]
    assert not missing, f"dvc.yaml, stage {name}: add to deps: {sorted(str(file.relative_to(ROOT)) for file in missing)}"


@pytest.mark.parametrize("name", sorted(PIPELINE))
def test_every_dependency_on_code_exists(name: str) -> None:
    """A renamed file would stop `dvc repro` at the door."""
    for model in models.NAMES:
        for dep in dependencies(PIPELINE[name], model):
            place = dep.relative_to(ROOT).parts[0]
            assert place in ("data", "work") or dep.exists(), f"dvc.yaml, stage {name}: {dep.relative_to(ROOT)} does not exist"


def test_editing_one_colorizer_reruns_that_colorizer_alone() -> None:
    """The matrix names each model's own file, never the folder of all of them."""
    for name in ("train", "evaluate"):
        deps = PIPELINE[name]["deps"]
        assert "src/huelab/models/${item.model}.py" in deps
        assert "src/huelab/models" not in deps
        others = [f"src/huelab/models/{other}.py" for other in models.NAMES]
        assert not set(others) & set(deps), "another colorizer's file would rerun this one"


def test_every_param_section_named_in_dvc_yaml_exists() -> None:
    tree = params.load(ROOT / "params.yaml").model_dump()
    for stage in PIPELINE.values():
        for key in stage.get("params", []):
            place: Any = tree
            for step in key.replace("${item.model}", "beta").split("."):
                assert step in place, f"dvc.yaml names the params {key}, which params.yaml does not have"
                place = place[step]


def test_stage_outputs_stay_out_of_git() -> None:
    for stage in PIPELINE.values():
        for out in stage["outs"]:
            path = next(iter(out)) if isinstance(out, dict) else out
            assert path.startswith("work/")
