"""Projects for the dashboard to show: one that the real stages have run through once, and parts of it as an interrupted run leaves them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from dashboards.surveying import database
from huelab.survey.store import Store
from tests import generated_photographs
from tests.dashboards.surveyed import served_at

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("gray", "mean", "alpha", "beta")
SETTINGS = {
    "models": list(MODELS),
    "split": {"by": "region", "region_side": 96, "val": 0.2, "test": 0.2},
    "standardize": {"size": 32, "gallery": 2, "gallery_side": 96, "workers": 1},
    "train": {"threads": 1},
    "evaluate": {"metrics": ["mse_ab128", "psnr_rgb", "ciede2000", "colorfulness", "lpips_alex"], "pictures": 6},
    "compare": {"draws": 100, "rows": 2},
    "colorizers": {"gray": {}, "mean": {}, "alpha": {"steps": 3}, "beta": {"width": 0.05, "steps": 6, "batch": 4}},
}
STAGES = [
    *("inspect", "standardize", "augment", "pretrain", "backbones"),
    *(f"train {name}" for name in MODELS),
    *(f"evaluate {name}" for name in MODELS),
    "compare",
    "stimuli",
]
# one process for all: most of a small stage's time is importing what the next one needs too
RUN_STAGES = """
import runpy, sys
for stage in sys.argv[1:]:
    sys.argv = stage.split()
    runpy.run_module(f"pipelines.{sys.argv[0]}", run_name="__main__")
"""


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose stages have all run, on generated photographs and a file that is none. Read it, never write into it."""
    root = tmp_path_factory.mktemp("finished")
    shutil.copy(ROOT / "dvc.yaml", root / "dvc.yaml")
    (root / "params.yaml").write_text(yaml.safe_dump(SETTINGS))
    generated_photographs.write(root / "data", 6)
    (root / "data" / "notes.jpg").write_text("not a photograph")
    environment = {**os.environ, "HUELAB_ROOT": str(root), "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", RUN_STAGES, *STAGES]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.fixture
def copied(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The finished project, to take things away from."""
    root = tmp_path / "copied"
    shutil.copytree(finished, root)
    monkeypatch.setenv("HUELAB_ROOT", str(root))
    return root


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens a page ("overview", "data", "compare", "colour") of the dashboard over the project at a root."""

    def open_page(page: str, root: Path) -> AppTest:
        monkeypatch.setenv("HUELAB_ROOT", str(root))
        app = AppTest.from_file(str(ROOT / "dashboards" / "navigation.py"), default_timeout=300).run()
        return app if page == "overview" else app.switch_page(f"{page}.py").run()

    return open_page


def words(app: AppTest) -> str:
    """Everything a page says in running text."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error, app.success, app.code)
    return "\n".join(str(element.value) for kind in kinds for element in kind) + "\n".join(html.proto.body for html in app.get("html"))


def whole(app: AppTest) -> AppTest:
    """The page, after making sure that nothing on it failed."""
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]
    return app


def section(app: AppTest, name: str) -> AppTest:
    """Page Compare with another of its sections open."""
    app.session_state["section"] = name
    return whole(app.run())


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    """The survey's database of a project, as the pages open it on one's own machine."""
    with served_at("127.0.0.1"):
        yield database.store()
    database.close()
