"""Words in one turn: phrases, regular expressions, lexicons and words that sound like a phrase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.stream import is_han, is_word
from qa_service.text.pinyin import near_key, readings

#: Seconds that one pattern may work on one turn; real turns need well under a millisecond.
TIMEOUT_S = 0.25
#: Syllables from which a phrase may be heard in near sounds (zh for z, n for l); shorter ones meet too many words.
NEAR_FROM = 3


class PatternTimeoutError(Exception):
    """A regular expression worked longer than :data:`TIMEOUT_S` on one turn."""


@dataclass(frozen=True)
class Term:
    """One phrase (folded as streams are) or one pattern. ``sounds``: its readings, where pinyin is on.

    ``anywhere`` is the pattern for a quick look at many turns at once, one to a line.
    """

    written: str
    phrase: str = ""
    pattern: regex.Pattern[str] | None = None
    anywhere: regex.Pattern[str] | None = None
    sounds: tuple[tuple[str, ...], ...] = ()


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


def may_be_in(term: Term, joined: str) -> bool:
    """Whether the term can be in any of these turns (their streams, a line feed between). Never wrongly False."""
    if term.anywhere is None:
        return bool(term.sounds) or term.phrase in joined
    try:
        return term.anywhere.search(joined, timeout=TIMEOUT_S) is not None
    except TimeoutError:
        return True


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
    """Runs of syllables that sound like the phrase, with no other character between."""
    length = len(term.phrase)
    near = length >= NEAR_FROM
    heard = line.near if near else line.plain
    readings_of = {tuple(map(near_key, r)) if near else r for r in term.sounds}
    firsts = {reading[0] for reading in readings_of}
    for i in range(len(heard) - length + 1):
        if heard[i] in firsts and heard[i : i + length] in readings_of:
            start, end = line.syllables[i].start, line.syllables[i + length - 1].end
            if end - start == length:
                yield Span(start, end, heard_as=term.written)


def is_chinese(text: str) -> bool:
    return any(is_han(char) for char in text)
