"""Hits in the order of a call, with bounds that tell which of them need not be looked at.

Turns may be said at the same time, so that times need not ascend with places: what ascends is the
latest time so far and the earliest time from here on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from qa_service.rules.operators.base import Hit


@dataclass(frozen=True)
class Ordered:
    """``hits`` of one selection, ascending by :attr:`~qa_service.rules.operators.base.Hit.key`."""

    hits: Sequence[Hit]

    @cached_property
    def keys(self) -> Sequence[tuple[int, int]]:
        return [h.key for h in self.hits]

    @cached_property
    def ends(self) -> Sequence[tuple[int, int]]:
        """Of each, its turn and the furthest end in it of what begins no later."""
        return list(accumulate(((h.at, h.span.end) for h in self.hits), max))

    @cached_property
    def latest(self) -> Sequence[float]:
        """The latest time up to each."""
        return list(accumulate((h.time_s for h in self.hits), max))

    @cached_property
    def earliest(self) -> Sequence[float]:
        """The earliest time from each on."""
        return list(accumulate((h.time_s for h in reversed(self.hits)), min))[::-1]

    def before(self, key: tuple[int, int]) -> int:
        """How many begin before a place."""
        return bisect_left(self.keys, key)

    def up_to(self, key: tuple[int, int]) -> int:
        """How many begin no later than it."""
        return bisect_right(self.keys, key)

    def turns(self, first: float, last: float) -> slice:
        """Those of the turns from ``first`` to ``last``."""
        start = bisect_left(self.hits, first, key=_turn_of)
        return slice(start, bisect_right(self.hits, last, lo=start, key=_turn_of))


def _turn_of(hit: Hit) -> int:
    return hit.at
