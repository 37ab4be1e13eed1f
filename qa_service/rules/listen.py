"""Which terms of a rule's selections are heard in a call, after exclusions and gates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qa_service.records import Role, Turn
from qa_service.rules.compiled import Parameters, Selection
from qa_service.rules.gates import Cues, Held, held
from qa_service.rules.operators.place import Hit, Place, inside, time_of
from qa_service.rules.operators.words import TIMEOUT_S, Line, Span, Term, find, may_be_in
from qa_service.rules.schema import Amount


@dataclass(frozen=True)
class Dropped:
    """A term that was heard and does not count: a gate, or an exclusion of the selection."""

    hit: Hit
    why: Held


@dataclass
class Listener:
    """Looks for selections in one call. ``touched`` and ``dropped`` record what was met on the way.

    ``turns`` all have words; ``lines`` are their streams, in step.
    """

    turns: Sequence[Turn]
    lines: Sequence[Line]
    parameters: Parameters
    cues: Cues
    touched: set[tuple[str, str]] = field(default_factory=set)
    dropped: list[Dropped] = field(default_factory=list)
    joined: dict[str, str] = field(default_factory=dict)

    def hits(self, selection: Selection, *, anyone: bool = False) -> list[Hit]:
        """All hits that count, in the order of the call. ``anyone``: of turns whose speaker is unknown.

        Raises:
            PatternTimeoutError: a pattern took too long on a turn.
        """
        found: list[Hit] = []
        place = self._place(selection)
        speaker = "any" if anyone else selection.speaker
        joined = self._joined(speaker)
        terms = [(i, term) for i, term in enumerate(selection.terms) if may_be_in(term, joined)]
        for at, turn in enumerate(self.turns) if terms else ():
            if speaks(turn, speaker):
                found += [hit for hit in self._in_turn(selection, terms, at, turn) if inside(place, hit, self.turns)]
        return sorted(found, key=lambda h: h.key)

    def amount(self, amount: Amount) -> float:
        """A number as written, or the parameter it names."""
        value = self.parameters[amount[1:]] if isinstance(amount, str) else amount
        assert isinstance(value, int | float)
        return float(value)

    def _place(self, selection: Selection) -> Place:
        limit: dict[str, float] = {name: self.amount(a) for name, a in selection.places.items()}
        turns = {key: int(limit[f"within_{key}"]) for key in ("first_turns", "last_turns") if f"within_{key}" in limit}
        return Place(first_s=limit.get("within_first_s"), last_s=limit.get("within_last_s"), **turns)

    def _joined(self, speaker: str) -> str:
        """The streams of one side, a line each, to see quickly what is not in the call at all."""
        if speaker not in self.joined:
            lines = (line for turn, line in zip(self.turns, self.lines, strict=True) if speaks(turn, speaker))
            self.joined[speaker] = "\n".join(line.stream.text for line in lines)
        return self.joined[speaker]

    def _in_turn(self, selection: Selection, terms: Sequence[tuple[int, Term]], at: int, turn: Turn) -> list[Hit]:
        line = self.lines[at]
        excluded: list[Span] | None = None
        found: list[Hit] = []
        for index, term in terms:
            for span in find(term, line):
                self.touched.add((selection.name, term.written))
                hit = Hit(selection.name, index, at, span, time_of(turn, line, span))
                excluded = self._excluded(selection, line) if excluded is None else excluded
                if (why := self._dropped(selection, term, line, span, excluded)) is None:
                    found.append(hit)
                else:
                    self.dropped.append(Dropped(hit, why))
        return found

    def _excluded(self, selection: Selection, line: Line) -> list[Span]:
        spans: list[Span] = []
        for term in selection.excluded:
            here = list(find(term, line))
            if here:
                self.touched.add((selection.name, term.written))
            spans += here
        return spans

    def _dropped(
        self, selection: Selection, term: Term, line: Line, span: Span, excluded: Sequence[Span]
    ) -> Held | None:
        text = line.stream.text
        for other in excluded:
            if other.start < span.end and span.start < other.end:
                return Held("not", text[other.start : other.end])
        return held(self.cues, selection.gates, line.stream, span, _still_found(term))


def speaks(turn: Turn, speaker: str) -> bool:
    return speaker == "any" or turn.role == Role(speaker)


def _still_found(term: Term) -> Callable[[str, int], bool] | None:
    """For patterns: whether the pattern still matches another text at a place."""
    pattern = term.pattern
    if pattern is None:
        return None
    return lambda text, start: pattern.match(text, start, timeout=TIMEOUT_S) is not None
