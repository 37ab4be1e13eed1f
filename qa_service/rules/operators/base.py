"""The interface of operators: what a selection can look for in a call, and what it gives back.

An operator is a part of a rule file (a :class:`~qa_service.rules.spec.Spec`) that finds hits in a :class:`Scene`.
Words, sound, repetition, entities, model signals: every family is one file of this folder and one line in
:mod:`~qa_service.rules.schema`; conditions, windows, places and evidence know none of them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Protocol, runtime_checkable

from pydantic import JsonValue

from qa_service.records import Measures, Role, Signal, Turn, TurnMeasures
from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.operators.turns import Turns, turns_at
from qa_service.rules.spec import Amount

NO_SOUND = "missing_measures: there is no recording whose sound was measured"


class UnavailableError(Exception):
    """What the operator reads is not there; the text is the not-assessed reason, its first word stable."""


@dataclass(frozen=True)
class Hit:
    """Something a selection looks for, found: ``at`` is the position of the turn, ``time_s`` when it begins.

    ``term``: which of the selection's terms it is. ``soft``: why a person must decide on a finding that rests on this
    alone. ``seen``: what to show where the words of the turn are not the evidence (a silence, a measured rate).
    ``goes_on``: the turn and the place in it where words that run over the border of a turn go on. ``leans``: why the
    hit of another selection by which this one counts (``around``, ``between``) is itself only possible.
    """

    selection: str
    term: int
    at: int
    span: Span
    time_s: float
    end_s: float | None = None
    soft: str = ""
    seen: str = ""
    goes_on: tuple[int, Span] | None = None
    leans: str = ""

    @property
    def key(self) -> tuple[int, int]:
        return self.at, self.span.start


Likeness = Callable[[Sequence[str], Sequence[str]], Sequence[Sequence[float]]]
"""How near in meaning (cosine, -1 to 1) each text of the first list is to each of the second: a row for each text."""


@dataclass
class Scene:
    """One call as operators see it. ``turns`` all have words; ``lines`` are their streams, in step.

    ``measures`` is None without a recording, ``signals`` None where no classifier ran, ``likeness`` without an encoder.
    ``sound_alike``: words that only sound like a term count too (as far as its rule wants that). ``unread``: why no
    classifier ran, where there is one.
    """

    turns: Sequence[Turn]
    lines: Sequence[Line]
    parameters: Mapping[str, JsonValue]
    duration_s: float
    measures: Measures | None = None
    signals: Sequence[Signal] | None = None
    sound_alike: bool = True
    likeness: Likeness | None = None
    unread: str = ""
    _measured: dict[int, TurnMeasures] | None = field(default=None, repr=False)
    _sides: dict[str, Turns] = field(default_factory=dict, repr=False)
    #: Turns in which hits can lie within limits, by these.
    inside: dict[object, Turns] = field(default_factory=dict, repr=False)

    @cached_property
    def extent_s(self) -> tuple[float, float]:
        """When the first words begin and the last ones end."""
        return self.turns[0].start_s, max(turn.end_s for turn in self.turns)

    @cached_property
    def paces(self) -> Sequence[int]:
        """Of each turn, how many that are not the customer's stand up to it."""
        return list(accumulate(int(turn.role is not Role.CUSTOMER) for turn in self.turns))

    def amount(self, amount: Amount) -> float:
        """A number as written, or the parameter it names."""
        value = self.parameters[amount[1:]] if isinstance(amount, str) else amount
        assert isinstance(value, int | float)
        return float(value)

    def of_side(self, speaker: str) -> Iterable[tuple[int, Turn]]:
        """Positions and turns of one side that hold at least one character to point at."""
        return (
            (at, turn) for at, turn in enumerate(self.turns) if speaks(turn, speaker) and self.lines[at].stream.text
        )

    def side(self, speaker: str) -> Turns:
        """The turns of one side."""
        if speaker not in self._sides:
            self._sides[speaker] = turns_at(at for at, turn in enumerate(self.turns) if speaks(turn, speaker))
        return self._sides[speaker]

    def sound(self) -> Measures:
        """Raises UnavailableError where nothing was measured."""
        if self.measures is None:
            raise UnavailableError(NO_SOUND)
        return self.measures

    def measured(self, turn: Turn) -> TurnMeasures | None:
        """What was measured of one turn. Raises UnavailableError where nothing was measured of any."""
        if self._measured is None:
            self._measured = {m.turn: m for m in self.sound().turns}
        return self._measured.get(turn.index)

    def whole(self, at: int, *, term: int = 0, soft: str = "", seen: str = "") -> Hit:
        """A hit that stands for a whole turn."""
        turn = self.turns[at]
        span = Span(0, len(self.lines[at].stream.text))
        return Hit("", term, at, span, turn.start_s, end_s=turn.end_s, soft=soft, seen=seen)


class Operator(Protocol):
    """One family of things to look for."""

    @property
    def family(self) -> str:
        """The key of the rule file."""

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        """Hits of one side (``agent``, ``customer``, ``any``), with an empty ``selection``; in any order.

        Raises:
            UnavailableError: what it reads is not there, so that the rule may not be judged.
        """


@runtime_checkable
class Worded(Operator, Protocol):
    """One whose hits are clauses, which gates hold back as they do words."""

    def still_found(self, hit: Hit, scene: Scene) -> Callable[[str, int], bool]:
        """Whether the hit would be one, and no worse, in its turn's text without some words (from a place on)."""


def speaks(turn: Turn, speaker: str) -> bool:
    return speaker == "any" or turn.role == Role(speaker)
