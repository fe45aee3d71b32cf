"""@own_database: for tests about var/mlflow.db and the files beside it, which a server does not have."""

from __future__ import annotations

import pytest

own_database = pytest.mark.parametrize("store", ["own"], indirect=True)
