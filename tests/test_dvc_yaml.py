"""dvc.yaml must know what each stage reads: else an edit leaves stale results standing, and nobody notices."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from huelab import models, params
from tests.imports import ROOT
from tests.stage_deps import FILE, MODEL_FILE, code, rewrite

PIPELINE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["stages"]


@pytest.mark.parametrize("name", sorted(PIPELINE))
def test_a_stage_depends_on_every_file_its_code_imports_and_on_no_other(name: str) -> None:
    """A missing file leaves stale results; one too many trains for hours after an edit that changes nothing."""
    listed = {dep for dep in PIPELINE[name]["deps"] if not dep.startswith(("data", "work/"))}
    imported = set(code(name, matrix="matrix" in PIPELINE[name]))
    assert listed == imported, "dvc.yaml is out of step: python -m tests.stage_deps --write"


def test_the_rewriting_finds_every_stage() -> None:
    assert rewrite(FILE.read_text(encoding="utf-8")) == FILE.read_text(encoding="utf-8")
    emptied = FILE.read_text(encoding="utf-8").replace("      - pipelines/stage.py\n", "")
    assert rewrite(emptied) == FILE.read_text(encoding="utf-8")


def test_every_dependency_on_code_exists() -> None:
    """A renamed file would stop `dvc repro` at the door."""
    for name, stage in PIPELINE.items():
        for model in models.NAMES:
            for dep in stage["deps"]:
                place = dep.replace("${item.model}", model)
                assert place.startswith(("data", "work/")) or (ROOT / place).exists(), f"dvc.yaml, stage {name}: {place} does not exist"


def test_editing_one_colorizer_reruns_that_colorizer_alone() -> None:
    """The matrix names each model's own file, never the folder of all of them, nor another's."""
    for name in ("train", "evaluate"):
        deps = PIPELINE[name]["deps"]
        assert MODEL_FILE in deps
        assert "src/huelab/models" not in deps
        assert not {f"src/huelab/models/{model}.py" for model in models.NAMES} & set(deps)


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
