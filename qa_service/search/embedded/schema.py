"""The tables of the embedded index.

A call has a number that is never used again, its turns have keys: the number and the place in the call. FTS5 holds one
stream of tokens for each turn (tokens.py) and no copy of it; the streams are kept packed, for they are needed to take a
turn out. What all matching calls are looked at for (order, facets, lengths) is apart from what only a page shows.
"""

from __future__ import annotations

import sqlite3

#: Raised whenever tokens, facts or tables change; an index of another version must be built again.
VERSION = 3
#: "qaSI": says that a SQLite file is one of ours.
APPLICATION = 0x71615349
#: Bits of a key that number the turns of a call.
TURN_BITS = 14
MOST_TURNS_OF_CALL = 1 << TURN_BITS

_TABLES = (
    """CREATE TABLE calls (
        number INTEGER PRIMARY KEY AUTOINCREMENT, call_id TEXT NOT NULL UNIQUE, happened REAL NOT NULL,
        day TEXT NOT NULL, score REAL, duration_s REAL, team TEXT, agent_id TEXT, turns INTEGER NOT NULL,
        words INTEGER NOT NULL, vectors INTEGER NOT NULL, lengths BLOB NOT NULL, facets BLOB NOT NULL)""",
    "CREATE INDEX calls_of_day ON calls (day)",
    "CREATE TABLE kept (number INTEGER PRIMARY KEY, shown TEXT NOT NULL, facts BLOB NOT NULL, streams BLOB NOT NULL)",
    """CREATE TABLE turns (
        key INTEGER PRIMARY KEY, turn_index INTEGER NOT NULL, start_s REAL NOT NULL, end_s REAL NOT NULL,
        role TEXT NOT NULL, text TEXT NOT NULL, rule_ids TEXT NOT NULL, severities TEXT NOT NULL)""",
    "CREATE TABLE vectors (number INTEGER PRIMARY KEY, places BLOB NOT NULL, vectors BLOB NOT NULL)",
    "CREATE TABLE fact_names (id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE)",
    "CREATE TABLE facts (fact INTEGER, number INTEGER, PRIMARY KEY (fact, number)) WITHOUT ROWID",
    """CREATE TABLE facet_values (
        id INTEGER PRIMARY KEY, facet TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (facet, value))""",
    "CREATE TABLE vocabulary (token TEXT PRIMARY KEY, letters INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE totals (
        calls INTEGER NOT NULL, turns INTEGER NOT NULL, words INTEGER NOT NULL, vectors INTEGER NOT NULL)""",
    "INSERT INTO totals VALUES (0, 0, 0, 0)",
    """CREATE TRIGGER counted AFTER INSERT ON calls BEGIN UPDATE totals SET
        calls = calls + 1, turns = turns + new.turns, words = words + new.words, vectors = vectors + new.vectors;
        END""",
    """CREATE TRIGGER uncounted AFTER DELETE ON calls BEGIN UPDATE totals SET
        calls = calls - 1, turns = turns - old.turns, words = words - old.words, vectors = vectors - old.vectors;
        END""",
    """CREATE VIRTUAL TABLE spoken USING
        fts5(stream, content = '', columnsize = 0, tokenize = "ascii tokenchars '!#$%&*+,-./:;<=>?@\\^_`|~'")""",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
#: Is there from when an index is made where there was none until what the database has is ordered.
_UNFILLED = "unfilled"


def create(connection: sqlite3.Connection, *, unfilled: bool) -> None:
    """Make the tables in an empty file."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in _TABLES:
        connection.execute(statement)
    if unfilled:
        connection.execute(f"CREATE TABLE {_UNFILLED} (since)")
    connection.execute("COMMIT")


def is_unfilled(connection: sqlite3.Connection) -> bool:
    """Whether :func:`set_ordered` is still to come."""
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_UNFILLED,)).fetchone())


def set_ordered(connection: sqlite3.Connection) -> None:
    connection.execute(f"DROP TABLE IF EXISTS {_UNFILLED}")


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether the file holds the tables of this version."""
    found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    return found == [APPLICATION, VERSION]
