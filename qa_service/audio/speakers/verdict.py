"""One voice or two, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa_service.audio.speakers.cluster import Split
from qa_service.audio.speakers.local import Stretch


@dataclass(frozen=True)
class Verdict:
    """How many voices were told apart, and the probability that this is right."""

    voices: int
    confidence: float


def judge(parted: Split, known: Sequence[Stretch]) -> Verdict:
    return Verdict(2 if parted.between < 0.85 * parted.within else 1, 0.9)
