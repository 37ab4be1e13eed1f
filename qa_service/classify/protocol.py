"""What a classifier is to the rest of the house, and what its runtimes are to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from qa_service.classify.passages import Batch
from qa_service.records import ClassifierInfo, Signal, Turn

Floats = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]


class Classifier(Protocol):
    """Tells of each turn which labels hold, and places turns of like meaning near each other."""

    @property
    def info(self) -> ClassifierInfo: ...

    def signals(self, calls: Sequence[Sequence[Turn]], progress: Progress | None = None) -> list[tuple[Signal, ...]]:
        """For each call the signals of its turns, by turn and label. ``progress`` is told (passages done, of total).

        Raises:
            SetupError: MODEL_NOT_FOUND, MODEL_CORRUPT, ENGINE_MISSING.
        """
        ...

    def likeness(self, texts: Sequence[str], wanted: Sequence[str]) -> Sequence[Sequence[float]]:
        """Cosine of each text with each of ``wanted``; the vectors of the latter are kept for the next call."""
        ...

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Of shape (texts, dimensions), each of length 1: their scalar product says how alike two texts are."""
        ...


class Runtime(Protocol):
    """Computes the networks over one batch."""

    @property
    def info(self) -> ClassifierInfo: ...

    def logits(self, batch: Batch) -> Floats:
        """Of shape (rows, outputs)."""
        ...

    def pooled(self, batch: Batch) -> Floats:
        """Mean vectors of the plain encoder, of shape (rows, dimensions)."""
        ...
