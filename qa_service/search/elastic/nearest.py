"""Turns of near meaning: the server's graph of vectors proposes calls, the cosines are reckoned here where need be.

The server finds calls by the nearest of *all* their turns; among turns with conditions (said by the agent, say) it only
looks since version 9.2. So with conditions, what it gives is a bound: no turn of a call is nearer than its nearest one.
Calls are looked at in this order until no other can be nearer than those already found.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from elasticsearch import Elasticsearch

from qa_service.search.elastic.answer import inner, turn_hit
from qa_service.search.elastic.cells import ALWAYS, Cell
from qa_service.search.elastic.request import VECTOR_OF_TURN, calls_in, name
from qa_service.search.elastic.turns import needed
from qa_service.search.protocol import Access, CallHit
from qa_service.search.tree import Node
from qa_service.search.vectors import cosines

#: Calls that the server proposes at first, and at most: its limit.
FIRST, MOST = 50, 5000
#: Turns that the graph looks at for each that it proposes; more is more exact.
WIDTH = 2
#: Calls whose vectors are fetched in one request.
AT_ONCE = 50
#: Of the server's figures, which are single floats.
ROUNDING = 1e-6
_HAPPENED = {"field": "happened_at", "format": "epoch_millis"}
Hit: TypeAlias = Mapping[str, Any]


class Nearest(NamedTuple):
    """A call by the key of its document, with the cosines and numbers of its turns, the nearest first.

    ``turns`` may be fewer than ``matches``, which counts them.
    """

    key: str
    happened: float
    turns: Sequence[tuple[float, int]]
    matches: int

    @property
    def order(self) -> tuple[float, float, str]:
        """The nearest first, then the newest."""
        return -self.turns[0][0], -self.happened, self.key


class Neighbours:
    """The search for one vector among the turns of some cells. Its methods raise the client's errors."""

    def __init__(
        self, client: Elasticsearch, pit: Mapping[str, Any], vector: bytes, cells: Sequence[Cell], access: Access
    ) -> None:
        self._client = client
        self._pit = pit
        self._vector = vector
        self._cells = cells
        self._access = access

    def nearest(self, limit: int, turns: int) -> tuple[list[Nearest], bool]:
        """The nearest calls, at most ``limit``; and whether that is sure, as far as the graph itself is.

        Where calls are equally near, those that the server proposed first are among them.
        """
        if all(cell.turn == ALWAYS for cell in self._cells):
            hits = self._proposed(limit, {"name": name(0, 0), "size": turns, "_source": ["turns.index"]})
            return sorted((_by_graph(hit) for hit in hits), key=lambda call: call.order), True
        return self._among_some(limit)

    def hits(self, found: Sequence[Nearest], node: Node, most: int) -> Iterator[CallHit]:
        """The calls with the nearest of their turns, in the order of speech."""
        query = {"ids": {"values": [call.key for call in found]}}
        answer = self._client.search(
            pit=self._pit, query=query, size=len(found), source_includes=["shown", *needed(())]
        )
        sources = {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}
        for call in found:
            turns = {turn["index"]: turn for turn in sources[call.key]["turns"]}
            yield CallHit(
                **sources[call.key]["shown"],
                turns=tuple(turn_hit(turns[index], node) for index in sorted(index for _, index in call.turns[:most])),
                matches=call.matches,
                relevance=call.turns[0][0],
            )

    def _among_some(self, limit: int) -> tuple[list[Nearest], bool]:
        size, done = max(FIRST, 2 * limit), 0
        found: list[Nearest] = []
        while True:
            proposed = self._proposed(size, None)
            for at in range(done, len(proposed), AT_ONCE):
                if _settled(found, limit, _cosine(proposed[at])):
                    return found, True
                calls = self._reckoned([call["_id"] for call in proposed[at : at + AT_ONCE]])
                found = sorted([*found, *calls], key=lambda call: call.order)[:limit]
            done = len(proposed)
            if done < size:
                return found, True
            if size == MOST:
                return found, _settled(found, limit, _cosine(proposed[-1]))
            size = min(MOST, 4 * size)

    def _proposed(self, size: int, turns: Mapping[str, Any] | None) -> Sequence[Hit]:
        """Calls by their nearest turn."""
        asked: dict[str, Any] = {
            "field": "turns.vector",
            "query_vector": self._vector.hex(),
            "k": size,
            "num_candidates": min(10_000, max(100, WIDTH * size)),
            "filter": calls_in(self._cells, self._access, vectors=True),
            **({"inner_hits": turns} if turns else {}),
        }
        answer = self._client.search(pit=self._pit, knn=asked, size=size, source=False, docvalue_fields=[_HAPPENED])
        hits: Sequence[Hit] = answer["hits"]["hits"]
        return hits

    def _reckoned(self, keys: Sequence[str]) -> Iterator[Nearest]:
        """These calls with the cosines of all their turns of the cells."""
        among = calls_in(self._cells, self._access, turns=VECTOR_OF_TURN, vectors=True)
        query = {"bool": {"filter": [{"ids": {"values": list(keys)}}, among]}}
        answer = self._client.search(
            pit=self._pit, query=query, size=len(keys), source=False, docvalue_fields=[_HAPPENED]
        )
        for hit in answer["hits"]["hits"]:
            turns = [turn["fields"] for turn in inner(hit)["hits"]]
            raw = b"".join(base64.b64decode(turn["turns.vector_bytes"][0]) for turn in turns)
            near = sorted(
                zip((-cosines(self._vector, raw)).tolist(), (t["turns.index"][0] for t in turns), strict=True)
            )
            yield Nearest(hit["_id"], _happened(hit), [(-less, index) for less, index in near], len(near))


def _by_graph(hit: Hit) -> Nearest:
    turns = inner(hit)
    near = [(_cosine(turn), turn["_source"]["index"]) for turn in turns["hits"]]
    return Nearest(hit["_id"], _happened(hit), near, turns["total"]["value"])


def _cosine(hit: Hit) -> float:
    """The server's score is (1 + cosine) / 2."""
    return 2 * float(hit["_score"]) - 1


def _happened(hit: Hit) -> float:
    return float(hit["fields"]["happened_at"][0])


def _settled(found: Sequence[Nearest], limit: int, bound: float) -> bool:
    """Whether no call of this bound or a lower one is nearer than those found."""
    return len(found) == limit and found[-1].turns[0][0] >= bound - ROUNDING
