"""A turn ready for matching, and a place in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Protocol
from unicodedata import normalize

from qa_service.records import Word
from qa_service.rules.stream import Stream, stream_of
from qa_service.text.pinyin import Syllable, near_key, syllables

#: Between the stretches of several turns in a quote.
JOIN = " … "


@dataclass(frozen=True)
class Span:
    """Where a term stands in a turn's stream. ``heard_as`` is the phrase that it only sounds like; ``sure``: too long
    to sound so by chance."""

    start: int
    end: int
    heard_as: str = ""
    sure: bool = True


class Misheard(NamedTuple):
    """``word`` may be meant where the stream has ``[start, end)``; ``steps`` is how far the sounds are apart."""

    start: int
    end: int
    word: str
    steps: float


@dataclass
class Listened:
    """What a turn was listened to for last, and where it may be meant."""

    words: frozenset[str] = frozenset()
    found: Mapping[str, Sequence[Misheard]] = field(default_factory=dict)


@dataclass(frozen=True)
class Timed:
    """Words of a turn that are in its text, each with the slice ``[starts[i], ends[i])`` that it stands for."""

    starts: Sequence[int]
    ends: Sequence[int]
    words: Sequence[Word]


@dataclass(frozen=True)
class Line:
    """A turn ready for matching: its stream, and its syllables where a rule asks for them.

    ``words``: as recognised, with their times; empty where these are not known.
    """

    text: str
    words: tuple[Word, ...] = ()
    stream: Stream = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stream", stream_of(self.text))

    @cached_property
    def timed(self) -> Timed:
        """The words, each looked for behind the one before."""
        starts: list[int] = []
        ends: list[int] = []
        words: list[Word] = []
        for word in self.words:
            text = word.text.strip()
            start = self.text.find(text, ends[-1] if ends else 0)
            if start >= 0 and text:
                starts.append(start)
                ends.append(start + len(text))
                words.append(word)
        return Timed(starts, ends, words)

    @cached_property
    def cased(self) -> str:
        """The stream with capitals where the turn has them, character by character."""
        written = (normalize("NFKC", self.text[a:b]) for a, b in zip(self.stream.starts, self.stream.ends, strict=True))
        return "".join(w if w.lower() == c else c for w, c in zip(written, self.stream.text, strict=True))

    @cached_property
    def syllables(self) -> tuple[Syllable, ...]:
        return syllables(self.stream.text)

    @cached_property
    def plain(self) -> tuple[str, ...]:
        return tuple(s.text for s in self.syllables)

    @cached_property
    def near(self) -> tuple[str, ...]:
        """Classes of near sounds."""
        return tuple(map(near_key, self.plain))

    @cached_property
    def listened(self) -> Listened:
        return Listened()

    @cached_property
    def pairs(self) -> dict[tuple[str, str], list[int]]:
        """Each pair of neighbouring classes, and at which syllables it stands, ascending."""
        found: dict[tuple[str, str], list[int]] = {}
        for i, pair in enumerate(pairwise(self.near)):
            found.setdefault(pair, []).append(i)
        return found


class Reading(Protocol):
    """Another way to read a part of a call than turn by turn as written, looked at for what only it shows."""

    @property
    def first(self) -> int:
        """The turn in which it begins."""

    @property
    def last(self) -> int:
        """The turn in which it ends."""

    @property
    def line(self) -> Line:
        """Its words."""

    def parts(self, span: Span, lines: Sequence[Line]) -> tuple[Span, tuple[int, Span] | None] | None:
        """A place in ``line`` as it stands in the turn ``first`` and, with its number, in the turn where it goes on.

        None where the turns as written show the same. ``lines``: those of the call.
        """
