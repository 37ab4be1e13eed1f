"""A value that is known only between two bounds, because what it is counted from is known only in part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Unsure:
    """Something from ``low`` to ``high`` (numbers, or False and True). ``why`` names what is not known, after ``word``,
    the stable word that a not-assessed reason starts with."""

    low: Any
    high: Any
    why: str
    word: str = "history_unsure"

    def holds(self, value: Any) -> bool:
        """Whether the value may be ``value``."""
        numbers = all(isinstance(v, int | float) for v in (self.low, self.high, value))
        return bool(self.low <= value <= self.high) if numbers else value in (self.low, self.high)


def between(low: Any, high: Any, why: str) -> Any:
    """The value where both bounds agree, else what is unsure of it."""
    return low if low == high else Unsure(low, high, why)
