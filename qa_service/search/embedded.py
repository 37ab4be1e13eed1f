"""The index that needs no server: SQLite FTS5 in a file of its own, over tokens made in Python.

FTS5's own tokenizers do not find two-character Chinese words, so it gets tokens already made, apart by spaces:
``words`` holds single tokens (a Chinese character each, English without plural endings), ``pairs`` each token
with its neighbour (so that a phrase is exact, and quick to find), ``facts`` what can be filtered by.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.connections import Connections, StaleIndexError
from qa_service.search.document import TurnDocument
from qa_service.search.fts import expression
from qa_service.search.protocol import SearchHit, SearchQuery, SearchResults
from qa_service.search.query import understood
from qa_service.search.streams import marked, streams
from qa_service.search.tree import Node, facts_of, wanted

#: Raised whenever tokens, facts or tables change; an index of another version must be built again.
VERSION = 2
#: "qaSI": says that a SQLite file is one of ours.
APPLICATION = 0x71615349

_SCHEMA = (
    """CREATE TABLE turns (
        id INTEGER PRIMARY KEY, call_id TEXT NOT NULL, turn_index INTEGER NOT NULL, day TEXT NOT NULL,
        happened REAL NOT NULL, start_s REAL NOT NULL, end_s REAL NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL,
        started_at TEXT, agent_id TEXT, agent_name TEXT, team TEXT, rule_ids TEXT NOT NULL, severities TEXT NOT NULL,
        grade TEXT)""",
    "CREATE INDEX turns_of_call ON turns (call_id)",
    "CREATE VIRTUAL TABLE spoken USING fts5(words, pairs, facts, tokenize = 'ascii')",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
_COLUMNS = (
    "call_id", "turn_index", "start_s", "end_s", "role", "text", "day", "started_at", "agent_id", "agent_name", "team",
    "rule_ids", "severities", "grade",
)  # fmt: skip
_INSERT = f"INSERT INTO turns (happened, {', '.join(_COLUMNS)}) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"  # noqa: S608
_NEWEST = "happened DESC, call_id, turn_index"
#: The columns' weights: facts say nothing of how well a turn matches.
_BEST = f"bm25(spoken, 1.0, 1.0, 0.0), {_NEWEST}"


class EmbeddedIndex:
    """A SearchIndex in one SQLite file, made at first use. A file that is of no use is told at first use, too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connections = Connections(path, self._prepare)

    def replace(self, call_id: str, documents: Sequence[TurnDocument]) -> None:
        rows = [(_row(document), _streams(document)) for document in documents]
        with self._writing() as connection:
            _delete(connection, call_id)
            for row, streams in rows:
                number = connection.execute(_INSERT, row).lastrowid
                connection.execute(
                    "INSERT INTO spoken (rowid, words, pairs, facts) VALUES (?, ?, ?, ?)", (number, *streams)
                )

    def delete(self, call_id: str) -> None:
        with self._writing() as connection:
            _delete(connection, call_id)

    def search(self, query: SearchQuery) -> SearchResults:
        tree = understood(query)
        marks = tuple(wanted(tree))
        source, values = _source(query, tree)
        page = f"SELECT {', '.join(_COLUMNS)} {source} ORDER BY {_BEST if marks else _NEWEST} LIMIT ? OFFSET ?"
        with self._connections.lease() as connection:
            connection.execute("BEGIN")
            total, calls = connection.execute(f"SELECT count(*), count(DISTINCT call_id) {source}", values).fetchone()
            rows = connection.execute(page, (*values, query.limit, min(query.offset, 2**62))).fetchall()
        return SearchResults(hits=tuple(_hit(row, marks) for row in rows), total=total, total_calls=calls)

    def size(self) -> int:
        with self._connections.lease() as connection:
            return int(connection.execute("SELECT count(*) FROM turns").fetchone()[0])

    def clear(self) -> None:
        """Empty the tables in place, where other processes may be reading; a file that is of no use is replaced."""
        self._connections.close()  # what they remember of the file may be better than the file
        try:
            with self._connections.lease(prepared=False) as connection:
                connection.execute("BEGIN IMMEDIATE")
                for table in ("spoken", "turns"):
                    connection.execute(f"DROP TABLE IF EXISTS {table}")
                if not _empty(connection):
                    raise self._stale("holds other things")
                _create(connection)
                connection.execute("COMMIT")
                connection.execute("VACUUM")
        except StaleIndexError:
            self._connections.remove_file()
        self.size()

    def close(self) -> None:
        self._connections.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connections.lease() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables in a new file; refuse the file of another version."""
        if _ours(connection):
            return
        connection.execute("BEGIN IMMEDIATE")
        if not _ours(connection):  # another process may have made them while this one waited
            if not _empty(connection):
                raise self._stale("was made by another version")
            _create(connection)
        connection.execute("COMMIT")

    def _stale(self, why: str) -> SetupError:
        message = f"The search index {self._path} {why}."
        return StaleIndexError(ErrorCode.INDEX_UNAVAILABLE, message, "Run `qa reindex`; nothing is lost.")


def _ours(connection: sqlite3.Connection) -> bool:
    found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    return found == [APPLICATION, VERSION]


def _empty(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])


def _create(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA:
        connection.execute(statement)


def _delete(connection: sqlite3.Connection, call_id: str) -> None:
    connection.execute("DELETE FROM spoken WHERE rowid IN (SELECT id FROM turns WHERE call_id = ?)", (call_id,))
    connection.execute("DELETE FROM turns WHERE call_id = ?", (call_id,))


def _row(document: TurnDocument) -> tuple[object, ...]:
    plain = document.model_dump(mode="json", include=set(_COLUMNS))
    plain |= {"rule_ids": json.dumps(document.rule_ids), "severities": json.dumps(document.severities)}
    return (document.happened_at.astimezone(UTC).timestamp(), *(plain[name] for name in _COLUMNS))


def _streams(document: TurnDocument) -> tuple[str, str, str]:
    return (*streams(document.text), " ".join(facts_of(document)))


def _source(query: SearchQuery, tree: Node) -> tuple[str, tuple[str, ...]]:
    """FROM and WHERE of a query, and the values of their question marks."""
    source = "FROM spoken JOIN turns ON turns.id = spoken.rowid WHERE spoken MATCH ?"
    values = [expression(tree)]
    for day, condition in ((query.day_from, "day >= ?"), (query.day_to, "day <= ?")):
        if day:
            source += f" AND {condition}"
            values.append(day.isoformat())
    return source, tuple(values)


def _hit(row: Sequence[object], marks: tuple[tuple[str, ...], ...]) -> SearchHit:
    found = dict(zip(_COLUMNS, row, strict=True))
    found |= {name: json.loads(str(found[name])) for name in ("rule_ids", "severities")}
    return SearchHit.model_validate({**found, "highlights": marked(str(found["text"]), marks)})
