"""Connections to the file of the embedded index, lent to one thread at a time and checked before each use."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qa_service.errors import ErrorCode, SetupError

#: Seconds a writer waits for another.
BUSY_S = 30.0
#: Connections kept open while nobody uses them.
IDLE = 8
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FULL = {sqlite3.SQLITE_FULL}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class StaleIndexError(SetupError):
    """The file is damaged, or made by another version: only building it again helps."""


class Connections:
    """A pool over one file. ``prepare`` gets each connection before it is lent and raises when it is of no use."""

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._prepare = prepare
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._file: tuple[int, ...] | None = None

    @contextmanager
    def lease(self, *, prepared: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection in no transaction; what it left open is rolled back.

        Raises:
            StaleIndexError: the file is damaged, or ``prepare`` says that it is of no use.
            SetupError: INDEX_UNAVAILABLE, the file cannot be opened, locked or written.
        """
        try:
            connection = self._take()
            try:
                if prepared:
                    self._prepare(connection)
                yield connection
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)
        except sqlite3.Error as wrong:
            raise explained(wrong, self._path) from wrong

    def remove_file(self) -> None:
        """Take the file away, the main part first: SQLite drops a log that has no database."""
        self.close()
        try:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        except OSError as wrong:
            raise _unusable(f"cannot be replaced ({wrong.strerror})", _FOLDER) from wrong

    def close(self) -> None:
        """Close those that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        file = self._identity()
        with self._lock:
            same = file == self._file
            connection = self._idle.pop() if same and self._idle else None
        if connection is not None:
            return connection
        if not same:  # the file was replaced by another process, or this process is a fork
            self.close()
        return self._opened()

    def _opened(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            raise _unusable(f"has no folder ({wrong.strerror})", _FOLDER) from wrong
        connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error:
            connection.close()
            raise
        with self._lock:
            self._file = self._identity()
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.rollback()
        with self._lock:
            if len(self._idle) < IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _identity(self) -> tuple[int, ...] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return os.getpid(), found.st_dev, found.st_ino


_FOLDER = "Set QA_DATA_DIR to a folder that can be written."


def explained(wrong: sqlite3.Error, path: Path) -> SetupError:
    """An error of SQLite as one that says what to do."""
    code = getattr(wrong, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        message = f"The search index {path} is damaged ({wrong})."
        return StaleIndexError(ErrorCode.INDEX_UNAVAILABLE, message, "Run `qa reindex`; nothing is lost.")
    if code in _FULL:
        message = "The disk is full; the search index cannot be written."
        return SetupError(ErrorCode.STORAGE_FULL, message, "Make room, then run `qa work`.")
    if code in _BUSY:
        return _unusable("is being written by another process", "Try again in a minute.")
    if "no such module: fts5" in str(wrong):
        return _unusable("needs SQLite with FTS5", "Use a Python whose SQLite has FTS5, or set QA_ELASTICSEARCH_URL.")
    return _unusable(f"cannot be used ({wrong})", f"{_FOLDER} `qa reindex` builds the index again.")


def _unusable(why: str, hint: str) -> SetupError:
    return SetupError(ErrorCode.INDEX_UNAVAILABLE, f"The search index {why}.", hint)
