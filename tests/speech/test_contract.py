"""Both engines, the same sound, the same kind of record: what stands in a transcript does not depend on the engine."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, SpeechSpan
from qa_service.records import Role, Transcript
from qa_service.settings import Settings
from qa_service.speech.create import create_transcriber
from qa_service.speech.protocol import Transcriber
from qa_service.text.normalise import to_simplified
from tests.speech.conftest import Sample

pytestmark = [pytest.mark.torch, pytest.mark.speech]

SECONDS = 12
LANGUAGES = ["zh", "en"]
#: Edit distance ÷ length. Both compute in float32 here; int8 alone moves a fifth of the characters of the hard sample.
MOST_APART = 0.1


def beginning(whole: Sample) -> Sample:
    """The first seconds of a sample."""
    channels = tuple(c[: SECONDS * SAMPLE_RATE] for c in whole.audio.channels)
    spans = tuple(replace(s, end_s=min(s.end_s, SECONDS)) for s in whole.spans if s.start_s < SECONDS - 0.5)
    return Sample(replace(whole.audio, channels=channels, duration_s=float(SECONDS)), spans, whole.labels)


@pytest.fixture(scope="module")
def ears(real: Settings) -> dict[str, Transcriber]:
    return {
        engine: create_transcriber(
            real.model_copy(update={"engine": engine, "beam_size": 1, "compute_type": "float32"})
        )
        for engine in ("faster-whisper", "openai-whisper")
    }


@pytest.fixture(scope="module")
def heard(ears: dict[str, Transcriber], samples: dict[str, Sample]) -> dict[str, list[Transcript]]:
    """By language, what each engine heard; the language is detected."""
    return {language: [beginning(samples[language]).heard(ear) for ear in ears.values()] for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_make_the_same_turns(heard: dict[str, list[Transcript]], language: str) -> None:
    one, other = heard[language]
    assert one.turns
    assert {t.role for t in one.turns} == {Role.AGENT, Role.CUSTOMER}
    assert [(t.index, t.role, t.channel, t.start_s, t.end_s) for t in one.turns] == [
        (t.index, t.role, t.channel, t.start_s, t.end_s) for t in other.turns
    ]
    assert one.language == other.language == language
    assert abs((one.language_confidence or 0) - (other.language_confidence or 0)) < 0.05
    assert one.coverage.speech_s == other.coverage.speech_s
    assert min(one.coverage.ratio or 0, other.coverage.ratio or 0) >= 0.9


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_follow_the_same_conventions(heard: dict[str, list[Transcript]], language: str) -> None:
    for transcript in heard[language]:
        for turn in transcript.turns:
            assert turn.words
            assert all(0 <= w.probability <= 1 for w in turn.words)
            assert all(turn.start_s - 0.01 <= w.start_s <= w.end_s <= turn.end_s + 0.01 for w in turn.words)
            assert [w.start_s for w in turn.words] == sorted(w.start_s for w in turn.words)
            assert all(w.text == w.text.strip() != "" for w in turn.words)
            assert "".join(w.text for w in turn.words) == turn.text.replace(" ", "")
            assert turn.text == to_simplified(turn.text)
        sure = [w.probability for t in transcript.turns for w in t.words]
        assert 0.5 < sum(sure) / len(sure) < 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_hear_nearly_the_same_words_at_nearly_the_same_time(
    heard: dict[str, list[Transcript]], scorer: ModuleType, language: str
) -> None:
    units = scorer.zh_units if language == "zh" else scorer.en_units
    one, other = ("".join(units(" ".join(t.text for t in h.turns))) for h in heard[language])
    assert scorer.distance(one, other) / len(one) < MOST_APART
    for a, b in zip(heard[language][0].turns, heard[language][1].turns, strict=True):
        assert abs(a.words[0].start_s - b.words[0].start_s) < 0.5
        assert abs(a.words[-1].end_s - b.words[-1].end_s) < 0.5


def test_the_record_names_what_made_it_in_the_same_way(heard: dict[str, list[Transcript]]) -> None:
    faster, openai = (h.engine for h in heard["en"])
    assert (faster.name, openai.name) == ("faster-whisper", "openai-whisper")
    assert faster.model == openai.model == "base"
    assert faster.options.keys() == openai.options.keys() >= {"beam_size", "compute_type", "device", "pad_s", "prompt"}
    assert faster.weights_sha256 != openai.weights_sha256


def test_where_nobody_speaks_neither_is_trusted(ears: dict[str, Transcriber]) -> None:
    """Silence that the voice detector took for speech."""
    quiet = np.zeros(3 * SAMPLE_RATE, np.float32)
    sound = Audio((quiet, quiet), 3.0, AudioInfo("wav", "pcm_s16le", 8000, 2, truncated=False))
    for ear in ears.values():
        got = Sample(sound, (SpeechSpan(0, 0.5, 2.5),), {}).heard(ear, "zh")
        assert [t.text for t in got.turns if t.text and not t.flags] == []
