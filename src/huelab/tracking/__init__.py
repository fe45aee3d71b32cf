"""The MLflow mirror: runs, registry, champion. The files of the stages are the truth; all of this can be rebuilt from them.

Nothing outside this package imports mlflow, and importing the package does not either.
"""

from __future__ import annotations

from huelab.tracking.address import uri
from huelab.tracking.mirror import sync

__all__ = ["sync", "uri"]
