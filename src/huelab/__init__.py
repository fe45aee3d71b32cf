"""huelab: a laboratory for automatic image colorization.

Importing the package sets a few environment switches and makes a mismatched torchvision importable; it imports nothing heavy.
"""

import os

from huelab import torchvision_pair

__version__ = "0.1.0"

_SWITCHES = {
    # no telemetry, no update checks: set before the libraries are imported, kept if the user chose otherwise
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    # OpenMP threads that spin while they wait make two threads slower than one beside a busy process
    "OMP_WAIT_POLICY": "PASSIVE",
    # … but to sleep at once costs small networks half their speed: first look for work so many times (some 0.1 ms)
    "GOMP_SPINCOUNT": "10000",
}
for _name, _value in _SWITCHES.items():
    os.environ.setdefault(_name, _value)

torchvision_pair.install()
