"""Latin words whose letters are hidden: *l-o-s-e-r*, *b i t c h*, *m0r0n*, *b!tch*, *lоser* with a Cyrillic о.

The turn is read once more with such words written plainly; everything else is left to the turn as it was said. A word
that is spelled because it is a name or a reference (*Cockburn, c o c k b u r n*; *your email is …*) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import regex

from qa_service.rules.operators.fluent import Fluent
from qa_service.rules.operators.lines import Line
from qa_service.rules.operators.respelt import Misspelt, swapped

#: Letters of other scripts that look like a Latin one, and signs and digits that are written for one.
_ALIKE = str.maketrans("авеіјкмнорѕтухαεικνορτυχ", "abeijkmhopstyxaeiknoptux")
_SIGNS = str.maketrans("013457@$!", "oieastasi")
#: A word of Latin letters and of such look-alikes, or of letters and signs; no address.
_FOREIGN = regex.compile(
    r"\b(?=\w*[a-z])(?=\w*[авеіјкмнорѕтухαεικνορτυχ])[a-zавеіјкмнорѕтухαεικνορτυχ]{3,}\b", regex.IGNORECASE
)
_SIGNED = regex.compile(
    r"(?<![\w@$!./-])(?=[a-z]*[013457@$!])(?=\S{4})[a-z013457@$!]*[a-z](?![\w@$]|[!./-]\w)", regex.IGNORECASE
)
#: A turn without these, as nearly every one is, holds no such word; ``re`` tells that more quickly.
_MAY_BE_SIGNED = re.compile(r"[013457@$!](?:(?<=[a-z].)|(?=[a-z]))", re.IGNORECASE)
_MAY_BE_SPELLED = re.compile(r"(?<![a-z])[a-z](?:[^a-z]{1,3}[a-z](?![a-z])){2}", re.IGNORECASE)
#: Four letters and more that stand alone, with the same sign between them.
_SPELLED = regex.compile(
    r"(?<![\w'’.-])[a-z](?P<gap>[\s_*·-]|\s?[-,…]\s|\.\s?)(?:[a-z](?P=gap)){2,}[a-z](?![\w'’-]|\s\d)", regex.IGNORECASE
)
#: What somebody spells to be understood, before or behind it.
_NAMED = regex.compile(
    r"\b(?:spel[lt]\w*|letters?|names?|surname|initials?|e ?-?mail|gmail|reference|code|postcode|number|plate|address"
    r"|street|road|avenue|confirmation|reg|registration|for|as in|dot|mr|mrs|ms|miss)\b",
    regex.IGNORECASE,
)
_NEAR = 40
#: Letters that a word with signs in it still has: 5pm, 1st and 401k are what they are.
_LETTERS = 3


def unmasked(lines: Sequence[Line]) -> Iterator[Fluent]:
    """The turns with a hidden word, written plainly; twice where it may begin with an article ("a l o s e r")."""
    for at, line in enumerate(lines):
        words = [*_foreign(line.text), *_signed(line.text)]
        spelled = list(_spelled(line.text))
        for inner in (False, True) if any(_article(word) for *_, word in spelled) else (False,):
            swaps = tuple(sorted([*words, *(_without_article(swap) if inner else swap for swap in spelled)]))
            if swaps:
                yield Fluent(at, swapped(line, swaps), swaps)


def _foreign(text: str) -> Iterator[Misspelt]:
    if text.isascii():
        return
    for found in _FOREIGN.finditer(text):
        yield *found.span(), found.group().lower().translate(_ALIKE)


def _signed(text: str) -> Iterator[Misspelt]:
    if not _MAY_BE_SIGNED.search(text):
        return
    for found in _SIGNED.finditer(text):
        word = found.group().lower()
        if sum(char.isalpha() for char in word) >= _LETTERS:
            yield *found.span(), word.translate(_SIGNS)


def _spelled(text: str) -> Iterator[Misspelt]:
    if not _MAY_BE_SPELLED.search(text):
        return
    for found in _SPELLED.finditer(text):
        word = regex.sub(r"[^a-z]+", "", found.group().lower())
        start, end = found.span()
        before, after = text[max(0, start - _NEAR) : start].lower(), text[end : end + _NEAR]
        if not (word in before or _NAMED.search(before) or _NAMED.search(after)):
            yield start, end, word


def _article(word: str) -> bool:
    return word[0] in "ai" and len(word) > _LETTERS + 1


def _without_article(swap: Misspelt) -> Misspelt:
    """The letters behind "a" or "I", which was a word of its own."""
    start, end, word = swap
    return (start, end, f"{word[0]} {word[1:]}") if _article(word) else swap
