"""Which stretches of speech are transcribed: without music and tones, and each turn on the line it belongs to.

A turn that bleeds into the other line is found on both. It belongs to the line where it is louder; the other
line keeps only what it says itself, so that people who talk at once are both heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.bleed import WINDOW_S, Likeness, likeness
from qa_service.audio.nonspeech import only_music
from qa_service.audio.types import Audio, SoundStretch, SpeechSpan
from qa_service.audio.vad import MOST_OFFSET_DB, OWN_SPEECH_S
from qa_service.records import AudioQuality

#: Of two lines the quieter one is compared in steps of this length.
STEP_S = 0.16
#: What is heard is the other side when the lines are at least ALIKE, the other is louder by LOUDER_DB, and what is
#: not a copy of it lies OWN_BELOW_DB under it. Voices that talk at once differ by less.
ALIKE, LOUDER_DB, OWN_BELOW_DB = 0.5, 3.0, 12.0
#: Crumbs left over from a cut hold no words; gaps between two cuts that are this short are cut too.
CRUMB_S, GAP_S = 0.35, 0.3

#: Two speakers' levels are told apart when they lie this many (median) spreads from each other.
APART_BY_SPREADS = 7.0

Interval = tuple[float, float]
Numbers = NDArray[np.float64]


def gated(
    audio: Audio, spans: tuple[SpeechSpan, ...], stretches: tuple[SoundStretch, ...], quality: AudioQuality
) -> tuple[SpeechSpan, ...]:
    """The spans to transcribe, ordered by start; none longer or elsewhere than the spans given."""
    kept = spans
    if quality.duplicate_channels and len(audio.channels) == 2:
        kept = tuple(s for s in kept if s.channel == loudest_channel(quality))
    kept = _without(kept, [(s.channel, s.start_s, s.end_s) for s in stretches if s.kind == "tone"])
    kept = _without(kept, list(_music(audio, kept, stretches)))
    if len(audio.channels) == 2 and not quality.duplicate_channels:
        kept = _without(kept, list(_bled(audio, kept)))
    return tuple(sorted(kept, key=lambda s: (s.start_s, s.channel)))


def loudest_channel(quality: AudioQuality) -> int:
    """The channel whose speech is loudest; of channels with the same sound, the one to keep."""
    levels = {c.channel: c.level_dbfs if c.level_dbfs is not None else -np.inf for c in quality.channels}
    return max(sorted(levels), key=lambda c: levels[c], default=0)


def _music(
    audio: Audio, spans: tuple[SpeechSpan, ...], stretches: tuple[SoundStretch, ...]
) -> Iterator[tuple[int, float, float]]:
    for channel, samples in enumerate(audio.channels):
        music = [s for s in stretches if s.channel == channel and s.kind == "music"]
        over = [s for s in spans if s.channel == channel and any(_meet(s, m) for m in music)]
        if over:
            yield from ((channel, start, end) for start, end in only_music(samples, over, music))


def _meet(span: SpeechSpan, stretch: SoundStretch) -> bool:
    return span.start_s < stretch.end_s and stretch.start_s < span.end_s


def _without(spans: Iterable[SpeechSpan], cuts: Sequence[tuple[int, float, float]]) -> tuple[SpeechSpan, ...]:
    """Spans less the cuts of their channel. What a cut leaves of a span is dropped where it is a crumb."""
    out: list[SpeechSpan] = []
    for span in spans:
        own = sorted(
            (a, b) for channel, a, b in cuts if channel == span.channel and a < span.end_s and b > span.start_s
        )
        if not own:
            out.append(span)
            continue
        out += [replace(span, start_s=round(a, 3), end_s=round(b, 3)) for a, b in _left(span.start_s, span.end_s, own)]
    return tuple(out)


def _left(start: float, end: float, cuts: list[Interval]) -> list[Interval]:
    pieces: list[Interval] = []
    for a, b in [*cuts, (end, end)]:
        if a - start >= CRUMB_S:
            pieces.append((start, min(a, end)))
        start = max(start, b)
    return pieces


@dataclass(frozen=True)
class _Compared:
    """A span, the starts of its windows, and how alike the lines are in each; the left line's lead."""

    span: SpeechSpan
    starts: Numbers
    seen: Likeness


def _bled(audio: Audio, spans: tuple[SpeechSpan, ...]) -> Iterator[tuple[int, float, float]]:
    """Stretches of spans that are the other side bleeding in: (channel, start, end)."""
    compared = [_compare(audio, span) for span in spans]
    offset = lines_apart_db(np.concatenate([c.seen.lead_db for c in compared])) if compared else 0.0
    for found in compared:
        foreign = _foreign(found.seen, offset, found.span.channel)
        for a, b in _joined(found.starts[foreign]):
            begin = found.span.start_s if a == found.starts[0] else a + (WINDOW_S - STEP_S) / 2
            end = found.span.end_s if b == found.starts[-1] else b + (WINDOW_S + STEP_S) / 2
            yield found.span.channel, begin, end


def _compare(audio: Audio, span: SpeechSpan) -> _Compared:
    last = max(span.start_s, span.end_s - WINDOW_S)
    starts = np.append(np.arange(span.start_s, last, STEP_S), last)
    return _Compared(span, starts, likeness(audio.channels[0], audio.channels[1], starts))


def _foreign(seen: Likeness, offset_db: float, channel: int) -> NDArray[np.bool_]:
    """In which windows the channel hears the other side."""
    lead = seen.lead_db - offset_db
    behind = -lead if channel == 0 else lead
    own = behind - 10 * np.log10(np.maximum(1 - seen.alike**2, 1e-6))
    return np.asarray((seen.alike >= ALIKE) & (behind >= LOUDER_DB) & (own >= OWN_BELOW_DB))


def lines_apart_db(lead_db: Numbers) -> float:
    """By how much the left line is louder than the right by itself, from its leads while either side speaks.

    The leads fall in two heaps, one for each speaker; between them lies what the lines differ by. One heap tells
    nothing (0), nor do heaps that run into each other.
    """
    if lead_db.size * STEP_S < 2 * OWN_SPEECH_S:
        return 0.0
    low, high = float(np.percentile(lead_db, 10)), float(np.percentile(lead_db, 90))
    upper = lead_db > (low + high) / 2
    for _ in range(10):
        if min(upper.sum(), (~upper).sum()) * STEP_S < OWN_SPEECH_S:
            return 0.0
        low, high = float(np.median(lead_db[~upper])), float(np.median(lead_db[upper]))
        upper = lead_db > (low + high) / 2
    spread = float(np.median(np.abs(lead_db - np.where(upper, high, low))))
    if high - low < max(2 * LOUDER_DB, APART_BY_SPREADS * spread):
        return 0.0
    return float(np.clip((low + high) / 2, -MOST_OFFSET_DB, MOST_OFFSET_DB))


def _joined(starts: Numbers) -> list[Interval]:
    """Runs of window starts, over gaps of up to GAP_S."""
    runs: list[Interval] = []
    for at in starts.tolist():
        if runs and at - runs[-1][1] <= STEP_S + GAP_S:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs
