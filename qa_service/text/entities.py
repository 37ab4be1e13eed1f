"""Things with a form of their own in what was said: personal numbers, amounts, percentages, dates, times, durations.

Numbers may be digits or words (六千四百块, twelve hundred dollars). Personal numbers are those of
:mod:`qa_service.text.redact`; nothing else may reach into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import regex

from qa_service.text.normalise import normalise
from qa_service.text.numbers_en import CARDINALS
from qa_service.text.numbers_zh import BIG_UNITS, DIGITS, SMALL_UNITS
from qa_service.text.redact import personal

EntityKind = Literal["phone", "id", "card", "email", "amount", "percent", "date", "time", "duration"]

_HAN = f"0-9{''.join((*DIGITS, *SMALL_UNITS, *BIG_UNITS))}"
#: Every number from its first sign on and none from the middle: a long run of digits is gone through once.
_HAN_NUMBER = f"(?<![{_HAN}][点.,]?)[{_HAN}]++(?:[点.,][{_HAN}]++)*+"
_CARDINAL = f"(?:{'|'.join(sorted(CARDINALS, key=len, reverse=True))})"
#: A number in words has at most some dozen of them.
_WORD_NUMBER = rf"(?:(?<!\d,?)\d[\d,]*+(?:\.\d++)?|\b(?:an? )?{_CARDINAL}(?:[ -](?:and |point )?{_CARDINAL}){{0,15}})"
_UP_TO_99 = f"[0-9{''.join(DIGITS)}十]{{1,3}}"
_DAYPART = "(?:凌晨|早上|上午|中午|下午|晚上|半夜|夜里)"
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"

_PERSONAL: dict[str, EntityKind] = {"phone": "phone", "id": "id", "card": "card", "email": "email"}
#: In order: what is found first keeps its place.
_FORMS: tuple[tuple[EntityKind, regex.Pattern[str]], ...] = (
    ("percent", regex.compile(rf"百分之{_HAN_NUMBER}|{_WORD_NUMBER}\s?(?:%|percent\b|per cent\b)")),
    (
        "amount",
        regex.compile(
            rf"[¥$£€]\s?\d[\d,]*(?:\.\d+)?|{_HAN_NUMBER}(?:多|来)?(?:元|块(?!儿)|圆|人民币)(?:钱)?"
            rf"|{_WORD_NUMBER}\s?(?:usd|dollars?|bucks|cents?|pounds?|quid|pence|euros?|yuan|rmb)\b"
        ),
    ),
    (
        "time",
        regex.compile(
            r"\b\d{1,2}:\d{2}\b(?:\s?[ap]\.?m\b)?|\b\d{1,2}\s?[ap]\.?m\b|\b\d{1,2} o'?clock\b"
            rf"|{_DAYPART}?{_UP_TO_99}点(?:半|整|钟|{_UP_TO_99}分|一刻)|{_DAYPART}{_UP_TO_99}点"
        ),
    ),
    (
        "date",
        regex.compile(
            rf"[0-9{''.join(DIGITS)}]{{4}}年(?:{_UP_TO_99}月)?(?:{_UP_TO_99}[日号])?"
            rf"|{_UP_TO_99}月(?:份)?(?:{_UP_TO_99}[日号])?(?!供)"
            rf"|{_UP_TO_99}[号日](?!线|楼|码)|(?:这|本|下|上)?(?:周|星期|礼拜)[一二三四五六日天]|今天|明天|后天|月底|月初"
            rf"|\b(?:{_MONTHS})\s(?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b"
            rf"|\b\d{{1,2}}(?:st|nd|rd|th)\b(?: of (?:{_MONTHS}))?"
            rf"|\b\d{{1,4}}[/-]\d{{1,2}}[/-]\d{{1,4}}\b|\b(?:next |this )?(?:{_DAYS})\b|\b(?:today|tomorrow)\b"
        ),
    ),
    (
        "duration",
        regex.compile(
            rf"{_HAN_NUMBER}(?:个)?(?:半)?(?:天|个?月|年|周|星期|小时|钟头|分钟|期)|{_WORD_NUMBER}\s?(?:days?|weeks?|months?|years?|hours?|minutes?)\b"
        ),
    ),
)


@dataclass(frozen=True, order=True)
class Found:
    """An entity at ``[start, end)`` of the text as given."""

    start: int
    end: int
    kind: EntityKind


def entities(text: str) -> tuple[Found, ...]:
    """All entities in order of place; they never overlap."""
    found = [Found(start, end, _PERSONAL[kind.value]) for start, end, kind in personal(text) if kind.value in _PERSONAL]
    folded = normalise(text)
    taken = bytearray(len(text))
    for entity in found:
        taken[entity.start : entity.end] = b"\1" * (entity.end - entity.start)
    for kind, form in _FORMS:
        for match in form.finditer(folded.text):
            start, end = folded.span(match.start(), match.end())
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append(Found(start, end, kind))
    return tuple(sorted(found))
