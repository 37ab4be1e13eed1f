"""Where in the call words may stand, and how far apart: first and last seconds or turns, same turn, near."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from qa_service.records import Turn
from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.operators.turns import Turns, turns_at


@dataclass(frozen=True)
class Place:
    """Limits of a selection, in seconds, turns or shares of the time from the call's first or last words."""

    first_s: float | None = None
    last_s: float | None = None
    first_turns: float | None = None
    last_turns: float | None = None
    first_share: float | None = None
    last_share: float | None = None

    @cached_property
    def anywhere(self) -> bool:
        return self == Place()


ANYWHERE = Place()


@dataclass(frozen=True)
class Within:
    """How far from an anchor other hits may lie. ``kind``: turn, turns, seconds, near or call."""

    kind: str
    amount: float = 0.0

    def reaches(self, anchor: Hit, other: Hit, lines: Sequence[Line], *, both_ways: bool) -> bool:
        """Whether ``other`` lies in the window that begins at ``anchor`` (or around it)."""
        if self.kind == "call":
            return True
        if self.kind == "turn":
            return other.at == anchor.at
        if not both_ways and other.key < anchor.key:
            return False
        if self.kind == "turns":
            return abs(other.at - anchor.at) <= self.amount
        if self.kind == "seconds":
            return abs(other.time_s - anchor.time_s) <= self.amount
        return other.at == anchor.at and _gap(anchor, other, lines[anchor.at]) <= self.amount


def _gap(one: Hit, other: Hit, line: Line) -> int:
    """Chinese characters and other words between two hits of a turn; 0 when they touch."""
    first, second = sorted((one.span, other.span), key=lambda s: s.start)
    return line.stream.units(first.end, second.start) if second.start > first.end else 0


def time_of(turn: Turn, line: Line, span: Span) -> float:
    """When the span begins: of its first word, else by its share of the turn. Seconds from the call's start."""
    start, _ = line.stream.original(span.start, span.end)
    return moment(turn, line, start)


def moment(turn: Turn, line: Line, character: int, *, after: bool = False) -> float:
    """When a character of the turn's text is spoken; ``after``: when all before it has been. Never outside the turn."""
    timed = line.timed
    at = (bisect_left if after else bisect_right)(timed.ends, character)
    if at == len(timed.words):
        share = character / max(1, len(turn.text))
        return turn.start_s + share * (turn.end_s - turn.start_s)
    word = timed.words[at]
    return min(turn.end_s, max(turn.start_s, word.end_s if after else word.start_s))


def inside(place: Place, hit: Hit, scene: Scene) -> bool:
    """Whether a hit lies within the limits; counted from the first and to the last words of the call."""
    return place.anywhere or _lies(place, hit.at, hit.time_s, hit.time_s, scene)


def may_be_inside(place: Place, scene: Scene) -> Turns:
    """Turns in which a hit can lie within the limits."""
    if place not in scene.inside:
        turns = enumerate(scene.turns)
        scene.inside[place] = turns_at(at for at, t in turns if _lies(place, at, t.start_s, t.end_s, scene))
    return scene.inside[place]


def _lies(place: Place, at: int, first_s: float, last_s: float, scene: Scene) -> bool:
    """Whether what is said in a turn between two times can be within the limits."""
    opening, closing = scene.extent_s
    length = closing - opening
    return (
        (place.first_s is None or first_s <= opening + place.first_s)
        and (place.last_s is None or last_s >= closing - place.last_s)
        and (place.first_turns is None or at < place.first_turns)
        and (place.last_turns is None or at >= len(scene.turns) - place.last_turns)
        and (place.first_share is None or first_s <= opening + place.first_share * length)
        and (place.last_share is None or last_s >= closing - place.last_share * length)
    )
