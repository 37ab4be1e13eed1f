"""The encoder as the service holds it: made at first use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from qa_service.errors import ErrorCode, SetupError
from qa_service.search.protocol import Embedder
from qa_service.settings import Settings
from qa_service.text.redact import redact


class Meaning:
    """An Embedder for all requests, over the encoder that made the vectors of the turns."""

    def __init__(self, settings: Settings, create: Callable[[Settings], Embedder | None] | None = None) -> None:
        self._settings = settings
        self._create = create or _encoder
        self._lock = threading.Lock()
        self._embedder: Embedder | None = None

    def __call__(self, texts: Iterable[str]) -> Sequence[bytes]:
        """As Embedder, of the texts without their personal numbers, as those of the turns were made.

        Raises:
            SetupError: MODEL_NOT_FOUND where the encoder is off, and what its weights raise.
        """
        with self._lock:
            if self._embedder is None:
                self._embedder = self._create(self._settings)
            if self._embedder is None:
                hint = "Switch the classifier and QA_SEARCH_VECTORS on; then run `qa reindex`."
                raise SetupError(ErrorCode.MODEL_NOT_FOUND, "There is no encoder to compare meanings with.", hint)
            return self._embedder(redact(text).text for text in texts)


def _encoder(settings: Settings) -> Embedder | None:
    from qa_service.classify.embedder import create_embedder

    return create_embedder(settings)
