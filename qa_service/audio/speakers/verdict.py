"""One voice or two, and how sure that is.

Any set of stretches can be split in two; the split of one voice leaves halves as alike as each is within itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qa_service.audio.speakers.cluster import Split
from qa_service.audio.speakers.local import Stretch

#: Likeness of the halves against the likeness within them: two voices lie below this, one above it. Measured on mixes
#: and lone sides of odd-numbered synthetic calls and on one real call (docs/speakers.md).
MIDDLE, WIDTH = 0.87, 0.02
#: No synthetic set vouches for more.
MOST = 0.99
#: Seconds: a second voice that says less than this in all may be a cough or a slip.
LEAST_S, DOUBTED = 1.0, 0.6


@dataclass(frozen=True)
class Verdict:
    """How many voices were told apart, and the probability that this is right."""

    voices: int
    confidence: float


def judge(parted: Split, known: Sequence[Stretch]) -> Verdict:
    """``known``: the stretches that were split, in the same order."""
    leaning = (MIDDLE - parted.between / max(parted.within, 1e-9)) / WIDTH
    confidence = min(MOST, 1 / (1 + math.exp(-min(50.0, abs(leaning)))))
    if leaning <= 0:
        return Verdict(1, round(confidence, 4))
    lesser = min(
        sum(s.seconds for s, label in zip(known, parted.labels.tolist(), strict=True) if label == k) for k in (0, 1)
    )
    return Verdict(2, round(min(confidence, DOUBTED) if lesser < LEAST_S else confidence, 4))
