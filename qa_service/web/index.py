"""The search index as the service holds it: opened at first use, tried again when it was down."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import date
from typing import Self

from qa_service.errors import SetupError
from qa_service.search.create import open_index
from qa_service.search.document import CallDocument
from qa_service.search.protocol import Access, IndexState, Rebuild, Refused, SearchIndex, SearchQuery, SearchResults
from qa_service.settings import Settings

#: Seconds before an index that was down is tried again.
PATIENCE_S = 5.0


class Index:
    """A SearchIndex for all requests and the worker. Every call raises SetupError while it cannot be opened."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: SearchIndex | None = None
        self._down: tuple[float, SetupError] | None = None

    def write(self, documents: Sequence[CallDocument]) -> tuple[Refused, ...]:
        return self._get().write(documents)

    def delete(self, call_ids: Sequence[str]) -> None:
        self._get().delete(call_ids)

    def delete_before(self, day: date) -> int:
        return self._get().delete_before(day)

    def search(self, query: SearchQuery, access: Access) -> SearchResults:
        return self._get().search(query, access)

    def similar(self, vector: bytes, query: SearchQuery, access: Access) -> SearchResults:
        return self._get().similar(vector, query, access)

    def vector(self, call_id: str, turn_index: int) -> bytes | None:
        return self._get().vector(call_id, turn_index)

    def state(self) -> IndexState:
        return self._get().state()

    def ordered(self) -> None:
        self._get().ordered()

    def rebuild(self) -> Rebuild:
        return self._get().rebuild()

    def clear(self) -> None:
        self._get().clear()

    def close(self) -> None:
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _get(self) -> SearchIndex:
        with self._lock:
            if self._open is None:
                self._open = self._opened()
            return self._open

    def _opened(self) -> SearchIndex:
        if self._down and time.monotonic() - self._down[0] < PATIENCE_S:
            raise self._down[1]
        try:
            return open_index(self._settings)
        except SetupError as wrong:
            self._down = (time.monotonic(), wrong)
            raise
