"""What a text means, as a few hundred signed bytes: the vectors of the search index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from qa_service import logs
from qa_service.classify.create import create_classifier
from qa_service.classify.protocol import Classifier, Floats
from qa_service.errors import ErrorCode, SetupError
from qa_service.search.document import DIMENSIONS
from qa_service.settings import Settings

log = logs.get(__name__)
#: The largest number of a signed byte that has its negative.
FULL = 127.0


class EncoderEmbedder:
    """An Embedder over the classifier's plain encoder. Texts may be of many calls: they share batches.

    Each vector is scaled so that its largest number becomes ±127. Only the direction counts, and rounding turns that
    by so little that cosines differ by less than 0.004.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def __call__(self, texts: Iterable[str]) -> list[bytes]:
        """In the order of ``texts``; what is said word for word again is computed once.

        Raises:
            SetupError: MODEL_NOT_FOUND, MODEL_CORRUPT, also where the encoder's vectors have another length.
        """
        wanted = list(texts)
        once = list(dict.fromkeys(wanted))
        if not once:
            return []
        found = dict(zip(once, signed_bytes(self._classifier.vectors(once)), strict=True))
        return [found[text] for text in wanted]


def create_embedder(settings: Settings) -> EncoderEmbedder | None:
    """None where vectors or the classifier are switched off, or there is no model (which is logged)."""
    if settings.search_vectors == "off":
        return None
    try:
        classifier = create_classifier(settings)
    except SetupError as wrong:
        logs.failure(log, "search by meaning", wrong)
        return None
    return EncoderEmbedder(classifier) if classifier else None


def signed_bytes(vectors: Floats) -> Sequence[bytes]:
    """Rows of floats, of shape (texts, ``DIMENSIONS``), as one signed byte a number."""
    if vectors.shape[1] != DIMENSIONS:
        message = f"The encoder makes vectors of {vectors.shape[1]} numbers; the search index takes {DIMENSIONS}."
        raise SetupError(ErrorCode.MODEL_CORRUPT, message, "Set QA_SEARCH_VECTORS=off, or take the model that ships.")
    longest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-9)
    return [row.tobytes() for row in np.rint(vectors / longest * FULL).astype(np.int8)]
