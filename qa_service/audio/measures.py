"""Acoustic measures of a call: who spoke how long, how loud, how fast; silence and overlap."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import numpy as np

from qa_service.audio.types import Audio, SpeechSpan
from qa_service.records import Measures, Role, SpeakerMeasures, Transcript, Turn

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

Interval = tuple[float, float]


def measure(audio: Audio, spans: tuple[SpeechSpan, ...], transcript: Transcript) -> Measures:
    """Measures over speech spans. The role of a span is that of the turns which lie on it."""
    by_role = _spans_by_role(spans, transcript.turns)
    speech = sum(b - a for found in by_role.values() for _, a, b in found) or 1.0
    union = _union((s.start_s, s.end_s) for s in spans)
    silence = _longest_gap(union)
    spoken = sum(b - a for a, b in union)
    return Measures(
        duration_s=round(audio.duration_s, 3),
        speakers={
            role.value: _speaker(audio, found, [t for t in transcript.turns if t.role is role], speech)
            for role, found in sorted(by_role.items())
        },
        longest_silence_s=round(silence[1] - silence[0], 2),
        longest_silence_start_s=round(silence[0], 2),
        silence_ratio=round(1 - spoken / audio.duration_s, 4) if audio.duration_s else None,
        overlap_s=round(sum(s.end_s - s.start_s for s in spans) - spoken, 2),
    )


def _spans_by_role(
    spans: tuple[SpeechSpan, ...], turns: tuple[Turn, ...]
) -> dict[Role, list[tuple[int, float, float]]]:
    found: dict[Role, list[tuple[int, float, float]]] = {}
    for span in spans:
        over = [
            (min(t.end_s, span.end_s) - max(t.start_s, span.start_s), t) for t in turns if t.channel == span.channel
        ]
        best = max(over, key=lambda o: o[0], default=None)
        role = best[1].role if best and best[0] > 0 else Role.UNKNOWN
        found.setdefault(role, []).append((span.channel, span.start_s, span.end_s))
    return found


def _speaker(
    audio: Audio, spans: list[tuple[int, float, float]], turns: list[Turn], all_speech: float
) -> SpeakerMeasures:
    seconds = sum(b - a for _, a, b in spans)
    rate = audio.sample_rate
    sound = np.concatenate([audio.channels[c][int(a * rate) : int(b * rate)] for c, a, b in spans])
    count, unit = _spoken_units("".join(t.text + " " for t in turns))
    return SpeakerMeasures(
        speech_s=round(seconds, 2),
        talk_ratio=round(seconds / all_speech, 4),
        loudness_dbfs=_dbfs(float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))) if sound.size else None,
        peak_dbfs=_dbfs(float(np.abs(sound).max())) if sound.size else None,
        rate_per_min=round(count / seconds * 60, 1) if seconds and count else None,
        rate_unit=unit if seconds and count else None,
    )


def _spoken_units(text: str) -> tuple[int, Literal["characters", "words"]]:
    """Mandarin is counted in characters, English in words; the larger decides for mixed speech."""
    characters = len(_HAN.findall(text))
    words = len(_WORD.findall(_HAN.sub(" ", text)))
    return (characters, "characters") if characters >= words else (words, "words")


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


def _longest_gap(union: list[Interval]) -> Interval:
    """The longest stretch between two stretches of speech (ringing before and after does not count)."""
    gaps = [(a[1], b[0]) for a, b in pairwise(union)]
    return max(gaps, key=lambda g: g[1] - g[0], default=(0.0, 0.0))
