"""Spoken numbers found in text and put into digits: the words stay, the digits stand beside them.

They serve search (12000 finds 一万二) and the reader. Personal numbers are taken out by :mod:`qa_service.text.redact`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from qa_service.records import SpokenNumber
from qa_service.text import numbers_en, spoken_zh
from qa_service.text.normalise import normalise
from qa_service.text.numbers_en import english
from qa_service.text.numbers_zh import mandarin

__all__ = ["english", "mandarin", "spoken_numbers"]


def spoken_numbers(text: str, language: str | None = None) -> tuple[SpokenNumber, ...]:
    """Numbers in ``text`` that are not plain digits already, in order; places are of ``text`` as given.

    Amounts and counts in words (六千四百二十, twenty-four hundred), digits said one by one with pauses between them,
    percentages (``24%``). Estimates (十七八, 两三千), sayings (不管三七二十一) and single digits that count
    nothing (一下) are none. Without a language both are looked for.
    """
    folded = normalise(text)
    readers = {"zh": (spoken_zh.spoken,), "en": (numbers_en.spoken,)}.get(
        language or "", (spoken_zh.spoken, numbers_en.spoken)
    )
    found = sorted(chain.from_iterable(reader(folded.text) for reader in readers))
    numbers = [SpokenNumber(start=a, end=b, digits=d) for a, b, d in ((*folded.span(s, e), d) for s, e, d in found)]
    return tuple(_apart(numbers))


def _apart(numbers: Sequence[SpokenNumber]) -> list[SpokenNumber]:
    """Without those that reach into the one before."""
    kept: list[SpokenNumber] = []
    for number in numbers:
        if not kept or number.start >= kept[-1].end:
            kept.append(number)
    return kept
