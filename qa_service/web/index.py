"""The search index as the service holds it: opened at first use, tried again when it was down."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from qa_service.errors import SetupError
from qa_service.search.create import open_index
from qa_service.search.document import TurnDocument
from qa_service.search.protocol import SearchIndex, SearchQuery, SearchResults
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

    def replace(self, call_id: str, documents: Sequence[TurnDocument]) -> None:
        self._get().replace(call_id, documents)

    def delete(self, call_id: str) -> None:
        self._get().delete(call_id)

    def search(self, query: SearchQuery) -> SearchResults:
        return self._get().search(query)

    def size(self) -> int:
        return self._get().size()

    def clear(self) -> None:
        self._get().clear()

    def close(self) -> None:
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open = None

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
