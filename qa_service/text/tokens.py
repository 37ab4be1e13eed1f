"""Text cut into the smallest things that can be searched for, each with its place in the original.

A character of a script without spaces (Han, kana) is a token; so is a run of letters or digits. Punctuation,
symbols and white space are none: a recogniser's punctuation is too unsure to be looked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import regex

from qa_service.text.normalise import normalise

_TOKEN = regex.compile(
    r"(?P<han>[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])"
    r"|\d{1,3}(?:,\d{3})+(?!\d)"
    r"|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{M}\p{N}])+"
    r"(?:['’](?:(?!\p{Script=Han})[\p{L}\p{M}])+)*"
)
_INSIDE = str.maketrans("", "", "'’,")
#: Between the two halves of a pair; never inside a token, for it is no letter, mark or digit.
JOINT = "·"


class Token(NamedTuple):
    """``text`` normalised (width, script, case), found at ``[start, end)`` of the original."""

    text: str
    start: int
    end: int


def tokens(text: str) -> tuple[Token, ...]:
    """All tokens in order. "3,000" is 3000, "don't" is dont, 國 is 国, Ｑ is q."""
    folded = normalise(text)
    starts, ends = folded.starts, folded.ends
    return tuple(
        Token(word if len(word) == 1 else word.translate(_INSIDE), starts[start], ends[end - 1])
        for word, (start, end) in ((found.group(), found.span()) for found in _TOKEN.finditer(folded.text))
    )


def pairs(words: Sequence[str]) -> Iterator[str]:
    """Each token with its neighbour: tokens follow one another just where their pairs do."""
    return (f"{left}{JOINT}{right}" for left, right in itertools.pairwise(words))


def stem(word: str) -> str:
    """An English word without its plural ending (Harman's S-stemmer); any other token as it is."""
    if not word.isascii() or not word.isalpha() or len(word) < 4:
        return word
    if word.endswith("ies"):
        return word if word[-4] in "ae" else word[:-3] + "y"
    if word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    return word if not word.endswith("s") or word[-2] in "us" else word[:-1]


def spans(text: Sequence[Token], wanted: Iterable[Sequence[str]]) -> tuple[tuple[int, int], ...]:
    """Where any of the wanted runs of tokens stands in ``text``: original places, in order, overlaps joined."""
    return joined(places(text, wanted))


def places(text: Sequence[Token], wanted: Iterable[Sequence[str]]) -> set[tuple[int, int]]:
    """Where any of the wanted runs of tokens stands in ``text``, in no order."""
    words = [t.text for t in text]
    stems = [stem(w) for w in words]
    found: set[tuple[int, int]] = set()
    for run in wanted:
        size = len(run)
        if size == 1:
            sought = stem(run[0])
            found |= {(t.start, t.end) for t, s in zip(text, stems, strict=True) if s == sought}
        else:
            starts = (i for i in range(len(words) - size + 1) if words[i] == run[0])
            found |= {(text[i].start, text[i + size - 1].end) for i in starts if words[i : i + size] == list(run)}
    return found


def joined(found: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Places in order, those that reach into one another as one."""
    return tuple(_joined(sorted(found)))


def _joined(found: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    last: tuple[int, int] | None = None
    for start, end in found:
        if last and start < last[1]:
            last = (last[0], max(last[1], end))
            continue
        if last:
            yield last
        last = (start, end)
    if last:
        yield last
