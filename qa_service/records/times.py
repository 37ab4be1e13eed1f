"""Moments as other systems write them: ISO, seconds or milliseconds of the epoch, ``20261117140300``, mail dates.

Nothing is guessed: a date with its year last (``05/11/2026``) is read by nobody, since two countries read it apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH_S, EPOCH_MS = (1e9, 1e10), (1e12, 1e13)
"""Between these a number can only be an epoch's: the years 2001 to 2286."""
LONGEST_S = 1e12
"""Numbers beyond are no time in a call, in whatever unit."""
LIKE = "as 2026-11-30T09:00:00+08:00 is"
_NUMBER = re.compile(r"\d+(\.\d+)?")
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?")
_DAY = re.compile(r"(19|20)\d\d-\d\d-\d\d|(19|20)\d{6}")
_DOTS = re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})(?!\d)")
_MAIL = re.compile(r"([A-Za-z]{3}, *)?\d{1,2} [A-Za-z]{3} \d{4} .*")
_YEAR_LAST = re.compile(r"\d{1,2}[-./]\d{1,2}[-./](20)?\d\d\b.*")
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
_UNITS = re.compile(
    r"(?:(\d+) ?(?:h|小时|时))? ?(?:(\d+) ?(?:m|min|分钟?))? ?(?:(\d+(?:\.\d+)?) ?(?:s|secs?|seconds?|秒)?)?"
)
_OFFSET = re.compile(r"(?:utc|gmt)? ?([+-])(\d{1,2})(?::?(\d\d))?", re.IGNORECASE)


def moment(written: object, zone: tzinfo | None = None) -> datetime:
    """A moment; one that names no zone is of ``zone``, and has none where that is None. An epoch's has one.

    Raises:
        ValueError: it is none, or one that is read in more than one way.
    """
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        raise ValueError(f"is no time {LIKE}")
    text = str(written).strip()
    if is_day(text):
        raise ValueError(f"{text!r} is a day without its hour")
    found = _of_digits(text, zone) if _NUMBER.fullmatch(text) else _of_text(text)
    return found if found.tzinfo or zone is None else found.replace(tzinfo=zone)


def zone_of(name: str) -> tzinfo:
    """A zone by its name in the IANA database, or an offset (``+08:00``, ``UTC+8``).

    Raises:
        ValueError: it is neither.
    """
    text = name.strip()
    if found := _OFFSET.fullmatch(text):
        sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset < timedelta(hours=15):
            return timezone(-offset if sign == "-" else offset)
    elif text.upper() in ("UTC", "Z"):
        return UTC
    elif "/" in text:  # no EST and GMT: some mean the clock there, summer time included
        try:
            return ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise ValueError(f"{text[:40]!r} is no time zone as Asia/Shanghai, Europe/London, UTC or +08:00 is")


def seconds(written: object) -> float:
    """A length of time or a place in a call: ``63``, ``"63.5"``, ``00:01:03.500``, ``1:03``, ``63s``, ``1分3秒``.

    Raises:
        ValueError: it is none.
    """
    if isinstance(written, int | float) and not isinstance(written, bool) and 0 <= written < LONGEST_S:
        return float(written)
    text = written.strip().lower().replace(",", ".") if isinstance(written, str) else ""
    found = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    if not text or not found:
        raise ValueError(f"{str(written)[:40]!r} is no time as 62.3 or 00:01:02.300 is")
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    whole = round(hours * 3600 + minutes * 60 + rest, 6)
    if whole >= LONGEST_S:
        raise ValueError(f"{text[:40]!r} is too long a time")
    return whole


def day(written: str) -> date:
    """A day, its year first.

    Raises:
        ValueError: it is none.
    """
    if not is_day(written):
        raise ValueError(f"{written[:40]!r} is no day as 2026-11-30 is")
    return _made(written, lambda: datetime.fromisoformat(_year_first(written))).date()


def is_day(written: str) -> bool:
    """Whether it has no hour."""
    return _DAY.fullmatch(_year_first(written)) is not None


def _year_first(text: str) -> str:
    """``2026年11月7日 9:05``, ``2026/11/7 9:05`` and ``2026.11.7 9:05`` as ISO has them."""
    written = re.sub(r"[年月/]", "-", _DOTS.sub(r"\1-\2-\3", text, count=1)).replace("日", " ")
    written = " ".join(written.split())
    return re.sub(r"(?<![\d.])\d(?!\d)", r"0\g<0>", written)


def _of_digits(text: str, zone: tzinfo | None) -> datetime:
    value = float(text)
    for (low, high), unit in ((EPOCH_S, 1), (EPOCH_MS, 1000)):
        if low <= value < high:
            return datetime.fromtimestamp(value / unit, tz=zone or UTC)
    if found := _COMPACT.fullmatch(text):
        return _made(text, lambda: datetime(*(int(part) for part in found.groups() if part)))  # type: ignore[arg-type]
    raise ValueError(f"{text[:40]!r} is no time {LIKE}, and no second or millisecond of the epoch")


def _of_text(text: str) -> datetime:
    if _YEAR_LAST.fullmatch(text):
        raise ValueError(f"{text[:40]!r} may be one day or another: write the year first, {LIKE}")
    if _MAIL.fullmatch(text):
        return _made(text, lambda: parsedate_to_datetime(text))
    written = re.sub(r" ?(utc|gmt|z)$", "+00:00", re.sub(r" (?=[+-]\d\d)", "", _year_first(text)), flags=re.IGNORECASE)
    if not re.match(r"\d{4}-", written):
        raise ValueError(f"{text[:40]!r} is no time {LIKE}")
    return _made(text, lambda: datetime.fromisoformat(written))


def _made(text: str, make: Callable[[], datetime]) -> datetime:
    try:
        return make()
    except (ValueError, OverflowError, TypeError):
        raise ValueError(f"{text[:40]!r} is no time {LIKE}") from None
