"""A new index beside the one in use, which takes its place when it is complete."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from qa_service.errors import SetupError
from qa_service.search.document import CallDocument
from qa_service.search.embedded.connections import Connection, Connections, NoFileError, explained, unusable
from qa_service.search.embedded.files import Files
from qa_service.search.embedded.packing import Packed, packed
from qa_service.search.embedded.write import put, tidy
from qa_service.search.protocol import Refused


class EmbeddedRebuild:
    """A Rebuild over the file of its own that ``connections`` reach."""

    def __init__(self, files: Files, connections: Connections) -> None:
        self._files = files
        self._connections = connections

    def holds(self, call_ids: Sequence[str]) -> frozenset[str]:
        find = "SELECT call_id FROM calls WHERE call_id IN (SELECT value FROM json_each(?))"
        with self._lease() as connection:
            return frozenset(name for (name,) in connection.execute(find, (json.dumps(list(call_ids)),)))

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        calls, refused = pack(documents)
        with self._lease() as connection, transaction(connection):
            return (*refused, *put_all(connection, calls))

    def size(self) -> tuple[int, int]:
        with self._lease() as connection:
            calls, turns = connection.execute("SELECT calls, turns FROM totals").fetchone()
            return int(calls), int(turns)

    def swap(self) -> None:
        with self._lease() as connection, transaction(connection):
            tidy(connection)
        self._connections.close()
        try:
            self._files.swap()
        except FileNotFoundError:
            raise _given_up() from None
        except OSError as wrong:
            raise explained(wrong, self._files.building) from wrong

    def drop(self) -> None:
        self._connections.close()
        self._files.drop()

    @contextmanager
    def _lease(self) -> Iterator[Connection]:
        try:
            with self._connections.lease() as connection:
                yield connection
        except NoFileError:
            raise _given_up() from None


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One that writes. What fails inside changes nothing."""
    connection.execute("BEGIN IMMEDIATE")
    yield  # the lease closes the connection of what fails
    connection.execute("COMMIT")


def pack(documents: Sequence[CallDocument]) -> tuple[list[Packed], list[Refused]]:
    """The rows of each call, and the calls of which none can be made."""
    found, refused = [], []
    for document in documents:
        try:
            found.append(packed(document))
        except Exception as wrong:  # whatever one call holds must not keep out the others
            refused.append(Refused(call_id=document.call_id, reason=str(wrong) or type(wrong).__name__, passing=False))
    return found, refused


def put_all(connection: sqlite3.Connection, calls: Sequence[Packed]) -> list[Refused]:
    """Put the calls in; those that the tables refuse."""
    reasons = ((call.call_id, put(connection, call)) for call in calls)
    return [Refused(call_id=call_id, reason=reason, passing=False) for call_id, reason in reasons if reason]


def _given_up() -> SetupError:
    return unusable("that was being built is gone: another process has given it up", "Run `qa reindex` again.")
