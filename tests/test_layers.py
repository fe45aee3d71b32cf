"""The house stands only while its arrows point one way; each heavy tool stays behind its one seam."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.imports import PLACES, ROOT, imported_modules, module_of

ALL = sorted(file for place in PLACES.values() for file in place.rglob("*.py"))
SOURCES = [file for file in ALL if "src" in file.parts]

LAYERS = [
    {"errors", "torchvision_pair"},
    {"params_reading", "paths"},
    {"sections"},
    {"params"},
    {"color"},
    {"run_lock", "tether"},
    {"data", "metrics"},
    {"backbones"},
    {"models"},
    {"objectives"},
    {"training"},
    {"evaluation", "colorize"},
    {"stimuli"},
    {"survey"},
    {"tracking", "quality"},
    {"experiments"},
    {"survey_server_cli"},
    {"survey_cli"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
STAGES = ("inspect", "standardize", "augment", "pretrain", "backbones", "train", "evaluate", "compare", "stimuli")
MAY_BE_IMPORTED_FROM_THE_LEFT = {
    # a section of params.yaml is validated by the class its model or metric file exports; found by name, loads no torch
    ("params", "models"),
    ("sections", "metrics"),
}
ONLY_IN = {
    "mlflow": ("src/huelab/tracking",),
    "great_expectations": ("src/huelab/quality",),
    "albumentations": ("src/huelab/data/augment.py",),
    "lightning": ("src/huelab/training/runtime.py",),
    "prefect": ("pipelines/flows.py",),
    "streamlit": ("dashboards/",),
    "dvc": (),
}


def part(module: str) -> str:
    names = module.split(".")
    return names[1] if len(names) > 1 else ""


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_imports_only_what_stands_left_of_it(file: Path) -> None:
    own = part(module_of(file))
    if not own:
        return
    assert own in LEVEL, f"{own} is in no layer: give it a place in LAYERS"
    for name in imported_modules(file):
        other = part(name) if name.startswith("huelab.") else ""
        if (own, other) in MAY_BE_IMPORTED_FROM_THE_LEFT:
            continue
        if other not in LEVEL or other == own:
            continue
        assert LEVEL[other] < LEVEL[own], f"{file.relative_to(ROOT)} imports huelab.{other}, which stands right of or beside huelab.{own}"


@pytest.mark.parametrize("file", ALL, ids=lambda file: str(file.relative_to(ROOT)))
def test_each_heavy_tool_stays_behind_its_seam(file: Path) -> None:
    place = str(file.relative_to(ROOT))
    for name in imported_modules(file):
        allowed = ONLY_IN.get(name.split(".")[0])
        if allowed is not None:
            assert place.startswith(allowed or ("nowhere",)), f"{place} imports {name}; only {', '.join(allowed) or 'nobody'} may"
        top = name.split(".")[0]
        if top in ("pipelines", "dashboards"):
            assert place.startswith(f"{top}/"), f"{place} imports {name}: nothing may depend on {top}/"
        if file.stem in STAGES and place.startswith("pipelines/") and top == "pipelines":
            assert name.split(".")[1:2] in ([], ["stage"]), f"{place} imports {name}: stages never import each other"


def test_checking_params_loads_no_heavy_library() -> None:
    """A typo in params.yaml must be told at once, not after seconds of imports."""
    heavy = ("torch", "cv2", "pandas", "matplotlib")
    code = (
        "import sys; from huelab import params, paths; params.load(paths.params_file()); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_command_line_help_loads_no_heavy_library() -> None:
    """`huelab --help` must answer at once."""
    code = "import sys, huelab.cli; print([m for m in ('torch','cv2','numpy','pandas','mlflow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_any_module_makes_no_file_and_needs_no_network(tmp_path: Path) -> None:
    """An import with side effects surprises whoever only wanted to look something up."""
    # Alembic runs env.py, nobody imports it
    modules = [module_of(file) for file in SOURCES if file.name != "__main__.py" and file.parts[-2:] != ("migrations", "env.py")]
    code = (
        "import importlib, socket, sys\n"
        "def refuse(*a, **k): raise OSError('the network was used by an import')\n"
        "socket.socket.connect = refuse\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
