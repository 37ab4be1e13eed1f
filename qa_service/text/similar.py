"""How much two texts are alike in their words: by edit distance, and by the pairs of characters or words they share."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import regex

from qa_service.text.distance import distance
from qa_service.text.pinyin import near_key, syllables

#: Characters of a text whose profile is kept.
_LONGEST_KEPT = 500
_UNIT = regex.compile(r"[a-z0-9']+|[\u3400-\u9fff]")


@dataclass(frozen=True)
class Profile:
    """A text as counts of its units and pairs, as written and (for Han) as sounded, each with its length."""

    written: Mapping[tuple[str, ...], int]
    sounded: Mapping[tuple[str, ...], int]


def units(text: str) -> tuple[str, ...]:
    """Han characters and other words of normalised text."""
    return tuple(_UNIT.findall(text))


def alike(one: Sequence[str], other: Sequence[str], at_least: float) -> bool:
    """Whether 1 less the share of units to change, to make one of the other, is at least so much."""
    most = int(max(len(one), len(other)) * (1 - at_least) + 1e-9)
    return distance(one, other, most) <= most


def profile(text: str) -> Profile:
    """Of normalised text. Those of short texts are kept: the same sentences are said on many calls."""
    return _kept_profile(text) if len(text) <= _LONGEST_KEPT else _profile(text)


@lru_cache(maxsize=4096)
def _kept_profile(text: str) -> Profile:
    return _profile(text)


def _profile(text: str) -> Profile:
    written = units(text)
    sounds = iter(near_key(s.text) for s in syllables("".join(u for u in written if _is_han(u))))
    sounded = tuple(next(sounds, unit) if _is_han(unit) else unit for unit in written)
    return Profile(_counted(written), _counted(sounded))


def resemblance(one: Profile, other: Profile) -> float:
    """Cosine of the two, 0 to 1; the better of written and sounded."""
    return max(_cosine(one.written, other.written), _cosine(one.sounded, other.sounded))


def _is_han(unit: str) -> bool:
    return "\u3400" <= unit[0] <= "\u9fff"


def _counted(found: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter([*((u,) for u in found), *pairwise(found)])


def _cosine(one: Mapping[tuple[str, ...], int], other: Mapping[tuple[str, ...], int]) -> float:
    shared = sum(count * other[key] for key, count in one.items() if key in other)
    if not shared:
        return 0.0
    return shared / math.sqrt(sum(c * c for c in one.values()) * sum(c * c for c in other.values()))
