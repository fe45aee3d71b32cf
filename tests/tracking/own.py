"""@own_database and @on_server: for tests that are about the one or the other place where MLflow can keep its things."""

from __future__ import annotations

import pytest

own_database = pytest.mark.parametrize("store", ["own"], indirect=True)
"""var/mlflow.db and the files beside it."""
on_server = pytest.mark.parametrize("store", ["server"], indirect=True)
"""A server with PostgreSQL behind it; mark such a test slow."""
