"""A sentence that says nearly the same as one of the examples."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from pydantic import Field

from qa_service.rules.operators.base import Hit, Scene
from qa_service.rules.operators.lines import Span
from qa_service.rules.operators.place import time_of
from qa_service.rules.spec import Spec, Terms
from qa_service.rules.stream import fold
from qa_service.text.similar import Profile, profile, resemblance

#: Sentences shorter than this resemble anything.
SHORTEST = 3


class Similar(Spec):
    """A sentence whose resemblance to one of ``to`` is at least ``at_least`` (0 to 1).

    Resemblance is the cosine of character pairs (words and word pairs, in English), the better of written and sounded,
    so that word order matters little and homophones not at all. It knows words, not meaning: a finding that rests on
    it alone is for a person to decide.
    """

    to: Terms
    at_least: float = Field(default=0.7, gt=0, le=1)

    @property
    def family(self) -> str:
        return "similar"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        for at, turn in scene.of_side(speaker):
            line = scene.lines[at]
            ends = (*line.stream.clauses[1:], len(line.stream.text))
            for start, end in zip(line.stream.clauses, ends, strict=True):
                text = line.stream.text[start:end].strip()
                if len(text) < SHORTEST:
                    continue
                term, best = max(enumerate(self._like(text)), key=lambda pair: pair[1])
                if best >= self.at_least:
                    span = Span(start, start + len(text))
                    soft = f"similar: resembles “{self.to[term]}” ({best:.2f})"
                    yield Hit("", term, at, span, time_of(turn, line, span), soft=soft)

    def _like(self, text: str) -> list[float]:
        said = profile(text)
        return [resemblance(said, wanted) for wanted in self._wanted]

    @cached_property
    def _wanted(self) -> tuple[Profile, ...]:
        return tuple(profile(fold(example)) for example in self.to)
