"""What calls are counted by."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from operator import itemgetter

import numpy as np

from qa_service.search.embedded.columns import Columns, Ints, json_of, masked
from qa_service.search.protocol import Facet, FacetCount

_FACETS = {facet.value: facet for facet in Facet}


def facets(
    connection: sqlite3.Connection, columns: Columns, calls: Ints, asked: Sequence[Facet]
) -> dict[Facet, tuple[FacetCount, ...]]:
    """How many of the calls have each value: the most frequent first, days in order."""
    if not asked:
        return {}
    of_these = np.repeat(masked(calls, len(columns.numbers)), columns.values)
    counts = np.bincount(columns.facets[of_these])
    found: dict[Facet, list[tuple[int, str]]] = {facet: [] for facet in asked}
    for id, (facet, value) in _named(connection, np.flatnonzero(counts)).items():
        if facet in found:
            found[facet].append((-int(counts[id]), value))
    return {facet: tuple(map(_count, _sorted(facet, counted))) for facet, counted in found.items()}


def values(
    connection: sqlite3.Connection, columns: Columns, calls: Ints, asked: Sequence[Facet]
) -> list[dict[Facet, tuple[str, ...]]]:
    """The values of each call."""
    if not asked:
        return [{} for _ in calls]
    ends = np.cumsum(columns.values)
    each = [columns.facets[ends[call] - columns.values[call] : ends[call]].tolist() for call in calls.tolist()]
    named = _named(connection, np.unique(np.array([id for ids in each for id in ids], np.int64)))
    return [{facet: tuple(named[id][1] for id in ids if named[id][0] is facet) for facet in asked} for ids in each]


def _named(connection: sqlite3.Connection, ids: Ints) -> dict[int, tuple[Facet, str]]:
    find = "SELECT id, facet, value FROM facet_values WHERE id IN (SELECT value FROM json_each(?))"
    return {id: (_FACETS[facet], value) for id, facet, value in connection.execute(find, (json_of(ids),))}


def _sorted(facet: Facet, counted: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(counted, key=itemgetter(1)) if facet is Facet.DAY else sorted(counted)


def _count(counted: tuple[int, str]) -> FacetCount:
    return FacetCount(value=counted[1], calls=-counted[0])
