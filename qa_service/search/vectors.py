"""Vectors of meaning: made for documents, one asking of the encoder for the turns of many calls; and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qa_service.search.document import CallDocument
from qa_service.search.protocol import Embedder


def with_vectors(calls: Sequence[CallDocument], embedder: Embedder) -> list[CallDocument]:
    """The calls with a vector for each turn that has words. Raises whatever the encoder raises."""
    texts = [turn.text for call in calls for turn in call.turns if turn.text.strip()]
    made = iter(embedder(texts) if texts else ())
    found = []
    for call in calls:
        turns = (turn.model_copy(update={"vector": next(made)}) if turn.text.strip() else turn for turn in call.turns)
        found.append(call.model_copy(update={"turns": tuple(turns)}))
    return found


def cosines(one: bytes, many: bytes) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Of one vector with each of many, that follow one another; none of them is all zeros."""
    a = np.frombuffer(one, dtype=np.int8).astype(np.float64)
    rows = np.frombuffer(many, dtype=np.int8).reshape(-1, len(a)).astype(np.float64)
    found: np.ndarray[Any, np.dtype[np.float64]] = rows @ a / np.sqrt((a @ a) * np.einsum("ij,ij->i", rows, rows))
    return found
