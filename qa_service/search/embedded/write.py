"""Calls put in and taken out, within a transaction that is open."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from datetime import date

from qa_service.search.embedded.packing import Packed, squeezed, unsqueezed
from qa_service.search.embedded.schema import TURN_BITS

_CALL = (
    "call_id", "happened", "day", "score", "duration_s", "team", "agent_id", "turns", "words", "vectors", "lengths",
    "facets",
)  # fmt: skip
_INSERT_CALL = f"INSERT INTO calls ({', '.join(_CALL)}) VALUES ({', '.join('?' * len(_CALL))})"  # noqa: S608
#: What makes a row refused; everything else is a fault of the file or the disk.
_UNFIT = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, ValueError, OverflowError)


def put(connection: sqlite3.Connection, call: Packed) -> str | None:
    """Put a call in the place of what is there of it; why it cannot be, and then nothing has changed."""
    connection.execute("SAVEPOINT one")
    try:
        remove(connection, call.call_id)
        _insert(connection, call)
    except _UNFIT as wrong:
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return str(wrong)
    connection.execute("RELEASE one")
    return None


def remove(connection: sqlite3.Connection, call_id: str) -> bool:
    """Take a call out; whether it was there."""
    found = connection.execute(
        "SELECT number, facts, streams FROM calls JOIN kept USING (number) WHERE call_id = ?", (call_id,)
    ).fetchone()
    if found is None:
        return False
    number, facts, streams = found
    first = number << TURN_BITS
    gone = (("delete", key, stream) for key, stream in enumerate(unsqueezed(streams), first))
    connection.executemany("INSERT INTO spoken (spoken, rowid, stream) VALUES (?, ?, ?)", gone)
    connection.executemany("DELETE FROM facts WHERE fact = ? AND number = ?", ((f, number) for f in array("i", facts)))
    connection.execute("DELETE FROM turns WHERE key >= ? AND key < ?", (first, first + (1 << TURN_BITS)))
    for table in ("vectors", "kept", "calls"):
        connection.execute(f"DELETE FROM {table} WHERE number = ?", (number,))  # noqa: S608
    return True


def remove_before(connection: sqlite3.Connection, day: date) -> int:
    """Take out the calls of earlier days; how many."""
    gone = connection.execute("SELECT call_id FROM calls WHERE day < ?", (day.isoformat(),)).fetchall()
    return sum(remove(connection, call_id) for (call_id,) in gone)


def tidy(connection: sqlite3.Connection) -> None:
    """Merge what FTS5 holds, so that words of calls that are gone are not in the file any more, nor names of theirs."""
    connection.execute("INSERT INTO spoken (spoken) VALUES ('optimize')")
    for token, _ in connection.execute("SELECT token, letters FROM vocabulary").fetchall():
        if not connection.execute("SELECT 1 FROM spoken WHERE spoken MATCH ? LIMIT 1", (f'"{token}"',)).fetchone():
            connection.execute("DELETE FROM vocabulary WHERE token = ?", (token,))
    connection.execute("DELETE FROM fact_names WHERE id NOT IN (SELECT fact FROM facts)")
    used = {id for (blob,) in connection.execute("SELECT facets FROM calls") for id in array("i", blob)}
    known = {id for (id,) in connection.execute("SELECT id FROM facet_values")}
    connection.executemany("DELETE FROM facet_values WHERE id = ?", ((id,) for id in known - used))


def _insert(connection: sqlite3.Connection, call: Packed) -> None:
    facets = array("i", sorted(_numbers(connection, "facet_values", ("facet", "value"), call.facets)))
    number = connection.execute(_INSERT_CALL, (*call.row, facets.tobytes())).lastrowid
    assert number is not None
    facts = array("i", _numbers(connection, "fact_names", ("token",), [(token,) for token in call.facts]))
    connection.executemany("INSERT INTO facts VALUES (?, ?)", ((fact, number) for fact in facts))
    kept = (number, call.shown, facts.tobytes(), squeezed(call.streams))
    connection.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", kept)
    first = number << TURN_BITS
    turns = ((key, *turn) for key, turn in enumerate(call.turns, first))
    connection.executemany("INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?)", turns)
    connection.executemany("INSERT INTO spoken (rowid, stream) VALUES (?, ?)", enumerate(call.streams, first))
    connection.executemany("INSERT OR IGNORE INTO vocabulary VALUES (?, ?)", call.vocabulary)
    if call.vectors:
        connection.execute("INSERT INTO vectors VALUES (?, ?, ?)", (number, call.places, call.vectors))


def _numbers(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[str, ...]]
) -> list[int]:
    """The number of each row, given to those that are new."""
    place = " AND ".join(f"{column} = ?" for column in columns)
    find = f"SELECT id FROM {table} WHERE {place}"  # noqa: S608
    add = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    found: list[int] = []
    for row in rows:
        known = connection.execute(find, row).fetchone()
        found.append(known[0] if known else connection.execute(add, row).lastrowid or 0)
    return found
