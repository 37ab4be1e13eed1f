"""A lock that several processes share, and that ends with the process that holds it, however that ends."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from qa_service.errors import ErrorCode, SetupError

POLL_S = 0.1


@contextmanager
def exclusive(engine: Engine, name: str, *, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold the lock ``name`` of a database; yields False when another holds it after ``wait_s`` seconds.

    Raises:
        SetupError: DATABASE_UNAVAILABLE or STORAGE_FULL when nobody could hold it.
    """
    if engine.dialect.name == "sqlite":
        with _file_lock(Path(f"{engine.url.database}-{name}.lock"), wait_s) as held:
            yield held
    else:
        with _advisory_lock(engine, zlib.crc32(name.encode()), wait_s) as held:
            yield held


@contextmanager
def _file_lock(path: Path, wait_s: float) -> Iterator[bool]:
    """SQLite's own file locks, on a file of its own: they work on every system that SQLite works on."""
    try:
        opened = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
    except sqlite3.OperationalError as wrong:
        raise _unusable(path, wrong) from wrong
    with closing(opened) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as wrong:
            if wrong.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise _unusable(path, wrong) from wrong
            yield False
            return
        yield True
        connection.execute("ROLLBACK")


def _unusable(path: Path, wrong: sqlite3.Error) -> SetupError:
    if wrong.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
        message = f"The disk of the database is full: {path} cannot be written."
        return SetupError(ErrorCode.STORAGE_FULL, message, "Free some space and run it again.")
    message = f"The lock file {path} cannot be used: {wrong}."
    return SetupError(ErrorCode.DATABASE_UNAVAILABLE, message, "Let this account write the folder of the database.")


@contextmanager
def _advisory_lock(engine: Engine, number: int, wait_s: float) -> Iterator[bool]:
    deadline = time.monotonic() + wait_s
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        take = text("SELECT pg_try_advisory_lock(:number)")
        while not (held := bool(connection.execute(take, {"number": number}).scalar())):
            if time.monotonic() >= deadline:
                break
            time.sleep(POLL_S)
        try:
            yield held
        finally:
            if held:
                connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})
