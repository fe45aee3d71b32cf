"""What the registry hands out must colour any picture, on machines that have never seen this project too."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from huelab import paths
from tests.tracking.seen import client, load, names, sync


def test_the_champion_colours_any_size_and_number_of_pictures(mirrored: Path) -> None:
    record = json.loads(paths.champion().read_text())
    assert (record["model"], record["why"]) == ("plain", "the first champion: ciede2000 11, best of 2")
    sync()
    aliases = client().get_registered_model(names().model).aliases
    assert {key: str(value) for key, value in aliases.items()} == {"champion": "2", "challenger": "1"}
    served = load(f"models:/{names().model}@champion")
    from huelab.models.saved import Saved

    colorizer = Saved.open(paths.model("plain")).colorizer()
    import torch

    for shape in ((1, 1, 64, 64), (3, 1, 37, 90)):
        L = np.random.default_rng(0).uniform(0, 100, shape).astype(np.float32)
        ab = served.predict(L)
        with torch.inference_mode():
            expected = colorizer(torch.from_numpy(L)).numpy()
        assert ab.dtype == np.float32
        np.testing.assert_allclose(ab, expected, atol=1e-4)


@pytest.mark.slow
def test_the_stored_model_works_where_huelab_is_not_installed(mirrored: Path, tmp_path: Path) -> None:
    """An archive that serves the champion has the packages of requirements.txt, not this project."""
    sync()
    import mlflow

    stored = Path(mlflow.artifacts.download_artifacts(f"models:/{names().model}@champion", dst_path=str(tmp_path / "stored")))
    shutil.rmtree(mirrored)
    code = (
        "import sys; sys.meta_path = [finder for finder in sys.meta_path if 'editable' not in str(finder)]\n"
        "sys.path = [entry for entry in sys.path if entry and not entry.endswith('/src')]\n"
        "import numpy, mlflow\n"
        f"model = mlflow.pyfunc.load_model({str(stored)!r})\n"
        "print(model.predict(numpy.zeros((2, 1, 20, 30), numpy.float32)).shape, sys.modules['huelab'].__file__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "(2, 2, 20, 30)" in done.stdout
    assert str(stored) in done.stdout
