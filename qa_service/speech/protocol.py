"""What a speech engine promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from qa_service.audio.types import Audio, Samples, SpeechSpan
from qa_service.records import EngineInfo, Role, Roles, Transcript, Word

#: Called with (speech seconds done, speech seconds in all).
OnSpeech = Callable[[float, float], None]


class Transcriber(Protocol):
    """Turns decoded audio into a transcript."""

    def info(self) -> EngineInfo:
        """Engine, version, model, sha256 of the weights, options. Raises SetupError when weights are missing."""
        ...

    def transcribe(
        self,
        audio: Audio,
        spans: tuple[SpeechSpan, ...],
        *,
        channel_roles: tuple[Role, ...],
        roles: Roles,
        language: str | None,
        prompt: str | None = None,
        progress: OnSpeech | None = None,
    ) -> Transcript:
        """Words of every span. ``language`` None: detected over the longest turns and recorded.

        ``prompt`` replaces the domain words of the language; the empty string prompts nothing.
        """
        ...


@dataclass(frozen=True)
class Decoded:
    """What a decoder heard in one clip; word times are seconds from the clip's start."""

    text: str
    words: tuple[Word, ...]
    avg_logprob: float


class Decoder(Protocol):
    """One Whisper model that decodes clips of at most 30 s. The two engines differ only here."""

    def info(self) -> EngineInfo: ...

    def detect_language(self, clip: Samples) -> tuple[str, float]:
        """Language code and its probability."""
        ...

    def decode(self, clips: Sequence[Samples], language: str, prompt: str, *, careful: bool = False) -> list[Decoded]:
        """Words of clips of like length. ``careful``: padded to 30 s, the slow and sure way."""
        ...
