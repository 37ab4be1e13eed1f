"""The streams of tokens that an index holds of a turn, and where a query's words stand in it.

A turn with spoken numbers is read twice, as it was said and with the digits in the place of the words, so that 12000
finds 一万二 and a phrase (欠款12000) is found in either. Only redacted text comes here, so no digits of a personal
number do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from typing import NamedTuple

import regex

from qa_service.search.tree import And, Fuzzy, Node, Or, Sounds, Words
from qa_service.text.distance import alignment
from qa_service.text.normalise import Normalised, normalise
from qa_service.text.numbers import spoken_numbers
from qa_service.text.pinyin import Syllable, near_key, syllables
from qa_service.text.tokens import JOINT, Token, joined, pairs, places, stem, tokens

_HAN = regex.compile(r"\p{Script=Han}+")
#: What tokens are made of; all other characters are signs between them.
_MATTER = r"\p{L}\p{M}\p{N}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}"
_SPOKEN = regex.compile(f"[{_MATTER}]")


class Streams(NamedTuple):
    """Tokens of a turn, apart by single spaces; a :data:`JOINT` alone parts what does not follow one another.

    ``words``: stems. ``pairs``: each token with its neighbour. ``sounds``: toneless syllables of the Han characters,
    parted where anything else is said between them. ``likes``: the same, those that sound near as one.
    """

    words: str
    pairs: str
    sounds: str
    likes: str


def streams(text: str) -> Streams:
    """What an index holds of a turn's text."""
    said, read = map(_words, readings(text))
    words, phrases = said, list(pairs(said))
    if read != said:
        words = [*said, *(word for word in read if word not in said)]
        phrases += [JOINT, *pairs(read)]
    heard = [syllable.text if syllable else JOINT for syllable in sounds(normalise(text))]
    likes = (sound if sound == JOINT else near_key(sound) for sound in heard)
    return Streams(" ".join(map(stem, words)), " ".join(phrases), " ".join(heard), " ".join(likes))


@lru_cache(maxsize=256)
def readings(text: str) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    """The tokens of a text as it is said, and with spoken numbers in digits."""
    plain = tokens(text)
    return plain, in_digits(text, plain)


def in_digits(text: str, plain: tuple[Token, ...]) -> tuple[Token, ...]:
    """``plain`` (the tokens of ``text``), those of a spoken number replaced by its digits, which stand in its place."""
    numbers = spoken_numbers(text)
    if not numbers:
        return plain
    outside = (t for t in plain if not any(n.start < t.end and t.start < n.end for n in numbers))
    digits = (Token(t.text, n.start, n.end) for n in numbers for t in tokens(n.digits))
    return tuple(sorted([*outside, *digits], key=lambda t: t.start))


def runs(text: str) -> tuple[tuple[str, ...], ...]:
    """What to look for when ``text`` is asked for: its tokens and, with a number in it, its tokens in digits."""
    found = (tuple(_words(reading)) for reading in readings(text))
    return tuple(dict.fromkeys(run for run in found if run))


def sounds(folded: Normalised) -> tuple[Syllable | None, ...]:
    """The syllables of a text in order, at their original places; a None parts those with another token between."""
    found: list[Syllable | None] = []
    last = 0
    for heard in syllables(folded.text):
        if found and last < heard.start and _SPOKEN.search(folded.text, last, heard.start):
            found.append(None)
        found.append(Syllable(heard.text, *folded.span(heard.start, heard.end)))
        last = heard.end
    return tuple(found)


def marks(text: str, node: Node) -> tuple[tuple[int, int], ...]:
    """Where the words of ``node`` stand in a turn: ``[start, end)``, in order, overlaps joined.

    What must be absent is not marked, nor are facts.
    """
    turn = _turn(text)
    return joined(chain.from_iterable(turn.places(leaf) for leaf in dict.fromkeys(_asked(node))))


def at_s(turn_start_s: float, turn_end_s: float, text: str, marks: Sequence[tuple[int, int]]) -> float:
    """When the first mark is said, in seconds of the call: as far into the turn as into its characters."""
    if not marks or not text:
        return turn_start_s
    return turn_start_s + (turn_end_s - turn_start_s) * marks[0][0] / len(text)


class _Turn:
    """A turn's text, read each way once and only where asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def places(self, leaf: Words | Fuzzy | Sounds) -> Iterable[tuple[int, int]]:
        match leaf:
            case Words(tokens=run, prefix=False) if _HAN.fullmatch("".join(run)):
                found = _between(run).finditer(self._folded.text, overlapped=True)
                return (self._folded.span(*place.span()) for place in found)
            case Words(tokens=run, prefix=False):
                return chain.from_iterable(places(reading, [run]) for reading in self._readings(run))
            case Words(tokens=run):
                return chain.from_iterable(_begun(reading, run) for reading in self._readings(run))
            case Fuzzy(token=token, edits=edits):
                return ((t.start, t.end) for t in self._said if alignment(stem(t.text), token, edits) <= edits)
            case Sounds():
                return _heard(self._likes if leaf.near else self._sounds, leaf.syllables)

    def _readings(self, run: Sequence[str]) -> tuple[tuple[Token, ...], ...]:
        """A run without a digit stands in the one reading if in the other."""
        with_digits = any(char.isdigit() for token in run for char in token)
        return (self._said, self._read) if with_digits else (self._said,)

    @cached_property
    def _folded(self) -> Normalised:
        return normalise(self._text)

    @cached_property
    def _said(self) -> tuple[Token, ...]:
        return tokens(self._text)

    @cached_property
    def _read(self) -> tuple[Token, ...]:
        return in_digits(self._text, self._said)

    @cached_property
    def _sounds(self) -> tuple[Syllable | None, ...]:
        return sounds(self._folded)

    @cached_property
    def _likes(self) -> tuple[Syllable | None, ...]:
        return tuple(s and Syllable(near_key(s.text), s.start, s.end) for s in self._sounds)


@lru_cache(maxsize=256)
def _turn(text: str) -> _Turn:
    """One turn is often marked for several parts of a query, one after the other."""
    return _Turn(text)


def _asked(node: Node) -> Iterator[Words | Fuzzy | Sounds]:
    """The words that are looked for."""
    match node:
        case Words() | Fuzzy() | Sounds():
            yield node
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _asked(part)


@lru_cache(maxsize=1024)
def _between(run: tuple[str, ...]) -> regex.Pattern[str]:
    """Characters that follow one another but for signs. Each is a token wherever it stands, so this is as exact."""
    return regex.compile(f"[^{_MATTER}]*".join(run))


def _begun(reading: Sequence[Token], run: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the run stands, its last token perhaps longer."""
    *first, last = run
    for at in range(len(reading) - len(first)):
        here = [token.text for token in reading[at : at + len(run)]]
        end = here[-1] if first else stem(here[-1])
        if here[:-1] == first and end.startswith(last):
            yield reading[at].start, reading[at + len(first)].end


def _heard(heard: Sequence[Syllable | None], wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
    size = len(wanted)
    for at in range(len(heard) - size + 1):
        here = heard[at : at + size]
        if all(s and s.text == sound for s, sound in zip(here, wanted, strict=True)):
            yield min(s.start for s in here if s), max(s.end for s in here if s)


def _words(reading: Iterable[Token]) -> list[str]:
    return [token.text for token in reading]
