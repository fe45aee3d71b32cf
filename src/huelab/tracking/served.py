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

        self._colorizer = Saved.open(Path(context.artifacts["colorizer"])).colorizer()

    # np.ndarray as it is: MLflow reads the annotation and takes no parametrised one
    def predict(self, context: PythonModelContext, model_input: np.ndarray, params: Any = None) -> np.ndarray:
        """L (n, 1, h, w) -> ab (n, 2, h, w), picture by picture: memory is that of one."""
        import torch

        with torch.inference_mode():
            pictures = [self._colorizer(torch.from_numpy(np.array(picture[None]))).numpy() for picture in model_input]
        return np.concatenate(pictures) if pictures else np.zeros((0, 2, *model_input.shape[2:]), np.float32)


mlflow.models.set_model(ServedColorizer())
