"""One file per change of the schema; Alembic finds them by their names."""
