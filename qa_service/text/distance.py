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


def alignment(a: str, b: str, most: int) -> int:
    """As :func:`distance`, and neighbours that change places count once (optimal string alignment).

    Anything above ``most`` is told as ``most + 1``.
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    earlier: list[int] = []
    before = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            best = min(before[j] + 1, row[-1] + 1, before[j - 1] + (one != other))
            if i > 1 and j > 1 and one == b[j - 2] and a[i - 2] == other:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
        if min(row) > most and (not before or min(before) > most):
            return most + 1
        earlier, before = before, row
    return min(before[-1], most + 1)
