"""Who has the floor: one voice for every moment of a span, from who of the two voices talks in each frame."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.speakers.local import GRID_S
from qa_service.audio.types import SpeechSpan

#: A run of one voice shorter than this (frames of 10 ms) inside a span is a slip, not a turn.
SHORTEST = 25

Talk = NDArray[np.bool_]
Floor = NDArray[np.int64]
_NOBODY = -1


def pieces(span: SpeechSpan, talk: Talk, before: int) -> Iterator[SpeechSpan]:
    """The span cut where the voice changes. ``talk``: frames of the call × 2; ``before``: who spoke last."""
    first, last = round(span.start_s / GRID_S), round(span.end_s / GRID_S)
    voices = _steady(_floor(talk[first:last], before))
    at = span.start_s
    for start, end in _runs(voices):
        until = span.end_s if end == voices.size else round((first + end) * GRID_S, 3)
        yield replace(span, start_s=at, end_s=until, voice=int(voices[start]))
        at = until


def _floor(talk: Talk, before: int) -> Floor:
    """While both talk, or nobody is heard to, the floor stays where it was; before the first voice, with that one."""
    alone = talk[:, 0] != talk[:, 1]
    voices = np.where(alone, talk[:, 1].astype(np.int64), _NOBODY)
    known = np.flatnonzero(alone)
    if not known.size:
        return np.full(len(talk), before, dtype=np.int64)
    latest = np.maximum.accumulate(np.where(alone, np.arange(len(talk)), known[0]))
    return np.asarray(voices[latest])


def _steady(voices: Floor) -> Floor:
    """Short runs join the longer of their neighbours, the shortest first."""
    while True:
        runs = list(_runs(voices))
        lengths = [end - start for start, end in runs]
        if len(runs) < 2 or min(lengths) >= SHORTEST:
            return voices
        voices = voices.copy()
        start, end = runs[int(np.argmin(lengths))]
        voices[start:end] = 1 - voices[start]


def _runs(voices: Floor) -> Iterator[tuple[int, int]]:
    """Start and end of each run of equal values; one empty run for no values is none at all."""
    edges = np.flatnonzero(np.diff(voices)) + 1
    bounds = [0, *edges.tolist(), voices.size]
    yield from ((a, b) for a, b in itertools.pairwise(bounds) if b > a)
