"""Words in one turn: phrases, regular expressions, lexicons and words that sound like a phrase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import regex

from qa_service.rules.stream import Stream, is_han, is_word, stream_of
from qa_service.text.pinyin import Syllable, near_key, readings, syllables

#: Seconds that one pattern may work on one turn; real turns need well under a millisecond.
TIMEOUT_S = 0.25
#: Syllables from which a phrase may be heard in near sounds (zh for z, n for l); shorter ones meet too many words.
NEAR_FROM = 3


class PatternTimeoutError(Exception):
    """A regular expression worked longer than :data:`TIMEOUT_S` on one turn."""


@dataclass(frozen=True)
class Term:
    """One phrase (folded as streams are) or one pattern. ``sounds``: its readings, where pinyin is on."""

    written: str
    phrase: str = ""
    pattern: regex.Pattern[str] | None = None
    sounds: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Span:
    """Where a term stands in a turn's stream. ``heard_as`` is the phrase that it only sounds like."""

    start: int
    end: int
    heard_as: str = ""


@dataclass(frozen=True)
class Line:
    """A turn ready for matching: its stream, and its syllables where a rule asks for them."""

    text: str
    stream: Stream = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stream", stream_of(self.text))

    @cached_property
    def syllables(self) -> tuple[Syllable, ...]:
        return syllables(self.stream.text)


def phrase_term(written: str, folded: str, *, pinyin: bool = False) -> Term:
    return Term(written, phrase=folded, sounds=readings(folded) if pinyin and len(folded) > 1 else ())


def find(term: Term, line: Line) -> Iterator[Span]:
    """Every place of ``term`` in the turn, from left to right, sound-alikes last.

    Raises:
        PatternTimeoutError: see :class:`PatternTimeoutError`.
    """
    if term.pattern is not None:
        yield from _pattern(term.pattern, line.stream.text)
        return
    exact = tuple(_phrase(term.phrase, line.stream.text))
    yield from exact
    if term.sounds:
        taken = {span.start for span in exact}
        yield from (s for s in _sounds(term, line) if s.start not in taken)


def _pattern(pattern: regex.Pattern[str], text: str) -> Iterator[Span]:
    try:
        for match in pattern.finditer(text, timeout=TIMEOUT_S):
            if match.end() > match.start():
                yield Span(match.start(), _trimmed(text, match.start(), match.end()))
    except TimeoutError as slow:
        raise PatternTimeoutError(pattern.pattern) from slow


def _trimmed(text: str, start: int, end: int) -> int:
    """Patterns may end in a sentence border, which is no evidence."""
    while end > start + 1 and text[end - 1] in " \n":
        end -= 1
    return end


def _phrase(phrase: str, text: str) -> Iterator[Span]:
    """Latin words are matched whole; Chinese has no word borders to respect."""
    at = text.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        inside_word = (at > 0 and is_word(phrase[0]) and is_word(text[at - 1])) or (
            end < len(text) and is_word(phrase[-1]) and is_word(text[end])
        )
        if not inside_word:
            yield Span(at, end)
        at = text.find(phrase, at + 1)


def _sounds(term: Term, line: Line) -> Iterator[Span]:
    found = line.syllables
    length = len(term.phrase)
    for i in range(len(found) - length + 1):
        run = found[i : i + length]
        if run[-1].end - run[0].start == length and any(_alike(run, reading) for reading in term.sounds):
            yield Span(run[0].start, run[-1].end, heard_as=term.written)


def _alike(run: Sequence[Syllable], reading: tuple[str, ...]) -> bool:
    if len(reading) < NEAR_FROM:
        return all(s.text == r for s, r in zip(run, reading, strict=True))
    return all(near_key(s.text) == near_key(r) for s, r in zip(run, reading, strict=True))


def is_chinese(text: str) -> bool:
    return any(is_han(char) for char in text)
