"""What Alembic runs: the migrations, on the connection it was given."""

from typing import Any, Literal

from alembic import context

from huelab.survey.schema import Base, Utc


def _written(kind: str, item: Any, _: object) -> str | Literal[False]:
    """Our datetimes as SQLAlchemy's in a migration: it must not import today's schema."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Utc) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_written,
    transactional_ddl=False,
)
context.run_migrations()
