"""English words of a list heard as others that sound the same: *garnishee your wages* for *garnish your wages*.

A pack lists the words; where a turn has one that sounds like a word of the list and is spelt nearly so, the turn is
read once more with that word put right, by every phrase and pattern of the pack. Only long words are listed, since
short ones sound like too many others.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import regex

from qa_service.rules.operators.lines import JOIN, Line, Span
from qa_service.rules.operators.sounds import sound_key, spelt_nearly
from qa_service.text.distance import distance

_WORD = regex.compile(r"[a-z]{5,}(?!['a-z])")

#: A listed word, and the slice of the turn's text where something sounds like it.
Misspelt = tuple[int, int, str]


@dataclass(frozen=True)
class Respelt:
    """A turn with misheard words put right. ``swaps``: where these stand in the turn's text, ascending."""

    first: int
    line: Line
    swaps: tuple[Misspelt, ...]

    @property
    def last(self) -> int:
        return self.first

    def parts(self, span: Span, lines: Sequence[Line]) -> tuple[Span, None] | None:
        """A span that has a word put right, as it stands in the turn; None for every other one."""
        start, end = self.line.stream.original(span.start, span.end)
        starts, ends, grown = self._places
        first, last = bisect_right(ends, start), bisect_left(starts, end)  # of the swaps in it
        if first >= last:
            return None
        begin = self.swaps[first][0] if start > starts[first] else start - grown[first]
        stop = self.swaps[last - 1][1] if end < ends[last - 1] else end - grown[last]
        place = lines[self.first].stream.within(begin, stop)
        return None if place is None else (Span(*place, heard_as=self.line.stream.text[span.start : span.end]), None)

    def hides(self, quote: str, lines: Sequence[Line]) -> bool:
        """Whether a place that was put right stands in these words of the call."""
        text = lines[self.first].text
        return any(
            begin <= start and end <= begin + len(part)
            for part in quote.split(JOIN)
            for begin in _found(text, part)
            for start, end, _ in self.swaps
        )

    @cached_property
    def _places(self) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        """Where the words put right begin and end in ``line``, and by how much what is before each has grown."""
        grown = [0, *accumulate(len(word) - (end - start) for start, end, word in self.swaps)]
        starts = [start + more for (start, _, _), more in zip(self.swaps, grown, strict=False)]
        return starts, [at + len(word) for at, (_, _, word) in zip(starts, self.swaps, strict=True)], grown


class Respeller:
    """Listens for the words of a list."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_sound: dict[str, list[str]] = {}
        for word in sorted(set(words)):
            self._by_sound.setdefault(sound_key(word), []).append(word)
        self._words = {word for found in self._by_sound.values() for word in found}

    def read(self, lines: Sequence[Line]) -> Iterator[Respelt]:
        """The turns in which one of the words was misheard, with it put right."""
        if not self._words:
            return
        for at, line in enumerate(lines):
            swaps = tuple(self._misspelt(line))
            if swaps:
                yield Respelt(at, swapped(line, swaps), swaps)

    def _misspelt(self, line: Line) -> Iterator[Misspelt]:
        for found in _WORD.finditer(line.stream.text):
            said = found.group()
            if said in self._words:
                continue
            _, best = min(((distance(said, w), w) for w in self._by_sound.get(sound_key(said), ())), default=(0, ""))
            if best and spelt_nearly(said, best):
                yield *line.stream.original(found.start(), found.end()), best


def _found(text: str, part: str) -> Iterator[int]:
    at = text.find(part) if part else -1
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def swapped(line: Line, swaps: Sequence[Misspelt]) -> Line:
    """The turn with other words at these places of its text, which ascend."""
    text, done = "", 0
    for start, end, word in swaps:
        text += line.text[done:start] + word
        done = end
    return Line(text + line.text[done:])
