"""A turn with its hesitations left out: 再不还就打,嗯,电话给你单位; *we'll, you know, garnish your wages*.

What stands across such a place is looked for once more without it; everything else is left to the turn as it was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.operators.respelt import Respelt, swapped

#: Sounds that are never words, and words that hesitate only where pauses set them off; with those pauses.
_PAUSE, _SET_OFF = r"[\s,，、…]*+", r"\s*+[,，、…]\s*+"
_CHINESE = (
    rf"(?<=\p{{Han}})(?:{_PAUSE}(?:呃|嗯|唔)++{_PAUSE}"
    rf"|{_SET_OFF}(?:那个|这个|额|啊|就是说?|怎么说呢?|[你您]知道)++(?={_SET_OFF})){{1,4}}{_PAUSE}(?=\p{{Han}})"
)
_ENGLISH = (
    rf"(?<=[a-z'’])(?:[,\s…]++(?:u+h+|u+m+|e+r+m*|h+m+|m{{2,}})\b"
    rf"|{_SET_OFF}(?:you know|i mean|you see|like|well|sort of|kind of|let me see)\b(?={_SET_OFF})){{1,4}}"
    rf"[,\s…]++(?=[a-z])"
)
_HESITATION = regex.compile(rf"{_CHINESE}|{_ENGLISH}", regex.IGNORECASE)


@dataclass(frozen=True)
class Fluent(Respelt):
    """A turn without its hesitations; ``swaps`` say where they were."""

    def parts(self, span: Span, lines: Sequence[Line]) -> tuple[Span, None] | None:
        """A span that goes over a hesitation, with it; None for every other one. Its words were said, not guessed."""
        found = super().parts(span, lines)
        return found and (Span(found[0].start, found[0].end, heard_as=span.heard_as, sure=span.sure), None)


def fluent(lines: Sequence[Line]) -> Iterator[Fluent]:
    """The turns in which somebody hesitates between two words of a sentence."""
    for at, line in enumerate(lines):
        swaps = tuple(
            (*m.span(), " " if line.text[m.start() - 1].isascii() else "") for m in _HESITATION.finditer(line.text)
        )
        if swaps:
            yield Fluent(at, swapped(line, swaps), swaps)
