"""The one fake of this room: a decoder that says what a test tells it. And sound and speech for it to hear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Audio, AudioInfo, Samples, SpeechSpan
from qa_service.records import EngineInfo, Role, Roles, RoleSource, Transcript, Word
from qa_service.settings import Settings
from qa_service.speech.front import TurnTranscriber
from qa_service.speech.protocol import Decoded, Encoded, SpeechJob

#: Seconds of a speech span as (channel, start, end), and its voice where there is one.
Spoken = tuple[int, float, float] | tuple[int, float, float, int]


@dataclass(frozen=True)
class Asked:
    """One window that a decoder was given. ``channel``, ``at_s``: where in the call it begins.

    ``turns``: what stands in it as (seconds in the window, length, seconds in the call); ``batch``: lengths of all
    windows beside it.
    """

    channel: int
    at_s: float
    length_s: float
    turns: tuple[tuple[float, float, float], ...]
    language: str
    prompt: str
    careful: bool
    batch: tuple[float, ...]


Say = Callable[[Asked], Decoded]


def said(*texts: str, every_s: float = 0.5, probability: float = 0.9, avg_logprob: float = -0.2) -> Decoded:
    """Words one after another from the window's start, each ``every_s`` long."""
    words = tuple(
        Word(text=t, start_s=i * every_s, end_s=(i + 1) * every_s, probability=probability) for i, t in enumerate(texts)
    )
    return Decoded(text="".join(texts).strip(), words=words, avg_logprob=avg_logprob)


NOTHING = Decoded(text="", words=(), avg_logprob=0.0)


def fills(asked: Asked) -> Decoded:
    """Different words over every turn of the window, two a second; what is said depends on the place in the call."""
    words = [word for turn in asked.turns for word in _over(*turn)]
    return Decoded("".join(w.text for w in words), tuple(words), -0.2)


def _over(at_s: float, length_s: float, call_s: float) -> list[Word]:
    count = max(1, round(length_s * 2))
    step = length_s / count
    return [
        Word(
            text=chr(0x4E00 + (37 * i + round(call_s * 11)) % 20000),
            start_s=round(at_s + i * step, 4),
            end_s=round(at_s + (i + 1) * step, 4),
            probability=0.9,
        )
        for i in range(count)
    ]


@dataclass
class Parrot:
    """A decoder that says what ``say`` returns. Sound carries its own time and channel: see `audio`.

    ``languages_of``: what it takes a channel for, with its probability; the others are of ``heard_language``.
    ``encoded``: lengths of the windows that went through the encoder; ``listened``: of those asked for their language.
    """

    say: Say = fills
    heard_language: tuple[str, float] = ("zh", 0.97123)
    languages_of: dict[int, tuple[str, float]] = field(default_factory=dict)
    batch_s: float = 120.0
    workers: int = 1
    asked: list[Asked] = field(default_factory=list)
    encoded: list[float] = field(default_factory=list)
    padded: list[tuple[float, float]] = field(default_factory=list)
    listened: list[float] = field(default_factory=list)

    def info(self) -> EngineInfo:
        return EngineInfo(name="parrot", version="1", model="none", weights_sha256="0" * 64, options={"beam_size": 1})

    def encode(self, clips: Sequence[Samples], padded_s: float) -> list[Encoded]:
        self.encoded += map(_seconds, clips)
        self.padded += [(_seconds(c), padded_s) for c in clips]
        return [Encoded(c, c) for c in clips]

    def languages(self, encoded: Sequence[Encoded]) -> list[Mapping[str, float]]:
        self.listened += [_seconds(e.clip) for e in encoded]
        found = [self.languages_of.get(_channel(e.clip), self.heard_language) for e in encoded]
        return [{code: chance, "la": 1 - chance} for code, chance in found]

    def decode(self, encoded: Sequence[Encoded], language: str, prompt: str, *, careful: bool = False) -> list[Decoded]:
        batch = tuple(_seconds(e.clip) for e in encoded)
        asked = [
            Asked(_channel(e.clip), turns[0][2], length, turns, language, prompt, careful, batch)
            for e, length, turns in zip(encoded, batch, (_turns(e.clip) for e in encoded), strict=True)
        ]
        self.asked += asked
        return [self.say(a) for a in asked]


TIME_SCALE = 1000.0


def audio(seconds: float, channels: int = 2) -> Audio:
    """Sound whose every sample is its own time in seconds / 1000 (the right channel's below zero), so that a fake can
    tell where a window begins and what stands in it."""
    ramp = (np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE / TIME_SCALE).astype(np.float32)
    info = AudioInfo("wav", "pcm_s16le", source_rate=8000, source_channels=channels, truncated=False)
    return Audio(channels=(ramp, -ramp)[:channels], duration_s=seconds, info=info)


def _seconds(clip: Samples) -> float:
    return round(clip.size / SAMPLE_RATE, 3)


def _channel(clip: Samples) -> int:
    return int(clip.sum() < 0)


def _turns(clip: Samples) -> tuple[tuple[float, float, float], ...]:
    """The sounds between the silences of a window: seconds in it, length, and seconds in the call."""
    loud = np.flatnonzero(clip)
    starts = [0, *(np.flatnonzero(np.diff(loud) > SAMPLE_RATE // 10) + 1)]
    ends = [*starts[1:], loud.size]
    return tuple(
        (
            round(loud[a] / SAMPLE_RATE, 3),
            round((loud[b - 1] + 1 - loud[a]) / SAMPLE_RATE, 3),
            round(abs(float(clip[loud[a]])) * TIME_SCALE, 2),
        )
        for a, b in zip(starts, ends, strict=True)
    )


def spans(*spoken: Spoken) -> tuple[SpeechSpan, ...]:
    return tuple(SpeechSpan(*s) for s in spoken)


def job(sound: Audio, *spoken: Spoken, language: str | None = "zh", **options: object) -> SpeechJob:
    """A call to be transcribed; stereo with the agent on the left, or mono."""
    stereo = len(sound.channels) == 2
    return SpeechJob(
        audio=sound,
        spans=spans(*spoken),
        channel_roles=(Role.AGENT, Role.CUSTOMER) if stereo else (Role.UNKNOWN,),
        roles=Roles(source=RoleSource.CHANNEL, confidence=float(stereo)),
        language=language,
        **options,  # type: ignore[arg-type]
    )


def transcribe(
    decoder: Parrot, settings: Settings, sound: Audio, *spoken: Spoken, language: str | None = "zh", **options: object
) -> Transcript:
    """What the front makes of a decoder's words."""
    return TurnTranscriber(decoder, settings).transcribe(job(sound, *spoken, language=language, **options))
