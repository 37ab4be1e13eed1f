"""The same thing said again and again: word for word, or nearly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field

from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.operators.lines import Span
from qa_service.rules.operators.place import time_of
from qa_service.rules.operators.words import holds_phrase, need_words
from qa_service.rules.spec import ParameterName, Spec, Terms
from qa_service.rules.stream import fold
from qa_service.text.similar import alike, units

_Wording = tuple[str, ...]
#: What was said once is no repetition, and nothing is said half a time.
Times = Annotated[float, Field(ge=2, multiple_of=1)] | ParameterName


@dataclass(frozen=True)
class _Sentence:
    at: int
    span: Span
    units: tuple[str, ...]


class _Near:
    """The wordings so far that are near enough, how many there are of each, and which of them hold a unit.

    A call may be thousands of sentences long. Of those that are alike one lacks few units of the other: who shares none
    of a few units more than that, the rarest ones, need not be compared.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._counts: Counter[_Wording] = Counter()
        self._holders: dict[str, dict[_Wording, None]] = {}

    def add(self, wording: _Wording) -> None:
        self._counts[wording] += 1
        for unit in wording:
            self._holders.setdefault(unit, {})[wording] = None

    def drop(self, wording: _Wording) -> None:
        self._counts[wording] -= 1
        if not self._counts[wording]:
            del self._counts[wording]
            for unit in set(wording):
                del self._holders[unit][wording]

    def count(self, wording: _Wording) -> int:
        """How many are alike."""
        return sum(self._counts[words] for words in self._perhaps(wording) if alike(words, wording, self._share))

    def _perhaps(self, wording: _Wording) -> Iterable[_Wording]:
        # The longest wording that can be alike has len / share units, of which so many may be others.
        needed = int(len(wording) / self._share * (1 - self._share) + 1e-6) + 1
        if needed >= len(wording):
            return self._counts
        rarest = sorted(wording, key=lambda unit: len(self._holders.get(unit, ())))[:needed]
        return {words: None for unit in rarest for words in self._holders.get(unit, ())}


class Repeat(Spec):
    """One side says the same sentence ``times`` times within ``within_turns`` turns (of both sides).

    Two sentences are the same when at least the share ``alike`` of their characters (words, in English) is. Sentences
    of fewer than ``at_least_units`` characters or words, and those that hold one of ``except`` (Latin words whole), do
    not count.
    """

    times: Times = 3.0
    within_turns: Annotated[float, Field(ge=1)] | ParameterName = 10.0
    alike: float = Field(default=0.8, gt=0, le=1)
    at_least_units: int = Field(default=4, ge=1)
    except_: Annotated[Terms | None, AfterValidator(need_words)] = Field(default=None, alias="except")

    @property
    def family(self) -> str:
        return "repeat"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        """One hit for each time from the ``times``-th on, so that three of three is one hit."""
        sentences = list(self._sentences(scene, speaker))
        times, width = int(scene.amount(self.times)), int(scene.amount(self.within_turns))
        near = _Near(self.alike)
        first = 0
        for i, sentence in enumerate(sentences):
            while first < i and sentence.at - sentences[first].at >= width:
                near.drop(sentences[first].units)
                first += 1
            again = 1 + near.count(sentence.units)
            near.add(sentence.units)
            if again >= times:
                time_s = time_of(scene.turns[sentence.at], scene.lines[sentence.at], sentence.span)
                yield Hit("", 0, sentence.at, sentence.span, time_s, seen=f"(×{again})")

    def _sentences(self, scene: Scene, speaker: str) -> Iterator[_Sentence]:
        for at, _ in scene.of_side(speaker):
            stream = scene.lines[at].stream
            for start, end in _borders(stream.sentences, len(stream.text)):
                text = stream.text[start:end].strip()
                found = units(text)
                if len(found) >= self.at_least_units and not any(holds_phrase(e, text) for e in self._excepted):
                    yield _Sentence(at, Span(start, start + len(text)), found)

    @cached_property
    def _excepted(self) -> tuple[str, ...]:
        return tuple(fold(phrase) for phrase in self.except_ or ())


def _borders(starts: Sequence[int], end: int) -> Iterator[tuple[int, int]]:
    yield from zip(starts, (*starts[1:], end), strict=True)
