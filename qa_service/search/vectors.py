"""Vectors for documents: one asking of the encoder for the turns of many calls."""

from __future__ import annotations

from collections.abc import Sequence

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
