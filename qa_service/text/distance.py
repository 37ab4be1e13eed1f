"""How far two texts are apart."""

from __future__ import annotations

from collections.abc import Sequence


def distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Insertions, deletions and replacements that make one of the other (Levenshtein)."""
    before = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (one != other)))
        before = row
    return before[-1]
