"""The calls that have every part of a near(), for near.py to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from qa_service.search.embedded import calls
from qa_service.search.embedded.calls import Matches, Standing
from qa_service.search.embedded.connections import Connection
from qa_service.search.embedded.find import Finder
from qa_service.search.embedded.keys import both
from qa_service.search.embedded.pages import behind, cursor, fingerprint
from qa_service.search.embedded.show import part_turns, shown
from qa_service.search.near import Candidate
from qa_service.search.protocol import Access, CallHit, SearchQuery
from qa_service.search.tree import And, Node


class Candidates:
    """A NearSource within one transaction, which looks for the same parts once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asked = ""

    def candidates(
        self, parts: Sequence[Node], within: Node, query: SearchQuery, access: Access, *, after: str | None, count: int
    ) -> tuple[Sequence[Candidate], int]:
        """As NearSource says.

        Raises:
            QueryError: ``after`` is of another search.
        """
        asked = fingerprint(query, access, parts, within)
        place = behind(after, asked)[0] if after is not None else None
        if asked != self._asked:
            self._look_for(parts, within, access)
            self._asked = asked
        found, _ = self._standing.page(self._connection, count, place)
        numbers = [int(self._standing.numbers[at]) for at, _ in found]
        return list(self._made(numbers, [cursor(at, asked) for _, at in found], query)), len(self._standing.numbers)

    def _look_for(self, parts: Sequence[Node], within: Node, access: Access) -> None:
        finder = Finder(self._connection, access)
        self._parts = [Matches.of(finder.turns(And((part, within)))) for part in parts]
        numbers = reduce(both, (part.numbers for part in self._parts))
        self._standing: Standing = calls.standing(self._connection, numbers)

    def _made(self, numbers: Sequence[int], cursors: Sequence[str], query: SearchQuery) -> Iterator[Candidate]:
        known = shown(self._connection, numbers)
        values = calls.values(self._connection, numbers, query.facets)
        for number, named in zip(numbers, cursors, strict=True):
            keys = [part.keys[part.turns(int(np.searchsorted(part.numbers, number)))] for part in self._parts]
            yield Candidate(
                call=CallHit(**known[number], turns=(), matches=0),
                parts=tuple(part_turns(self._connection, keys)),
                facets=values[number],
                cursor=named,
            )
