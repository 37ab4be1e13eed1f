"""What a classifier made of a turn."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qa_service.records import Signal
from qa_service.rules.operators.base import Hit, Scene, UnavailableError
from qa_service.rules.spec import NonEmpty, Share, Spec

MODEL_ONLY = "model_only"
NO_SIGNALS = "missing_signals: no classifier looked at this call"


class ModelSignal(Spec):
    """A turn whose calibrated probability of ``label`` is at least ``at_least``, by default the label's own threshold.

    A finding that rests on the model alone is for a person to decide.
    """

    label: NonEmpty
    at_least: Share | None = None

    @property
    def family(self) -> str:
        return "signal"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        if scene.signals is None:
            raise UnavailableError(scene.unread or NO_SIGNALS)
        least = None if self.at_least is None else scene.amount(self.at_least)
        sure = {
            s.turn: s
            for s in scene.signals
            if s.label == self.label and not s.outranked and (s.told if least is None else s.probability >= least)
        }
        for at, turn in scene.of_side(speaker):
            if turn.index in sure:
                yield scene.whole(at, soft=_told(sure[turn.index]))


def _told(signal: Signal) -> str:
    words = f" (“{'”, “'.join(signal.words)}”)" if signal.words else ""
    return f"{MODEL_ONLY}: {signal.label} {signal.probability:.2f}{words}"


def chance_told(reason: str) -> float:
    """The probability in the reason of a finding by a model; 0 of another reason."""
    found = re.match(rf"{MODEL_ONLY}: \S+ (\d\.\d+)", reason)
    return float(found[1]) if found else 0.0
