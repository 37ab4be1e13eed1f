"""Searches on the server: page after page over a point in time, so that what is written meanwhile moves nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from qa_service.errors import QueryError
from qa_service.search.elastic import pages
from qa_service.search.elastic.answer import call_hits, facets_found, inner, matching, turns_found
from qa_service.search.elastic.cells import cells, looked_for
from qa_service.search.elastic.client import explained, kinds, settled
from qa_service.search.elastic.clock import bound
from qa_service.search.elastic.mapping import identity
from qa_service.search.elastic.nearest import Neighbours
from qa_service.search.elastic.pages import Place
from qa_service.search.elastic.request import BEST, NEWEST, VECTOR_OF_TURN, calls_in, counts, name
from qa_service.search.elastic.turns import SHOWN, Turn, needed
from qa_service.search.near import Candidate, PartTurn
from qa_service.search.protocol import Access, Facet, Order, SearchQuery, SearchResults
from qa_service.search.tree import And, Node, Understood

#: A point in time is not there any more, is none, or was kept by a node that is gone.
_NOT_KEPT = {400, 404}
_NODE_GONE = "no_shard_available_action_exception"
_TOO_MANY = {"too_many_clauses", "too_many_nested_clauses"}


@dataclass(frozen=True, slots=True)
class Page:
    """Hits of one page; ``places`` are behind each of them."""

    hits: Sequence[Mapping[str, Any]]
    total: int
    counts: Mapping[str, Any]
    places: Sequence[Place]

    @property
    def next(self) -> Place | None:
        return self.places[-1] if self.places and self.places[-1].seen < self.total else None


class Reader:
    """Searches of the index behind an alias."""

    def __init__(self, client: Elasticsearch, alias: str) -> None:
        self._client = client
        self._alias = alias

    def search(self, asked: Understood, query: SearchQuery, access: Access) -> SearchResults:
        """Calls with turns for which the node of ``asked`` holds; it has no near()."""
        found = cells(asked.node)
        weighed = looked_for(asked.node) if asked.ranked else ()
        best = asked.ranked and query.order is Order.BEST
        body = {
            "query": calls_in(found, access, weighed=weighed),
            "sort": BEST if best else NEWEST,
            "track_scores": asked.ranked,
            "source_includes": ["shown", *needed(found, weighed)],
        }
        counted = {"query": calls_in(found, access), "aggs": counts(found, query.facets)}
        page = self._page(body, counted, query, access, query.after, query.limit)
        if page.next is None and page.places:
            self._forget(page.places[-1].pit)
        return SearchResults(
            calls=tuple(call_hits(page.hits, found, asked.node, weighed, query.turns)),
            total_calls=page.total,
            total_turns=turns_found(page.counts),
            facets=facets_found(page.counts, query.facets),
            next=page.next.cursor(pages.fingerprint(query, access)) if page.next else None,
        )

    def similar(self, vector: bytes, asked: Understood, query: SearchQuery, access: Access) -> SearchResults:
        """Calls by the turns whose vectors are nearest, among those for which the node of ``asked`` holds."""
        with explained(), _understood(paged=False):
            return settled(lambda: self._similar(vector, asked.node, query, access))

    def _similar(self, vector: bytes, node: Node, query: SearchQuery, access: Access) -> SearchResults:
        found = cells(node)
        with self._moment() as pit:
            neighbours = Neighbours(self._client, pit, vector, found, access)
            near, sure = neighbours.nearest(query.limit, query.turns)
            calls = tuple(neighbours.hits(near, node, query.turns)) if near else ()
            counted = self._client.search(
                pit=pit,
                size=0,
                track_total_hits=True,
                query=calls_in(found, access, vectors=True),
                aggs=counts(found, query.facets, vectors=True),
            )
        return SearchResults(
            calls=calls,
            total_calls=counted["hits"]["total"]["value"],
            total_turns=turns_found(counted["aggregations"]),
            exact=sure,
            facets=facets_found(counted["aggregations"], query.facets),
        )

    def vector(self, call_id: str, turn_index: int) -> bytes | None:
        """As it was written; None where the call, the turn or its vector is not there."""
        one = {"bool": {"filter": [{"term": {"turns.index": turn_index}}, {"exists": {"field": "turns.vector"}}]}}
        nested = {"path": "turns", "query": one, "inner_hits": {"name": name(0, 0), **VECTOR_OF_TURN}}
        query = {"bool": {"filter": [{"ids": {"values": [identity(call_id)]}}, {"nested": nested}]}}
        with explained():
            hits = settled(lambda: self._client.search(index=self._alias, query=query, source=False))["hits"]["hits"]
        if not hits:
            return None
        return base64.b64decode(inner(hits[0])["hits"][0]["fields"]["turns.vector_bytes"][0])

    def candidates(
        self,
        asked: Understood,
        parts: Sequence[Node],
        query: SearchQuery,
        access: Access,
        *,
        after: str | None,
        count: int,
    ) -> tuple[list[Candidate], int]:
        """As NearSource says."""
        split = [cells(And((part, asked.node))) for part in parts]
        there = [calls_in(found, access, part=i) for i, found in enumerate(split)]
        facets = [facet.value for facet in query.facets]
        among = {"bool": {"filter": [*there, *filter(None, map(bound, asked.nears))]}}
        body = {
            "query": among,
            "sort": NEWEST,
            "source_includes": ["shown", *facets, *needed(cell for found in split for cell in found)],
        }
        page = self._page(body, {"query": among}, query, access, after, count)
        same = pages.fingerprint(query, access)
        turns = zip(*(matching(page.hits, found, i) for i, found in enumerate(split)), strict=True)
        found = (
            _candidate(hit, each, query.facets, place.cursor(same))
            for hit, each, place in zip(page.hits, turns, page.places, strict=True)
        )
        return list(found), page.total

    def _page(
        self,
        body: dict[str, Any],
        counted: dict[str, Any],
        query: SearchQuery,
        access: Access,
        after: str | None,
        size: int,
    ) -> Page:
        """The next hits of ``body``; ``counted`` asks how many there are in all."""
        place = pages.place(after, query, access) if after is not None else None
        with explained(), _understood(paged=place is not None):
            asked = partial(self._asked, body, counted, size, place)
            answer, total = asked() if place else settled(asked)
        seen = place.seen if place else 0
        hits = answer["hits"]["hits"]
        places = [Place(answer["pit_id"], hit["sort"], seen + i) for i, hit in enumerate(hits, start=1)]
        return Page(hits, total["hits"]["total"]["value"], total.get("aggregations", {}), places)

    def _asked(
        self, body: dict[str, Any], counted: dict[str, Any], size: int, place: Place | None
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Two requests: an answer without hits is one that the server keeps, so later pages need not count again."""
        pit = {"id": place.pit if place else self._opened(), "keep_alive": pages.KEPT}
        total = self._client.search(pit=pit, track_total_hits=True, size=0, **counted).body
        answer = self._client.search(
            pit=pit,
            search_after=place.after if place else None,
            search_type="dfs_query_then_fetch",  # a word weighs the same in each shard
            track_total_hits=False,
            size=size,
            **body,
        ).body
        return answer, total

    def _opened(self) -> str:
        """A new point in time."""
        return str(self._client.open_point_in_time(index=self._alias, keep_alive=pages.KEPT)["id"])

    def _forget(self, pit: str) -> None:
        """It is not needed any more; where the server cannot be told, it forgets by itself."""
        try:
            self._client.close_point_in_time(id=pit)
        except (ApiError, TransportError):
            return

    @contextmanager
    def _moment(self) -> Iterator[Mapping[str, str]]:
        """A point in time, for several requests that need the same calls."""
        pit = self._opened()
        try:
            yield {"id": pit, "keep_alive": pages.KEPT}
        finally:
            self._forget(pit)


@contextmanager
def _understood(*, paged: bool) -> Iterator[None]:
    """What is the query's fault is told so: a page that is not kept any more, more words than the server can take."""
    try:
        yield
    except ApiError as wrong:
        told = kinds(wrong)
        if told & _TOO_MANY:
            message = "The search has more words than the search server can look for at once."
            raise QueryError(message, hint="Search in several steps.") from wrong
        if paged and (wrong.status_code in _NOT_KEPT or _NODE_GONE in told):
            raise pages.lost() from wrong
        raise


def _candidate(
    hit: Mapping[str, Any], parts: Sequence[Sequence[Turn]], facets: Sequence[Facet], cursor: str
) -> Candidate:
    found = hit["_source"]
    return Candidate.model_validate(
        {
            "call": {**found["shown"], "turns": (), "matches": 0},
            "parts": tuple(tuple(map(_part, turns)) for turns in parts),
            "facets": {facet: _listed(found.get(facet.value)) for facet in facets},
            "cursor": cursor,
        }
    )


def _part(turn: Turn) -> PartTurn:
    return PartTurn(turn_index=turn["index"], **{name: turn[name] for name in SHOWN if name != "index"})


def _listed(value: Any) -> tuple[str, ...]:
    return () if value is None else tuple(value) if isinstance(value, list) else (value,)
