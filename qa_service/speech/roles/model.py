"""The weights of traits, and from them the chance of each party to be the agent."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from qa_service.errors import ErrorCode, SetupError


@dataclass(frozen=True)
class RoleModel:
    """Logistic regression without a constant: the call's parties are compared with one another.

    ``weights``: positive speaks for the agent. ``sharpness`` scales the sum to calibrated chances; ``most`` is the
    highest chance that the calibration data can vouch for.
    """

    weights: Mapping[str, float]
    sharpness: float
    most: float

    def part(self, name: str, value: float) -> float:
        """What a trait adds to the score."""
        return self.sharpness * self.weights.get(name, 0.0) * value

    def score(self, traits: Mapping[str, float]) -> float:
        return sum(self.part(name, value) for name, value in traits.items())

    def chances(self, scores: Sequence[float]) -> list[float]:
        """Chance of each party to be the agent (exactly one is)."""
        top = max(scores)
        powers = [math.exp(s - top) for s in scores]
        return [min(self.most, max(1 - self.most, p / sum(powers))) for p in powers]


@lru_cache(maxsize=2)
def load_model(folder: Path) -> RoleModel:
    """The trained weights under ``folder`` (``models/roles``).

    Raises:
        SetupError: SETTINGS_INVALID when the file cannot be read.
    """
    path = folder / "weights.json"
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return RoleModel(read["weights"], float(read["sharpness"]), float(read["most"]))
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise SetupError(ErrorCode.SETTINGS_INVALID, f"{path} cannot be read: {wrong}.", "Install again.") from None
