"""What is known of all calls that match: their order, the lengths of their turns, and what they are counted by."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa_service.search.embedded.keys import Floats, Ints, call_of, json_of, place_of
from qa_service.search.embedded.pages import Place
from qa_service.search.protocol import Facet, FacetCount

_THESE = "FROM calls WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number"


@dataclass(frozen=True, slots=True)
class Matches:
    """Turns that match, call by call. ``starts`` says where the turns of each call begin among ``keys``."""

    keys: Ints
    numbers: Ints
    starts: Ints

    @classmethod
    def of(cls, keys: Ints) -> Matches:
        calls = call_of(keys)
        starts = np.flatnonzero(np.diff(calls, prepend=-1))
        return cls(keys, calls[starts], starts)

    def turns(self, at: int) -> slice:
        """Where the turns of one call stand among ``keys``."""
        end = self.starts[at + 1] if at + 1 < len(self.starts) else len(self.keys)
        return slice(int(self.starts[at]), int(end))

    def best(self, weights: Floats) -> Floats:
        """The weight of the best turn of each call."""
        return np.maximum.reduceat(weights, self.starts) if len(self.starts) else np.empty(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What calls are ordered by, one place for each in every array."""

    numbers: Ints
    relevance: Floats
    happened: Floats

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

    def _named(self, connection: sqlite3.Connection, chosen: Ints) -> list[tuple[int, Place]]:
        names = dict(connection.execute(f"SELECT number, call_id {_THESE}", (json_of(self.numbers[chosen]),)))
        return [
            (int(at), Place(float(self.relevance[at]), float(self.happened[at]), names[int(self.numbers[at])]))
            for at in chosen
        ]


def standing(connection: sqlite3.Connection, numbers: Ints, relevance: Floats | None = None) -> Standing:
    """The calls by relevance; by time alone where none is given."""
    rows = connection.execute(f"SELECT happened {_THESE}", (json_of(numbers),))
    happened = np.fromiter((when for (when,) in rows), np.float64, count=len(numbers))
    return Standing(numbers, np.zeros(len(numbers)) if relevance is None else relevance, happened)


def lengths(connection: sqlite3.Connection, matches: Matches) -> Ints:
    """The words of each turn."""
    rows = connection.execute(f"SELECT lengths {_THESE}", (json_of(matches.numbers),)).fetchall()
    blobs = [np.frombuffer(blob, np.uint16) for (blob,) in rows]
    begins = np.cumsum([0, *map(len, blobs)])[:-1]
    if not blobs:
        return np.empty(0, np.int64)
    every = np.concatenate(blobs).astype(np.int64)
    sizes = np.diff(matches.starts, append=len(matches.keys))
    found: Ints = every[np.repeat(begins, sizes) + place_of(matches.keys)]
    return found


def facets(
    connection: sqlite3.Connection, numbers: Ints, asked: Sequence[Facet]
) -> dict[Facet, tuple[FacetCount, ...]]:
    """How many of the calls have each value: the most frequent first, days in order."""
    if not asked:
        return {}
    blobs = connection.execute(f"SELECT facets {_THESE}", (json_of(numbers),)).fetchall()
    counts = np.bincount(np.frombuffer(b"".join(blob for (blob,) in blobs), np.int32))
    find = "SELECT id, facet, value FROM facet_values WHERE id IN (SELECT value FROM json_each(?))"
    found: dict[Facet, list[FacetCount]] = {facet: [] for facet in asked}
    for id, facet, value in connection.execute(find, (json_of(np.flatnonzero(counts)),)):
        if facet in found:
            found[Facet(facet)].append(FacetCount(value=value, calls=int(counts[id])))
    return {
        facet: tuple(sorted(values, key=_by_day if facet is Facet.DAY else _by_calls))
        for facet, values in found.items()
    }


def values(
    connection: sqlite3.Connection, numbers: Sequence[int], asked: Sequence[Facet]
) -> dict[int, dict[Facet, tuple[str, ...]]]:
    """The values of each call."""
    chosen = np.sort(np.array(numbers, np.int64))
    ids = {
        number: np.frombuffer(blob, np.int32).tolist()
        for number, blob in connection.execute(f"SELECT number, facets {_THESE}", (json_of(chosen),))
    }
    find = "SELECT id, facet, value FROM facet_values WHERE id IN (SELECT value FROM json_each(?))"
    needed = np.unique(np.array([id for each in ids.values() for id in each], np.int64))
    named = {id: (facet, value) for id, facet, value in connection.execute(find, (json_of(needed),))}
    return {
        number: {facet: tuple(named[id][1] for id in each if named[id][0] == facet) for facet in asked}
        for number, each in ids.items()
    }


def _by_calls(found: FacetCount) -> tuple[int, str]:
    return -found.calls, found.value


def _by_day(found: FacetCount) -> str:
    return found.value
