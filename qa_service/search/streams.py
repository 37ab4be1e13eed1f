"""The streams of tokens that both indexes hold of a turn, with spoken numbers also in digits: 12000 finds 一万二.

A turn with spoken numbers is read twice, as it was said and with the digits in the place of the words, so that a phrase
(欠款12000) is found in either. Only redacted text comes here, so no digits of a personal number do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from qa_service.text.numbers import spoken_numbers
from qa_service.text.tokens import JOINT, Token, joined, pairs, places, stem, tokens


def in_digits(text: str) -> tuple[Token, ...]:
    """All tokens, those of a spoken number replaced by its digits, which stand where the number stood."""
    plain = tokens(text)
    numbers = spoken_numbers(text)
    outside = (t for t in plain if not any(n.start < t.end and t.start < n.end for n in numbers))
    digits = (Token(t.text, n.start, n.end) for n in numbers for t in tokens(n.digits))
    return tuple(sorted([*outside, *digits], key=lambda t: t.start))


def streams(text: str) -> tuple[str, str]:
    """``words`` (stems) and ``pairs`` of a turn, apart by spaces. A joint alone keeps the two readings apart."""
    said, read = (_words(reading) for reading in (tokens(text), in_digits(text)))
    words, phrases = said, list(pairs(said))
    if read != said:
        words = [*said, *(word for word in read if word not in said)]
        phrases += [JOINT, *pairs(read)]
    return " ".join(map(stem, words)), " ".join(phrases)


def runs(text: str) -> tuple[tuple[str, ...], ...]:
    """What to look for when ``text`` is asked for: its tokens and, with a number in it, its tokens in digits."""
    readings = (tuple(_words(reading)) for reading in (tokens(text), in_digits(text)))
    return tuple(dict.fromkeys(run for run in readings if run))


def marked(text: str, wanted: Sequence[Sequence[str]]) -> tuple[tuple[int, int], ...]:
    """Where any of the wanted runs stands in a turn, as it was said or in digits."""
    return joined(chain(places(tokens(text), wanted), places(in_digits(text), wanted)))


def _words(reading: Iterable[Token]) -> list[str]:
    return [token.text for token in reading]
