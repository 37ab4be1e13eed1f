"""The quality gate before decoding: what the sound is like, and what that means for the findings.

Limits are product defaults. ``gated``: left out or not judged; ``doubted``: findings on it are unverified;
``noted``: a reader is told.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qa_service.audio.levels import (
    active,
    active_bandwidth_hz,
    clipped_ratio,
    dbfs,
    frame_levels,
    in_frames,
    kinds_s,
    speech_frames,
)
from qa_service.audio.lines import Lines, compare_lines
from qa_service.audio.types import Audio, SoundStretch, SpeechSpan
from qa_service.records import AudioQuality, ChannelQuality, QualityIssue

#: Below this peak (dBFS) a channel carries nothing; so does one without speech below DEAD_LEVEL_DB.
DEAD_PEAK_DB, DEAD_LEVEL_DB = -50.0, -60.0
#: Median level of the speech. Below the first its words are doubted, below the second a reader is told.
VERY_LOW_DB, LOW_DB = -50.0, -40.0
#: Speech above noise.
NOISY_DB, VERY_NOISY_DB = 15.0, 8.0
#: Share of samples at the channel's ceiling.
CLIPPED, HEAVILY_CLIPPED = 0.001, 0.02
#: How far down the other line hears the speaker. Nearer than the first, whose words they are is doubted.
CROSSTALK_DOUBT_DB, CROSSTALK_DB = 6.0, 20.0
#: Telephone sound reaches 3,400 Hz; what ends below this was sampled at less than 8 kHz once.
LEAST_BANDWIDTH_HZ = 2600.0
LEAST_RATE_HZ = 8000
#: Shorter music and tones are not worth a line.
MUSIC_S, TONE_S = 2.0, 0.2


def assess(audio: Audio, spans: tuple[SpeechSpan, ...], stretches: tuple[SoundStretch, ...]) -> AudioQuality:
    """Measure the channels and what passes between them. ``spans`` are the detector's, before gating."""
    channels = tuple(_channel(audio, n, spans, stretches) for n in range(len(audio.channels)))
    lines = compare_lines(audio, spans) if len(audio.channels) == 2 else None
    duplicate = audio.info.dual_mono or bool(lines and lines.duplicate)
    issues = [*_duplicates(duplicate, lines), *_crosstalk(None if duplicate else lines)]
    for channel in channels:
        issues += _issues(channel, channels)
    return AudioQuality(
        source_rate_hz=audio.info.source_rate,
        duplicate_channels=duplicate,
        crosstalk_db=lines.crosstalk_db if lines and not duplicate else None,
        channels=channels,
        issues=(*issues, *_sampling(audio, spans)),
    )


def _channel(
    audio: Audio, number: int, spans: tuple[SpeechSpan, ...], stretches: tuple[SoundStretch, ...]
) -> ChannelQuality:
    samples = audio.channels[number]
    own = [s for s in spans if s.channel == number]
    levels = frame_levels(samples)
    speaking = speech_frames(levels, own)
    plain = ~speech_frames(levels, _of(stretches, number))
    quiet = levels[~speech_frames(levels, spans, margin_s=0.2) & plain]
    judged = speaking & plain if (speaking & plain).any() else plain  # all waves of a tone peak at one level
    heard = active(levels[speaking]) if speaking.any() else levels
    music, tone = kinds_s(stretches, number)
    return ChannelQuality(
        channel=number,
        level_dbfs=_rounded(float(np.median(heard))) if heard.size else None,
        noise_dbfs=_rounded(float(np.median(quiet))) if quiet.size else None,
        peak_dbfs=_rounded(dbfs(float(np.abs(samples).max(initial=0.0)))),
        clipped_ratio=round(clipped_ratio(in_frames(samples, judged)), 5),
        speech_s=round(sum(s.end_s - s.start_s for s in own), 2),
        music_s=music,
        tone_s=tone,
    )


def _of(stretches: tuple[SoundStretch, ...], channel: int) -> list[SoundStretch]:
    return [s for s in stretches if s.channel == channel]


def _rounded(level: float) -> float | None:
    """None for digital silence."""
    return round(level, 1) if level > -100 else None


def _duplicates(duplicate: bool, lines: Lines | None) -> Iterator[QualityIssue]:
    if duplicate:
        yield QualityIssue(
            code="duplicate_channels",
            effect="gated",
            value=round(lines.alike, 3) if lines else None,
            limit=None,
            detail="Both channels carry the same sound; one was kept, and who speaks is not known from the channel.",
        )


def _crosstalk(lines: Lines | None) -> Iterator[QualityIssue]:
    if lines is None or lines.crosstalk_db is None or lines.crosstalk_db >= CROSSTALK_DB:
        return
    near = lines.crosstalk_db < CROSSTALK_DOUBT_DB
    apart = f"Each line hears the other's speaker, {lines.crosstalk_db:.0f} dB down at worst"
    yield QualityIssue(
        code="crosstalk",
        effect="doubted" if near else "noted",
        value=lines.crosstalk_db,
        limit=CROSSTALK_DOUBT_DB if near else CROSSTALK_DB,
        detail=f"{apart}: whose words they are is doubtful."
        if near
        else f"{apart}; a turn heard on both was given to the louder one.",
    )


def _issues(channel: ChannelQuality, channels: tuple[ChannelQuality, ...]) -> Iterator[QualityIssue]:
    name = ("The left channel", "The right channel")[channel.channel] if len(channels) == 2 else "The recording"
    if _dead(channel):
        detail = f"{name} carries no sound that could be speech: its side of the call was not recorded."
        yield _issue("dead_channel", "doubted", channel, channel.peak_dbfs, DEAD_PEAK_DB, detail)
        return
    yield from _levels(channel, name)
    ratio = channel.clipped_ratio
    if ratio > CLIPPED:
        effect, limit = ("doubted", HEAVILY_CLIPPED) if ratio > HEAVILY_CLIPPED else ("noted", CLIPPED)
        yield _issue("clipping", effect, channel, ratio, limit, f"{name} is clipped: {ratio:.2%} of it is cut off.")
    if channel.music_s >= MUSIC_S:
        detail = f"{name} plays music for {channel.music_s:.0f} s; it was not transcribed."
        yield _issue("music", "gated", channel, channel.music_s, MUSIC_S, detail)
    if channel.tone_s >= TONE_S:
        detail = (
            f"{name} carries tones (ringing, keys, beeps or fax) for {channel.tone_s:.1f} s; nothing is read in them."
        )
        yield _issue("tone", "noted", channel, channel.tone_s, TONE_S, detail)


def _levels(channel: ChannelQuality, name: str) -> Iterator[QualityIssue]:
    level, noise = channel.level_dbfs, channel.noise_dbfs
    if not channel.speech_s or level is None:
        return
    if level < LOW_DB:
        effect, limit = ("doubted", VERY_LOW_DB) if level < VERY_LOW_DB else ("noted", LOW_DB)
        yield _issue(
            "low_level", effect, channel, level, limit, f"{name} is very quiet: speech lies at {level:.0f} dBFS."
        )
    if noise is not None and level - noise < NOISY_DB:
        above = round(level - noise, 1)
        effect, limit = ("doubted", VERY_NOISY_DB) if above < VERY_NOISY_DB else ("noted", NOISY_DB)
        yield _issue(
            "noise", effect, channel, above, limit, f"{name} is noisy: speech stands {above:.0f} dB above noise."
        )


def _dead(channel: ChannelQuality) -> bool:
    peak, level = channel.peak_dbfs, channel.level_dbfs
    if peak is None or peak < DEAD_PEAK_DB:
        return True
    return not (channel.speech_s or channel.music_s or channel.tone_s) and (level is None or level < DEAD_LEVEL_DB)


def _sampling(audio: Audio, spans: tuple[SpeechSpan, ...]) -> Iterator[QualityIssue]:
    if audio.info.source_rate < LEAST_RATE_HZ:
        detail = f"The recording is sampled at {audio.info.source_rate} Hz, less than a telephone's 8,000 Hz."
        yield QualityIssue(
            code="low_sample_rate", effect="noted", value=audio.info.source_rate, limit=LEAST_RATE_HZ, detail=detail
        )
        return
    for number in range(len(audio.channels)):
        band = active_bandwidth_hz(audio.channels[number], [s for s in spans if s.channel == number])
        if band is not None and band < LEAST_BANDWIDTH_HZ:
            detail = (
                f"The sound ends at {band:.0f} Hz: it was sampled at less than 8,000 Hz once, and is hard to make out."
            )
            yield QualityIssue(
                code="low_sample_rate",
                effect="noted",
                channel=number,
                value=band,
                limit=LEAST_BANDWIDTH_HZ,
                detail=detail,
            )


def _issue(
    code: str, effect: str, channel: ChannelQuality, value: float | None, limit: float, detail: str
) -> QualityIssue:
    return QualityIssue.model_validate(
        {"code": code, "effect": effect, "channel": channel.channel, "value": value, "limit": limit, "detail": detail}
    )
