"""Turns of near meaning: the server's graph of vectors proposes calls, the cosines are reckoned here.

The server finds calls by the best of all their turns; of turns with conditions (said by the agent, say) it only takes
them since version 9.2. So what it gives is a bound: no turn of a call is nearer than its best one. Calls are looked at
in this order until no other can be nearer than those already found.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from elasticsearch import Elasticsearch

from qa_service.search.elastic.answer import inner, turn_hit
from qa_service.search.elastic.cells import Cell
from qa_service.search.elastic.mapping import MOST_INNER
from qa_service.search.elastic.request import calls_in
from qa_service.search.protocol import Access, CallHit
from qa_service.search.tree import Node

#: Calls that the server proposes at first, and at most: its limit.
FIRST, MOST = 50, 5000
#: Turns that the graph looks at for each that it proposes; more is more exact.
WIDTH = 2
#: Calls whose turns are fetched in one request.
AT_ONCE = 50
#: Of the server's figures.
ROUNDING = 1e-6
Turn: TypeAlias = Mapping[str, Any]


class Nearest(NamedTuple):
    """A call, as the server holds it, with its matching turns and their cosines, the nearest first."""

    call: Mapping[str, Any]
    turns: Sequence[tuple[float, Turn]]

    @property
    def order(self) -> tuple[float, float, str]:
        """The nearest first, then the newest."""
        happened = datetime.fromisoformat(self.call["happened_at"]).timestamp()
        return -self.turns[0][0], -happened, self.call["shown"]["call_id"]

    def hit(self, node: Node, most: int) -> CallHit:
        """The call with the nearest of its turns, in the order of speech."""
        turns = sorted((turn for _, turn in self.turns[:most]), key=lambda turn: turn["index"])
        return CallHit(
            **self.call["shown"],
            turns=tuple(turn_hit(turn, node) for turn in turns),
            matches=len(self.turns),
            relevance=self.turns[0][0],
        )


class _Proposed(NamedTuple):
    key: str
    bound: float


class Neighbours:
    """The search for one vector among the turns of some cells. Its methods raise the client's errors."""

    def __init__(self, client: Elasticsearch, alias: str, vector: bytes, cells: Sequence[Cell], access: Access) -> None:
        self._client = client
        self._alias = alias
        self._vector = vector
        self._among = calls_in(cells, access, vectors=True)
        self._with_turns = calls_in(cells, access, turns=MOST_INNER, vectors=True)

    def nearest(self, limit: int) -> tuple[list[Nearest], bool]:
        """The nearest calls, at most ``limit``; and whether that is sure, as far as the graph itself is."""
        size, done = max(FIRST, 2 * limit), 0
        found: list[Nearest] = []
        while True:
            proposed = self._proposed(size)
            for at in range(done, len(proposed), AT_ONCE):
                if _settled(found, limit, proposed[at].bound):
                    return found, True
                calls = self._fetched([call.key for call in proposed[at : at + AT_ONCE]])
                found = sorted([*found, *calls], key=lambda call: call.order)[:limit]
            done = len(proposed)
            if done < size:
                return found, True
            if size == MOST:
                return found, _settled(found, limit, proposed[-1].bound)
            size = min(MOST, 4 * size)

    def _proposed(self, size: int) -> list[_Proposed]:
        """Calls by their nearest turn, whatever turn it is. The server's score is (1 + cosine) / 2."""
        asked = {
            "field": "turns.vector", "query_vector": self._vector.hex(), "k": size,
            "num_candidates": min(10_000, WIDTH * size), "filter": self._among,
        }  # fmt: skip
        answer = self._client.search(index=self._alias, knn=asked, size=size, source=False)
        return [_Proposed(hit["_id"], 2 * hit["_score"] - 1) for hit in answer["hits"]["hits"]]

    def _fetched(self, keys: Sequence[str]) -> Iterator[Nearest]:
        query = {"bool": {"filter": [{"ids": {"values": list(keys)}}, self._with_turns]}}
        answer = self._client.search(
            index=self._alias, query=query, size=len(keys), source_includes=["shown", "happened_at"]
        )
        for hit in answer["hits"]["hits"]:
            turns = [turn["_source"] for turn in inner(hit, 0)["hits"]]
            near = [(cosine(self._vector, base64.b64decode(turn["vector_bytes"])), turn) for turn in turns]
            yield Nearest(hit["_source"], sorted(near, key=lambda found: (-found[0], found[1]["index"])))


def cosine(left: bytes, right: bytes) -> float:
    """Of two vectors of signed bytes, neither of them all zeros."""
    a, b = (np.frombuffer(vector, dtype=np.int8).astype(np.float64) for vector in (left, right))
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def _settled(found: Sequence[Nearest], limit: int, bound: float) -> bool:
    """Whether no call of this bound or a lower one is among the nearest; the server's figures are single floats."""
    return len(found) == limit and found[-1].turns[0][0] > bound + ROUNDING
