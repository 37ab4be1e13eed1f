"""Which words carried a decision: each is left out in turn, and those whose absence costs most are named.

Occlusion (Zeiler and Fergus 2014; Li et al. 2016 for text). It needs nothing of the runtime but scores.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from qa_service.classify.passages import Passage, Said
from qa_service.text.words import division

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qa_service.classify.protocol import Floats

MOST, SHARE = 3, 0.25
"""At most so many stretches of words are named, each with at least this share of what the first one carries."""
UNITS = 12
"""A longer turn is left out in larger steps, so that the cost of one explanation is bounded."""
_PIECES = re.compile(r"[\u4e00-\u9fff]+|[^\s\u4e00-\u9fff]+")
_WORDY = re.compile(r"\w")


class Scorer(Protocol):
    def chances(self, passages: Sequence[Passage]) -> Floats: ...


def carried_by(scorer: Scorer, passage: Passage, output: int) -> tuple[str, ...]:
    """The words of the turn that carried output number ``output``, the weightiest first, as they stand in the text."""
    text = passage.turn.text
    spans = _units(text)
    if len(spans) < 2:
        return tuple(text[a:b] for a, b in spans)
    without = [replace(passage, turn=Said(text[:a] + " " + text[b:], passage.turn.speaker)) for a, b in spans]
    odds = _logit(np.asarray(scorer.chances([passage, *without]))[:, output])
    lost = odds[0] - odds[1:]
    if lost.max() <= 0:
        return ()
    chosen = sorted(np.argsort(-lost, kind="stable")[:MOST])
    heavy = [i for i in chosen if lost[i] >= SHARE * lost.max()]
    return tuple(text[a:b] for a, b, _ in sorted(_joined([(*spans[i], lost[i]) for i in heavy]), key=lambda s: -s[2]))


def _units(text: str) -> list[tuple[int, int]]:
    """Words, by the dictionary in Mandarin and by spaces elsewhere; several together in a long turn."""
    found = []
    for piece in _PIECES.finditer(text):
        at = piece.start()
        parts = division(piece.group())[1] if "\u4e00" <= piece.group()[0] <= "\u9fff" else (piece.group(),)
        for part in parts:
            found.append((at, at + len(part)))
            at += len(part)
    found = [(a, b) for a, b in found if _WORDY.search(text[a:b])]
    step = -(-len(found) // UNITS)
    return [(found[i][0], found[min(i + step, len(found)) - 1][1]) for i in range(0, len(found), step or 1)]


def _joined(spans: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Neighbours as one stretch."""
    found: list[tuple[int, int, float]] = []
    for start, end, weight in spans:
        if found and start - found[-1][1] <= 1:
            first, _, heaviest = found[-1]
            found[-1] = (first, end, max(heaviest, weight))
        else:
            found.append((start, end, weight))
    return found


def _logit(chance: Floats) -> Floats:
    kept = np.clip(chance, 1e-6, 1 - 1e-6)
    odds: Floats = np.log(kept / (1 - kept))
    return odds
