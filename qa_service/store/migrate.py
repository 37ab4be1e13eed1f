"""Bring the schema up to date with Alembic; the migrations lie beside this file and travel in the wheel."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from qa_service.errors import ErrorCode, SetupError
from qa_service.store.engine import reading

MIGRATIONS = Path(__file__).with_name("migrations")
#: A lock of PostgreSQL that migrating processes share; the number is this project's own.
LOCK = 7_210_417


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision; safe when several processes start at once.

    Raises:
        SetupError: DATABASE_UNAVAILABLE, also when a newer version of the service made the schema.
    """
    known = revisions()
    with reading(engine).connect() as connection:
        found = revision_of(connection)
    if found == known[-1]:
        return
    if found is not None and found not in known:
        message = f"The database has schema {found}, which this version ({known[-1]}) does not know."
        hint = "A newer version of the service made it: install that version."
        raise SetupError(ErrorCode.DATABASE_UNAVAILABLE, message, hint)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _upgrade(connection)


def revisions() -> list[str]:
    """Known revisions, oldest first: files are named ``REVISION_what_it_does.py``, revisions are numbered."""
    return sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py"))


def revision_of(connection: Connection) -> str | None:
    """Revision of a database; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    """Alembic looks again inside the transaction: another process may have migrated meanwhile."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
