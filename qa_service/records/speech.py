"""A recording and what was said in it."""

from __future__ import annotations

from pydantic import Field, JsonValue

from qa_service.records.base import Record, Role, RoleSource


class Recording(Record):
    """An accepted audio file. ``path`` is relative to the audio store for kept files, else as given."""

    sha256: str
    path: str
    original_name: str
    size_bytes: int


class Word(Record):
    """One recognised word (a character or short run in Chinese)."""

    text: str
    start_s: float
    end_s: float
    probability: float


class Correction(Record):
    """A domain term read for what was heard: ``text[start:end]`` of the turn is the term, ``heard`` the original."""

    start: int
    end: int
    heard: str


class SpokenNumber(Record):
    """A run of spoken digits: ``text[start:end]`` of the turn holds the words, ``digits`` what they say."""

    start: int
    end: int
    digits: str


class Turn(Record):
    """One speaker's stretch of speech on one channel. ``flags`` say why the words are doubted (empty: trusted).

    Flags: low_confidence, repetition, too_fast, no_speech_energy, stock_phrase, prompt_echo, disagreement,
    not_transcribed, poor_audio. ``reason`` says in words why a turn has none. ``voice`` numbers the voices that were
    told apart on a shared channel; None where a channel is one speaker's own.
    """

    index: int
    role: Role
    channel: int = 0
    voice: int | None = None
    language: str | None = None
    start_s: float
    end_s: float
    text: str
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    flags: tuple[str, ...] = ()
    reason: str = ""
    corrections: tuple[Correction, ...] = ()
    numbers: tuple[SpokenNumber, ...] = ()


class Coverage(Record):
    """Seconds of detected speech and how much of it words cover. None where no audio was heard."""

    speech_s: float | None = None
    transcribed_s: float | None = None
    ratio: float | None = None


class Roles(Record):
    """Who is who, how sure that is, and on what it rests.

    ``confidence`` is the probability that every voice has its right role. ``swapped``: the words showed that the
    channels were declared the wrong way round, and the roles were exchanged. ``evidence``: the strongest reasons, for a
    reader.
    """

    source: RoleSource
    confidence: float
    swapped: bool = False
    evidence: tuple[str, ...] = ()


class ChannelLanguage(Record):
    """Language heard on one channel over its longest turns; ``confidence`` None where it was declared."""

    channel: int
    language: str
    confidence: float | None = None


class EngineInfo(Record):
    """What made a transcript. ``name`` is ``none`` for transcripts that were given."""

    name: str
    version: str = ""
    model: str = ""
    weights_sha256: str = ""
    options: dict[str, JsonValue] = Field(default_factory=dict)


class Transcript(Record):
    """Who said what, when; and how much of the speech that is."""

    language: str | None
    language_confidence: float | None = None
    channel_languages: tuple[ChannelLanguage, ...] = ()
    duration_s: float
    turns: tuple[Turn, ...]
    coverage: Coverage
    roles: Roles
    engine: EngineInfo
