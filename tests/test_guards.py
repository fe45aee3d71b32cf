"""Pins that once broke and that no resolver notices: each is a run that fails at once where the installed set does not hold together."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from huelab import torchvision_pair

TWO_LINES = """
from prefect import flow
@flow
def two_lines(): return 2
print("result", two_lines())
"""


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_prefect_server_can_be_imported() -> None:
    """With fastapi 0.155 and later it cannot (`unexpected keyword argument 'min_items'`); pip check calls that pair good."""
    assert "create_app" in python("from prefect.server.api import server; print(dir(server))")


@pytest.mark.slow
def test_a_flow_of_two_lines_runs_on_prefects_own_temporary_server(tmp_path: Path) -> None:
    """The server's database, its API and the client at once: broken pins of SQLAlchemy or fastapi show here."""
    settings = {"PREFECT_HOME": str(tmp_path), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120", "PREFECT_API_URL": ""}
    code = "import os; os.environ.pop('PREFECT_API_URL'); import huelab\n" + TWO_LINES
    assert "result 2" in python(code, **settings)


def test_timm_and_lpips_import_whatever_torchvision_was_installed() -> None:
    """A CPU torch beside a CUDA torchvision fails at `import torchvision`; huelab's finder declares what is missing."""
    code = (
        "import huelab, timm, lpips, torch\n"
        "model = timm.create_model('resnet18', pretrained=False, num_classes=3).eval()\n"
        "print(tuple(model(torch.zeros(1, 3, 32, 32)).shape), lpips.LPIPS.__name__)\n"
    )
    assert python(code).strip() == "(1, 3) LPIPS"


def test_torchvision_models_run_through_the_finder() -> None:
    code = (
        "import huelab, torch, torchvision\n"
        "print(tuple(torchvision.models.squeezenet1_1(weights=None).features(torch.zeros(1, 3, 64, 64)).shape))\n"
    )
    assert python(code).strip() == "(1, 512, 3, 3)"


def test_a_matching_torchvision_keeps_its_compiled_operators() -> None:
    import torchvision

    if not torchvision_pair.native_ops:
        pytest.skip("the torchvision installed here was built for another torch: its compiled operators do not load")
    import torch

    boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.9], [8.0, 8.0, 9.0, 9.0]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5)
    assert kept.tolist() == [0, 2]


def test_whatever_is_imported_is_installed_on_a_new_machine() -> None:
    """A package that someone once installed by hand works here and nowhere else: every import is of something constraints.txt pins."""
    project = Path(__file__).parents[1]
    pinned = {normal(line.split("==")[0]) for line in (project / "constraints.txt").read_text().splitlines() if "==" in line}
    ours = {"huelab", "pipelines", "dashboards", "benchmarks", "tests"}
    whose = packages_distributions()
    unpinned = {}
    for folder in ["src", "pipelines", "dashboards", "benchmarks", "tests"]:
        for file in (project / folder).rglob("*.py"):
            for name in imported(file) - ours - set(sys.stdlib_module_names):
                if not pinned & {normal(distribution) for distribution in whose.get(name, [])}:
                    unpinned[name] = str(file.relative_to(project))
    assert not unpinned, "add them to pyproject.toml and make constraints.txt again (its head says how)"


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()


def imported(file: Path) -> set[str]:
    """The first part of every absolute import in a file, the ones inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names
