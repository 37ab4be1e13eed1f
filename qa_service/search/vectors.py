"""Vectors of meaning: made for documents, one asking of the encoder for the turns of many calls; and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qa_service.search.document import CallDocument
from qa_service.search.protocol import Embedder

#: Characters of a call from which on its turns are found by their words alone: the encoder would take many minutes, in
#: which no other call could be found. As many as the classifier reads by default, for the same reason.
MOST_CHARACTERS = 300_000


def with_vectors(calls: Sequence[CallDocument], embedder: Embedder) -> list[CallDocument]:
    """The calls with a vector for each turn that has words, but for calls that are too long.

    Raises whatever the encoder raises.
    """
    short = [sum(len(turn.text) for turn in call.turns) <= MOST_CHARACTERS for call in calls]
    wanted = [call for call, read in zip(calls, short, strict=True) if read]
    texts = [turn.text for call in wanted for turn in call.turns if turn.text.strip()]
    made = iter(embedder(texts) if texts else ())
    found = []
    for call, read in zip(calls, short, strict=True):
        if not read:
            found.append(call)
            continue
        turns = (turn.model_copy(update={"vector": next(made)}) if turn.text.strip() else turn for turn in call.turns)
        found.append(call.model_copy(update={"turns": tuple(turns)}))
    return found


def cosines(one: bytes, many: bytes) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Of one vector with each of many, that follow one another; none of them is all zeros."""
    a = np.frombuffer(one, dtype=np.int8).astype(np.float64)
    rows = np.frombuffer(many, dtype=np.int8).reshape(-1, len(a)).astype(np.float64)
    found: np.ndarray[Any, np.dtype[np.float64]] = rows @ a / np.sqrt((a @ a) * np.einsum("ij,ij->i", rows, rows))
    return found
