"""How far two texts are apart."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import OSA, Levenshtein


def distance(a: Sequence[str], b: Sequence[str], most: int | None = None) -> int:
    """Insertions, deletions and replacements that make one of the other (Levenshtein).

    Anything above ``most`` is told as ``most + 1``.
    """
    return Levenshtein.distance(a, b, score_cutoff=most)


def alignment(a: str, b: str, most: int) -> int:
    """As :func:`distance`, and neighbours that change places count once (optimal string alignment)."""
    return OSA.distance(a, b, score_cutoff=most)
