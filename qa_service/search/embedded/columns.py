"""What all turns and calls of an index are looked at for, in memory: order, lengths, facets.

Each turn has a position: its call's, then its place in the call. A set of turns is a mask over all positions, so that
what FTS5 finds is joined, counted and ranked by numpy at a few thousandths of a second for 200,000 turns (1 MB).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from qa_service.search.embedded.connections import Connection, Identity
from qa_service.search.embedded.schema import TURN_BITS

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Array: TypeAlias = npt.NDArray[Any]

_READ = "SELECT number, happened, lengths, facets FROM calls"
#: Numbers for each call up to which a call is looked up in a table, not searched for.
_SPARSE = 64


@dataclass(frozen=True)
class Columns:
    """Of calls in the order of their numbers. ``lengths`` are the words of each turn, ``turns`` counts those of a call.

    ``facets`` are the numbers of values, call after call, ``values`` of each.
    """

    numbers: Ints
    happened: Floats
    turns: Ints
    lengths: Array
    values: Ints
    facets: Array

    @classmethod
    def of(cls, rows: Sequence[tuple[int, float, bytes, bytes]]) -> Columns:
        lengths = [np.frombuffer(row[2], np.uint16) for row in rows]
        facets = [np.frombuffer(row[3], np.int32) for row in rows]
        return cls(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.float64),
            np.array([len(each) for each in lengths], np.int64),
            np.concatenate([np.empty(0, np.uint16), *lengths]),
            np.array([len(each) for each in facets], np.int64),
            np.concatenate([np.empty(0, np.int32), *facets]),
        )

    def kept(self, calls: Bools) -> Columns:
        """Those of some calls."""
        return Columns(
            self.numbers[calls],
            self.happened[calls],
            self.turns[calls],
            self.lengths[np.repeat(calls, self.turns)],
            self.values[calls],
            self.facets[np.repeat(calls, self.values)],
        )

    def followed_by(self, other: Columns) -> Columns:
        """Both; the numbers of the other are greater."""
        mine, others = vars(self), vars(other)
        return Columns(**{name: np.concatenate([mine[name], others[name]]) for name in Columns.__annotations__})

    @cached_property
    def starts(self) -> Ints:
        """The position of the first turn of each call."""
        return np.cumsum(self.turns) - self.turns

    @cached_property
    def call_of(self) -> npt.NDArray[np.int32]:
        """The call of each turn, by its place here."""
        return np.repeat(np.arange(len(self.numbers), dtype=np.int32), self.turns)

    def calls_at(self, numbers: Ints) -> Ints:
        """The places of calls that are here."""
        if self._table is None:
            return np.searchsorted(self.numbers, numbers)
        return self._table[numbers]

    def positions(self, keys: Ints) -> Ints:
        """The positions of turns that are here."""
        found: Ints = self.starts[self.calls_at(keys >> TURN_BITS)] + (keys & ((1 << TURN_BITS) - 1))
        return found

    def keys(self, positions: Ints) -> Ints:
        calls = self.call_of[positions]
        found: Ints = (self.numbers[calls] << TURN_BITS) + positions - self.starts[calls]
        return found

    @cached_property
    def _table(self) -> Ints | None:
        last = int(self.numbers[-1]) if len(self.numbers) else 0
        if last > _SPARSE * len(self.numbers):
            return None
        table = np.zeros(last + 1, np.int64)
        table[self.numbers] = np.arange(len(self.numbers))
        return table


class Remembered:
    """The columns of one file, brought up to date at each use; for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: tuple[Identity, int, int] | None = None
        self._columns = Columns.of([])

    def columns(self, connection: Connection) -> Columns:
        """As the transaction sees them. Each write gives a call a new number, so number and count tell any change."""
        (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
        (count,) = connection.execute("SELECT calls FROM totals").fetchone()
        state = (connection.file, last, count)
        with self._lock:
            if state != self._state:
                known = self._columns if self._state and self._state[0] == connection.file else Columns.of([])
                self._columns = _refreshed(known, connection)
                self._state = state
            return self._columns


def _refreshed(known: Columns, connection: sqlite3.Connection) -> Columns:
    there = listed(connection, "number", "calls", ())
    new = np.setdiff1d(there, known.numbers, assume_unique=True)
    if len(new) and len(known.numbers) and new[0] < known.numbers[-1]:  # the transaction is older than what is known
        known, new = Columns.of([]), there
    kept = known.kept(np.isin(known.numbers, there, assume_unique=True))
    if not len(new):
        return kept
    rows = connection.execute(f"{_READ} WHERE number >= ? ORDER BY number", (int(new[0]),)).fetchall()
    return kept.followed_by(Columns.of(rows))


def listed(connection: sqlite3.Connection, what: str, source: str, values: Sequence[object]) -> Ints:
    """The whole numbers of one column, sorted.

    Joined to one text by SQLite, for a row of its own for each costs five times as much.
    """
    (text,) = connection.execute(f"SELECT group_concat({what}) FROM {source}", values).fetchone()  # noqa: S608
    return np.sort(np.fromstring(text, np.int64, sep=","), kind="stable") if text else np.empty(0, np.int64)


def json_of(numbers: Ints) -> str:
    """For json_each(): the way to hand many numbers to SQLite."""
    return json.dumps(numbers.tolist())


def masked(positions: Ints, size: int) -> Bools:
    """A mask with these positions set."""
    mask = np.zeros(size, np.bool_)
    mask[positions] = True
    return mask
