"""Lexicons inside patterns: ``<family>.{0,8}<harm>`` stands for any word of one list, then any of the other. A pattern
that several rules share is named the same way, by rules and by shared patterns below it.

A pattern made of named lists can be read by somebody who does not read regular expressions, and a word that is added
to a list is added to every rule that leans on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import regex

from qa_service.rules.stream import fold, is_word

#: ``<name>``, but neither ``(?<name>…)`` nor ``(?P<name>…)`` nor a look behind.
_NAMED = regex.compile(r"(?<!\(\?)(?<!\(\?P)(?<!\\[Lgk])<([a-z][a-z0-9_]*)>")


class UnknownLexiconError(Exception):
    """``name`` is no lexicon and no shared pattern of the pack; ``position``: its place in the pattern."""

    def __init__(self, name: str, position: int) -> None:
        super().__init__(name)
        self.name = name
        self.position = position


def named_in(pattern: str) -> Iterator[str]:
    """Names of the lexicons and shared patterns that a pattern refers to."""
    return (match.group(1) for match in _NAMED.finditer(pattern))


def expanded(pattern: str, lexicons: Mapping[str, Sequence[str]], shared: Mapping[str, Sequence[str]]) -> str:
    """The pattern with every ``<name>`` replaced by an alternation of the lexicon's words, or of the shared patterns.

    Raises:
        UnknownLexiconError: nothing has this name.
    """

    def words(match: regex.Match[str]) -> str:
        name = match.group(1)
        if name in shared:
            return f"(?:{'|'.join(shared[name])})"
        if name not in lexicons:
            raise UnknownLexiconError(name, match.start())
        return _any_of(lexicons[name])

    return str(_NAMED.sub(words, pattern))


def _any_of(words: Sequence[str]) -> str:
    """The longest first, so that the whole of a word is evidence. Latin words are matched whole, as phrases are."""
    folded = sorted({f for word in words if (f := fold(word))}, key=lambda f: (-len(f), f))
    return f"(?:{'|'.join(_whole(f) for f in folded)})"


def _whole(word: str) -> str:
    before, after = (r"\b" if is_word(char) else "" for char in (word[0], word[-1]))
    return f"{before}{regex.escape(word, special_only=True)}{after}"
