"""Words in one turn: phrases, regular expressions, lexicons and words that sound like a phrase."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import regex

from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.operators.patterns import Pattern
from qa_service.rules.operators.sounds import (
    SHORT,
    WordsOfPattern,
    in_pattern,
    makes_sense,
    most_steps,
    phonetic,
    steps_apart,
)
from qa_service.rules.stream import BREAK, between_words, fold, is_han, is_word
from qa_service.text.pinyin import near_key, readings

Found = TypeVar("Found")
#: Seconds that one pattern may work on one turn, with what a long text needs more; real turns need well under a
#: millisecond.
TIMEOUT_S, TIMEOUT_A_CHARACTER_S = 0.25, 2e-6
#: CPU seconds that all words of one rule may need in one call, with what a long call needs more.
BUDGET_S, BUDGET_A_CHARACTER_S = 1.0, 2e-5
#: Syllables from which a phrase may be heard in near sounds (zh for z, n for l); shorter ones meet too many words.
NEAR_FROM = 3


class PatternTimeoutError(Exception):
    """A regular expression worked longer than :func:`timeout_s` on one turn, or those of a rule longer on a call."""


class Budget:
    """The CPU seconds that one rule has for a call of so many characters: ``with budget:`` around what costs them.

    A pattern that is just quick enough on each of a thousand turns must not hold up the other calls. One step counts no
    more than a pattern may work on the text: what takes longer is no rule's doing but the process's (a collection of
    garbage, a pattern compiled for the first time) or the machine's.

    To ask for CPU seconds takes longer than most steps. So the clock on the wall counts at first, which runs at least
    as fast; only where that says that nothing is left are CPU seconds counted, from the whole budget again.
    """

    def __init__(self, characters: int) -> None:
        self._whole_s = self.left_s = BUDGET_S + characters * BUDGET_A_CHARACTER_S
        self._most_s = TIMEOUT_S + characters * TIMEOUT_A_CHARACTER_S
        self._now_s = time.perf_counter

    def __enter__(self) -> None:
        self._began_s = self._now_s()

    def __exit__(self, *_: object) -> None:
        """Raises PatternTimeoutError when nothing is left."""
        self.left_s -= min(self._now_s() - self._began_s, self._most_s)
        if self.left_s < 0:
            if self._now_s is time.thread_time:
                raise PatternTimeoutError("the patterns of a rule")
            self._now_s, self.left_s = time.thread_time, self._whole_s


def timeout_s(text: str) -> float:
    return TIMEOUT_S + len(text) * TIMEOUT_A_CHARACTER_S


def in_time(search: Callable[[], Found], name: str) -> Found:
    """What a search with a time-out gives, tried once more where it took too long: the clock of a time-out does not
    stop while garbage is collected or the machine pauses, and a pattern that is slow itself is so again. One that runs
    out of memory on its way is slow, too.

    Raises:
        PatternTimeoutError: it took too long twice; with ``name``.
    """
    try:
        return search()
    except (TimeoutError, MemoryError):
        pass
    try:
        return search()
    except (TimeoutError, MemoryError) as slow:
        raise PatternTimeoutError(name) from slow


@dataclass(frozen=True)
class Term:
    """One phrase (folded as streams are) or one pattern. ``sounds``: its readings, where pinyin is on.

    ``misheard``: words of the pattern that are also known by their sound; ``phonetic``: so is an English phrase.
    ``cased``: the phrase or pattern counts only with capitals as written; ``shown``: the phrase with these.
    """

    written: str
    phrase: str = ""
    pattern: Pattern | None = None
    sounds: tuple[tuple[str, ...], ...] = ()
    misheard: WordsOfPattern | None = None
    phonetic: bool = False
    cased: bool = False
    shown: str = ""


def phrase_term(
    written: str, folded: str, *, pinyin: bool = False, phonetic: bool = False, cased: bool = False
) -> Term:
    if cased:
        return Term(written, phrase=folded, cased=True, shown=fold_cased(written))
    sounds = readings(folded) if pinyin and len(folded) > 1 else ()
    return Term(written, phrase=folded, sounds=sounds, phonetic=phonetic and not is_chinese(folded))


def find(term: Term, line: Line, *, sound_alike: bool = True) -> Iterator[Span]:
    """Every place of ``term`` in the turn, from left to right, sound-alikes last.

    Raises:
        PatternTimeoutError: see :class:`PatternTimeoutError`.
    """
    if term.cased:
        where = term.pattern
        yield from occurrences(term.shown, line.cased) if where is None else _pattern(where.quick, line.cased)
        return
    if term.pattern is not None:
        pattern = term.pattern.on(plain=line.stream.is_plain)
        found = tuple(_pattern(pattern, line.stream.text))
        yield from found
        if sound_alike and term.misheard is not None:
            yield from (s for s in _misheard(pattern, term.misheard, line) if not touches(s, found))
        return
    exact = tuple(occurrences(term.phrase, line.stream.text))
    yield from exact
    if term.sounds and sound_alike:
        yield from (s for s in _sounds(term, line) if not touches(s, exact))
    if term.phonetic and sound_alike:
        yield from (s for s in phonetic(term.phrase, line) if not touches(s, exact))


def _pattern(pattern: regex.Pattern[str], text: str) -> Sequence[Span]:
    places = in_time(
        lambda: [match.span() for match in pattern.finditer(text, timeout=timeout_s(text))], pattern.pattern
    )
    return [Span(start, _trimmed(text, start, end)) for start, end in places if end > start]


def _misheard(pattern: regex.Pattern[str], words: WordsOfPattern, line: Line) -> Sequence[Span]:
    return in_time(lambda: list(in_pattern(pattern, words.words, line, timeout_s(line.text))), pattern.pattern)


def fold_cased(written: str) -> str:
    """A phrase as :func:`~qa_service.rules.stream.fold` makes it, with its capitals."""
    return Line(between_words(written)).cased.replace(BREAK, "")


def touches(span: Span, others: Iterable[Span]) -> bool:
    """Whether a span has a character in common with one of the others."""
    return any(span.start < other.end and other.start < span.end for other in others)


def _trimmed(text: str, start: int, end: int) -> int:
    """Patterns may end in a sentence border, which is no evidence."""
    while end > start + 1 and text[end - 1] in " \n":
        end -= 1
    return end


def occurrences(phrase: str, text: str) -> Iterator[Span]:
    """Places of a phrase, both folded. Latin words are matched whole; Chinese has no word borders to respect."""
    at = text.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        inside_word = (at > 0 and is_word(phrase[0]) and is_word(text[at - 1])) or (
            end < len(text) and is_word(phrase[-1]) and is_word(text[end])
        )
        if not inside_word:
            yield Span(at, end)
        at = text.find(phrase, at + 1)


def holds_phrase(phrase: str, text: str) -> bool:
    """Whether a folded phrase is said in a folded text, see :func:`occurrences`."""
    return next(occurrences(phrase, text), None) is not None


def need_words(phrases: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """For validators: raises ValueError for a phrase that folds to nothing, which would be in every text."""
    if wordless := next((p for p in phrases or () if not fold(p)), None):
        raise ValueError(f"{wordless!r} holds no word: write what is said, or delete it")
    return phrases


def _sounds(term: Term, line: Line) -> Iterator[Span]:
    """Runs of syllables that sound like the phrase, at most so many steps away, with no other character between.

    Of two characters one must be the phrase's own: two syllables alone sound like something in every other sentence.
    """
    length = len(term.phrase)
    near = length >= NEAR_FROM
    heard = line.near if near else line.plain
    readings_of: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for sounds in term.sounds:
        readings_of.setdefault(tuple(map(near_key, sounds)) if near else sounds, []).append(sounds)
    firsts = {reading[0] for reading in readings_of}
    for i in range(len(heard) - length + 1):
        alike = readings_of.get(heard[i : i + length], ()) if heard[i] in firsts else ()
        said = line.plain[i : i + length]
        if any(steps_apart(said, sounds) <= most_steps(length) for sounds in alike):
            start, end = line.syllables[i].start, line.syllables[i + length - 1].end
            heard_text = line.stream.text[start:end]
            kin = length > 2 or any(a == b for a, b in zip(heard_text, term.phrase, strict=False))
            kin = kin and not (length <= SHORT and makes_sense(line.stream.text, start, term.phrase))
            if end - start == length and kin:
                yield Span(start, end, heard_as=term.written)


def is_chinese(text: str) -> bool:
    return any(is_han(char) for char in text)
