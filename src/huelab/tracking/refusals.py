"""What MLflow, its database or its server refuse, as one message that says what to do. The results in work/ stand in every case."""

from __future__ import annotations

import contextlib
import errno
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

from huelab import paths
from huelab.errors import HuelabError
from huelab.tracking import address

_THEN = "then run `huelab track sync`"
_LONGEST = 300
_UNANSWERED = re.compile(r"HTTPS?ConnectionPool|Max retries exceeded|timeout exception|Connection (aborted|refused|reset)", re.IGNORECASE)


@contextlib.contextmanager
def clear_errors() -> Iterator[None]:
    """What fails inside becomes a HuelabError; mistakes of ours do not."""
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except HuelabError:
        raise
    except (sqlite3.Error, SQLAlchemyError, RequestException, OSError) as error:
        raise _explained(error) from error
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("psycopg2", "psycopg", "MySQLdb", "pymysql", "pyodbc"):
            raise
        raise HuelabError(
            f"MLFLOW_TRACKING_URI names a database, {address.shown()}, whose driver is not installed ({error.name}). For PostgreSQL: "
            f".venv/bin/pip install 'psycopg[binary]', write the address as postgresql+psycopg://…, {_THEN}."
        ) from error
    except Exception as error:
        if not any(kind.__module__ == "mlflow.exceptions" for kind in type(error).__mro__):
            raise
        raise _explained(error) from error


def _explained(error: Any) -> HuelabError:
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "disk is full" in str(error):
        return HuelabError(
            f"MLflow's files cannot be written: no space is left ({_text(error)}). Make room, {_THEN}. The results stand in work/."
        )
    if not address.is_own():
        return _of_server(error)
    where, text = paths.tracking_database(), _text(error)
    if "locked" in text:
        return HuelabError(f"{where} is locked by another program ({text}). The results stand in work/; end that program, {_THEN}.")
    if "readonly" in text or getattr(error, "errno", None) in (errno.EACCES, errno.EPERM, errno.EROFS):
        return HuelabError(f"MLflow may not write below {paths.var()} ({text}). The results stand in work/; make it writable, {_THEN}.")
    if isinstance(error, OSError) and not _is_http(error):
        return HuelabError(f"MLflow's files cannot be used ({text}). The results stand in work/; mend that, {_THEN}.")
    return HuelabError(
        f"{where} cannot be used ({text}). Nothing is lost, for all of it can be rebuilt from work/: move it away "
        f"(mv {where} {where}.broken), {_THEN}."
    )


def _of_server(error: Any) -> HuelabError:
    where, text, status = address.shown(), _text(error), _status(error)
    if status in (401, 403):
        return HuelabError(
            f"The MLflow server at {where} does not let you in ({status}: {text}). Set MLFLOW_TRACKING_USERNAME and "
            f"MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, as its owner gave them to you, {_THEN}. The results stand in work/."
        )
    if not status and (_is_http(error) or _UNANSWERED.search(text)):
        return HuelabError(
            f"The MLflow server at {where} does not answer ({text}). The results stand in work/; start the server, or unset "
            f"MLFLOW_TRACKING_URI, {_THEN}."
        )
    return HuelabError(f"MLflow at {where} refuses ({text}). The results stand in work/; mend that, {_THEN}.")


def _status(error: Any) -> int:
    """The server's HTTP status; 0 where there was none."""
    reply = getattr(error, "response", None)
    if reply is not None:
        return int(reply.status_code)
    said = re.search(r"failed with error code (\d{3})", str(error))
    if said:
        return int(said[1])
    rest = any(kind.__name__ == "RestException" for kind in type(error).__mro__)
    return int(error.get_http_status_code()) if rest else 0


def _is_http(error: Any) -> bool:
    from requests import RequestException

    return isinstance(error, RequestException)


def _text(error: Any) -> str:
    """In one line, without passwords."""
    words = " ".join(address.without_password(str(getattr(error, "orig", None) or error)).split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
