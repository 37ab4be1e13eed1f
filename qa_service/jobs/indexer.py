"""The worker's own hand on the search index: a little between calls, everything at the end, never in the way."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from qa_service import logs
from qa_service.settings import Settings
from qa_service.store.store import Store

if TYPE_CHECKING:
    from qa_service.search.protocol import Embedder, SearchIndex

log = logs.get(__name__)

#: Calls written between two looks at the queue.
BATCH = 50
#: Seconds for which an index that failed is left alone.
REST_S = 30.0
#: Seconds between two looks at an index for which nothing waits: it may have been lost, and made anew by a search.
LOOK_S = 60.0
#: How long the last look at the index waits for another process that writes to it.
LAST_WAIT_S = 5.0


class Indexer:
    """Brings the index up to date between calls, and leaves it alone for a while after a failure."""

    def __init__(self, store: Store, settings: Settings, index: SearchIndex | None) -> None:
        self._store = store
        self._settings = settings
        self._index = index
        self._rest_until = 0.0
        self._failed = False
        self._looked_at = -LOOK_S

    def sync(self) -> None:
        """Write a batch of what waits, so that catching up after an outage does not hold up calls for long."""
        if time.monotonic() >= self._rest_until:
            self._write(most=BATCH, wait_s=0.0)

    def finish(self, *, soon: bool) -> None:
        """Once more, whatever failed before: everything, or with ``soon`` no more than a batch."""
        self._write(most=BATCH if soon else None, wait_s=0.0 if soon else LAST_WAIT_S)

    def _write(self, *, most: int | None, wait_s: float) -> None:
        if self._index is None:
            return
        waits = bool(self._store.outbox.pending(1, now=datetime.now(UTC)))
        look = self._failed or time.monotonic() - self._looked_at >= LOOK_S
        if not waits and not look:
            return
        from qa_service.jobs.indexing import sync_index

        try:
            if look:  # before vectors are made for an index that does not answer, or for none
                unfilled = self._index.state().unfilled
                self._failed, self._looked_at = False, time.monotonic()
                if not waits and not unfilled:
                    return
            sync_index(self._store, self._index, self._embedder, most=most, wait_s=wait_s)
            self._failed = False
        except Exception as wrong:  # the documents wait in the database; the work goes on
            logs.failure(log, "search index", wrong)
            self._failed = True
            self._rest_until = time.monotonic() + REST_S

    @cached_property
    def _embedder(self) -> Embedder | None:
        """Loaded when the first document is made."""
        from qa_service.classify.embedder import create_embedder

        return create_embedder(self._settings)
