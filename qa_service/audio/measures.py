"""Acoustic measures of a call: who spoke how long, how loud, how fast; silence and overlap.

Spans come padded from the detector; the padding is taken off here, so that it is neither speech nor overlap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from qa_service.audio.types import Audio, SpeechSpan
from qa_service.audio.vad import PAD_S
from qa_service.records import Measures, Role, SpeakerMeasures, Transcript, Turn

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")

Interval = tuple[float, float]
#: Channel, start and end of a stretch of speech.
Piece = tuple[int, float, float]


def measure(audio: Audio, spans: tuple[SpeechSpan, ...], transcript: Transcript) -> Measures:
    """Measures over speech. The speech of a channel is its role's; where several roles share one, the turns tell.

    Silence lies between two stretches of speech of anyone: ringing before and waiting after do not count as the
    longest one. Overlap is speech on both channels at once.
    """
    pieces = [(s.channel, *_without_padding(s, audio.duration_s)) for s in spans]
    by_role = _by_role(pieces, transcript.turns)
    speech = sum(b - a for found in by_role.values() for _, a, b in found)
    union = _union((a, b) for _, a, b in pieces)
    spoken = sum(b - a for a, b in union)
    silence = _longest_gap(union)
    return Measures(
        duration_s=round(audio.duration_s, 3),
        speakers={
            role.value: _speaker(audio, found, [t for t in transcript.turns if t.role is role], speech, transcript)
            for role, found in sorted(by_role.items())
        },
        longest_silence_s=round(silence[1] - silence[0], 2) if silence else None,
        longest_silence_start_s=round(silence[0], 2) if silence else None,
        silence_ratio=round(max(0.0, 1 - spoken / audio.duration_s), 4) if audio.duration_s else None,
        overlap_s=round(max(0.0, sum(b - a for _, a, b in pieces) - spoken), 2),
    )


def _without_padding(span: SpeechSpan, duration_s: float) -> Interval:
    """At the edges of the recording there was no room for padding; a span never shrinks to nothing."""
    start = span.start_s + PAD_S if span.start_s > 0 else span.start_s
    end = span.end_s - PAD_S if span.end_s < duration_s else span.end_s
    return (start, end) if end > start else (span.start_s, span.end_s)


def _by_role(pieces: Sequence[Piece], turns: Sequence[Turn]) -> dict[Role, list[Piece]]:
    """Speech of each role; what no turn covers on a shared channel is nobody known."""
    found: dict[Role, list[Piece]] = {}
    for channel, start, end in pieces:
        own = [t for t in turns if t.channel == channel]
        roles = {t.role for t in own}
        shares = [(roles.pop(), start, end)] if len(roles) == 1 else _shares(start, end, own)
        for role, a, b in shares:
            found.setdefault(role, []).append((channel, a, b))
    return found


def _shares(start: float, end: float, turns: Sequence[Turn]) -> list[tuple[Role, float, float]]:
    """Cut a stretch of speech at the turns that lie on it."""
    shares, now = [], start
    for turn in sorted(turns, key=lambda t: t.start_s):
        a, b = max(now, turn.start_s), min(end, turn.end_s)
        if b <= a:
            continue
        if a > now:
            shares.append((Role.UNKNOWN, now, a))
        shares.append((turn.role, a, b))
        now = b
    if now < end:
        shares.append((Role.UNKNOWN, now, end))
    return shares


def _speaker(
    audio: Audio, pieces: list[Piece], turns: list[Turn], all_speech: float, transcript: Transcript
) -> SpeakerMeasures:
    seconds = sum(b - a for _, a, b in pieces)
    loudness, peak = _levels(audio, pieces)
    count, unit = _spoken_units(" ".join(t.text for t in turns), transcript.language)
    rated = bool(seconds and count)
    return SpeakerMeasures(
        speech_s=round(seconds, 2),
        talk_ratio=round(seconds / all_speech, 4) if all_speech else 0.0,
        loudness_dbfs=loudness,
        peak_dbfs=peak,
        rate_per_min=round(count / seconds * 60, 1) if rated else None,
        rate_unit=unit if rated else None,
    )


def _levels(audio: Audio, pieces: list[Piece]) -> tuple[float | None, float | None]:
    """Mean and peak level over the pieces, in dBFS."""
    energy, count, peak = 0.0, 0, 0.0
    for channel, start, end in pieces:
        sound = audio.channels[channel][int(start * audio.sample_rate) : int(end * audio.sample_rate)]
        energy += float(np.sum(np.square(sound), dtype=np.float64))
        count += sound.size
        peak = max(peak, float(np.abs(sound).max(initial=0.0)))
    return _dbfs((energy / count) ** 0.5 if count else 0.0), _dbfs(peak)


def _spoken_units(text: str, language: str | None) -> tuple[int, Literal["characters", "words"]]:
    """Mandarin is counted in characters (a digit is one, a Latin word too), everything else in words."""
    han = len(_HAN.findall(text))
    words = _WORD.findall(_HAN.sub(" ", text))
    if language == "zh" or (language is None and han >= len(words)):
        return han + sum(len(w) if w.isdigit() else 1 for w in words), "characters"
    return han + len(words), "words"


def _dbfs(level: float) -> float | None:
    return round(20 * float(np.log10(level)), 1) if level > 0 else None


def _union(intervals: Iterable[Interval]) -> list[Interval]:
    out: list[Interval] = []
    for start, end in sorted(intervals):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _longest_gap(union: list[Interval]) -> Interval | None:
    """The longest stretch between two stretches of speech; None where there are not two."""
    gaps = [(a[1], b[0]) for a, b in pairwise(union)]
    return max(gaps, key=lambda g: g[1] - g[0], default=None)
