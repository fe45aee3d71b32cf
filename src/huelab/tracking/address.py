"""Where MLflow keeps what it is told: a database under var/, or what MLFLOW_TRACKING_URI names."""

from __future__ import annotations

import os
import re

from huelab import paths


def uri() -> str:
    """$MLFLOW_TRACKING_URI, else the project's own database."""
    return os.environ.get("MLFLOW_TRACKING_URI") or own_uri()


def own_uri() -> str:
    """The database under var/, by its absolute path: a relative one would follow the current folder."""
    return f"sqlite:///{paths.tracking_database()}"


def is_own() -> bool:
    """Whether the project's own database is used."""
    return uri() == own_uri()


def is_server() -> bool:
    """Whether there is a server, which decides itself where artifacts go, rather than a database that this process opens."""
    return not re.match(r"(sqlite|postgresql|mysql|mssql)(\+\w+)?:|file:|\.|/", uri())


def shown() -> str:
    """The address for messages."""
    return without_password(uri())


def without_password(text: str) -> str:
    """`text` with what stands between the colon and the @ of an address left out."""
    return re.sub(r"(\w://[^\s/:@]*):[^\s/@]*@", r"\1:***@", text)
