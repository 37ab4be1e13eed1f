"""Words that the model is told to expect never come out as trusted words where nobody speaks; real Whisper weights."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, Samples, SpeechSpan
from qa_service.inspect.vocabulary import vocabulary
from qa_service.records import CallFacts, Role, Roles, RoleSource
from qa_service.rules.plans import load_plans
from qa_service.settings import Settings, bundled
from qa_service.speech.create import create_transcriber
from qa_service.speech.protocol import SpeechJob, Transcriber
from qa_service.text.terms import Vocabulary

NAMES = {
    "zh": "晨江银行,青桐消费金融,远岸信息服务公司,安心花",
    "en": "Fernwood Bank, Westmere Finance, Marlow Ridge Recovery",
}
PLACES = {"zh": "CN", "en": "UK"}
SECONDS = 5.0


def sounds() -> dict[str, Samples]:
    """Silence, white noise and mains hum, as loud as a quiet telephone line."""
    time = np.arange(int(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(4).standard_normal(time.size)
    made = {"silence": 0 * time, "noise": 0.02 * noise, "hum": 0.1 * np.sin(2 * np.pi * 50 * time) + 0.002 * noise}
    return {name: sound.astype(np.float32) for name, sound in made.items()}


def fullest(language: str) -> Vocabulary:
    rules, place = bundled("rules"), PLACES[language]
    return vocabulary(load_plans(rules), CallFacts(), language, place, rules=rules, hotwords=NAMES[language])


@pytest.fixture(scope="module")
def transcriber(real: Settings) -> Transcriber:
    return create_transcriber(real.model_copy(update={"beam_size": 1}))


@pytest.mark.speech
@pytest.mark.parametrize(("language", "name"), [("zh", "noise"), ("zh", "hum"), ("en", "noise"), ("en", "silence")])
def test_nothing_of_the_vocabulary_is_trusted_where_nobody_speaks(
    transcriber: Transcriber, language: str, name: str
) -> None:
    sound = sounds()[name]
    info = AudioInfo("wav", "pcm_s16le", source_rate=8000, source_channels=1, truncated=False)
    known = fullest(language)
    roles = Roles(source=RoleSource.CHANNEL, confidence=0.0)
    audio = Audio(channels=(sound,), duration_s=SECONDS, info=info)
    spans = (SpeechSpan(0, 0.0, SECONDS),)
    job = SpeechJob(audio, spans, (Role.UNKNOWN,), roles, language, vocabulary=lambda _: known)
    heard = transcriber.transcribe(job)
    trusted = " ".join(turn.text for turn in heard.turns if not turn.flags).lower()
    expected = [*known.prompt.rstrip("。.").split("," if language == "zh" else ", "), *(t.text for t in known.terms)]
    assert [word for word in expected if word.lower() in trusted] == []
