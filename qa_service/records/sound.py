"""What was measured of the sound: its quality, and how people spoke."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from qa_service.records.base import Record, Role


class ChannelQuality(Record):
    """Sound of one channel. Levels in dBFS; None where there is nothing to measure.

    ``level_dbfs``: median level of its speech, or of all sound where there is none; ``noise_dbfs``: level where nobody
    speaks; ``clipped_ratio``: share of its speech that is cut off at full scale; ``music_s`` and ``tone_s``: seconds of
    hold music, and of ringing, DTMF, beeps and fax tones.
    """

    channel: int
    level_dbfs: float | None = None
    noise_dbfs: float | None = None
    peak_dbfs: float | None = None
    clipped_ratio: float = 0.0
    speech_s: float = 0.0
    music_s: float = 0.0
    tone_s: float = 0.0


class QualityIssue(Record):
    """Something about the sound that a reader must know.

    ``code``: duplicate_channels, dead_channel, crosstalk, clipping, low_level, music, tone, low_sample_rate, noise.
    ``effect``: ``noted`` only; ``doubted``: findings on it are unverified; ``gated``: it was left out or not judged.
    ``value`` against ``limit`` in the unit of that measure; ``detail`` is a sentence.
    """

    code: str
    effect: Literal["noted", "doubted", "gated"]
    channel: int | None = None
    value: float | None = None
    limit: float | None = None
    detail: str


class AudioQuality(Record):
    """What the quality gate measured before decoding. ``crosstalk_db``: how far below the speaker the other line hears
    him, at its worst (a small number is bad); None for one channel."""

    source_rate_hz: int
    duplicate_channels: bool = False
    crosstalk_db: float | None = None
    channels: tuple[ChannelQuality, ...] = ()
    issues: tuple[QualityIssue, ...] = ()


class SpeakerMeasures(Record):
    """Of one side: seconds spoken, share of all speech, mean level, characters or words a minute, pitch.

    ``pitch_hz``: median fundamental frequency; ``pitch_range_st``: its 10th to 90th percentile in semitones.
    ``interruptions``: how often this side cut in; ``raised_voice``: turns in which it was well above its own baseline.
    """

    speech_s: float
    talk_ratio: float
    loudness_dbfs: float | None = None
    peak_dbfs: float | None = None
    rate_per_min: float | None = None
    rate_unit: Literal["characters", "words"] | None = None
    pitch_hz: float | None = None
    pitch_range_st: float | None = None
    longest_turn_s: float | None = None
    interruptions: int = 0
    raised_voice: int = 0


class TurnMeasures(Record):
    """Sound of one turn. Steps are against the same speaker's own baseline (the median of his turns).

    ``silence_before_s``: since anybody spoke, ``silence_kept_by`` the one who was expected to speak.
    ``overlap_s``: with the other side; ``interrupts``: it began by cutting in (backchannels do not count).
    """

    turn: int
    rate_per_min: float | None = None
    loudness_dbfs: float | None = None
    loudness_step_db: float | None = None
    pitch_hz: float | None = None
    pitch_range_st: float | None = None
    pitch_step_st: float | None = None
    raised_voice: bool = False
    silence_before_s: float = 0.0
    silence_kept_by: Role | None = None
    overlap_s: float = 0.0
    interrupts: bool = False
    backchannel: bool = False


class Interruption(Record):
    """``by`` began to speak at ``start_s`` while the other's turn went on for ``overlap_s`` beyond the grace."""

    start_s: float
    overlap_s: float
    by: Role
    turn: int
    interrupted_turn: int


class Hold(Record):
    """A stretch in which nobody speaks for long: plain silence, hold music, or tones."""

    start_s: float
    end_s: float
    kind: Literal["silence", "music", "tone"]


class Measures(Record):
    """Acoustic numbers of a call. ``speakers`` is keyed by role; silences are between speech of anyone."""

    duration_s: float
    speakers: dict[str, SpeakerMeasures] = Field(default_factory=dict)
    longest_silence_s: float | None = None
    longest_silence_start_s: float | None = None
    silence_ratio: float | None = None
    overlap_s: float | None = None
    turns: tuple[TurnMeasures, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
    holds: tuple[Hold, ...] = ()
