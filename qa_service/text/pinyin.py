"""Mandarin syllables without tones, and how near two of them sound.

A recogniser that mishears Mandarin nearly always keeps the syllable, or a neighbour of it: 坐牢 is
written 做牢, 欠款 千款. The near-sound classes are the mergers that speakers of southern and
south-western Mandarin make: zh/z, ch/c, sh/s, n/l, f/h, an/ang, en/eng, in/ing.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import regex

_HAN = regex.compile(r"\p{Script=Han}+")
#: Characters read in more than one common way, all readings without tone; rare readings left out.
_POLYPHONES = {
    "还": "huan hai", "行": "xing hang", "长": "chang zhang", "得": "de dei", "着": "zhe zhao", "重": "zhong chong",
    "调": "diao tiao", "都": "dou du", "会": "hui kuai", "给": "gei ji", "差": "cha chai", "传": "chuan zhuan",
    "地": "di de", "降": "jiang xiang", "觉": "jue jiao", "乐": "le yue", "率": "lv shuai", "没": "mei mo",
    "省": "sheng xing", "校": "xiao jiao", "了": "le liao", "的": "de di", "曾": "ceng zeng", "单": "dan shan",
    "车": "che ju", "朝": "chao zhao", "弹": "dan tan", "说": "shuo shui", "解": "jie xie", "血": "xue xie",
    "厦": "sha xia", "查": "cha zha", "卡": "ka qia", "便": "bian pian", "提": "ti di",
}  # fmt: skip
_MAX_READINGS = 16
_CHUNK = regex.compile(r"\p{Script=Han}+|[^\s\p{Script=Han}'’·-]+")
_TONE = regex.compile(r"(?<=[a-z])[1-5](?!\d)")
#: lue and nue are how lüe and nüe are often written.
_LONGEST = 6
#: Characters of a stretch without signs between whose readings are kept.
_LONGEST_KEPT = 200
_ALSO = {"lue": "lve", "nue": "nve"}
_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
#: Steps between near sounds.
NEAR_STEP = 0.5
_AFTER_F = {
    "a": "ua", "an": "uan", "ang": "uang", "ei": "ui", "en": "un", "eng": "eng", "o": "uo", "u": "u", "ou": "ou",
}  # fmt: skip


class Syllable(NamedTuple):
    """``text`` without tone (lü is ``lv``), at ``[start, end)`` of the text it was read from."""

    text: str
    start: int
    end: int


def syllables(text: str) -> tuple[Syllable, ...]:
    """Each Han character of ``text`` with its reading in context; other characters give nothing."""
    found: list[Syllable] = []
    for run in _HAN.finditer(text):
        readings = _read(run.group())
        found += [Syllable(r, at, at + 1) for at, r in enumerate(readings, run.start()) if r]
    return tuple(found)


def readings(phrase: str) -> tuple[tuple[str, ...], ...]:
    """All common readings of a phrase of Han characters, the likeliest first (at most 16).

    Empty when a character has no reading or the phrase holds anything but Han characters.
    """
    if not _HAN.fullmatch(phrase):
        return ()
    first = _read(phrase)
    if not all(first):
        return ()
    options = [
        tuple(dict.fromkeys((reading, *_POLYPHONES.get(char, "").split())))
        for char, reading in zip(phrase, first, strict=True)
    ]
    return tuple(itertools.islice(itertools.product(*options), _MAX_READINGS))


def spelt(text: str) -> tuple[tuple[str, ...], ...]:
    """The syllables that ``text`` may stand for, Han characters and pinyin mixed (at most 16 ways).

    Pinyin with or without tones (lǎolài, lao3 lai4), ``v`` or ``ü``; where a syllable ends may be left open: xian is
    xian or xi an. Empty when there is anything in it that is neither.
    """
    options = []
    for chunk in _CHUNK.findall(_toneless(text)):
        found = readings(chunk) if _HAN.fullmatch(chunk) else tuple(itertools.islice(_divided(chunk), _MAX_READINGS))
        if not found:
            return ()
        options.append(found)
    ways = (tuple(itertools.chain.from_iterable(way)) for way in itertools.product(*options))
    return tuple(way for way in itertools.islice(ways, _MAX_READINGS) if way)


def is_phrase(text: str) -> bool:
    """Whether the reading of ``text`` stands in the dictionary of phrases: a word, though counts of words lack it."""
    from pypinyin.constants import PHRASES_DICT

    return text in PHRASES_DICT


def _toneless(text: str) -> str:
    """Without tone marks and numbers, ü and u: as v."""
    letters = unicodedata.normalize("NFD", text.lower()).replace("u\u0308", "v").replace("u:", "v")
    return str(_TONE.sub(" ", "".join(c for c in letters if unicodedata.category(c) != "Mn")))


def _divided(letters: str) -> Iterator[tuple[str, ...]]:
    """Every division into syllables, those with long ones first; a lone a, e or o begins none (lao is no la o)."""
    ends = {len(letters): [len(letters)]}  # where a syllable that begins there may end, as far as the rest divides too
    for start in range(len(letters) - 1, -1, -1):
        longest = min(start + _LONGEST, len(letters))
        shortest = start + (start > 0)
        ends[start] = [end for end in range(longest, shortest, -1) if ends[end] and _syllable(letters[start:end])]

    def onwards(start: int) -> Iterator[tuple[str, ...]]:
        if start == len(letters):
            yield ()
            return
        for end in ends[start]:
            yield from ((_syllable(letters[start:end]), *rest) for rest in onwards(end))

    return onwards(0)


def _syllable(letters: str) -> str:
    """As it stands in a turn's sounds; empty for what is none."""
    syllable = _ALSO.get(letters, letters)
    return syllable if syllable in _syllabary() else ""


@lru_cache(maxsize=1)
def _syllabary() -> frozenset[str]:
    """All syllables that a character is read as, but for those without a vowel (嗯 n, 呣 m)."""
    from pypinyin.constants import PINYIN_DICT

    known = {reading for readings in set(PINYIN_DICT.values()) for reading in readings.split(",")}
    return frozenset(s for s in map(_toneless, known) if s.isascii() and set(s) & set("aeiouv"))


@lru_cache(maxsize=4096)
def near_key(syllable: str) -> str:
    """The class a syllable falls in when near sounds are not told apart; equal keys sound alike."""
    initial, final = _split(syllable)
    initial = _INITIALS.get(initial, initial)
    if initial == "f":
        initial, final = "h", _AFTER_F.get(final, final)
    if final.endswith(("ang", "eng", "ing")):
        final = final[:-1]
    return initial + final


@lru_cache(maxsize=65536)
def sounds_apart(one: str, other: str) -> float:
    """Steps between two syllables: 0 the same, 0.5 near, 1 the same final behind another initial, 2 anything else."""
    if one == other:
        return 0.0
    if near_key(one) == near_key(other):
        return NEAR_STEP
    finals = [near_key(f"b{_split(syllable)[1]}") for syllable in (one, other)]
    return 1.0 if finals[0] == finals[1] else 2.0


def _split(syllable: str) -> tuple[str, str]:
    cut = 2 if syllable[:2] in ("zh", "ch", "sh") else 1
    return ("", syllable) if syllable[:1] in "aoe" else (syllable[:cut], syllable[cut:])


def _read(run: str) -> tuple[str, ...]:
    """One reading for each character; an empty string where none is known. What agents say by heart is read once; what
    is longer than they say at a time is not kept, so that the memory of a process is bounded."""
    return _read_once(run) if len(run) <= _LONGEST_KEPT else _read_anew(run)


@lru_cache(maxsize=16384)
def _read_once(run: str) -> tuple[str, ...]:
    return _read_anew(run)


def _read_anew(run: str) -> tuple[str, ...]:
    from pypinyin.seg.mmseg import seg

    return tuple(reading for word in seg.cut(run) for reading in _read_word(word))


@lru_cache(maxsize=65536)
def _read_word(word: str) -> tuple[str, ...]:
    """Of one word or character, as pypinyin divides a text; the same everywhere it stands."""
    from pypinyin import Style, lazy_pinyin

    def unknown(chars: str) -> Any:
        return [""] * len(chars)

    found = lazy_pinyin(word, Style.NORMAL, errors=unknown)
    if len(found) != len(word):
        found = [lazy_pinyin(char, Style.NORMAL, errors=unknown)[0] for char in word]
    return tuple(map(str, found))
