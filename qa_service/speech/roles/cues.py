"""What agents and customers say, in general terms: cues of models/roles/cues.json, found in turns.

Recognised Mandarin keeps the sound more often than the character, so a phrase is compared by sound: three syllables
or more by near sound (``near_key``), two by syllable, one by character. English is compared word by word.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import regex

from qa_service.errors import ErrorCode, SetupError
from qa_service.records import Role
from qa_service.text.normalise import to_simplified
from qa_service.text.pinyin import near_key, readings, syllables

#: How a phrase is compared with a turn.
Form = Literal["near", "sound", "written"]
#: What ``…`` in a phrase may stand for, in syllables or words.
GAP_ZH, GAP_EN = 12, 5
NUMBER = "#"
_EN_TOKEN = regex.compile(r"[a-z']+|\d[\d,.]*")
_ZH_TOKEN = regex.compile(r"\p{Script=Han}|\d[\d,.]*|[a-z']+")


@dataclass(frozen=True)
class Cue:
    """A kind of thing that one side says. ``patterns``: for each form, what is searched in a turn's tokens."""

    name: str
    side: Role
    title: str
    patterns: tuple[tuple[str, Form, regex.Pattern[str]], ...]

    def count(self, turn: Tokens) -> int:
        """How many times the turn gives the cue, in either language."""
        return sum(
            len(pattern.findall(turn.forms[form]))
            for language, form, pattern in self.patterns
            if language == turn.language
        )


@dataclass(frozen=True)
class Tokens:
    """A turn's words in the forms that phrases are compared in: each token is followed by one blank."""

    language: str
    forms: dict[Form, str]
    size: int


def tokens(text: str, language: str | None) -> Tokens:
    """``size``: syllables or words."""
    if language == "en":
        words = [NUMBER if w[0].isdigit() else w for w in _EN_TOKEN.findall(text.lower().replace("’", "'"))]
        return Tokens("en", {"written": _joined(words)}, len(words))
    text = to_simplified(text).lower()
    sounds = {s.start: s.text for s in syllables(text)}
    found = [(m.start(), m.group()) for m in _ZH_TOKEN.finditer(text)]
    written = [NUMBER if t[0].isdigit() else t for _, t in found]
    sound = [sounds.get(at, w) for (at, _), w in zip(found, written, strict=True)]
    forms: dict[Form, str] = {
        "written": _joined(written),
        "sound": _joined(sound),
        "near": _joined(near_key(s) if s.isalpha() and s.isascii() else s for s in sound),
    }
    return Tokens("zh", forms, len(written))


@lru_cache(maxsize=2)
def load_cues(folder: Path) -> tuple[Cue, ...]:
    """The cues under ``folder`` (``models/roles``).

    Raises:
        SetupError: SETTINGS_INVALID when the file cannot be read.
    """
    path = folder / "cues.json"
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["cues"]
        return tuple(Cue(c["name"], Role(c["side"]), c["title"], _patterns(c["zh"], c["en"])) for c in listed)
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise SetupError(ErrorCode.SETTINGS_INVALID, f"{path} cannot be read: {wrong}.", "Install again.") from None


def _patterns(zh: Iterable[str], en: Iterable[str]) -> tuple[tuple[str, Form, regex.Pattern[str]], ...]:
    """One pattern for each language and form, the longest phrases first."""
    sources: dict[tuple[str, Form], list[str]] = {}
    for phrase in sorted(zh, key=lambda p: -len(p)):
        form = _form(phrase)
        sources.setdefault(("zh", form), []).append(_zh_source(phrase, form))
    for phrase in sorted(en, key=lambda p: -len(p)):
        sources.setdefault(("en", "written"), []).append(_en_source(phrase))
    return tuple((lang, form, regex.compile(rf"(?<!\S)(?:{'|'.join(s)})")) for (lang, form), s in sources.items())


def _form(phrase: str) -> Form:
    length = len(phrase.replace("…", ""))
    return "near" if length >= 3 else "sound" if length == 2 else "written"


def _zh_source(phrase: str, form: Form) -> str:
    out = []
    for part in regex.split(r"(…|#)", phrase):
        if part == "…":
            out.append(rf"(?:\S+ ){{0,{GAP_ZH}}}?")
        elif part == NUMBER:
            out.append(f"{NUMBER} ")
        elif part:
            out.append(_han_source(part, form))
    return "".join(out)


def _han_source(part: str, form: Form) -> str:
    if form == "written":
        return "".join(f"{regex.escape(char)} " for char in part)
    likeliest = readings(part)[0]
    return "".join(f"{near_key(s) if form == 'near' else s} " for s in likeliest)


def _en_source(phrase: str) -> str:
    gap = rf"(?:\S+ ){{0,{GAP_EN}}}?"
    return "".join(gap if word == "…" else f"(?:{word}) " for word in phrase.split())


def _joined(words: Iterable[str]) -> str:
    return "".join(f"{w} " for w in words)
