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
from qa_service.rules.spec import Amount, Spec, Terms
from qa_service.rules.stream import fold
from qa_service.text.similar import alike, units


@dataclass(frozen=True)
class _Sentence:
    at: int
    span: Span
    units: tuple[str, ...]


class Repeat(Spec):
    """One side says the same sentence ``times`` times within ``within_turns`` turns (of both sides).

    Two sentences are the same when at least the share ``alike`` of their characters (words, in English) is. Sentences
    of fewer than ``at_least_units`` characters or words, and those that hold one of ``except`` (Latin words whole), do
    not count.
    """

    times: Amount = 3.0
    within_turns: Amount = 10.0
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
        #: Of the sentences so far that are near enough, how many there are of each wording.
        near: Counter[tuple[str, ...]] = Counter()
        first = 0
        for i, sentence in enumerate(sentences):
            while first < i and sentence.at - sentences[first].at >= width:
                near[sentences[first].units] -= 1
                if not near[sentences[first].units]:
                    del near[sentences[first].units]
                first += 1
            again = 1 + sum(count for words, count in near.items() if alike(words, sentence.units, self.alike))
            near[sentence.units] += 1
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
