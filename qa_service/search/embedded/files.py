"""The files of the embedded index, and how one takes the place of another while both are in use.

SQLite finds the log of a file by the file's name, so a file in use must never be renamed, nor its name used again. Each
index therefore is a file of its own name, ``search-0123456789ab.sqlite3``, and is reached by a link: ``search.sqlite3``
is the index in use, ``search-building.sqlite3`` the one that is being built. Renaming the second link over the first
swaps them in one moment; those who still read the old file read it to the end of their transaction.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from qa_service.search.embedded.connections import explained
from qa_service.search.embedded.schema import create

#: Seconds after which a file that no link points to is taken for left over, not for one just being made.
LEFT_OVER_S = 600.0


class Files:
    """``current`` and ``building`` are the links. Every method raises SetupError where the folder refuses."""

    def __init__(self, current: Path) -> None:
        self.current = current
        self.building = current.with_name(f"{current.stem}-building{current.suffix}")
        suffix = re.escape(current.suffix)
        self._own = re.compile(rf"({re.escape(current.stem)}-[0-9a-f]{{12}}{suffix})(-wal|-shm|-journal|\.link)?")

    def make(self, link: Path) -> None:
        """An empty index behind ``link``; another process that does the same at the same time may be the one."""
        try:
            path = self._new(unfilled=link == self.current)
            if os.path.lexists(link) and not link.exists():  # it points to nothing
                self._point(link, path)
                return
            try:
                link.symlink_to(path.name)
            except FileExistsError:
                remove(path)
        except (OSError, sqlite3.Error) as wrong:
            raise explained(wrong, link) from wrong

    def replace(self) -> None:
        """Put an empty index in the place of the one in use, whatever that is, and give the building one up."""
        try:
            old = self._target(self.current)
            self._point(self.current, self._new(unfilled=True))
            self._let_go(old)
        except (OSError, sqlite3.Error) as wrong:
            raise explained(wrong, self.current) from wrong
        self.drop()

    def swap(self) -> None:
        """The index that was built becomes the one in use.

        Raises:
            FileNotFoundError: there is none; another process has swapped it or given it up.
        """
        old = self._target(self.current)
        self.building.replace(self.current)
        self._let_go(old)

    def drop(self) -> None:
        """Give up the index that is being built."""
        try:
            path = self._target(self.building)
            self.building.unlink(missing_ok=True)
            self._let_go(path)
        except OSError as wrong:
            raise explained(wrong, self.building) from wrong

    def _new(self, *, unfilled: bool) -> Path:
        self.current.parent.mkdir(parents=True, exist_ok=True)
        path = self.current.with_name(f"{self.current.stem}-{secrets.token_hex(6)}{self.current.suffix}")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            create(connection, unfilled=unfilled)
        return path

    def _point(self, link: Path, path: Path) -> None:
        pointer = path.with_name(f"{path.name}.link")
        pointer.symlink_to(path.name)
        pointer.replace(link)

    def _target(self, link: Path) -> Path:
        return Path(os.path.realpath(link))

    def _let_go(self, path: Path) -> None:
        """Remove a file that no link points to any more, and what crashes have left over."""
        kept = {self._target(link).name for link in (self.current, self.building)}
        if path.name == self.current.name:  # it was a file where a link of the same name is now
            _remove_log(path)
        elif path.name not in kept:
            remove(path)
        for lost in self._left_over(kept):
            lost.unlink(missing_ok=True)

    def _left_over(self, kept: set[str]) -> Iterator[Path]:
        for path in self.current.parent.glob(f"{self.current.stem}-*"):
            own = self._own.fullmatch(path.name)
            if own and own.group(1) not in kept and time.time() - path.lstat().st_mtime > LEFT_OVER_S:
                yield path


def remove(path: Path) -> None:
    """A file and its log."""
    path.unlink(missing_ok=True)
    _remove_log(path)


def _remove_log(path: Path) -> None:
    for end in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)
