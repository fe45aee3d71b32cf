"""What MLflow serves: this file is stored beside the weights and run by `mlflow.pyfunc.load_model` (models from code: nothing is pickled).

L (n, 1, h, w) float32 in 0..100 -> ab (n, 2, h, w) float32 in CIE units, for any n, h and w.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.pyfunc import PythonModel, PythonModelContext


class ServedColorizer(PythonModel):  # type: ignore[misc]
    """A saved colorizer behind MLflow's interface."""

    def load_context(self, context: PythonModelContext) -> None:
        """Reads the card and the weights that were logged under the name `colorizer`."""
        from huelab.models.saved import Saved

        self._saved = Saved.open(Path(context.artifacts["colorizer"]))
        self._colorizer = self._saved.colorizer()

    # np.ndarray as it is: MLflow reads the annotation and takes no parametrised one
    def predict(self, context: PythonModelContext, model_input: np.ndarray, params: Any = None) -> np.ndarray:
        """L (n, 1, h, w) -> ab (n, 2, h, w), picture by picture: memory is that of one."""
        pictures = [self._colour(picture[0]) for picture in model_input]
        return np.stack(pictures) if pictures else np.zeros((0, 2, *model_input.shape[2:]), np.float32)

    def _colour(self, L: np.ndarray) -> np.ndarray:
        """L (h, w) -> ab (2, h, w), seen as `huelab colorize` shows it: in windows where it learned on parts of photographs."""
        from huelab.models import windows

        ab = windows.predict(self._batch, L, self._saved.size) if self._saved.in_windows else self._batch(L[None])[0]
        return np.asarray(ab.transpose(2, 0, 1))

    def _batch(self, L: np.ndarray) -> np.ndarray:
        """L (n, h, w) -> ab (n, h, w, 2)."""
        import torch

        with torch.inference_mode():
            ab = self._colorizer(torch.from_numpy(np.array(L[:, None])))
        return np.asarray(ab.numpy().transpose(0, 2, 3, 1), np.float32)


mlflow.models.set_model(ServedColorizer())
