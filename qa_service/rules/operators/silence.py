"""Silence between turns, and whose turn it was to speak."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator

from qa_service.records import Turn
from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.operators.words import holds_phrase, need_words
from qa_service.rules.spec import Amount, Speaker, Spec, Switch, Terms
from qa_service.rules.stream import fold
from qa_service.text.utterances import only_listens


class Silence(Spec):
    """Nobody speaks for ``at_least_s`` seconds when ``kept_by`` (by default the selection's speaker) should.

    Whose silence it is was measured: who lets a question wait keeps it, whoever then speaks. Where that is not known,
    it is theirs who broke it.

    Not counted: a silence before the first words where ``not_first_turn`` is on, and one that was announced: one of
    ``except_phrases`` (Latin words whole) stands in the turn before it, whoever said it. Listening words alone (好的,
    okay) that answer the announcement do not come between.
    """

    at_least_s: Amount
    kept_by: Speaker | None = None
    not_first_turn: Switch = True
    except_phrases: Annotated[Terms | None, AfterValidator(need_words)] = None

    @property
    def family(self) -> str:
        return "silence"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        side = self.kept_by or speaker
        for at, turn in scene.of_side("any"):
            measured = scene.measured(turn)
            if measured is None or side not in ("any", (measured.silence_kept_by or turn.role).value):
                continue
            seconds = measured.silence_before_s
            if seconds >= scene.amount(self.at_least_s) and not self._excused(scene, at):
                yield _quiet(scene, at, turn, seconds)

    def _excused(self, scene: Scene, at: int) -> bool:
        if not at:
            return self.not_first_turn
        before = at - 1
        while before and only_listens(scene.turns[before].text):
            before -= 1
        texts = [line.stream.text for line in scene.lines[before:at]]
        return any(holds_phrase(phrase, text) for phrase in self._announced for text in texts)

    @cached_property
    def _announced(self) -> tuple[str, ...]:
        return tuple(fold(phrase) for phrase in self.except_phrases or ())


def _quiet(scene: Scene, at: int, turn: Turn, seconds: float) -> Hit:
    """The hit is the silence itself, in front of the turn that ends it."""
    hit = scene.whole(at, seen=f"({seconds:.1f} s)")
    return Hit("", 0, at, hit.span, turn.start_s - seconds, end_s=turn.start_s, seen=hit.seen)
