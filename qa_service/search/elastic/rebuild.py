"""A new index, filled beside the live one and then put in its place."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from elasticsearch import ConnectionTimeout, Elasticsearch

from qa_service.search.document import CallDocument
from qa_service.search.elastic.bulk import refused, send
from qa_service.search.elastic.client import explained
from qa_service.search.elastic.indexes import Indexes
from qa_service.search.elastic.mapping import identity, source
from qa_service.search.protocol import Refused

#: Calls that are looked up at once.
_KNOWN = 1000
#: Seconds that a swap waits for the segments to be merged. Workers wait as long, so it is short.
MERGE_S = 60.0


class ElasticRebuild:
    """A Rebuild. Making one makes the new index, or finds the one that was not finished."""

    def __init__(self, client: Elasticsearch, indexes: Indexes) -> None:
        self._client = client
        self._indexes = indexes
        with explained():
            self._index = indexes.filling()

    def holds(self, call_ids: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        with explained():
            for at in range(0, len(call_ids), _KNOWN):
                by_key = {identity(call_id): call_id for call_id in call_ids[at : at + _KNOWN]}
                answer = self._client.mget(index=self._index, ids=list(by_key), source=False)
                found |= {by_key[told["_id"]] for told in answer["docs"] if told.get("found")}
        return frozenset(found)

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        actions = [action(self._indexes.names.building, document) for document in documents]
        with explained():
            failed = send(self._client, actions, refresh="false")
        return refused(failed, {identity(document.call_id): document.call_id for document in documents})

    def size(self) -> tuple[int, int]:
        with explained():
            self._client.indices.refresh(index=self._index)
            calls, turns, _ = sizes(self._client, self._index)
        return calls, turns

    def swap(self) -> None:
        with explained():
            self._merge()
            self._indexes.filled(self._index)

    def _merge(self) -> None:
        """Put the segments that filling left into one, so that searches are quick. Slow is no reason to fail.

        Nor is a server that begins no merge at all: from 8.19 on it waits, without a word, until its disk has room
        (`indices.merge.disk.watermark.high`).
        """
        patient = self._client.options(request_timeout=MERGE_S, max_retries=0, retry_on_timeout=False)
        with suppress(ConnectionTimeout):  # the server goes on merging
            patient.indices.forcemerge(index=self._index, max_num_segments=1)

    def drop(self) -> None:
        with explained():
            self._indexes.drop(self._index)


def action(index: str, document: CallDocument) -> dict[str, Any]:
    """The line of a bulk request that puts a call in the place of what is there of it."""
    return {"_op_type": "index", "_index": index, "_id": identity(document.call_id), "_source": source(document)}


def sizes(client: Elasticsearch, index: str) -> tuple[int, int, int]:
    """Calls, turns and vectors that can be found."""
    sums = {name: {"sum": {"field": name}} for name in ("turn_count", "vector_count")}
    answer = client.search(index=index, size=0, track_total_hits=True, aggs=sums)
    turns, vectors = (int(answer["aggregations"][name]["value"]) for name in sums)
    return answer["hits"]["total"]["value"], turns, vectors
