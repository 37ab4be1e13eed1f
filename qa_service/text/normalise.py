"""One form of text for matching, with a map back to the characters as they were written.

NFKC (full-width and compatibility forms), traditional to simplified (OpenCC, character by character, so that
lengths stay known), lower case; zero-width and control characters and unpaired surrogates are dropped,
since they are put between the characters of an insult to hide it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC


@dataclass(frozen=True)
class Normalised:
    """``text`` in one form; ``starts[i]`` is the index in ``original`` that normalised character i came from."""

    original: str
    text: str
    starts: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The slice of the original that a slice of the normalised text came from."""
        if start >= end or not self.starts:
            at = self.starts[start] if start < len(self.starts) else len(self.original)
            return at, at
        return self.starts[start], self.starts[min(end, len(self.starts)) - 1] + 1


def normalise(text: str) -> Normalised:
    """Normalise character by character, keeping where each came from."""
    out: list[str] = []
    starts: list[int] = []
    for index, character in enumerate(text):
        for piece in _one(character):
            out.append(piece)
            starts.append(index)
    return Normalised(text, "".join(out), tuple(starts))


def to_simplified(text: str) -> str:
    """Traditional characters to simplified ones; everything else stays."""
    return "".join(_simplified(c) for c in text)


@lru_cache(maxsize=65536)
def _one(character: str) -> str:
    if unicodedata.category(character) in ("Cf", "Cs", "Cc") and character not in "\n\t":
        return ""
    return "".join(_simplified(c) for c in unicodedata.normalize("NFKC", character)).lower()


@lru_cache(maxsize=65536)
def _simplified(character: str) -> str:
    if not "\u3400" <= character <= "\u9fff":
        return character
    return str(_converter().convert(character))


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")
