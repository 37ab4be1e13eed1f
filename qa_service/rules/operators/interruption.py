"""One side cuts in while the other still speaks. Backchannels (嗯, 好的, uh-huh) are no interruptions."""

from __future__ import annotations

from collections.abc import Iterable

from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.spec import Amount, Spec


class Interruption(Spec):
    """The selection's speaker begins while the other goes on for ``overlap_s`` beyond the grace of the measurement.

    Each time is one hit: ``count: 3`` on the selection asks for three.
    """

    overlap_s: Amount | None = None

    @property
    def family(self) -> str:
        return "interruption"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        least = scene.amount(self.overlap_s) if self.overlap_s is not None else 0.0
        found = {i.turn: i for i in scene.sound().interruptions if i.overlap_s >= least}
        for at, turn in scene.of_side(speaker):
            cut = found.get(turn.index)
            if cut is not None and speaker in ("any", cut.by.value):
                yield scene.whole(at, seen=f"({cut.overlap_s:.1f} s)")
