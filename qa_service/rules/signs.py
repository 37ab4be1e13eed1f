"""Signs that a Chinese keyboard writes and YAML does not know: told as themselves, at their place.

YAML reads ``severity：major`` as a word, and complains a line later about something else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import regex
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from qa_service.rules.nodes import composed

#: Column (0-based), what is wrong, the mend in words, and what would stand there.
Found = tuple[int, str, str, str]

#: Lines behind a mistake that are read to see whether it is mended.
_BEHIND = 20
_WIDE = {"：": "colon", "，": "comma", "｛": "brace", "［": "bracket", "【": "bracket"}
_HALF = {"：": ": ", "，": ", ", "｛": "{", "［": "[", "【": "["}
_KEY = r"(?:^\s*(?:-\s+)?|[\{,]\s*)[a-z_]+"
_PLACES = (
    regex.compile(rf"{_KEY}\s*(?P<sign>：)"),  # severity：major
    regex.compile(r"(?P<sign>，)\s*[a-z_]+\s*[:：]"),  # {deduct: 15，once: true}
    regex.compile(rf"{_KEY}[:：]\s*(?P<sign>[｛［【])"),  # phrases: 【半夜】
)
_SPACE = regex.compile(rf"(?:^\s*?|{_KEY}:)(?P<sign>[\u00a0\u3000])")
_TIGHT = regex.compile(rf"{_KEY}(?P<sign>:)(?=[^\s:/])")
_PARTS = regex.compile("[，、]")


def cause(text: str, line: int, column: int) -> tuple[int, int, str, str] | None:
    """The sign in the line of a mistake or in the one above that made it: where it stands (from 1), what is wrong, and
    the mend; None where there is none. Words hold such signs, too: what does not help when written otherwise is none.
    """
    lines = text.split("\n")[: line + _BEHIND]
    for number in (line, line - 1):
        for at, message, hint, meant in _in_line(lines[number - 1]) if 0 < number <= len(lines) else ():
            here = lines[number - 1]
            mended = [*lines[: number - 1], f"{here[:at]}{meant}{here[at + 1 :]}", *lines[number:]]
            shift = len(meant) - 1 if number == line and at < column - 1 else 0
            if _reads_until("\n".join(mended)) > (line, column + shift):
                return number, at + 1, message, hint
    return None


def _reads_until(text: str) -> tuple[float, float]:
    """Where the first mistake stands (from 1)."""
    try:
        composed(text)
    except MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        return (mark.line + 1, mark.column + 1) if mark else (0, 0)
    except (YAMLError, ValueError):
        return 0, 0
    return math.inf, math.inf


def _in_line(text: str) -> Iterator[Found]:
    for place in _PLACES:
        if found := place.search(text):
            sign = found["sign"]
            half = _HALF[sign]
            yield found.start("sign"), f"{sign!r} is a full-width {_WIDE[sign]}", f"Write `{half}`.", half
    if found := _SPACE.search(text):
        message = f"U+{ord(found['sign']):04X} is a space that YAML does not know"
        yield found.start("sign"), message, "Write plain spaces.", " "
    if found := _TIGHT.search(text):
        yield found.start("sign"), "a space is missing behind ':'", "Write `key: value`.", ": "


def parts_nothing(term: str) -> str:
    """The sign in an unquoted term that looks as if it stood between two; empty where there is none."""
    found = _PARTS.search(term)
    return found[0] if found else ""
