"""How usual a stretch of Mandarin is: the best division into words, by how often each is used.

The counts are those of jieba's dictionary (Sun Junyi, MIT), cut down by ``scripts/make_words.py``. The division is the
one of greatest probability over single words (a unigram model, as jieba's own).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from math import log

LONGEST = 4
#: Words in jieba's corpus; a character that it does not know counts as seen once.
CORPUS = 60_101_967


def division(text: str, also: Mapping[str, float] | None = None) -> tuple[float, tuple[str, ...]]:
    """The likeliest division of ``text`` into words, its log-probability first; ``also`` gives words another one."""
    known = _words()
    also = also or {}
    longest = max([LONGEST, *map(len, also)])
    unknown = -log(CORPUS)
    best = [(0.0, 0)]
    for end in range(1, len(text) + 1):
        options = []
        for start in range(max(0, end - longest), end):
            word = text[start:end]
            chance = max(known.get(word, -1e9), also.get(word, -1e9))
            if chance > -1e9 or end - start == 1:
                options.append((best[start][0] + max(chance, unknown), start))
        best.append(max(options))
    return best[-1][0], tuple(reversed(list(_words_back(text, best))))


def _words_back(text: str, best: Sequence[tuple[float, int]]) -> Iterator[str]:
    end = len(text)
    while end:
        start = best[end][1]
        yield text[start:end]
        end = start


def usual(word: str) -> bool:
    """Whether the dictionary has the word."""
    return word in _words()


@lru_cache(maxsize=1)
def _words() -> dict[str, float]:
    packed = files("qa_service.text").joinpath("words_zh.txt.gz").read_bytes()
    rows = (line.split(" ") for line in gzip.decompress(packed).decode().splitlines())
    return {word: log(int(count) / CORPUS) for word, count in rows if int(count)}
