"""Named sets of parameters, experiments/NAME.yaml, laid over params.yaml and run by DVC: huelab experiment NAME"""

from __future__ import annotations

from huelab.experiments.files import Experiment, every, find
from huelab.experiments.running import run

__all__ = ["Experiment", "every", "find", "run"]
