"""Connections to the file of an index, lent to one thread at a time and checked before each use.

The file is reached by a link that may be pointed at another file at any moment (files.py): a connection is only lent as
long as the link still points to what it has open.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.embedded.schema import is_current

#: Seconds a writer waits for another.
BUSY_S = 30.0
#: Connections kept open while nobody uses them.
IDLE = 8
#: KiB of pages that a connection remembers.
CACHE_KIB = 16 * 1024
#: Size to which the log is cut back after much was written.
LOG_BYTES = 64 * 1024 * 1024
#: Times that a file is looked for which is replaced just when it is opened.
_TRIES = 5
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FULL = {sqlite3.SQLITE_FULL}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

#: Process, device and number of a file.
Identity: TypeAlias = tuple[int, int, int]


class StaleIndexError(SetupError):
    """The file is damaged, or made by another version: only building it again helps."""


class NoFileError(SetupError):
    """There is no such index."""


class Connection(sqlite3.Connection):
    """Knows which file it has open."""

    file: Identity


class Connections:
    """A pool over the file that ``link`` points to. ``make`` makes it where there is none."""

    def __init__(self, link: Path, make: Callable[[], None] | None = None) -> None:
        self.link = link
        self._make = make
        self._lock = threading.Lock()
        self._idle: list[Connection] = []

    @contextmanager
    def lease(self) -> Iterator[Connection]:
        """A connection in no transaction; what it left open is rolled back.

        Raises:
            StaleIndexError: the file is damaged or of another version.
            NoFileError: there is no file, and none is made here.
            SetupError: INDEX_UNAVAILABLE, the file cannot be opened, locked or written.
        """
        try:
            connection = self._take()
            try:
                if not is_current(connection):
                    raise _stale(f"The search index {self.link} was made by another version.")
                yield connection
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)
        except sqlite3.Error as wrong:
            raise explained(wrong, self.link) from wrong

    def identity(self) -> Identity | None:
        """Of the file as it is now; None where there is none."""
        return _identity(self.link)

    def close(self) -> None:
        """Close those that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> Connection:
        now = self.identity()
        with self._lock:
            fitting = [one for one in self._idle if one.file == now]
            others = [one for one in self._idle if one.file != now]  # of a file that is gone, or of before a fork
            connection = fitting.pop() if fitting else None
            self._idle = fitting
        for other in others:
            other.close()
        return connection or self._opened()

    def _opened(self) -> Connection:
        for _ in range(_TRIES):
            if self.identity() is None:
                if self._make is None:
                    raise NoFileError(ErrorCode.INDEX_UNAVAILABLE, f"There is no search index {self.link}.")
                self._make()
            path = Path(os.path.realpath(self.link))
            try:
                return _connected(path)
            except sqlite3.OperationalError:
                if path.exists():
                    raise
        raise unusable("is being replaced all the time", "Try again in a minute.")

    def _give_back(self, connection: Connection) -> None:
        if connection.in_transaction:
            connection.rollback()
        with self._lock:
            if len(self._idle) < IDLE:
                self._idle.append(connection)
                return
        connection.close()


def _connected(path: Path) -> Connection:
    """To a file that exists; a name from which it is gone in this moment must not become an empty file."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        for pragma in (
            "synchronous=NORMAL",
            f"cache_size=-{CACHE_KIB}",
            "secure_delete=ON",
            f"journal_size_limit={LOG_BYTES}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        file = _identity(path)
        if file is None:
            raise sqlite3.OperationalError("the file is gone")
        connection.file = file
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return os.getpid(), found.st_dev, found.st_ino


_FOLDER = "Set QA_DATA_DIR to a folder that can be written."


def explained(wrong: sqlite3.Error | OSError, path: Path) -> SetupError:
    """An error of SQLite or of the disk as one that says what to do."""
    if isinstance(wrong, OSError):
        return unusable(f"{path} cannot be made ({wrong.strerror})", _FOLDER)
    code = getattr(wrong, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return _stale(f"The search index {path} is damaged ({wrong}).")
    if code in _FULL:
        message = "The disk is full; the search index cannot be written."
        return SetupError(ErrorCode.STORAGE_FULL, message, "Make room, then run `qa work`.")
    if code in _BUSY:
        return unusable("is being written by another process", "Try again in a minute.")
    if "no such module: fts5" in str(wrong):
        return unusable("needs SQLite with FTS5", "Use a Python whose SQLite has FTS5, or set QA_ELASTICSEARCH_URL.")
    return unusable(f"cannot be used ({wrong})", f"{_FOLDER} `qa reindex` builds the index again.")


def unusable(why: str, hint: str) -> SetupError:
    return SetupError(ErrorCode.INDEX_UNAVAILABLE, f"The search index {why}.", hint)


def _stale(message: str) -> StaleIndexError:
    return StaleIndexError(ErrorCode.INDEX_UNAVAILABLE, message, "Run `qa reindex`; nothing is lost.")
