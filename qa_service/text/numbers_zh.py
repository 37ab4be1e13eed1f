"""Mandarin numbers as digits: amounts (六千四百二十), digit by digit (幺三八零零), or mixed (1万2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

#: Digits as a recogniser writes them: 妖腰邀夭吆么 are misheard for 幺 (yāo, one), 洞拐 are radio speech for 0 and 7.
DIGITS = dict(zip("零〇一二三四五六七八九两幺", "0012345678921", strict=True))
MISHEARD = dict(zip("妖腰邀夭吆么洞拐", "11111107", strict=True))
SMALL_UNITS = {"十": 10, "百": 100, "千": 1000}
BIG_UNITS = {"万": 10**4, "亿": 10**8}

_RUN = regex.compile(r"[零〇一二三四五六七八九两幺十百千万亿0-9]+")
_TOKEN = regex.compile(r"[0-9]+|.")


@dataclass(frozen=True, slots=True)
class Reading:
    """A number at ``[start, end)`` of a run. ``unit``: the last unit read, 0 where digits only stand side by side.

    ``vague``: an estimate (两三千, 十七八) that has no one value.
    """

    text: str
    start: int
    end: int
    unit: int = 0
    vague: bool = False


@dataclass
class _Number:
    """A number being read. ``last``: the last unit; ``zero``: a 零 stood behind it; ``spoken``: Han digits pending."""

    start: int = 0
    total: int = 0
    section: int = 0
    pending: str = ""
    last: int = 0
    zero: bool = False
    spoken: int = 0
    vague: bool = False

    def text(self) -> str:
        if not self.last:
            return self.pending
        short = self.last > 10 and not self.zero and len(self.pending) == 1  # 三百五 is 350
        return str(self.total + self.section + int(self.pending or 0) * (self.last // 10 if short else 1))

    def reading(self, end: int) -> Reading:
        vague = self.vague or bool(self.last and self.pending and self.spoken > 1)
        return Reading(self.text(), self.start, end, self.last, vague)


def mandarin(text: str) -> str:
    """Mandarin text with its numbers in digits. Units without a number before them (千万别) stay as they are."""
    return str(_RUN.sub(lambda run: "".join(r.text for r in read(run[0])), text))


def read(run: str) -> Iterator[Reading]:
    """The numbers of a run of digits and units, one after another; they cover it."""
    number, at = _Number(), 0
    for part in _TOKEN.findall(run):
        if _begins_anew(number, part):
            begun = _Number(start=at)
            if part in SMALL_UNITS:  # the digits before a unit are its own
                begun.pending, begun.spoken, begun.start = number.pending, number.spoken, at - len(number.pending)
                number.pending = ""
            yield number.reading(begun.start)
            number = begun
        if part in SMALL_UNITS or part in BIG_UNITS:
            if part != "十" and not (number.pending or number.last):
                yield Reading(part, at, at + 1)
                number.start = at + 1
            else:
                _take_unit(number, part)
        else:
            _take_digits(number, DIGITS.get(part, part), spoken=part in DIGITS)
        at += len(part)
    if at > number.start:
        yield number.reading(at)


def _begins_anew(number: _Number, token: str) -> bool:
    """十七八 is 17 and 8; 一百三百 is 100 and 300."""
    if token in BIG_UNITS:
        return False
    if token in SMALL_UNITS:
        return bool(number.last and SMALL_UNITS[token] >= number.last)
    return bool(number.last and number.pending)


def _take_unit(number: _Number, token: str) -> None:
    number.vague |= number.spoken > 1
    if token in SMALL_UNITS:
        number.section += int(number.pending or 1) * SMALL_UNITS[token]
        number.last = SMALL_UNITS[token]
    else:
        number.total += (number.section + int(number.pending or 0)) * BIG_UNITS[token]
        number.section, number.last = 0, BIG_UNITS[token]
    number.pending, number.zero, number.spoken = "", False, 0


def _take_digits(number: _Number, digits: str, *, spoken: bool) -> None:
    if number.last and digits == "0" and not number.pending:
        number.zero = True
    else:
        number.pending += digits
        number.spoken += spoken
