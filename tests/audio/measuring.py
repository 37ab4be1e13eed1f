"""Calls made in code for the measures: who speaks when, and with which sound."""

from __future__ import annotations

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, SpeechSpan
from qa_service.records import Coverage, EngineInfo, Role, Roles, RoleSource, Transcript, Turn
from tests.audio.sounds import Wave

AGENT, CUSTOMER, UNKNOWN = Role.AGENT, Role.CUSTOMER, Role.UNKNOWN
#: Role, channel, start, end, text.
Said = tuple[Role, int, float, float, str]


def level(seconds: float, amplitude: float) -> Wave:
    """A square wave: its mean level and its peak are the amplitude."""
    wave = np.ones(round(seconds * SAMPLE_RATE), np.float32)
    wave[::2] = -1
    return wave * np.float32(amplitude)


def audio_of(*channels: Wave) -> Audio:
    return Audio(channels, channels[0].size / SAMPLE_RATE, AudioInfo("made", "pcm", 8000, len(channels), False))


def quiet_call(seconds: float, channels: int = 2) -> Audio:
    return audio_of(*[np.zeros(round(seconds * SAMPLE_RATE), np.float32) for _ in range(channels)])


def put(audio: Audio, channel: int, start_s: float, sound: Wave) -> None:
    """Write a sound into a call."""
    at = round(start_s * SAMPLE_RATE)
    audio.channels[channel][at : at + sound.size] += sound


def transcript(*said: Said, language: str | None = "zh", voices: tuple[int, ...] = ()) -> Transcript:
    """Turns as they are numbered here; ``voices``: of each turn, where voices were told apart."""
    turns = [
        Turn(index=i, role=r, channel=c, start_s=a, end_s=b, text=t, voice=voices[i] if voices else None)
        for i, (r, c, a, b, t) in enumerate(said)
    ]
    return Transcript(
        language=language,
        duration_s=20,
        turns=tuple(turns),
        coverage=Coverage(),
        roles=Roles(source=RoleSource.CHANNEL, confidence=1),
        engine=EngineInfo(name="none"),
    )


def span(channel: int, start: float, end: float) -> SpeechSpan:
    """As the detector gives it: padded by 0.1 s."""
    return SpeechSpan(channel, start - 0.1, end + 0.1)


def spans_of(said: tuple[Said, ...]) -> tuple[SpeechSpan, ...]:
    """Speech all through each turn."""
    return tuple(span(c, a, b) for _, c, a, b, _ in said)
