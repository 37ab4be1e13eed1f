"""The one fake of this room: a decoder that says what a test tells it. And sound and speech for it to hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, Samples, SpeechSpan
from qa_service.records import EngineInfo, Role, Roles, RoleSource, Transcript, Word
from qa_service.settings import Settings
from qa_service.speech.front import TurnTranscriber
from qa_service.speech.protocol import Decoded

#: Seconds of speech spans as (channel, start, end).
Spoken = tuple[int, float, float]


@dataclass(frozen=True)
class Asked:
    """One clip that a decoder was given. ``at_s``: where in the call it begins; ``batch``: lengths of all of them."""

    at_s: float
    length_s: float
    language: str
    prompt: str
    careful: bool
    batch: tuple[float, ...]


Say = Callable[[Asked], Decoded]


def said(*texts: str, every_s: float = 0.5, probability: float = 0.9, avg_logprob: float = -0.2) -> Decoded:
    """Words one after another from the clip's start, each ``every_s`` long."""
    words = tuple(
        Word(text=t, start_s=i * every_s, end_s=(i + 1) * every_s, probability=probability) for i, t in enumerate(texts)
    )
    return Decoded(text="".join(texts).strip(), words=words, avg_logprob=avg_logprob)


NOTHING = Decoded(text="", words=(), avg_logprob=0.0)


def fills(asked: Asked) -> Decoded:
    """Different words over the whole clip, four a second."""
    count = max(1, round(asked.length_s * 2))
    return said(*(chr(0x4E00 + 37 * i) for i in range(count)), every_s=asked.length_s / count)


@dataclass
class Parrot:
    """A decoder that says what ``say`` returns. Sound carries its own time: see `audio`."""

    say: Say = fills
    heard_language: tuple[str, float] = ("zh", 0.97123)
    asked: list[Asked] = field(default_factory=list)
    language_clips_s: list[float] = field(default_factory=list)

    def info(self) -> EngineInfo:
        return EngineInfo(name="parrot", version="1", model="none", weights_sha256="0" * 64, options={"beam_size": 1})

    def detect_language(self, clip: Samples) -> tuple[str, float]:
        self.language_clips_s.append(clip.size / SAMPLE_RATE)
        return self.heard_language

    def decode(self, clips: Sequence[Samples], language: str, prompt: str, *, careful: bool = False) -> list[Decoded]:
        batch = tuple(round(c.size / SAMPLE_RATE, 3) for c in clips)
        asked = [
            Asked(round(float(c[0]) * TIME_SCALE, 2), length, language, prompt, careful, batch)
            for c, length in zip(clips, batch, strict=True)
        ]
        self.asked += asked
        return [self.say(a) for a in asked]


TIME_SCALE = 1000.0


def audio(seconds: float, channels: int = 2) -> Audio:
    """Sound whose every sample is its own time in seconds / 1000, so that a fake can tell where a clip begins."""
    ramp = (np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE / TIME_SCALE).astype(np.float32)
    info = AudioInfo("wav", "pcm_s16le", source_rate=8000, source_channels=channels, truncated=False)
    return Audio(channels=(ramp,) * channels, duration_s=seconds, info=info)


def spans(*spoken: Spoken) -> tuple[SpeechSpan, ...]:
    return tuple(SpeechSpan(*s) for s in spoken)


def transcribe(
    decoder: Parrot, settings: Settings, sound: Audio, *spoken: Spoken, language: str | None = "zh", **options: object
) -> Transcript:
    """What the front makes of a decoder's words; stereo with the agent on the left, or mono."""
    stereo = len(sound.channels) == 2
    return TurnTranscriber(decoder, settings).transcribe(
        sound,
        spans(*spoken),
        channel_roles=(Role.AGENT, Role.CUSTOMER) if stereo else (Role.UNKNOWN,),
        roles=Roles(source=RoleSource.CHANNEL, confidence=float(stereo)),
        language=language,
        **options,  # type: ignore[arg-type]
    )
