"""What a classifier made of a turn."""

from __future__ import annotations

from collections.abc import Iterable

from qa_service.rules.operators.base import Hit, Scene, UnavailableError
from qa_service.rules.spec import NonEmpty, Share, Spec

NO_SIGNALS = "missing_signals: no classifier looked at this call"


class ModelSignal(Spec):
    """A turn whose calibrated probability of ``label`` is at least ``at_least``.

    A finding that rests on the model alone is for a person to decide.
    """

    label: NonEmpty
    at_least: Share = 0.5

    @property
    def family(self) -> str:
        return "signal"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        if scene.signals is None:
            raise UnavailableError(NO_SIGNALS)
        least = scene.amount(self.at_least)
        sure = {s.turn: s.probability for s in scene.signals if s.label == self.label and s.probability >= least}
        for at, turn in scene.of_side(speaker):
            if turn.index in sure:
                yield scene.whole(at, soft=f"model_only: {self.label} with probability {sure[turn.index]:.2f}")
