"""A recording on its way to the speech engine: decoded, its quality measured, speech found, voices told apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qa_service.audio.types import Audio, SoundStretch, SpeechSpan
from qa_service.records import AudioQuality, CallFacts, Role, Roles, RoleSource, Transcript
from qa_service.settings import Settings

#: Turns on a channel whose sound is doubted carry this flag: findings on them are unverified.
POOR_AUDIO = "poor_audio"


@dataclass(frozen=True)
class Sound:
    """``spans``: speech to transcribe; ``channel_roles`` and ``roles`` as declared, or of voices not yet known."""

    audio: Audio
    spans: tuple[SpeechSpan, ...]
    stretches: tuple[SoundStretch, ...]
    quality: AudioQuality
    channel_roles: tuple[Role, ...]
    roles: Roles

    @property
    def declared(self) -> tuple[Role, ...] | None:
        """Roles of the channels; None where one channel carries everybody."""
        return self.channel_roles if Role.AGENT in self.channel_roles else None


def hear(path: Path, facts: CallFacts, settings: Settings) -> Sound:
    """Everything before the first word.

    Raises:
        AudioError: the file cannot be decoded. SetupError: weights of the speaker networks are missing.
    """
    from qa_service.audio.decode import decode
    from qa_service.audio.gate import gated
    from qa_service.audio.nonspeech import find_nonspeech
    from qa_service.audio.quality import assess
    from qa_service.audio.vad import detect_speech

    audio = decode(path, settings)
    found = detect_speech(audio)
    stretches = find_nonspeech(audio)
    quality = assess(audio, found, stretches)
    spans = gated(audio, found, stretches, quality)
    spans, channel_roles, roles = _who(audio, spans, quality, facts, settings)
    return Sound(audio, spans, stretches, quality, channel_roles, roles)


def _who(
    audio: Audio, spans: tuple[SpeechSpan, ...], quality: AudioQuality, facts: CallFacts, settings: Settings
) -> tuple[tuple[SpeechSpan, ...], tuple[Role, ...], Roles]:
    """Roles as declared where each side has a channel; voices told apart where one channel carries both."""
    mixed = len(audio.channels) == 1 or quality.duplicate_channels
    lone = len(audio.channels) == 2 and any(i.code == "dead_channel" for i in quality.issues)
    if spans and (mixed or lone):
        from qa_service.audio.speakers.diarise import diarise

        voices = diarise(audio, spans, settings, channel=spans[0].channel)
        if mixed or voices.voices > 1:
            roles = Roles(source=RoleSource.DIARISATION, confidence=voices.confidence)
            return voices.spans, (Role.UNKNOWN,) * len(audio.channels), roles
    return spans, *declared_roles(audio, facts, settings)


def declared_roles(audio: Audio, facts: CallFacts, settings: Settings) -> tuple[tuple[Role, ...], Roles]:
    """Roles of the channels as declared (facts, else settings); one channel carries nobody known yet."""
    if len(audio.channels) == 1 or facts.channels == "mono":
        return (Role.UNKNOWN,) * len(audio.channels), Roles(source=RoleSource.CHANNEL, confidence=0.0)
    sides = (Role.AGENT, Role.CUSTOMER)
    if (facts.channels or settings.agent_channel) == "agent_right":
        sides = sides[::-1]
    return sides, Roles(source=RoleSource.CHANNEL, confidence=1.0)


def doubted(transcript: Transcript, quality: AudioQuality) -> Transcript:
    """The transcript with every turn flagged that was heard on a channel whose sound is doubted."""
    doubtful = {issue.channel for issue in quality.issues if issue.effect == "doubted"}
    if not doubtful:
        return transcript
    turns = tuple(
        t.model_copy(update={"flags": (*t.flags, POOR_AUDIO)}) if {t.channel, None} & doubtful else t
        for t in transcript.turns
    )
    return transcript.model_copy(update={"turns": turns})
