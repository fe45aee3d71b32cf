"""The MLflow mirror: runs, registry, champion. The files of the stages are the truth; all of this can be rebuilt from them.

Nothing outside this package imports mlflow, and importing the package does not either.
"""

from __future__ import annotations

import logging
import os

from huelab.tracking.address import uri
from huelab.tracking.mirror import sync

__all__ = ["sync", "uri"]

_SWITCHES = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # its own 7 tries of 120 s each take a quarter of an hour to find out that a server hangs
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    # a connection that is kept goes on writing into a database that was moved away or deleted
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",
}
"""Set before mlflow is imported, kept if the user chose otherwise."""
for _name, _value in _SWITCHES.items():
    os.environ.setdefault(_name, _value)

# it tells of every pool it makes, and shows tracebacks of errors that are raised as well
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
