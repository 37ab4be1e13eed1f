"""Words, numbers, times and dates in the reader's language. The words are data: messages/LANGUAGE.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from qa_service.errors import ErrorCode, InputError, SetupError
from qa_service.report.records import Language, Rate, Share
from qa_service.text.personal import Personal
from qa_service.text.redact import personal

LANGUAGES: tuple[Language, ...] = ("zh", "en")
#: What goes into ``lang`` attributes.
TAGS: dict[Language, str] = {"zh": "zh-Hans", "en": "en"}
NONE = "–"
#: Between a number and its sign: a space at which no line ends.
PER_CENT = "\u00a0%"
_ALL_BUT_FOUR = re.compile(r"\d(?=(?:\D*\d){4})")
_MARK = re.compile(r"(?P<said>.*?)\s*\[(?P<mark>V[12])\]", re.DOTALL)


@cache
def _messages(path: Path) -> Mapping[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as wrong:
        message = f"The words of the report cannot be read: {path}: {wrong}."
        raise SetupError(ErrorCode.SETTINGS_INVALID, message, "Restore it, or unset QA_REPORTS_DIR.") from wrong


@dataclass(frozen=True)
class Words:
    """The catalogue of a language and its ways of writing."""

    language: Language
    messages: Mapping[str, str]

    def __call__(self, key: str, one: bool = False, **values: object) -> Markup:
        """The text of a key with its places filled; ``key.one`` is taken for one (``n`` 1) where it exists."""
        if (one or values.get("n") == 1) and f"{key}.one" in self.messages:
            key = f"{key}.one"
        return escape(self.messages[key]).format_map(values) if values else escape(self.messages[key])

    def known(self, key: str, otherwise: str) -> Markup:
        """The text of a key that comes from data (a code, a reason), or ``otherwise``."""
        return escape(self.messages.get(key, otherwise))

    def reason(self, text: str) -> Markup:
        """Why a finding is in doubt: by its stable word where the language knows it, else as it was written."""
        return self.known(f"doubt.{text.partition(':')[0].strip()}", text)

    def share_of(self, found: Rate | Share) -> Markup:
        """``3 of 41 (7 %)``."""
        part, whole = (found.part, found.whole) if isinstance(found, Share) else (found.part.count, found.whole.count)
        return self("rate", part=number(part), whole=number(whole), share=percent(found.share))

    def interval(self, low: float | None, high: float | None) -> Markup:
        """``2–20 %``."""
        if low is None or percent(low) == percent(high):
            return escape(percent(low))
        return escape(f"{percent(low).removesuffix(PER_CENT)}–{percent(high)}")

    def day(self, at: date) -> Markup:
        """A date in full with its weekday."""
        return self(
            "date",
            year=at.year,
            month=self(f"month.{at.month}"),
            number=at.day,
            weekday=self(f"weekday.{at.weekday()}"),
        )


def words(templates: Path, language: str) -> Words:
    """The catalogue of a language.

    Raises:
        InputError: LANGUAGE_UNSUPPORTED.
        SetupError: the catalogue is missing or broken.
    """
    if language not in LANGUAGES:
        message = f"The report has no words in {language!r}."
        raise InputError(ErrorCode.LANGUAGE_UNSUPPORTED, message, f"Choose one of {', '.join(LANGUAGES)}.")
    return Words(language, _messages(templates / "messages" / f"{language}.json"))


def percent(value: float | None) -> str:
    """Whole per cent; 0 and 100 only where they are exact, so that one missing call is seen."""
    if value is None:
        return NONE
    exact, shown = 100 * value, round(100 * value)
    if exact == shown or shown not in (0, 100):
        return f"{shown}{PER_CENT}"
    if exact < 0.05 or exact >= 99.95:
        return f"<\u00a00.1{PER_CENT}" if shown == 0 else f">\u00a099.9{PER_CENT}"
    return f"{exact:.1f}{PER_CENT}"


def points(change: float | None) -> str:
    """Change of a share in percentage points, with its sign."""
    if change is None:
        return NONE
    shown = round(100 * change)
    return f"{shown:+d}".replace("-", "\u2212") if shown else "±0"


def number(value: float | None, places: int = 0) -> str:
    return NONE if value is None else f"{value:,.{places}f}"


def clock(seconds: float | None) -> str:
    """mm:ss in a call; h:mm:ss from an hour on."""
    if seconds is None:
        return NONE
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def hours(seconds: float) -> str:
    """Hours: two decimals below ten, none from a hundred on."""
    value = seconds / 3600
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"


def moment(at: datetime | None, form: str = "%H:%M") -> Markup:
    """A time at its own place; hovering shows ISO."""
    if at is None:
        return escape(NONE)
    iso = at.isoformat(timespec="seconds")
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(iso, at.strftime(form))


def stamp(at: datetime) -> Markup:
    """Date and time of this service with its offset, as the operator's clock shows it; hovering shows ISO."""
    return moment(at, f"%Y-%m-%d %H:%M {offset(at)}")


def offset(at: datetime) -> str:
    """``+08:00``."""
    return at.isoformat()[-6:] if at.utcoffset() else "+00:00"


def tag(text: str) -> str:
    """``lang`` of a text that comes from data: Chinese where it has Chinese characters."""
    return "zh-Hans" if any("\u3400" <= c <= "\u9fff" for c in text) else "en"


def named(text: str) -> str:
    """The id of a call or the name of a file as a page shows it: of a telephone number in it only the last digits."""
    out, last = [], 0
    for start, end, kind in personal(text):
        if kind is Personal.PHONE:
            out += [text[last:start], _ALL_BUT_FOUR.sub("*", text[start:end])]
            last = end
    return "".join([*out, text[last:]])


def cited(wording: str) -> Markup:
    """A wording whose closing mark, [V1] or [V2], is set small."""
    found = _MARK.fullmatch(wording)
    if not found:
        return escape(wording)
    return Markup('{} <span class="v">{}</span>').format(found["said"], found["mark"])
