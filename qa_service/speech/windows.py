"""Turns of one speaker packed side by side into windows, so that few seconds of silence are paid for.

Whisper's encoder pays for every frame, silence too. A turn of 3 s decoded alone needs 4 s of silence behind it before
base models stop well (measured); four turns of one speaker in one window need it once, and give each other context.
Windows are padded to whole steps, so that the length of the batch never depends on the company.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qa_service.audio.types import SAMPLE_RATE, Audio, Samples
from qa_service.records import Word
from qa_service.speech.turns import Clip, samples_of

#: Speech and gaps in one window: more turns save padding, but attention grows with the square of the window.
WINDOW_S = 20.0
#: Silence between two turns of a window. Shorter, and words run together; longer costs for nothing.
GAP_S = 0.5
#: Silence behind the last turn; ``CAREFUL_PAD_S`` where a first decode went wrong (measured: fewest errors).
PAD_S, CAREFUL_PAD_S = 2.0, 8.0
STEP_S = 1.0
WHOLE_S = 30.0
#: Signs that close what was said before them. The aligner gives them a place of their own, often past the gap.
CLOSING = frozenset(",.!?;:%、，。！？；：…”’)]}》」』）")
#: How evenly windows of one speaker are filled.
EVEN_S = 0.25


@dataclass(frozen=True)
class Piece:
    """A turn inside a window, from ``at_s`` on."""

    clip: Clip
    at_s: float

    @property
    def end_s(self) -> float:
        return self.at_s + self.clip.length_s


@dataclass(frozen=True)
class Window:
    """Turns of one channel and voice, in order, for one decode. ``padded_s``: its length with silence behind it."""

    pieces: tuple[Piece, ...]
    padded_s: float

    @property
    def channel(self) -> int:
        return self.pieces[0].clip.channel

    @property
    def speech_s(self) -> float:
        return sum(p.clip.speech_s for p in self.pieces)

    @property
    def length_s(self) -> float:
        return self.pieces[-1].end_s

    def sound(self, audio: Audio) -> Samples:
        out = np.zeros(math.ceil(self.length_s * SAMPLE_RATE), np.float32)
        for piece in self.pieces:
            clip = piece.clip
            heard = samples_of(audio, clip.channel, clip.start_s, clip.end_s)
            start = round(piece.at_s * SAMPLE_RATE)
            room = out[start : start + heard.size]
            room[:] = heard[: room.size]
        return out


def pack(clips: Sequence[Clip], window_s: float = WINDOW_S) -> list[Window]:
    """Every clip in exactly one window, neighbours of one speaker together."""
    return [
        _window(group)
        for key in sorted({_speaker(c) for c in clips})
        for group in _groups([c for c in clips if _speaker(c) == key], window_s)
    ]


def alone(clip: Clip) -> Window:
    """The clip by itself, with more silence behind it: for a second decode."""
    return _window([clip], CAREFUL_PAD_S)


def by_piece(window: Window, words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """The words of each turn of the window, in seconds of the call.

    A word belongs to the turn on whose side of the gap its middle lies: aligners stretch the words beside a gap into
    it, the last one forwards and the first one backwards, by the same rule. Closing signs stay with the word before.
    """
    borders = [(a.end_s + b.at_s) / 2 for a, b in zip(window.pieces, window.pieces[1:], strict=False)]
    found: list[list[Word]] = [[] for _ in window.pieces]
    at = None
    for word in words:
        if at is None or not CLOSING.issuperset(word.text.strip()):
            middle = (word.start_s + word.end_s) / 2
            at = sum(middle >= border for border in borders)
        found[at].append(_in_call(word, window.pieces[at]))
    return [tuple(w) for w in found]


def _in_call(word: Word, piece: Piece) -> Word:
    clip = piece.clip
    start, end = (
        round(min(max(clip.start_s, t - piece.at_s + clip.start_s), clip.end_s), 3) for t in (word.start_s, word.end_s)
    )
    return word.model_copy(update={"start_s": start, "end_s": max(start, end)})


def _speaker(clip: Clip) -> tuple[int, int]:
    return clip.channel, clip.voice or 0


def _groups(clips: Sequence[Clip], window_s: float) -> Iterator[list[Clip]]:
    """As few groups as hold the clips in order, and those about equally full: half-empty ones cost as much padding."""
    lengths = [c.length_s + GAP_S for c in clips]
    fewest = len(list(_filled(lengths, window_s + GAP_S)))
    low, high = max(lengths, default=0.0), window_s + GAP_S
    while high - low > EVEN_S:
        middle = (low + high) / 2
        low, high = (low, middle) if len(list(_filled(lengths, middle))) <= fewest else (middle, high)
    start = 0
    for count in _filled(lengths, high):
        yield list(clips[start : start + count])
        start += count


def _filled(lengths: Sequence[float], most: float) -> Iterator[int]:
    """How many in each group, filling one after another."""
    count, total = 0, 0.0
    for length in lengths:
        if count and total + length > most:
            yield count
            count, total = 0, 0.0
        count, total = count + 1, total + length
    if count:
        yield count


def _window(clips: Sequence[Clip], pad_s: float = PAD_S) -> Window:
    pieces: list[Piece] = []
    at = 0.0
    for clip in clips:
        pieces.append(Piece(clip, round(at, 4)))
        at += clip.length_s + GAP_S
    length = at - GAP_S
    return Window(tuple(pieces), min(WHOLE_S, math.ceil((length + pad_s) / STEP_S) * STEP_S))
