"""Nearness of meaning: the cosines of all vectors that count, reckoned one by one.

The vectors of the index are kept in memory, a byte for each of their numbers (77 MB for 200,000 turns); of what was
written since, only that is read. Two hundred thousand cosines take a few hundredths of a second, so no graph is needed,
and the answer is exact under every filter.
"""

from __future__ import annotations

import sqlite3
import threading

import numpy as np
import numpy.typing as npt

from qa_service.search.document import DIMENSIONS
from qa_service.search.embedded.columns import Bools, Columns, Floats, Ints, json_of, listed, masked
from qa_service.search.embedded.connections import Connection, Identity
from qa_service.search.embedded.schema import TURN_BITS

#: Vectors multiplied at once; their floats stay in the processor's cache.
_BLOCK = 512
#: Calls whose vectors are read at once.
_CALLS = 2000
#: Share of vectors whose calls are gone, above which they are dropped.
_GONE = 0.25


class Vectors:
    """The vectors of one file, brought up to date at each use; for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forget(None)

    def cosines(self, connection: Connection, columns: Columns, turns: Bools, vector: bytes) -> tuple[Bools, Floats]:
        """Those of the turns that have a vector, and the cosine of each (0 where one has no direction)."""
        with self._lock:
            if columns is not self._columns:
                self._refresh(connection, columns)
            rows, positions, numbers, norms = self._rows, self._positions, self._numbers, self._norms
        chosen = turns[positions]
        rows = rows[chosen]
        wanted = np.frombuffer(vector, np.int8).astype(np.float32)
        found = _products(numbers, rows, wanted).astype(np.float64)
        sizes = norms[rows] * float(np.linalg.norm(wanted.astype(np.float64)))
        cosines = np.divide(found, sizes, out=np.zeros(len(rows)), where=sizes > 0)
        return masked(positions[chosen], len(turns)), cosines

    def _forget(self, file: Identity | None) -> None:
        self._file = file
        self._columns: Columns | None = None
        self._keys: Ints = np.empty(0, np.int64)
        self._numbers: npt.NDArray[np.int8] = np.empty((0, DIMENSIONS), np.int8)
        self._norms: Floats = np.empty(0)

    def _refresh(self, connection: Connection, columns: Columns) -> None:
        if self._file != connection.file:
            self._forget(connection.file)
        there = listed(connection, "number", "vectors", ())
        new = np.setdiff1d(there, self._keys >> TURN_BITS)
        if len(new) and len(self._keys) and new[0] < self._keys[-1] >> TURN_BITS:  # of an older transaction
            self._forget(connection.file)
            new = there
        for at in range(0, len(new), _CALLS):
            self._add(connection, new[at : at + _CALLS])
        rows = np.isin(self._keys >> TURN_BITS, there)
        if len(rows) and rows.mean() < 1 - _GONE:
            self._keys, self._numbers, self._norms = self._keys[rows], self._numbers[rows], self._norms[rows]
            rows = rows[rows]
        self._columns, self._rows = columns, np.flatnonzero(rows)
        self._positions = columns.positions(self._keys[self._rows])

    def _add(self, connection: sqlite3.Connection, calls: Ints) -> None:
        """Numbers of calls only ever grow, so keys stay sorted."""
        find = """SELECT number, places, vectors FROM vectors
            WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number"""
        rows = connection.execute(find, (json_of(calls),)).fetchall()
        keys = [np.frombuffer(places, np.uint16).astype(np.int64) + (number << TURN_BITS) for number, places, _ in rows]
        numbers = np.frombuffer(b"".join(blob for _, _, blob in rows), np.int8).reshape(-1, DIMENSIONS)
        norms = np.sqrt(np.einsum("ij,ij->i", numbers, numbers, dtype=np.float64, casting="safe"))
        self._keys = np.concatenate([self._keys, *keys])
        self._numbers = np.concatenate([self._numbers, numbers])
        self._norms = np.concatenate([self._norms, norms])


def _products(numbers: npt.NDArray[np.int8], rows: Ints, wanted: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Of each of these rows with the vector that is wanted, block by block; sums that floats hold exactly."""
    found = np.empty(len(rows), np.float32)
    block = np.empty((_BLOCK, len(wanted)), np.float32)
    whole = len(rows) == len(numbers)
    for at in range(0, len(rows), _BLOCK):
        some = numbers[at : at + _BLOCK] if whole else numbers[rows[at : at + _BLOCK]]
        np.copyto(block[: len(some)], some)
        np.dot(block[: len(some)], wanted, out=found[at : at + len(some)])
    return found
