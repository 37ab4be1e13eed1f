"""Calls that match, with their turns, in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa_service.search.embedded.columns import Bools, Columns, Floats, Ints, json_of
from qa_service.search.embedded.pages import Place


@dataclass(frozen=True, slots=True)
class Matches:
    """Turns that match, call by call: ``positions`` of turns, ``calls`` by their places among all calls.

    ``starts`` says where the turns of each call begin among the positions.
    """

    positions: Ints
    calls: Ints
    starts: Ints

    @classmethod
    def of(cls, columns: Columns, turns: Bools) -> Matches:
        positions = np.flatnonzero(turns)
        calls = columns.call_of[positions]
        starts = np.flatnonzero(np.diff(calls, prepend=-1))
        return cls(positions, calls[starts].astype(np.int64), starts)

    def turns(self, at: int) -> slice:
        """Where the turns of one call stand among the positions."""
        end = self.starts[at + 1] if at + 1 < len(self.starts) else len(self.positions)
        return slice(int(self.starts[at]), int(end))

    def best(self, weights: Floats) -> Floats:
        """The weight of the best turn of each call."""
        return np.maximum.reduceat(weights, self.starts) if len(self.starts) else np.empty(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Calls and what they are ordered by, one place for each in every array."""

    numbers: Ints
    relevance: Floats
    happened: Floats

    @classmethod
    def of(cls, columns: Columns, calls: Ints, relevance: Floats | None = None) -> Standing:
        """By relevance; by time alone where none is given."""
        found = np.zeros(len(calls)) if relevance is None else relevance
        return cls(columns.numbers[calls], found, columns.happened[calls])

    def page(
        self, connection: sqlite3.Connection, limit: int, after: Place | None
    ) -> tuple[list[tuple[int, Place]], bool]:
        """The calls behind a place: where each stands in these arrays, and in the order; whether more follow."""
        order, level = np.lexsort((-self.happened, -self.relevance)), 0
        if after is not None:
            same = self.relevance == after.relevance
            level_with = same & (self.happened == after.happened)
            behind = (self.relevance < after.relevance) | (same & (self.happened < after.happened))
            order, level = order[(behind | level_with)[order]], int(level_with.sum())
        size = self._with_equals(order, level + limit)
        places = sorted(self._named(connection, order[:size]), key=lambda found: found[1].rank)
        found = [(at, place) for at, place in places if after is None or place.rank > after.rank]
        return found[:limit], len(found) > limit or size < len(order)

    def _with_equals(self, order: Ints, size: int) -> int:
        """``size``, or more until the next call stands elsewhere but for its name."""
        while 0 < size < len(order) and self._level(order[size - 1], order[size]):
            size += 1
        return min(size, len(order))

    def _level(self, one: int, other: int) -> bool:
        return bool(self.relevance[one] == self.relevance[other] and self.happened[one] == self.happened[other])

    def _named(self, connection: sqlite3.Connection, chosen: Ints) -> Sequence[tuple[int, Place]]:
        find = "SELECT number, call_id FROM calls WHERE number IN (SELECT value FROM json_each(?))"
        names = dict(connection.execute(find, (json_of(self.numbers[chosen]),)))
        return [
            (int(at), Place(float(self.relevance[at]), float(self.happened[at]), names[int(self.numbers[at])]))
            for at in chosen
        ]
