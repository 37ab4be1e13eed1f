"""The index on a server; protocol.SearchIndex says what each method promises."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Self

from elasticsearch import ApiError

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.document import CallDocument
from qa_service.search.elastic.bulk import Failure, refused, send
from qa_service.search.elastic.client import connect, explained, settled
from qa_service.search.elastic.indexes import Indexes
from qa_service.search.elastic.mapping import identity
from qa_service.search.elastic.reader import Reader
from qa_service.search.elastic.rebuild import ElasticRebuild, action, sizes
from qa_service.search.near import joined
from qa_service.search.protocol import Access, IndexState, Refused, SearchQuery, SearchResults
from qa_service.search.query import narrowing, understood
from qa_service.settings import Settings

#: Calls that are taken out at once.
_BATCH = 1000


class ElasticIndex:
    """A SearchIndex on a server. Nothing is sent before the first use, which makes the index where there is none."""

    def __init__(self, settings: Settings) -> None:
        """Raises SetupError: SETTINGS_INVALID when a setting of the server cannot be used."""
        self._client = connect(settings)
        self._indexes = Indexes(self._client, settings)
        self._names = self._indexes.names
        self._refresh = settings.elasticsearch_refresh
        self._reader = Reader(self._client, self._names.live)
        self._lock = threading.Lock()
        self._checked = False

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        self._ready()
        call_ids = {identity(document.call_id): document.call_id for document in documents}
        actions = [action(self._names.live, document) for document in documents]
        with explained():
            return refused(self._sent(actions), call_ids)

    def delete(self, call_ids: Sequence[str]) -> None:
        """Also from an index of another version: what has to go must not wait for `qa reindex`."""
        with explained():
            self._delete([identity(call_id) for call_id in call_ids])

    def delete_before(self, day: date) -> int:
        """Also from an index of another version."""
        with explained():
            standing = self._indexes.standing()
            taken = self._delete_before(day, standing.live) if standing.live else 0
            if standing.building:
                self._delete_before(day, standing.building)
        return taken

    def search(self, query: SearchQuery, access: Access) -> SearchResults:
        asked = understood(query)
        self._ready()
        if asked.nears:
            return joined(self._reader, asked, query, access)
        return self._reader.search(asked, query, access)

    def similar(self, vector: bytes, query: SearchQuery, access: Access) -> SearchResults:
        asked = narrowing(query, vector)
        self._ready()
        return self._reader.similar(vector, asked, query, access)

    def vector(self, call_id: str, turn_index: int) -> bytes | None:
        self._ready()
        return self._reader.vector(call_id, turn_index)

    def state(self) -> IndexState:
        self._ready()
        with explained():
            calls, turns, vectors = settled(lambda: sizes(self._client, self._names.live))
            building = self._indexes.standing().building is not None
            unfilled = self._indexes.is_unfilled()
            version = self._version()
        return IndexState(
            backend="elasticsearch", version=version, calls=calls, turns=turns, vectors=vectors, building=building,
            unfilled=unfilled,
        )  # fmt: skip

    def ordered(self) -> None:
        with explained():
            self._indexes.set_ordered()

    def rebuild(self) -> ElasticRebuild:
        return ElasticRebuild(self._client, self._indexes)

    def clear(self) -> None:
        with explained():
            self._indexes.renew()

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self) -> None:
        """See once that there is an index of this version."""
        with self._lock:
            if not self._checked:
                with explained():
                    self._indexes.ready()
                self._checked = True

    def _sent(self, actions: Sequence[Mapping[str, Any]]) -> list[Failure]:
        """Carry out the actions on the new index, where one is being filled, and then on the live one.

        In this order nothing is lost: when the new index takes the place of the old one in between, the second part
        goes to it, and when it was made in between, whoever fills it reads the call from the database afterwards.
        """
        failed: list[Failure] = []
        standing, building = self._indexes.standing(), self._names.building
        if standing.building:
            there = send(self._client, [{**line, "_index": building} for line in actions], refresh="false")
            failed += (failure for failure in there if not failure.index_missing)  # in place by now, or given up
        if standing.live or not standing.building:
            failed += self._sent_live(actions)
        return failed

    def _sent_live(self, actions: Sequence[Mapping[str, Any]]) -> list[Failure]:
        """What comes as the old index goes is sent once more, and so to the new one."""
        failed = send(self._client, actions, refresh=self._refresh)
        late = {failure.key for failure in failed if failure.index_missing}
        if not late:
            return failed
        again = [action for action in actions if action["_id"] in late]
        return [
            *(failure for failure in failed if failure.key not in late),
            *send(self._client, again, refresh=self._refresh),
        ]

    def _delete(self, keys: Sequence[str]) -> None:
        """Raises SetupError: the server did not take one out."""
        failed = self._sent([{"_op_type": "delete", "_index": self._names.live, "_id": key} for key in keys])
        for failure in failed:
            if failure.status != 404:
                message = f"The search server did not take out a call ({failure.why})."
                raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, "Try again later.")

    def _delete_before(self, day: date, index: str) -> int:
        taken = 0
        earlier = {"range": {"day": {"lt": day.isoformat()}}}
        while True:
            self._client.indices.refresh(index=index)
            hits = self._client.search(index=index, query=earlier, size=_BATCH, source=False)["hits"]["hits"]
            if not hits:
                return taken
            self._delete([hit["_id"] for hit in hits])
            taken += len(hits)

    def _version(self) -> str:
        """Of the server, as its first node tells; unknown where this user may not ask."""
        try:
            nodes = self._client.nodes.info(filter_path="nodes.*.version")["nodes"]
        except ApiError:
            return "unknown"
        return str(next(iter(nodes.values()))["version"])
