"""Lists of words in a pattern, written so that they are read letter by letter: ``(?:card|care)`` as ``car(?:d|e)``.

A regular expression tries the words of a list one after another at each place of a text; with shared beginnings taken
together it looks at each letter once. What matches, and how far, stays the same: of the words that match at one place
each is the beginning of the next, and the longest is tried first in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import regex

#: Lists of fewer words are left as they are.
_FEWEST = 4
_LETTER = r"(?:[^()|\[\]\\*+?{}^$.<>#&~]|\\[ '-])"
_WORD = rf"(?:\\b)?{_LETTER}+(?:\\b)?"
_LIST = regex.compile(rf"(?<!\\)\((?:\?:)?({_WORD}(?:\|{_WORD}){{{_FEWEST - 1},}})\)")
#: Brackets among characters to choose from are no group.
_IN_CLASS = regex.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\(")
#: Flags may give spaces and case another meaning.
_FLAGS = regex.compile(r"\(\?[a-zA-Z-]+[:)]")
_BORDER = r"\b"


def with_shared_starts(written: str) -> str:
    """The pattern with its lists of plain words rewritten; every other part as it is. Case must count."""
    return written if _IN_CLASS.search(written) or _FLAGS.search(written) else str(_LIST.sub(_rewritten, written))


def _rewritten(found: regex.Match[str]) -> str:
    by_borders: dict[tuple[str, str], list[str]] = {}
    for word in found[1].split("|"):
        before = _BORDER if word.startswith(_BORDER) else ""
        after = _BORDER if word.endswith(_BORDER) else ""
        bare = word[len(before) : len(word) - len(after)]
        by_borders.setdefault((before, after), []).append(regex.sub(r"\\(.)", r"\1", bare))
    initials = [{word[0] for word in words} for words in by_borders.values()]
    if not all(map(_longest_first, by_borders.values())) or len(set().union(*initials)) < sum(map(len, initials)):
        return str(found[0])
    lists = (f"{before}{_letters(_tree(words))}{after}" for (before, after), words in by_borders.items())
    return f"{found[0][: found.start(1) - found.start()]}{'|'.join(lists)})"


def _longest_first(words: Sequence[str]) -> bool:
    """Whether no word stands before a longer one that begins with it."""
    seen: set[str] = set()
    for word in words:
        if any(word[:size] in seen for size in range(1, len(word))):
            return False
        seen.add(word)
    return True


def _tree(words: Sequence[str]) -> dict[str, Any]:
    """Words by their letters; where one ends stands an empty letter."""
    root: dict[str, Any] = {}
    for word in words:
        here = root
        for letter in word:
            here = here.setdefault(letter, {})
        here[""] = {}
    return root


def _letters(tree: dict[str, Any]) -> str:
    ways = [str(regex.escape(letter, special_only=True)) + _letters(rest) for letter, rest in tree.items() if letter]
    if not ways:
        return ""
    ends = "" in tree
    return ways[0] if len(ways) == 1 and not ends else f"(?:{'|'.join(ways)}){'?' if ends else ''}"
