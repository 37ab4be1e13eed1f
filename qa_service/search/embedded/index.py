"""A SearchIndex in one SQLite file, made at first use; one that is of no use is told at first use, too."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from qa_service import logs
from qa_service.search.document import CallDocument
from qa_service.search.embedded import answer, write
from qa_service.search.embedded.columns import Remembered
from qa_service.search.embedded.connections import Connection, Connections, Identity, NoFileError, StaleIndexError
from qa_service.search.embedded.files import Files
from qa_service.search.embedded.rebuild import EmbeddedRebuild, pack, put_all, transaction
from qa_service.search.embedded.schema import VERSION, is_unfilled, set_ordered
from qa_service.search.embedded.together import Candidates
from qa_service.search.embedded.vectors import Vectors
from qa_service.search.near import joined
from qa_service.search.protocol import Access, IndexState, Refused, SearchQuery, SearchResults
from qa_service.search.query import narrowing, understood

log = logs.get(__name__)
T = TypeVar("T")


class EmbeddedIndex:
    """Searches of the file that ``path`` links to; what is written also goes to the one that is being built."""

    def __init__(self, path: Path) -> None:
        self._files = Files(path)
        self._current = Connections(path, partial(self._files.make, path))
        self._building = Connections(self._files.building)
        self._remembered = Remembered()
        self._vectors = Vectors()

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        calls, refused = pack(documents)
        return (*refused, *self._everywhere(lambda connection: put_all(connection, calls)))

    def delete(self, call_ids: Sequence[str]) -> None:
        def change(connection: sqlite3.Connection) -> None:
            for call_id in call_ids:
                write.remove(connection, call_id)

        try:
            self._everywhere(change)
        except StaleIndexError:  # nothing can be found in it; what is being built must not have the calls either
            if self._building.identity() is None:
                raise
            _changed(self._building, change)

    def delete_before(self, day: date) -> int:
        return self._everywhere(lambda connection: _tidied(connection, write.remove_before(connection, day)))

    def search(self, query: SearchQuery, access: Access) -> SearchResults:
        asked = understood(query)
        with self._reading() as connection:
            columns = self._remembered.columns(connection)
            if asked.nears:
                return joined(Candidates(connection, columns), asked, query, access)
            return answer.search(connection, columns, asked, query, access)

    def similar(self, vector: bytes, query: SearchQuery, access: Access) -> SearchResults:
        asked = narrowing(query, vector)
        with self._reading() as connection:
            columns = self._remembered.columns(connection)
            return answer.similar(connection, columns, self._vectors, vector, asked.node, query, access)

    def vector(self, call_id: str, turn_index: int) -> bytes | None:
        with self._reading() as connection:
            return answer.vector(connection, call_id, turn_index)

    def state(self) -> IndexState:
        with self._reading() as connection:
            calls, turns, vectors = connection.execute("SELECT calls, turns, vectors FROM totals").fetchone()
            unfilled = is_unfilled(connection)
        version = f"{VERSION}, SQLite {sqlite3.sqlite_version}"
        building = self._building.identity() is not None
        return IndexState(
            backend="embedded", version=version, calls=calls, turns=turns, vectors=vectors, building=building,
            unfilled=unfilled,
        )  # fmt: skip

    def ordered(self) -> None:
        _changed(self._current, set_ordered)

    def rebuild(self) -> EmbeddedRebuild:
        """Goes on with an unfinished one unless that is of no use."""
        connections = Connections(self._files.building, partial(self._files.make, self._files.building))
        try:
            with connections.lease():
                pass
        except StaleIndexError:
            self._files.drop()
            with connections.lease():
                pass
        connections.close()
        return EmbeddedRebuild(self._files, Connections(self._files.building))

    def clear(self) -> None:
        self.close()
        self._files.replace()
        self.state()

    def close(self) -> None:
        self._current.close()
        self._building.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._current.lease() as connection:
            connection.execute("BEGIN")
            yield connection

    def _everywhere(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Change the index in use and the one that is being built, also where they change places meanwhile.

        Returns what came of it in the index in use.
        """
        done: dict[Identity, T] = {}
        over: set[Identity] = set()
        while True:
            current, building = self._current.identity(), self._building.identity()
            if current is None or current not in done:
                file, result = _changed(self._current, change)
                done[file] = result
            elif building is not None and building not in (done.keys() | over):
                over.add(self._changed_building(change) or building)
            elif current == self._current.identity():
                return done[current]

    def _changed_building(self, change: Callable[[sqlite3.Connection], object]) -> Identity | None:
        """The file that was changed, None where none could be."""
        try:
            return _changed(self._building, change)[0]
        except NoFileError:  # swapped or given up just now
            return None
        except StaleIndexError as wrong:  # whoever builds it finds that out and begins anew
            logs.failure(log, "the search index that is being built", wrong)
            return None


def _changed(connections: Connections, change: Callable[[sqlite3.Connection], T]) -> tuple[Identity, T]:
    """The file in which it was done, and what came of it."""
    with connections.lease() as connection, transaction(connection):
        result = change(connection)
    return connection.file, result


def _tidied(connection: sqlite3.Connection, removed: int) -> int:
    if removed:
        write.tidy(connection)
    return removed
