"""Cut speech into clips: one speaker's stretch each, short enough for Whisper."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Audio, Samples, SpeechSpan

#: Pauses up to this long stay inside a turn where the channel is one speaker's own.
JOIN_GAP_S = 0.5
#: On a mixed channel a pause may be a change of speaker.
JOIN_GAP_MIXED_S = 0.1
#: A crumb this short is joined to a neighbour this near.
CRUMB_S, CRUMB_GAP_S = 1.0, 1.5
LONGEST_S = 28.0
#: Windows of this length are compared to find the quietest place for a cut.
CUT_WINDOW_S = 0.2


@dataclass(frozen=True)
class Clip:
    """A stretch of one channel (of one voice on it, where voices were told apart), with the speech spans inside it."""

    channel: int
    start_s: float
    end_s: float
    speech: tuple[SpeechSpan, ...]
    voice: int | None = None

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def speech_s(self) -> float:
        return sum(s.end_s - s.start_s for s in self.speech)


class _Others:
    """What everybody else says, to be asked for a stretch of time without looking at the whole call."""

    def __init__(self, spans: Sequence[SpeechSpan]) -> None:
        self._spans = sorted(spans, key=lambda s: s.start_s)
        self._starts = [s.start_s for s in self._spans]
        self._longest = max((s.end_s - s.start_s for s in spans), default=0.0)

    def between(self, start_s: float, end_s: float) -> list[SpeechSpan]:
        """Spans that reach into the stretch."""
        first, last = bisect_left(self._starts, start_s - self._longest), bisect_left(self._starts, end_s)
        return [s for s in self._spans[first:last] if s.end_s > start_s]


def cut(audio: Audio, spans: tuple[SpeechSpan, ...]) -> list[Clip]:
    """Clips in order of time. Every span lies in exactly one clip (a very long span in several)."""
    clips: list[Clip] = []
    for channel, voice in sorted({(s.channel, s.voice) for s in spans}, key=lambda k: (k[0], k[1] or 0)):
        own = [s for s in spans if (s.channel, s.voice) == (channel, voice)]
        others = _Others([s for s in spans if (s.channel, s.voice) != (channel, voice)])
        mixed = len(audio.channels) == 1 and voice is None
        pieces = [piece for span in own for piece in _split(span, audio.channels[channel])]
        clips += _joined(pieces, others, JOIN_GAP_MIXED_S if mixed else JOIN_GAP_S, crumbs=not mixed)
    return sorted(clips, key=lambda c: (c.start_s, c.channel))


def around(clip: Clip, audio: Audio, context_s: float) -> Clip:
    """The clip with ``context_s`` more sound on either side, as far as the recording goes."""
    start, end = max(0.0, clip.start_s - context_s), min(audio.duration_s, clip.end_s + context_s)
    return replace(clip, start_s=start, end_s=end) if context_s else clip


def samples_of(audio: Audio, channel: int, start_s: float, end_s: float) -> Samples:
    return audio.channels[channel][int(start_s * SAMPLE_RATE) : int(end_s * SAMPLE_RATE)]


def _split(span: SpeechSpan, samples: Samples) -> Iterator[SpeechSpan]:
    """Cut a span that is too long at the quietest window of its later half."""
    start = span.start_s
    while span.end_s - start > LONGEST_S:
        middle = _quietest(samples, start + LONGEST_S / 2, start + LONGEST_S)
        yield replace(span, start_s=start, end_s=middle)
        start = middle
    yield replace(span, start_s=start)


def _quietest(samples: Samples, from_s: float, to_s: float) -> float:
    size = int(CUT_WINDOW_S * SAMPLE_RATE)
    part = samples[int(from_s * SAMPLE_RATE) : int(to_s * SAMPLE_RATE)]
    windows = part[: part.size // size * size].reshape(-1, size)
    quiet = int(np.argmin(np.square(windows).mean(axis=1)))
    return round(from_s + (quiet + 0.5) * CUT_WINDOW_S, 3)


def _joined(pieces: Sequence[SpeechSpan], others: _Others, gap_s: float, *, crumbs: bool) -> list[Clip]:
    groups: list[list[SpeechSpan]] = []
    for piece in pieces:
        if groups and _belongs(groups[-1], piece, others, gap_s, crumbs):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [Clip(g[0].channel, g[0].start_s, g[-1].end_s, tuple(g), g[0].voice) for g in groups]


def _belongs(group: list[SpeechSpan], piece: SpeechSpan, others: _Others, gap_s: float, crumbs: bool) -> bool:
    """A piece joins the turn before it when the pause is short and nobody else speaks in it.

    Whoever speaks in it on the same channel would be heard in the clip: then the pieces stay apart, however near.
    """
    gap = piece.start_s - group[-1].end_s
    if piece.end_s - group[0].start_s > LONGEST_S or gap > max(gap_s, CRUMB_GAP_S):
        return False
    between = others.between(group[-1].end_s, piece.start_s)
    if any(o.channel == piece.channel for o in between):
        return False
    if gap <= gap_s:
        return True
    crumb = min(group[-1].end_s - group[0].start_s, piece.end_s - piece.start_s) < CRUMB_S
    return crumbs and crumb and gap <= CRUMB_GAP_S and not between
