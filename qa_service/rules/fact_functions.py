"""Functions that a facts condition may call. Pure; a wrong value raises ValueError with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True)
class Function:
    """``arity`` is the number of arguments. ``implied`` facts stand in for arguments that are not written."""

    run: Callable[..., Any]
    arity: int
    implied: tuple[str, ...] = ()


def hour(at: Any) -> float:
    """Decimal hour of a time stamp in its own offset: 21:30 is 21.5."""
    return _decimal_hour(_time(at))


def local_hour(at: Any, zone: Any) -> float:
    """Decimal hour of a time stamp in a named zone, daylight saving time included."""
    return _decimal_hour(_local(at, zone))


def local_weekday(at: Any, zone: Any) -> int:
    """Day of the week in a named zone: Monday is 1, Sunday 7."""
    return _local(at, zone).isoweekday()


def days_between(earlier: Any, later: Any) -> float:
    """Days from one time stamp to another (negative when the first is the later).

    A date, or a time without an offset, is read in the offset of the other.
    """
    first, second = _time(earlier), _time(later)
    first = first.replace(tzinfo=first.tzinfo or second.tzinfo)
    second = second.replace(tzinfo=second.tzinfo or first.tzinfo)
    return (second - first) / timedelta(days=1)


def contains(whole: Any, part: Any) -> bool:
    """Whether a text contains another, or a list an item."""
    if isinstance(whole, str):
        return str(part).lower() in whole.lower()
    if isinstance(whole, list):
        return part in whole
    raise ValueError(f"{whole!r} is neither text nor a list")


def _decimal_hour(at: datetime) -> float:
    return at.hour + at.minute / 60 + at.second / 3600


def _local(at: Any, zone: Any) -> datetime:
    moment = _time(at)
    if moment.tzinfo is None:
        raise ValueError(f"{at!r} has no offset")
    try:
        return moment.astimezone(ZoneInfo(str(zone)))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{zone!r} is no time zone") from None


def _time(at: Any) -> datetime:
    try:
        return datetime.fromisoformat(str(at))
    except ValueError:
        raise ValueError(f"{at!r} is no time stamp") from None


FUNCTIONS: dict[str, Function] = {
    "hour": Function(hour, 1, ("started_at",)),
    "local_hour": Function(local_hour, 2, ("started_at", "debtor_tz")),
    "local_weekday": Function(local_weekday, 2, ("started_at", "debtor_tz")),
    "days_between": Function(days_between, 2),
    "contains": Function(contains, 2),
}
