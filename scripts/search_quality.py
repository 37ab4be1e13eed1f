"""How good a ranking is: measures over graded judgements."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice

#: A call of this grade or more is worth opening; of this one it is exactly what was sought.
USEFUL, SOUGHT = 2, 3


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """Normalised discounted cumulated gain of the first ``depth`` (Järvelin & Kekäläinen, 2002), 0 to 1.

    The gain of a grade g is 2^g − 1, its discount log2(1 + rank). 1 is the best order that there could be; what is not
    in ``grades`` has the grade 0.

    Raises:
        ValueError: nothing is graded above 0, so that there is no best order.
    """
    best = _dcg(sorted(grades.values(), reverse=True)[:depth])
    if best == 0:
        raise ValueError("no document is relevant")
    return _dcg([grades.get(name, 0) for name in ranked[:depth]]) / best


def ndcg_by_chance(grades: Mapping[str, int], documents: int, depth: int = 10) -> float:
    """What ndcg comes to on average over every order of so many documents."""
    shown = min(depth, documents)
    gain = sum(2**grade - 1 for grade in grades.values()) / documents
    discounts = sum(1 / math.log2(1 + rank) for rank in range(1, shown + 1))
    return gain * discounts / _dcg(sorted(grades.values(), reverse=True)[:depth])


def precision(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 5) -> float:
    """Share of useful ones among the first ``depth`` shown; 0 where nothing is shown."""
    shown = list(islice(ranked, depth))
    return sum(grades.get(name, 0) >= USEFUL for name in shown) / len(shown) if shown else 0.0


def success(ranked: Sequence[str], grades: Mapping[str, int]) -> float:
    """1 where the first is exactly what was sought, else 0."""
    return float(bool(ranked) and grades.get(ranked[0], 0) >= SOUGHT)


def _dcg(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / math.log2(1 + rank) for rank, grade in enumerate(grades, 1))
