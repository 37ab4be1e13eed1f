"""A turn as the rules read it: words only, punctuation turned into clause and sentence borders.

Chinese characters stand side by side (a comma or a pause inside a phrase does not hide it), other words
have one space between them, sentences are separated by a line feed, which no phrase and no ``.`` of a
regular expression crosses. Each character knows where it stands in the turn's own text.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cached_property

import regex

from qa_service.text.normalise import Normalised, normalise

BREAK = "\n"
_ENDERS = frozenset("。！？!?;；｡")
_PAUSES = frozenset(",，:：—–()（）~")
_KEPT = frozenset("%$¥€£@*#&+")
_APOSTROPHES = frozenset("'’‘ʼ`´＇")
#: Letters that are a to z in another case: they match where case is ignored, as ß matches ss.
_LATIN_IN_DISGUISE = regex.compile("[A-Z\u00df\u0130\u0131\u0149\u017f\u01f0\u1e96-\u1e9a\u1e9e\u212a\ufb00-\ufb06]")
#: Characters that are taken over as they are, many at once: Han, letters and digits of ASCII; in a text of ASCII alone
#: words with single spaces or an apostrophe between them, too.
_RUN = regex.compile(r"[a-z0-9\u3400-\u4db5\u4e00-\u9ffc]{2,}")
_ASCII_RUN = regex.compile(r"[a-z0-9]+(?:[ '][a-z0-9]+)*+")
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
#: A Chinese character, or another word.
_UNIT = regex.compile(rf"[{_HAN}]|[^ \n{_HAN}]+")
#: A Chinese character, and a space between two of them.
_HAN_CHAR, _HAN_SPACE = regex.compile(f"[{_HAN}]"), regex.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}])")
#: Spaces for each Chinese character from which they stand between all words, and are no pauses.
_SPACED = 0.3
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "st", "vs"})


@dataclass(frozen=True)
class Stream:
    """``text`` with, for each character, the slice ``[starts[i], ends[i])`` of the original.

    ``clauses`` and ``sentences`` are the ascending positions in ``text`` where one begins.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    clauses: tuple[int, ...]
    sentences: tuple[int, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The slice of the turn's text that ``[start, end)`` stands for."""
        return self.starts[start], self.ends[end - 1]

    def within(self, start: int, end: int) -> tuple[int, int] | None:
        """Where the slice ``[start, end)`` of the turn's text stands here; None where nothing of it is kept."""
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        return (first, last) if first < last else None

    def clause(self, at: int) -> tuple[int, int]:
        return self._around(self.clauses, at)

    def sentence(self, at: int) -> tuple[int, int]:
        return self._around(self.sentences, at)

    def clause_starts(self, start: int, end: int) -> tuple[int, ...]:
        """Clauses that begin in ``(start, end]``."""
        return self.clauses[bisect_right(self.clauses, start) : bisect_right(self.clauses, end)]

    @cached_property
    def is_plain(self) -> bool:
        return is_plain(self.text)

    @cached_property
    def looked_up(self) -> dict[tuple[int, int, int], object]:
        """What was found in it before, by pattern and place; filled by the gates."""
        return {}

    def units(self, start: int, end: int) -> int:
        """How many Chinese characters and other words begin in ``[start, end)``."""
        return max(0, bisect_left(self._units, end) - bisect_left(self._units, start))

    def units_back(self, at: int, count: int) -> int:
        """The first place from which at most ``count`` characters and other words begin before ``at``."""
        beyond = bisect_left(self._units, at) - count
        return self._units[beyond - 1] + 1 if beyond > 0 else 0

    @cached_property
    def _units(self) -> tuple[int, ...]:
        """Where each begins."""
        return tuple(unit.start() for unit in _UNIT.finditer(self.text))

    def _around(self, borders: tuple[int, ...], at: int) -> tuple[int, int]:
        i = bisect_right(borders, at)
        start = borders[i - 1] if i else 0
        end = borders[bisect_left(borders, at + 1)] if i < len(borders) else len(self.text)
        while end > start and self.text[end - 1] in " \n":
            end -= 1
        return start, end


def stream_of(text: str) -> Stream:
    """The turn's text as rules read it."""
    return _Writer(normalise(text)).write()


def fold(text: str) -> str:
    """A phrase in the same form as the stream it is looked for in (sentence ends become spaces or nothing)."""
    return stream_of(between_words(text)).text.replace(BREAK, "")


def between_words(text: str) -> str:
    """With commas for the ends of sentences."""
    return text.replace("?", ",").replace("!", ",").replace("。", ",")


def is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or "\U00020000" <= char <= "\U0003ffff" or "\uf900" <= char <= "\ufaff"


def is_plain(text: str) -> bool:
    """Whether case plays no part in what an expression of a to z and of letters without case matches in this text."""
    return _LATIN_IN_DISGUISE.search(text) is None


def is_word(char: str) -> bool:
    """A letter or digit of a script that separates words by spaces."""
    return char.isalnum() and not is_han(char)


@dataclass
class _Writer:
    source: Normalised
    out: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    clauses: list[int] = field(default_factory=lambda: [0])
    sentences: list[int] = field(default_factory=lambda: [0])
    gap: str = ""

    @cached_property
    def spaced(self) -> bool:
        """Whether spaces stand between words or characters throughout, as some recognisers write Mandarin."""
        spaces = len(_HAN_SPACE.findall(self.source.text))
        return spaces > _SPACED * len(_HAN_CHAR.findall(self.source.text))

    def write(self) -> Stream:
        text = self.source.text
        run = _ASCII_RUN if text.isascii() and isinstance(self.source.starts, range) else _RUN
        at = 0
        while at < len(text):
            if found := run.match(text, at):
                self._run(at, found.end())
                at = found.end()
                continue
            before = text[at - 1] if at else " "
            after = text[at + 1] if at + 1 < len(text) else " "
            self._take(at, text[at], before, after)
            at += 1
        return Stream(
            "".join(self.out), tuple(self.starts), tuple(self.ends), tuple(self.clauses), tuple(self.sentences)
        )

    def _run(self, start: int, end: int) -> None:
        """Characters of which only the first can stand behind a gap."""
        self._word(start, self.source.text[start])
        self.out += self.source.text[start + 1 : end]
        self.starts += self.source.starts[start + 1 : end]
        self.ends += self.source.ends[start + 1 : end]

    def _take(self, at: int, char: str, before: str, after: str) -> None:
        if char.isalnum() or char in _KEPT:
            self._word(at, char)
        elif char in _APOSTROPHES:
            if is_word(before) and is_word(after):
                self._emit(at, "'")
        elif char == ".":
            self._dot(at, before, after)
        elif char in _ENDERS:
            self.gap = "sentence"
        elif char in _PAUSES and not (before.isdigit() and after.isdigit()):
            self._widen("clause")
        elif char.isspace() or char in "-_/、·" or not char.isascii():
            self._space(char, before)

    def _dot(self, at: int, before: str, after: str) -> None:
        if before.isdigit() and after.isdigit():
            self._emit(at, ".")
        elif before == "." or after == ".":
            self._widen("clause")
        elif not self._abbreviates(at, before, after):
            self.gap = "sentence"

    def _abbreviates(self, at: int, before: str, after: str) -> bool:
        """``u.s.``, ``mr.``: the dot belongs to the word."""
        if not is_word(before):
            return False
        alone = at < 2 or not is_word(self.source.text[at - 2])
        word = "".join(self.out[-4:]).replace(BREAK, " ").rsplit(" ", 1)[-1]
        numbered = word == "no" and self.source.text[at + 1 :].lstrip()[:1].isdigit()
        return is_word(after) or alone or numbered or word in _TITLES

    def _space(self, char: str, before: str) -> None:
        """A space is a pause between Chinese characters (unless words are told apart by it) and nothing but a space
        between other words."""
        if char.isspace() and is_han(before) and not self.spaced:
            self._widen("pause")
        elif char.isspace() or char in "-_/":
            self._widen("space")

    def _widen(self, gap: str) -> None:
        order = ("", "space", "pause", "clause", "sentence")
        self.gap = max(self.gap, gap, key=order.index)

    def _word(self, at: int, char: str) -> None:
        last = self.out[-1] if self.out else ""
        gap, self.gap = self.gap, ""
        if last and gap == "sentence":
            self._emit(at, BREAK)
            self.sentences.append(len(self.out))
            self.clauses.append(len(self.out))
        elif last and gap:
            if not is_han(last) and not is_han(char):
                self._emit(at, " ")
            if gap == "clause" or (gap == "pause" and is_han(char)):
                self.clauses.append(len(self.out))
        self._emit(at, char)

    def _emit(self, at: int, char: str) -> None:
        start, end = self.source.span(at, at + 1)
        self.out.append(char)
        self.starts.append(start if char not in " \n" else self.ends[-1])
        self.ends.append(end if char not in " \n" else start)
