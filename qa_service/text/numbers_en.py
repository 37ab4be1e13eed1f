"""English numbers as digits: "twenty-four hundred" is 2400, "four four one seven" 4417, "double five" 55."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

#: Digits by name, "oh" for zero only inside a number.
DIGIT_WORDS = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9",
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
SMALL = {
    **{word: int(digit) for word, digit in DIGIT_WORDS.items() if word != "oh"},
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6}
_ORDINALS = {
    "first": "one", "third": "three", "fifth": "five", "eighth": "eight", "ninth": "nine", "twelfth": "twelve",
    **{w[:-1] + "ieth": w for w in TENS},
}  # fmt: skip
#: Every word that a cardinal number is made of, "oh" left out.
CARDINALS = (*SMALL, *TENS, *_SCALES)
_REPEATS = {"double": 2, "triple": 3}
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:st|nd|rd|th)?|%")
_PAUSE = re.compile(r"[\s,.\-]{1,3}")
_GAP = re.compile(r"[\s\-]{1,2}")
#: Behind a number these make even a single digit an amount.
_MEASURES = {"dollar", "dollars", "buck", "bucks", "pound", "pounds", "percent", "cents", "thousand", "hundred"}
_SAYINGS = re.compile(r"\b(?:twenty[ -]four seven|fifty[ -]fifty|seven eleven|nine to five|one on one|four oh one k)\b")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A number among tokens ``[first, last)``. ``single``: one digit by itself; ``closed``: it joins no neighbour."""

    first: int
    last: int
    digits: str
    single: bool
    closed: bool


def english(words: list[str]) -> list[str]:
    """English words (lower case) with their numbers in digits; numbers side by side are one."""
    words = [_cardinal(w) for w in words]
    out: list[str] = []
    at, joined = 0, False
    while at < len(words):
        found = _number(words, at)
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


def spoken(text: str) -> Iterator[tuple[int, int, str]]:
    """Numbers of a lower-case text in words, as (start, end, digits); plain digits are not told."""
    closed = [m.span() for m in _SAYINGS.finditer(text)]
    tokens = [m for m in _WORD.finditer(text) if not any(a <= m.start() < b for a, b in closed)]
    words = [m[0] for m in tokens]
    for run in _runs(text, tokens, list(_pieces(text, tokens, words))):
        start, end = tokens[run[0].first].start(), tokens[run[-1].last - 1].end()
        digits = "".join(p.digits for p in run)
        after = words[run[-1].last] if run[-1].last < len(words) else ""
        if digits == text[start:end] or not _tells(run, after):
            continue
        percent = after in ("percent", "%")
        yield start, tokens[run[-1].last].end() if percent else end, f"{digits}%" if percent else digits


def _tells(run: Sequence[_Piece], after: str) -> bool:
    """More than one digit by itself: "one" and "two" are too common to be looked for."""
    return len(run) > 1 or not run[0].single or after in _MEASURES


def _pieces(text: str, tokens: Sequence[re.Match[str]], words: list[str]) -> Iterator[_Piece]:
    """Numbers that stand without a gap other than spaces and hyphens inside them."""
    at = 0
    while at < len(words):
        last = at + 1
        while last < len(words) and _GAP.fullmatch(text, tokens[last - 1].end(), tokens[last].start()):
            last += 1
        yield from _of_stretch(words[:last], at)
        at = last


def _of_stretch(words: list[str], at: int) -> Iterator[_Piece]:
    while at < len(words):
        found = _decimal(words, at) or _repeated(words, at) or _half(words, at) or _number(words, at)
        if found is None:
            if ordinal := _ordinal(words[at]):
                yield _Piece(at, at + 1, ordinal, single=False, closed=True)
            at += 1
            continue
        digits, last = found
        single = last - at == 1 and len(digits) == 1
        closed = any(w in _SCALES or w == "point" or w != _cardinal(w) for w in words[at:last])
        if not _about(words, at, last):
            yield _Piece(at, last, digits, single, closed)
        at = last


def _runs(text: str, tokens: Sequence[re.Match[str]], pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Pieces that are one number: digit by digit over pauses, other ones ("nineteen ninety-five") over spaces only."""
    run: list[_Piece] = []
    for piece in pieces:
        if run and not _joins(text, tokens, run[-1], piece):
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


def _joins(text: str, tokens: Sequence[re.Match[str]], before: _Piece, after: _Piece) -> bool:
    if before.last != after.first or before.closed or after.closed:
        return False
    start, end = tokens[before.last - 1].end(), tokens[after.first].start()
    named = not text[tokens[before.first].start()].isdigit() and not text[end].isdigit()
    pause = _PAUSE if before.single and after.single else _GAP
    return named and bool(pause.fullmatch(text, start, end))


def _about(words: list[str], at: int, last: int) -> bool:
    """Two or three hundred; a million and a half."""
    either = last - at > 1 and _is_word(words, at - 1, {"or", "to"}) and _is_word(words, at - 2, DIGIT_WORDS)
    return either or words[last : last + 3] == ["and", "a", "half"]


def _half(words: list[str], at: int) -> tuple[str, int] | None:
    """half a million."""
    scale = _SCALES.get(words[at + 2]) if words[at : at + 2] == ["half", "a"] and at + 2 < len(words) else None
    return (str(scale // 2), at + 3) if scale else None


def _repeated(words: list[str], at: int) -> tuple[str, int] | None:
    """double five, triple oh."""
    times = _REPEATS.get(words[at], 0)
    digit = DIGIT_WORDS.get(words[at + 1]) if times and at + 1 < len(words) else None
    return (digit * times, at + 2) if digit else None


def _decimal(words: list[str], at: int) -> tuple[str, int] | None:
    """twenty-four point nine."""
    whole = _scaled(words, at, 3)
    if not whole or not _is_word(words, whole[1], {"point"}):
        return None
    end = whole[1] + 1
    digits = ""
    while end < len(words) and words[end] in DIGIT_WORDS:
        digits, end = digits + DIGIT_WORDS[words[end]], end + 1
    return (f"{whole[0]}.{digits}", end) if digits else None


def _cardinal(word: str) -> str:
    """16th and sixteenth as 16 and sixteen. ``second`` stays: it is a time as well."""
    if re.fullmatch(r"\d+(st|nd|rd|th)", word):
        return word[:-2]
    if word.endswith("th") and word[:-2] in SMALL:
        return word[:-2]
    return _ORDINALS.get(word, word)


def _ordinal(word: str) -> str:
    """Digits of tenth and above, as dates and articles have; "first" and "third" say where in a list."""
    cardinal = _cardinal(word)
    value = TENS.get(cardinal, SMALL.get(cardinal, 0))
    return str(value) if word != cardinal and value > 9 else ""


def _number(words: list[str], at: int) -> tuple[str, int] | None:
    """Digits of the number that begins at a word, and the place behind it; digits as written keep their zeros."""
    if words[at].isdigit() and not _is_word(words, at + 1, _SCALES):
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
    scale = list(_SCALES)[level - 1]
    if not found or not _is_word(words, found[1], {scale}):
        return found
    value, at = found[0] * _SCALES[scale], found[1] + 1
    rest = _scaled(words, at + _is_word(words, at, {"and"}), level - 1)
    return (value + rest[0], rest[1]) if rest else (value, at)


def _small(words: list[str], at: int) -> tuple[int, int] | None:
    word = words[at] if at < len(words) else ""
    if word == "a" and _is_word(words, at + 1, _SCALES):
        return 1, at + 1
    if word.isdigit():
        return int(word), at + 1
    if word in TENS:
        unit = SMALL.get(_cardinal(words[at + 1]), 0) if at + 1 < len(words) else 0
        return (TENS[word] + unit, at + 2) if 0 < unit < 10 else (TENS[word], at + 1)
    return (SMALL[word], at + 1) if word in SMALL else None


def _is_word(words: list[str], at: int, wanted: Container[str]) -> bool:
    return 0 <= at < len(words) and words[at] in wanted


def _is_number(words: list[str], at: int) -> bool:
    return 0 <= at < len(words) and (words[at] in {*SMALL, *TENS, "oh"} or words[at].isdigit())
