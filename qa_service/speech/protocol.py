"""What a speech engine promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qa_service.audio.types import Audio, Samples, SpeechSpan
from qa_service.records import EngineInfo, Role, Roles, Transcript, Word
from qa_service.text.terms import Vocabulary

#: Called with (speech seconds done, speech seconds in all).
OnSpeech = Callable[[float, float], None]
#: The vocabulary of a call, once its language is known.
VocabularyOf = Callable[[str], Vocabulary]


@dataclass(frozen=True)
class SpeechJob:
    """One call to be transcribed.

    ``channel_roles``: role of each channel as declared. ``language`` None: detected for each channel over its longest
    turns. ``vocabulary`` None: the words of the language alone; see docs/vocabulary.md.
    """

    audio: Audio
    spans: tuple[SpeechSpan, ...]
    channel_roles: tuple[Role, ...]
    roles: Roles
    language: str | None = None
    vocabulary: VocabularyOf | None = None
    progress: OnSpeech | None = None


class Transcriber(Protocol):
    """Turns decoded audio into a transcript."""

    def info(self) -> EngineInfo:
        """Engine, version, model, sha256 of the weights, options. Raises SetupError when weights are missing."""
        ...

    def transcribe(self, job: SpeechJob) -> Transcript:
        """Words of every span."""
        ...

    def transcribe_all(self, jobs: Sequence[SpeechJob]) -> list[Transcript]:
        """Transcripts of several calls in their order. Turns of all of them share batches; each transcript is the
        same as if its call had come alone."""
        ...


@dataclass(frozen=True)
class Decoded:
    """What a decoder heard in one clip; word times are seconds from the clip's start."""

    text: str
    words: tuple[Word, ...]
    avg_logprob: float


@dataclass(frozen=True)
class Encoded:
    """A clip as the model's encoder left it: ``sound`` is the engine's own array, positions × width."""

    clip: Samples
    sound: Any

    @property
    def padded_s(self) -> float:
        """Seconds it was padded to: Whisper's encoder leaves 50 positions for each."""
        return len(self.sound) / 50


class Decoder(Protocol):
    """One Whisper model. The two engines differ only here."""

    @property
    def batch_s(self) -> float:
        """Seconds of padded sound that one batch may hold on this device."""
        ...

    @property
    def workers(self) -> int:
        """How many batches may be decoded at once, each by a thread of its own."""
        ...

    def info(self) -> EngineInfo: ...

    def encode(self, clips: Sequence[Samples], padded_s: float) -> list[Encoded]:
        """Clips, each padded with silence to ``padded_s`` (at most 30), through the encoder."""
        ...

    def languages(self, encoded: Sequence[Encoded]) -> list[Mapping[str, float]]:
        """Probability of each language code, for each clip (of equal padded length)."""
        ...

    def decode(self, encoded: Sequence[Encoded], language: str, prompt: str, *, careful: bool = False) -> list[Decoded]:
        """Words of each clip (of equal padded length). ``careful``: with beams and against loops, slow and sure."""
        ...
