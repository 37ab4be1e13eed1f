"""A voice that rises: against its own baseline, absolutely, or with pitch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import model_validator

from qa_service.records import TurnMeasures
from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.spec import Amount, ParameterName, Spec


class Loudness(Spec):
    """A turn that fulfils all that is given.

    ``step_db``: at least so much louder than the speaker's own median turn; ``span_db``: so much between the quietest
    and the loudest turn of that side, told at the loudest; ``above_dbfs``: louder than this (a negative number);
    ``raised``: loudness and pitch both well above the speaker's own.
    """

    step_db: Amount | None = None
    span_db: Amount | None = None
    above_dbfs: float | ParameterName | None = None
    raised: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        return self.need_one_of("step_db", "span_db", "above_dbfs", "raised")

    @property
    def family(self) -> str:
        return "loudness"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        sides = [(at, m) for at, turn in scene.of_side(speaker) if (m := scene.measured(turn)) is not None]
        loudest = self._span(scene, sides)
        for at, measured in sides:
            if self._fits(scene, measured) and (self.span_db is None or at == loudest):
                step = measured.loudness_step_db
                yield scene.whole(at, seen=f"({step:+.0f} dB)" if step is not None else "")

    def _fits(self, scene: Scene, measured: TurnMeasures) -> bool:
        step, level = measured.loudness_step_db, measured.loudness_dbfs
        return (
            (self.step_db is None or (step is not None and step >= scene.amount(self.step_db)))
            and (self.above_dbfs is None or (level is not None and level > scene.amount(self.above_dbfs)))
            and (self.raised is None or measured.raised_voice is self.raised)
        )

    def _span(self, scene: Scene, sides: list[tuple[int, TurnMeasures]]) -> int | None:
        """Position of the loudest turn, where the span is wide enough."""
        levels = [(m.loudness_dbfs, at) for at, m in sides if m.loudness_dbfs is not None]
        if self.span_db is None or not levels:
            return None
        return max(levels)[1] if max(levels)[0] - min(levels)[0] >= scene.amount(self.span_db) else None
