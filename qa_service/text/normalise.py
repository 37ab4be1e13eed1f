"""One form for text that means the same: width, script, case and invisible characters taken away.

Every character of the result knows which characters of the original it came from, so that evidence
found in normalised text is always shown as it was heard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

#: Unicode categories that carry no sound: format characters (zero-width, bidi, soft hyphen) and lone surrogates.
_SILENT = frozenset({"Cf", "Cs"})
_SILENT_EXTRA = frozenset("\u034f\u115f\u1160\u3164\uffa0")
_VARIATION = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_MAX_CLUSTER = 16
#: Texts of these alone (ASCII, Han, punctuation and full-width forms) are normalised one character for one.
_USUAL = re.compile(
    "[\x00-\x7f\u3400-\u4db5\u4e00-\u9ffc\u3000-\u3002\u3008-\u3011\u2014\u2018\u2019\u201c\u201d\u00b7\uff01-\uff5e]*"
)
_WIDE = {0x3000: " ", **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}}


@dataclass(frozen=True)
class Normalised:
    """``text``, and for each of its characters the original slice ``[starts[i], ends[i])``."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original ``(start, end)`` of the normalised slice ``[start, end)``."""
        if start >= end:
            at = self.starts[start] if start < len(self.starts) else (self.ends[-1] if self.ends else 0)
            return at, at
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normalised:
    """NFKC, simplified script, lower case; invisible characters and unpaired surrogates dropped."""
    if text.isascii():
        return Normalised(text.lower(), range(len(text)), range(1, len(text) + 1))
    if _USUAL.fullmatch(text):
        whole = to_simplified(text.translate(_WIDE).lower())
        if len(whole) == len(text):
            return Normalised(fold_variants(whole), range(len(text)), range(1, len(text) + 1))
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        for char in unicodedata.normalize("NFKC", _audible(text[start:end])).lower():
            chars.append(char)
            starts.append(start)
            ends.append(end)
    done = _simplify(chars, starts, ends)
    return Normalised(fold_variants(done.text), done.starts, done.ends)


def fold_variants(text: str) -> str:
    """著 as 着: recognisers write 等著 for 等着, and which of the two is meant (著名) no search or rule depends on."""
    return text.replace("著", "着")


def to_simplified(text: str) -> str:
    """Traditional characters as simplified ones; everything else as it is (lone surrogates dropped)."""
    clean = text.encode("utf-8", "ignore").decode("utf-8")
    return clean if clean.isascii() else str(_converter().convert(clean))


def simplified_parts(parts: Sequence[str]) -> tuple[str, ...]:
    """Parts of one text in simplified script, converted as a whole: 乾 stays in 乾|隆, 瞭|解 is 了|解.

    Joined they are ``to_simplified`` of the whole text, unless that changes its length; then each is converted alone.
    """
    whole = to_simplified("".join(parts))
    if len(whole) != sum(map(len, parts)):
        return tuple(map(to_simplified, parts))
    ends = list(accumulate(map(len, parts)))
    return tuple(whole[end - len(part) : end] for part, end in zip(parts, ends, strict=True))


def _audible(text: str) -> str:
    return "".join(c for c in text if not _silent(c))


def _silent(char: str) -> bool:
    if char.isascii():
        return False
    return (
        unicodedata.category(char) in _SILENT or char in _SILENT_EXTRA or any(ord(char) in span for span in _VARIATION)
    )


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Slices that NFKC may treat alone: a character with the combining marks that follow it."""
    start = 0
    for at in range(1, len(text) + 1):
        joined = at < len(text) and unicodedata.combining(text[at]) and at - start < _MAX_CLUSTER
        if not joined:
            yield start, at
            start = at


def _simplify(chars: list[str], starts: list[int], ends: list[int]) -> Normalised:
    """Whole-text conversion knows phrases (乾隆, 著作); where it changes the length, go by character."""
    joined = "".join(chars)
    whole = to_simplified(joined)
    if len(whole) == len(joined):
        return Normalised(whole, starts, ends)
    single = [to_simplified(c) for c in chars]
    return Normalised(
        "".join(single),
        [s for s, c in zip(starts, single, strict=True) for _ in c],
        [e for e, c in zip(ends, single, strict=True) for _ in c],
    )


@lru_cache(maxsize=1)
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")
