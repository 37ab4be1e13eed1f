"""The calls that have every part of a near(), for near.py to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from qa_service.search.embedded.columns import Columns, Ints
from qa_service.search.embedded.connections import Connection
from qa_service.search.embedded.facets import values
from qa_service.search.embedded.find import Finder
from qa_service.search.embedded.order import Matches, Standing
from qa_service.search.embedded.pages import behind, cursor, fingerprint
from qa_service.search.embedded.show import part_turns, shown
from qa_service.search.near import Candidate
from qa_service.search.protocol import Access, CallHit, SearchQuery
from qa_service.search.tree import Node, Understood


class Candidates:
    """A NearSource within one transaction, which looks for the same parts once."""

    def __init__(self, connection: Connection, columns: Columns) -> None:
        self._connection = connection
        self._columns = columns
        self._asked = ""

    def candidates(
        self,
        asked: Understood,
        parts: Sequence[Node],
        query: SearchQuery,
        access: Access,
        *,
        after: str | None,
        count: int,
    ) -> tuple[Sequence[Candidate], int]:
        """As NearSource says.

        Raises:
            QueryError: ``after`` is of another search.
        """
        search = fingerprint(query, access, parts, asked.node)
        place = behind(after, search)[0] if after is not None else None
        if search != self._asked:
            self._look_for(parts, asked.node, access)
            self._asked = search
        found, _ = self._standing.page(self._connection, count, place)
        calls = self._calls[[at for at, _ in found]]
        return list(self._made(calls, [cursor(at, search) for _, at in found], query)), len(self._calls)

    def _look_for(self, parts: Sequence[Node], within: Node, access: Access) -> None:
        finder = Finder(self._connection, self._columns, access)
        narrowed = finder.turns(within)
        self._parts = [Matches.of(self._columns, finder.turns(part) & narrowed) for part in parts]
        self._calls: Ints = reduce(_both, (part.calls for part in self._parts))
        self._standing = Standing.of(self._columns, self._calls)

    def _made(self, calls: Ints, cursors: Sequence[str], query: SearchQuery) -> Iterator[Candidate]:
        numbers = self._columns.numbers[calls].tolist()
        known = shown(self._connection, numbers)
        valued = values(self._connection, self._columns, calls, query.facets)
        keys = [[self._keys(part, call) for part in self._parts] for call in calls.tolist()]
        turns = part_turns(self._connection, np.array([k for each in keys for part in each for k in part], np.int64))
        for number, parts, facets, named in zip(numbers, keys, valued, cursors, strict=True):
            yield Candidate(
                call=CallHit(**known[number], turns=(), matches=0),
                parts=tuple(tuple(turns[key] for key in part) for part in parts),
                facets=facets,
                cursor=named,
            )

    def _keys(self, part: Matches, call: int) -> list[int]:
        own = part.turns(int(np.searchsorted(part.calls, call)))
        found: list[int] = self._columns.keys(part.positions[own]).tolist()
        return found


def _both(one: Ints, other: Ints) -> Ints:
    return np.intersect1d(one, other, assume_unique=True)
