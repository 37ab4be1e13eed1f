"""Words in one turn: phrases, regular expressions, lexicons and words that sound like a phrase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex

from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.operators.sounds import WordsOfPattern, in_pattern, phonetic
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

    ``misheard``: words of the pattern that are also known by their sound; ``phonetic``: so is an English phrase.
    ``anywhere`` is the pattern for a quick look at many turns at once, one to a line.
    """

    written: str
    phrase: str = ""
    pattern: regex.Pattern[str] | None = None
    anywhere: regex.Pattern[str] | None = None
    sounds: tuple[tuple[str, ...], ...] = ()
    misheard: WordsOfPattern | None = None
    phonetic: bool = False


def phrase_term(written: str, folded: str, *, pinyin: bool = False, phonetic: bool = False) -> Term:
    sounds = readings(folded) if pinyin and len(folded) > 1 else ()
    return Term(written, phrase=folded, sounds=sounds, phonetic=phonetic and not is_chinese(folded))


def find(term: Term, line: Line, *, sound_alike: bool = True) -> Iterator[Span]:
    """Every place of ``term`` in the turn, from left to right, sound-alikes last.

    Raises:
        PatternTimeoutError: see :class:`PatternTimeoutError`.
    """
    if term.pattern is not None:
        found = tuple(_pattern(term.pattern, line.stream.text))
        yield from found
        if sound_alike and term.misheard is not None:
            yield from (s for s in _misheard(term.pattern, term.misheard, line) if not _touches(s, found))
        return
    exact = tuple(_phrase(term.phrase, line.stream.text))
    yield from exact
    if term.sounds and sound_alike:
        yield from (s for s in _sounds(term, line) if not _touches(s, exact))
    if term.phonetic and sound_alike:
        yield from (s for s in phonetic(term.phrase, line) if not _touches(s, exact))


def may_be_in(term: Term, joined: str) -> bool:
    """Whether the term can be in any of these turns (their streams, a line feed between). Never wrongly False."""
    if term.anywhere is None:
        return bool(term.sounds) or term.phonetic or term.phrase in joined
    if term.misheard is not None:
        return True
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


def _misheard(pattern: regex.Pattern[str], words: WordsOfPattern, line: Line) -> Iterator[Span]:
    try:
        yield from in_pattern(pattern, words.words, line, TIMEOUT_S)
    except TimeoutError as slow:
        raise PatternTimeoutError(pattern.pattern) from slow


def _touches(span: Span, others: Iterable[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)


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
    """Runs of syllables that sound like the phrase, with no other character between.

    Of two characters one must be the phrase's own: two syllables alone sound like something in every other sentence.
    """
    length = len(term.phrase)
    near = length >= NEAR_FROM
    heard = line.near if near else line.plain
    readings_of = {tuple(map(near_key, r)) if near else r for r in term.sounds}
    firsts = {reading[0] for reading in readings_of}
    for i in range(len(heard) - length + 1):
        if heard[i] in firsts and heard[i : i + length] in readings_of:
            start, end = line.syllables[i].start, line.syllables[i + length - 1].end
            heard_text = line.stream.text[start:end]
            kin = length > 2 or any(a == b for a, b in zip(heard_text, term.phrase, strict=False))
            if end - start == length and kin:
                yield Span(start, end, heard_as=term.written)


def is_chinese(text: str) -> bool:
    return any(is_han(char) for char in text)
