"""Vectors of meaning for the search index: in signed bytes, made once for equal texts, from the model that ships."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from qa_service.classify.create import create_classifier
from qa_service.classify.embedder import EncoderEmbedder, create_embedder, signed_bytes
from qa_service.errors import ErrorCode, SetupError
from qa_service.search.document import DIMENSIONS
from qa_service.settings import Settings
from tests.classify.fakes import classifier

TEXTS = (
    "再不还我就打电话给你单位",
    "你不还钱我就告诉你们公司的人",
    "好的谢谢，再见",
    "I will call your office",
    "",
    "好的谢谢，再见",
)


def cosine(one: bytes, other: bytes) -> float:
    a, b = (np.frombuffer(v, np.int8).astype(float) for v in (one, other))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_what_ships_places_like_meaning_near(settings: Settings) -> None:
    embedder = create_embedder(settings)
    assert embedder
    threat, same, bye, english, _, again = found = embedder(TEXTS)
    assert {len(vector) for vector in found} == {DIMENSIONS}
    assert bye == again
    assert cosine(threat, same) > max(cosine(threat, bye), cosine(threat, english))
    assert {int(np.abs(np.frombuffer(v, np.int8).astype(int)).max()) for v in found} == {127}


def test_bytes_keep_the_direction(settings: Settings) -> None:
    model = create_classifier(settings)
    assert model
    floats = model.vectors(TEXTS[:4])
    for (a, x), (b, y) in pairwise(zip(floats, signed_bytes(floats), strict=True)):
        assert cosine(x, y) == pytest.approx(float(a @ b), abs=0.004)


def test_equal_texts_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = classifier({})
    asked: list[list[str]] = []

    def vectors(texts: list[str]) -> np.ndarray:
        asked.append(texts)
        return np.eye(len(texts), DIMENSIONS, dtype=np.float32) - 0.5

    monkeypatch.setattr(model, "vectors", vectors)
    one, two, three = EncoderEmbedder(model)(["嗯", "好", "嗯"])
    assert asked == [["嗯", "好"]]
    assert one == three != two
    assert EncoderEmbedder(model)([]) == []


def test_an_encoder_of_another_size_is_told() -> None:
    model, _ = classifier({})
    with pytest.raises(SetupError, match="2 numbers") as wrong:
        EncoderEmbedder(model)(["嗯"])
    assert wrong.value.code == ErrorCode.MODEL_CORRUPT


def test_no_vectors_where_they_are_off_or_there_is_no_model(
    settings: Settings, tmp_path: object, caplog: pytest.LogCaptureFixture
) -> None:
    for changes in ({"search_vectors": "off"}, {"classifier": "off"}, {"classifier_dir": tmp_path}):
        assert create_embedder(settings.model_copy(update=changes)) is None
    assert "model_not_found" in caplog.text
