"""Stretches of time: speech without the detector's padding, what two of them share, and the gaps between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from qa_service.audio.types import SpeechSpan
from qa_service.audio.vad import PAD_S
from qa_service.records import Role, Turn

#: Start and end in seconds.
Interval = tuple[float, float]
#: Channel, start and end of a stretch of speech.
Piece = tuple[int, float, float]


def without_padding(span: SpeechSpan, duration_s: float) -> Interval:
    """At the edges of the recording there was no room for padding; a span never shrinks to nothing."""
    start = span.start_s + PAD_S if span.start_s > 0 else span.start_s
    end = span.end_s - PAD_S if span.end_s < duration_s else span.end_s
    return (start, end) if end > start else (span.start_s, span.end_s)


def length(intervals: Iterable[Interval]) -> float:
    return sum(end - start for start, end in intervals)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as disjoint intervals in order."""
    out: list[Interval] = []
    for start, end in sorted(intervals):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def shared(first: Sequence[Interval], second: Sequence[Interval]) -> list[Interval]:
    """What lies in both; each is disjoint and in order."""
    out: list[Interval] = []
    i = j = 0
    while i < len(first) and j < len(second):
        start, end = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if end > start:
            out.append((start, end))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return out


def gaps(intervals: Sequence[Interval]) -> list[Interval]:
    """What lies between disjoint intervals in order."""
    return [(a[1], b[0]) for a, b in pairwise(intervals)]


def by_role(pieces: Sequence[Piece], turns: Sequence[Turn]) -> dict[Role, list[Piece]]:
    """Speech of each role: a channel's speech is its role's; where several share one, the turns tell.

    What no turn covers on a shared channel is nobody known.
    """
    found: dict[Role, list[Piece]] = {}
    for channel, start, end in pieces:
        own = [t for t in turns if t.channel == channel]
        roles = {t.role for t in own}
        parts = [(roles.pop(), start, end)] if len(roles) == 1 else _cut_at_turns(start, end, own)
        for role, a, b in parts:
            found.setdefault(role, []).append((channel, a, b))
    return found


def _cut_at_turns(start: float, end: float, turns: Sequence[Turn]) -> list[tuple[Role, float, float]]:
    """Cut a stretch of speech at the turns that lie on it."""
    parts, now = [], start
    for turn in sorted(turns, key=lambda t: t.start_s):
        a, b = max(now, turn.start_s), min(end, turn.end_s)
        if b <= a:
            continue
        if a > now:
            parts.append((Role.UNKNOWN, now, a))
        parts.append((turn.role, a, b))
        now = b
    if now < end:
        parts.append((Role.UNKNOWN, now, end))
    return parts
