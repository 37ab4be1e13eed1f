"""Things with a form of their own: numbers that belong to a person, amounts, dates."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.operators.place import time_of
from qa_service.rules.spec import Spec
from qa_service.text.entities import entities

Kind = Literal["phone", "id", "card", "email", "amount", "percent", "date", "time", "duration"]


class Entity(Spec):
    """Any entity of these kinds, written or spoken. Each kind is a term: ``at_least: 2`` asks for two kinds."""

    kind: tuple[Kind, ...] = Field(min_length=1)

    @property
    def family(self) -> str:
        return "entity"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        for at, turn in scene.of_side(speaker):
            line = scene.lines[at]
            for found in entities(line.text):
                if found.kind in self.kind and (span := _in_stream(line, found.start, found.end)) is not None:
                    yield Hit("", self.kind.index(found.kind), at, span, time_of(turn, line, span))


def _in_stream(line: Line, start: int, end: int) -> Span | None:
    """The part of the stream that stands for ``[start, end)`` of the turn's text."""
    stream = line.stream
    first, last = bisect_left(stream.starts, start), bisect_right(stream.ends, end)
    while first < last and stream.text[first] in " \n":
        first += 1
    while first < last and stream.text[last - 1] in " \n":
        last -= 1
    return Span(first, last) if first < last else None
