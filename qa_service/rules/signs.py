"""Signs that a Chinese keyboard writes and YAML does not know: told as themselves, at their place.

YAML reads ``severity：major`` as a word, and complains a line later about something else.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

#: Column (0-based), what is wrong, and the mend.
Found = tuple[int, str, str]

_WIDE = {"：": "colon", "，": "comma", "｛": "brace", "［": "bracket", "【": "bracket"}
_HALF = {"：": "`: `", "，": "`, `", "｛": "`{`", "［": "`[`", "【": "`[`"}
_KEY = r"(?:^\s*(?:-\s+)?|[\{,]\s*)[a-z_]+"
_PLACES = (
    regex.compile(rf"{_KEY}\s*(?P<sign>：)"),  # severity：major
    regex.compile(r"(?P<sign>，)\s*[a-z_]+\s*[:：]"),  # {deduct: 15，once: true}
    regex.compile(rf"{_KEY}[:：]\s*(?P<sign>[｛［【])"),  # phrases: 【半夜】
)
_SPACE = regex.compile(rf"(?:^\s*?|{_KEY}:)(?P<sign>[\u00a0\u3000])")
_TIGHT = regex.compile(rf"{_KEY}(?P<sign>:)(?=[^\s:/])")
_PARTS = regex.compile("[，、]")


def in_lines(lines: list[str], line: int) -> tuple[int, Found] | None:
    """The first such sign in a line (1-based) or the one above, with its line; None where there is none."""
    for number in (line, line - 1):
        found = next(_in_line(lines[number - 1]), None) if 0 < number <= len(lines) else None
        if found is not None:
            return number, found
    return None


def _in_line(text: str) -> Iterator[Found]:
    for place in _PLACES:
        if found := place.search(text):
            sign = found["sign"]
            yield found.start("sign"), f"{sign!r} is a full-width {_WIDE[sign]}", f"Write {_HALF[sign]}."
    if found := _SPACE.search(text):
        message = f"U+{ord(found['sign']):04X} is a space that YAML does not know"
        yield found.start("sign"), message, "Write plain spaces."
    if found := _TIGHT.search(text):
        yield found.start("sign"), "a space is missing behind ':'", "Write `key: value`."


def parts_nothing(term: str) -> str:
    """The sign in an unquoted term that looks as if it stood between two; empty where there is none."""
    found = _PARTS.search(term)
    return found[0] if found else ""
