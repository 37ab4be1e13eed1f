"""Speech rate of a turn or of one side over the call, in characters (Mandarin) or words (English) a minute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import model_validator

from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.spec import Amount, Spec

#: A shorter turn has no rate worth the name: "好的好的" is fast and says nothing.
SHORTEST_S = 3.0


class Rate(Spec):
    """Faster than ``above`` or slower than ``below``; ``per`` turn (of ``at_least_s`` seconds) or call."""

    above: Amount | None = None
    below: Amount | None = None
    per: Literal["turn", "call"] = "turn"
    at_least_s: Amount = SHORTEST_S

    @model_validator(mode="after")
    def _limited(self) -> Self:
        return self.need_one_of("above", "below")

    @property
    def family(self) -> str:
        return "rate"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        per_turn, sides = self.per == "turn", scene.sound().speakers
        for at, turn in scene.of_side(speaker):
            if not per_turn:
                whole = sides.get(turn.role.value)
                rate = whole.rate_per_min if whole else None
            elif turn.end_s - turn.start_s < scene.amount(self.at_least_s):
                continue
            else:
                measured = scene.measured(turn)
                rate = measured.rate_per_min if measured else None
            if rate is not None and beyond(scene, rate, self.above, self.below):
                yield scene.whole(at, seen=f"({rate:.0f}/min)")
                if not per_turn:
                    return


def beyond(scene: Scene, value: float, above: Amount | None, below: Amount | None) -> bool:
    """Whether a measured value lies above the one limit or below the other."""
    return (above is not None and value > scene.amount(above)) or (below is not None and value < scene.amount(below))
