"""Numbers as digits, however they were written, so that "六千四百二十" and "6420" are the same to a scorer.

Reading digits aloud loses the way they were said (201 is 二百零一 or 二零一), so both sides go the other way:
spoken numbers become digits. Digits that stand side by side join ("four four one seven" is 4417).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

_ZH_DIGITS = {**{c: str(i) for i, c in enumerate("零一二三四五六七八九")}, "〇": "0", "两": "2", "幺": "1"}
_ZH_SMALL = {"十": 10, "百": 100, "千": 1000}
_ZH_BIG = {"万": 10**4, "亿": 10**8}
_ZH_RUN = re.compile(r"[零〇一二三四五六七八九两幺十百千万亿0-9]+")
_ZH_TOKEN = re.compile(r"[0-9]+|.")

_EN_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_EN_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_EN_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6}
_EN_ORDINALS = {
    "first": "one", "third": "three", "fifth": "five", "eighth": "eight", "ninth": "nine", "twelfth": "twelve",
    **{w[:-1] + "ieth": w for w in _EN_TENS},
}  # fmt: skip


@dataclass
class _Number:
    """A Mandarin number being read. ``last``: the last unit; ``zero``: a 零 stood behind it."""

    total: int = 0
    section: int = 0
    pending: str = ""
    last: int = 0
    zero: bool = False

    def text(self) -> str:
        if not self.last:
            return self.pending
        short = self.last > 10 and not self.zero and len(self.pending) == 1  # 三百五 is 350
        return str(self.total + self.section + int(self.pending or 0) * (self.last // 10 if short else 1))


def mandarin(text: str) -> str:
    """Mandarin text with its numbers in digits. Units without a number before them (千万别) stay as they are."""
    return _ZH_RUN.sub(lambda run: "".join(_zh_run(run[0])), text)


def _zh_run(run: str) -> Iterator[str]:
    number = _Number()
    for token in _ZH_TOKEN.findall(run):
        if _begins_anew(number, token):
            yield number.text()
            number = _Number()
        if token in _ZH_SMALL or token in _ZH_BIG:
            if token != "十" and not (number.pending or number.last):
                yield token
            else:
                _take_unit(number, token)
        else:
            _take_digits(number, _ZH_DIGITS.get(token, token))
    yield number.text()


def _begins_anew(number: _Number, token: str) -> bool:
    """十七八 is 17 and 8; 一百三百 is 100 and 300."""
    if token in _ZH_BIG:
        return False
    if token in _ZH_SMALL:
        return bool(number.last and _ZH_SMALL[token] >= number.last)
    return bool(number.last and number.pending)


def _take_unit(number: _Number, token: str) -> None:
    if token in _ZH_SMALL:
        number.section += int(number.pending or 1) * _ZH_SMALL[token]
        number.last = _ZH_SMALL[token]
    else:
        number.total += (number.section + int(number.pending or 0)) * _ZH_BIG[token]
        number.section, number.last = 0, _ZH_BIG[token]
    number.pending, number.zero = "", False


def _take_digits(number: _Number, digits: str) -> None:
    if number.last and digits == "0" and not number.pending:
        number.zero = True
    else:
        number.pending += digits


def english(words: list[str]) -> list[str]:
    """English words (lower case) with their numbers in digits; numbers side by side are one."""
    words = [_cardinal(w) for w in words]
    out: list[str] = []
    at, joined = 0, False
    while at < len(words):
        found = _en_number(words, at)
        if found is None:
            out.append(words[at])
            at, joined = at + 1, False
            continue
        digits, at = found
        if joined:
            out[-1] += digits
        else:
            out.append(digits)
        joined = True
    return out


def _cardinal(word: str) -> str:
    """16th and sixteenth as 16 and sixteen. ``second`` stays: it is a time as well."""
    if re.fullmatch(r"\d+(st|nd|rd|th)", word):
        return word[:-2]
    if word.endswith("th") and word[:-2] in _EN_SMALL:
        return word[:-2]
    return _EN_ORDINALS.get(word, word)


def _en_number(words: list[str], at: int) -> tuple[str, int] | None:
    """Digits of the number that begins at a word, and the place behind it; digits as written keep their zeros."""
    if words[at].isdigit() and not _word(words, at + 1, _EN_SCALES):
        return words[at], at + 1
    if words[at] == "oh" and _is_number(words, at - 1) and _is_number(words, at + 1):
        return "0", at + 1
    found = _scaled(words, at, 3)
    return (str(found[0]), found[1]) if found else None


def _scaled(words: list[str], at: int, level: int) -> tuple[int, int] | None:
    """[small] million [and] [rest], with the scales of ``level`` and below (3: million, 2: thousand, 1: hundred)."""
    if not level:
        return _small(words, at)
    found = _scaled(words, at, level - 1)
    scale = list(_EN_SCALES)[level - 1]
    if not found or not _word(words, found[1], {scale}):
        return found
    value, at = found[0] * _EN_SCALES[scale], found[1] + 1
    rest = _scaled(words, at + _word(words, at, {"and"}), level - 1)
    return (value + rest[0], rest[1]) if rest else (value, at)


def _small(words: list[str], at: int) -> tuple[int, int] | None:
    word = words[at] if at < len(words) else ""
    if word == "a" and _word(words, at + 1, _EN_SCALES):
        return 1, at + 1
    if word.isdigit():
        return int(word), at + 1
    if word in _EN_TENS:
        unit = _EN_SMALL.get(words[at + 1], 0) if at + 1 < len(words) else 0
        return (_EN_TENS[word] + unit, at + 2) if 0 < unit < 10 else (_EN_TENS[word], at + 1)
    return (_EN_SMALL[word], at + 1) if word in _EN_SMALL else None


def _word(words: list[str], at: int, wanted: Container[str]) -> bool:
    return 0 <= at < len(words) and words[at] in wanted


def _is_number(words: list[str], at: int) -> bool:
    return 0 <= at < len(words) and (words[at] in {*_EN_SMALL, *_EN_TENS, "oh"} or words[at].isdigit())
