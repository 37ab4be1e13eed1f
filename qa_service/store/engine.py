"""Connect: SQLite in WAL by default; PostgreSQL by URL. Errors of the database come out as SetupError."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NoSuchModuleError

from qa_service.errors import ErrorCode, SetupError

#: How long a writer waits for another before it gives up.
BUSY_MS = 30_000
CONNECT_S = 10
#: A connection that only reads does not queue behind writers (SQLite).
READ_ONLY = "qa_read_only"
#: Errors of what is written, not of the database.
OF_ONE_ROW = (IntegrityError, DataError)
FULL_DISK = ("database or disk is full", "No space left on device")
SCHEMES = "Use sqlite:///PATH or postgresql://USER@HOST/NAME (the latter needs pip install 'qa-service[postgres]')."


def connect(url: str) -> Engine:
    """An engine for a URL (``postgres://`` is understood too). Nothing is opened yet.

    Raises:
        SetupError: SETTINGS_INVALID when the URL is none, DATABASE_UNAVAILABLE when the folder cannot be made.
    """
    parsed = _parsed(url)
    lite = parsed.get_backend_name() == "sqlite"
    if lite:
        _make_folder(parsed)
    waits: dict[str, Any] = {"timeout": BUSY_MS / 1000} if lite else {"connect_timeout": CONNECT_S}
    try:
        engine = create_engine(parsed, connect_args=waits, pool_pre_ping=not lite)
    except (NoSuchModuleError, ModuleNotFoundError) as wrong:
        raise _unusable(f"its driver is missing ({wrong})") from None
    if lite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _explain)
    return engine


def reading(engine: Engine) -> Engine:
    """The same database for transactions that only read."""
    return engine.execution_options(**{READ_ONLY: True})


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _unusable("it is not a database URL") from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise _unusable(f"{parsed.drivername} is not supported")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise _unusable("a database in memory would be lost, and other processes could not see it")
    return parsed


def _unusable(why: str) -> SetupError:
    return SetupError(ErrorCode.SETTINGS_INVALID, f"QA_DATABASE_URL cannot be used: {why}.", SCHEMES)


def _make_folder(url: URL) -> None:
    if "uri" in url.query:
        return
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        message = f"The folder {folder} of the database cannot be made: {wrong.strerror}."
        hint = "Set QA_DATA_DIR or QA_DATABASE_URL to a place that can be written."
        raise SetupError(ErrorCode.DATABASE_UNAVAILABLE, message, hint) from None


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """WAL so that readers never wait; our own BEGIN, because the driver's comes too late for a queue."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    _use_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Of a new file only one may change the journal; SQLite tells the others at once that it is busy, whatever they are
    ready to wait."""
    until = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as wrong:
            if wrong.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _begin(connection: Connection) -> None:
    """Writers queue at BEGIN instead of failing at their first write; readers say so and do not queue."""
    only_reads = connection.get_execution_options().get(READ_ONLY)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")


def _explain(context: ExceptionContext) -> None:
    """Whatever is wrong with the database itself becomes an error that says what to do."""
    wrong = context.sqlalchemy_exception
    if not isinstance(wrong, DBAPIError) or isinstance(wrong, OF_ONE_ROW):
        return
    reason = (str(wrong.orig).strip().splitlines() or ["no reason given"])[0].rstrip(".")
    if any(words in reason for words in FULL_DISK):
        message = f"The disk of the database is full: {reason}."
        raise SetupError(ErrorCode.STORAGE_FULL, message, "Free some space and run it again.") from wrong
    where = context.engine.url.render_as_string() if context.engine else "of QA_DATABASE_URL"
    raise SetupError(
        ErrorCode.DATABASE_UNAVAILABLE,
        f"The database {where} cannot be used: {reason}.",
        "Check QA_DATABASE_URL, that the server runs, and that the file and its folder can be written.",
    ) from wrong
