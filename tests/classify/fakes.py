"""The one fake of this room: a runtime that is sure of a label where a turn holds a word."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qa_service.classify.card import Card, LabelCard
from qa_service.classify.labels import OUTPUTS
from qa_service.classify.passages import Batch, Reader
from qa_service.classify.turns import TurnClassifier
from qa_service.records import ClassifierInfo
from tests.conftest import ROOT

READER = Reader(ROOT / "models" / "conduct" / "tokenizer.json")


class WordRuntime:
    """``words``: to which label and logit each points. ``rows`` notes how many rows each batch had."""

    def __init__(self, words: Mapping[str, tuple[str, float]]) -> None:
        self.words = words
        self.rows: list[int] = []

    @property
    def info(self) -> ClassifierInfo:
        return ClassifierInfo(name="words", runtime="fake", weights_sha256="0" * 64)

    def logits(self, batch: Batch) -> np.ndarray:
        found = np.full((len(batch.ids), len(OUTPUTS)), -5.0, np.float32)
        self.rows.append(len(batch.ids))
        for at, (ids, own) in enumerate(zip(batch.ids, batch.mask * (1 - batch.types), strict=True)):
            text = READER.tokenizer.decode([int(i) for i, is_own in zip(ids, own, strict=True) if is_own])
            for word, (label, logit) in self.words.items():
                if word in text:
                    found[at, OUTPUTS.index(label)] = logit
        return found

    def pooled(self, batch: Batch) -> np.ndarray:
        return np.stack(
            [np.array([batch.ids[i].sum(), batch.mask[i].sum()], np.float32) for i in range(len(batch.ids))]
        )


def classifier(words: Mapping[str, tuple[str, float]], *, threshold: float = 0.6) -> tuple[TurnClassifier, WordRuntime]:
    runtime = WordRuntime(words)
    card = Card(base="words", labels={label: LabelCard(threshold=threshold) for label in OUTPUTS})
    return TurnClassifier(runtime, READER, card), runtime
