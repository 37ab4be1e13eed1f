"""A turn with hidden words written out: 废*物, 废。物, f废w物, 王八dan.

Who does not want a word to be found writes signs between its characters, their first letters beside them, or pinyin in
their place. Such a turn is read once more with the word as it is meant; only what goes over such a place counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import regex

from qa_service.rules.operators.lines import Line, Span
from qa_service.rules.operators.respelt import Misspelt, Respelt, swapped
from qa_service.text.pinyin import readings, spelt

#: Answers and calls that are sentences of one character: no piece of a word.
_ALONE = r"[^\P{Han}嗯好对行是哦啊喂哎唉诶呃哈嘿嗨成得来说看听走等停咱有没不就那你我他她您]"
_END = r"[。.．!！?？;；…]"
_SIGNS = (
    r"(?<=\p{Han})\ ?[*#@&+^]{1,3}\ ?(?=\p{Han})"  # 废*物; a sign behind a full stop begins nothing
    rf"|(?<=\p{{Han}}){_END}{{1,3}}(?={_ALONE}(?:[。.．!！?？;；…,，\s]|$))"  # 你就是个废。物
    rf"|(?<=(?:^|{_END}){_ALONE}){_END}{{1,3}}(?=\p{{Han}})"  # 傻。逼玩意
)
_LETTERS = r"(?<![a-z\d'])[a-z]{1,12}(?:\ [a-z]{1,6})*(?![a-z\d'])"
#: What begins with no character that may hide something is passed over at once: most of a turn.
_BEGINS = r"(?=[*#@&+^\ 。.．!！?？;；…a-z])"
_HIDING = regex.compile(rf"{_BEGINS}(?:(?P<signs>{_SIGNS})|(?P<letters>{_LETTERS}))", regex.IGNORECASE)
_HAN = regex.compile(r"\p{Han}")
#: Characters of a word that may stand on one side of letters.
_BESIDE = 5
#: Characters that are written around most, for those that no word of the pack gives: 弄si你.
_TABOO = {"si": "死", "sha": "杀", "kan": "砍", "lao": "牢", "gun": "滚", "cao": "操", "bi": "逼"}


@dataclass(frozen=True)
class Disguised(Respelt):
    """A turn with its hidden words written out; ``swaps`` say where they were hidden."""

    def parts(self, span: Span, lines: Sequence[Line]) -> tuple[Span, None] | None:
        """A span that goes over such a place, with it. Its words were written, not guessed."""
        found = super().parts(span, lines)
        return found and (Span(found[0].start, found[0].end, heard_as=span.heard_as, sure=span.sure), None)


class Uncoverer:
    """Knows the Chinese words of a pack, and writes out those of them that are hidden."""

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        """``words``: asked for when something is hidden first, since most calls hide nothing."""
        self._words = words

    @cached_property
    def _by_char(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for word in sorted(set(self._words())):
            for char in set(word):
                found.setdefault(char, []).append(word)
        return found

    @cached_property
    def _by_sound(self) -> Mapping[tuple[str, ...], str]:
        return {sounds: word for word in sorted(self._words(), reverse=True) for sounds in readings(word)}

    def read(self, lines: Sequence[Line]) -> Iterator[Disguised]:
        """The turns in which a word is hidden, with it written out."""
        for at, line in enumerate(lines):
            if not _HAN.search(line.text):
                continue
            found = ((*m.span(), self._meant(line.text, m)) for m in _HIDING.finditer(line.text))
            swaps: tuple[Misspelt, ...] = tuple((a, b, word) for a, b, word in found if word is not None)
            if swaps:
                yield Disguised(at, swapped(line, swaps), swaps)

    def _meant(self, text: str, hiding: regex.Match[str]) -> str | None:
        """What stands for signs or letters; None where they hide nothing."""
        if hiding["signs"] is not None:
            return ""
        start, end = hiding.span()
        before, after = _han_before(text, start), _han_after(text, end)
        letters = hiding.group().lower()
        if len(letters) <= 2 and _is_initial(letters, before, after):
            return ""
        ways = spelt(letters)
        if not ways and len(letters) > 1:
            return None
        found = self._beside(letters, ways, before, after)
        if found is None and any(len(way) > 1 for way in ways):
            found = next((self._by_sound[way] for way in ways if way in self._by_sound), None)
        if found is None and (before or after):
            found = _TABOO.get(letters)
        return found

    def _beside(self, letters: str, ways: Sequence[Sequence[str]], before: str, after: str) -> str | None:
        """The characters that make a word of the pack of what stands beside the letters."""
        near = before[-1:] + after[:1]
        for word in dict.fromkeys(w for char in near for w in self._by_char.get(char, ())):
            for first in range(len(word)):
                for last in range(first + 1, len(word) + 1):
                    beside = word[:first], word[last:]
                    if not any(beside) or not (before.endswith(beside[0]) and after.startswith(beside[1])):
                        continue
                    if _sounds(word, first, last, letters, ways):
                        return word[first:last]
        return None


def _sounds(word: str, first: int, last: int, letters: str, ways: Sequence[Sequence[str]]) -> bool:
    """Whether letters can stand for a part of a word: they spell it, or are one first letter inside it (神j病)."""
    said = [sounds[first:last] for sounds in readings(word)]
    if any(tuple(way) in said for way in ways):
        return True
    inside = len(letters) == 1 and 0 < first < last < len(word)
    return inside and any(sounds[0][:1] == letters for sounds in said if len(sounds) == 1)


def _is_initial(letters: str, before: str, after: str) -> bool:
    """Whether the letters begin the character that they stand beside, inside a word: f废w物."""
    beside = [char for char in (before[-1:], after[:1]) if char]
    return any(way[0].startswith(letters) for char in beside for way in readings(char))


def _han_before(text: str, at: int) -> str:
    start = at
    while start > max(0, at - _BESIDE) and _HAN.match(text, start - 1):
        start -= 1
    return text[start:at]


def _han_after(text: str, at: int) -> str:
    end = at
    while end < min(len(text), at + _BESIDE) and _HAN.match(text, end):
        end += 1
    return text[at:end]
