"""A sentence that says nearly the same as one of the examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field

from qa_service.rules.operators.base import Hit, Scene, UnavailableError
from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.operators.place import time_of
from qa_service.rules.operators.words import need_words
from qa_service.rules.spec import Spec, Terms
from qa_service.rules.stream import fold
from qa_service.text.similar import Profile, profile, resemblance

#: Sentences shorter than this resemble anything.
SHORTEST = 3
NO_VECTORS = "missing_vectors: no encoder is at hand to compare meanings"


class Similar(Spec):
    """A sentence whose resemblance to one of ``to`` is at least ``at_least`` (0 to 1).

    By words, resemblance is the cosine of character pairs (words and word pairs, in English), the better of written and
    sounded, so that word order matters little and homophones not at all. By ``meaning`` it is the cosine of sentence
    vectors; those lie close together (0.8 for unlike, 0.9 and more for like ones), so ``at_least`` must be higher.
    Either way a finding that rests on it alone is for a person to decide. Gates hold a sentence back for a cue in it
    that none of the examples has: one without which it resembles them more.
    """

    to: Annotated[Terms, AfterValidator(need_words)]
    at_least: float = Field(default=0.7, gt=0, le=1)
    meaning: bool = False

    @property
    def family(self) -> str:
        return "similar"

    def hits(self, scene: Scene, speaker: str) -> Iterable[Hit]:
        said = [(at, turn, span) for at, turn in scene.of_side(speaker) for span in _sentences(scene.lines[at])]
        texts = [scene.lines[at].stream.text[span.start : span.end] for at, _, span in said]
        for (at, turn, span), like in zip(said, self._like(texts, scene), strict=True):
            term, best = max(enumerate(like), key=lambda pair: pair[1])
            if best >= self.at_least:
                soft = f"similar: resembles “{self.to[term]}” ({best:.2f})"
                yield Hit("", term, at, span, time_of(turn, scene.lines[at], span), soft=soft)

    def still_found(self, hit: Hit, scene: Scene) -> Callable[[str, int], bool]:
        """What resembles the example more without a cue does not owe its resemblance to that cue."""
        whole = scene.lines[hit.at].stream.text

        def best(clause: str) -> float:
            return max(self._like([clause], scene)[0])

        here = best(whole[hit.span.start : hit.span.end])

        def found(text: str, start: int) -> bool:
            clause = text[start : hit.span.end - (len(whole) - len(text))].strip()
            return len(clause) >= SHORTEST and best(clause) > here

        return found

    def _like(self, texts: Sequence[str], scene: Scene) -> Sequence[Sequence[float]]:
        if not self.meaning:
            return [[resemblance(profile(text), wanted) for wanted in self._wanted] for text in texts]
        if scene.likeness is None:
            raise UnavailableError(NO_VECTORS)
        return scene.likeness(texts, self.to)

    @cached_property
    def _wanted(self) -> tuple[Profile, ...]:
        return tuple(profile(fold(example)) for example in self.to)


def _sentences(line: Line) -> Iterator[Span]:
    """Clauses that are long enough, without the space around them."""
    text = line.stream.text
    for start, end in zip(line.stream.clauses, (*line.stream.clauses[1:], len(text)), strict=True):
        clause = text[start:end].strip()
        if len(clause) >= SHORTEST:
            yield Span(start, start + len(clause))
