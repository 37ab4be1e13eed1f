"""Functions that a facts condition may call. Pure; a wrong value raises ValueError with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from qa_service.records import times
from qa_service.rules.unsure import Unsure
from qa_service.rules.zones import touches, zone

#: What the engine knows of every call by its facts: the zones in which the debtor may be (a list of names).
ZONES = "call.zones"


@dataclass(frozen=True)
class Function:
    """What a condition may call, and all that is checked of it before a call meets it.

    ``gives``: number or switch. ``takes``: what each argument must be, in order: time, zone, number, or empty for
    anything. ``implied`` facts stand in for the first arguments where these are not written.
    """

    run: Callable[..., Any]
    gives: str
    takes: tuple[str, ...]
    implied: tuple[str, ...] = ()

    @property
    def arity(self) -> int:
        return len(self.takes)


def hour(at: Any) -> float:
    """Decimal hour of a time stamp in its own offset: 21:30 is 21.5."""
    return _decimal_hour(_time(at))


def local_hour(at: Any, name: Any) -> float:
    """Decimal hour of a time stamp in a named zone, daylight saving time included."""
    return _decimal_hour(_local(at, name))


def local_weekday(at: Any, name: Any) -> int:
    """Day of the week in a named zone: Monday is 1, Sunday 7."""
    return _local(at, name).isoweekday()


def days_between(earlier: Any, later: Any) -> float:
    """Days from one time stamp to another (negative when the first is the later).

    A date, or a time without an offset, is read in the offset of the other.
    """
    first, second = _time(earlier), _time(later)
    first = first.replace(tzinfo=first.tzinfo or second.tzinfo)
    second = second.replace(tzinfo=second.tzinfo or first.tzinfo)
    return (second - first) / timedelta(days=1)


def in_quiet_hours(at: Any, zones: Any, first: Any, last: Any, seconds: Any) -> bool | Unsure:
    """Whether a call that began ``at`` and lasted ``seconds`` has a moment between two hours where the debtor is.

    ``zones``: those that it may lie in, or a list of them for each place where that may be. A quiet hour at the first
    place, where the debtor is said to be, is one, whatever the others say; one at another alone leaves it open.
    """
    start = _time(at)
    if start.tzinfo is None:
        raise ValueError(f"{at!r} has no offset")
    limits = (_number(seconds), _number(first), _number(last))
    places = [zones] if zones and isinstance(zones[0], str) else zones
    answers = [{touches(start, *limits, name) for name in place} for place in places]
    if answers and answers[0] == {True}:
        return True
    if answers and all(place == {False} for place in answers):
        return False
    names = dict.fromkeys(name for place in places for name in place)
    where = f" (the debtor may be in any of {', '.join(names)})" if names else ""
    return Unsure(False, True, f"debtor_tz{where}", "missing_fact")


def contains(whole: Any, part: Any) -> bool:
    """Whether a text contains another, or a list an item; texts without regard to case."""
    if isinstance(whole, str):
        return str(part).lower() in whole.lower()
    if isinstance(whole, list):
        return _plain(part) in [_plain(item) for item in whole]
    raise ValueError(f"{whole!r} is neither text nor a list")


def _plain(item: Any) -> Any:
    return item.strip().lower() if isinstance(item, str) else item


def _decimal_hour(at: datetime) -> float:
    return at.hour + at.minute / 60 + at.second / 3600


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _local(at: Any, name: Any) -> datetime:
    moment = _time(at)
    if moment.tzinfo is None:
        raise ValueError(f"{at!r} has no offset")
    return moment.astimezone(zone(str(name)))


def _time(at: Any) -> datetime:
    """A moment, or a day's first, in any way in which times and days of a call may be sent."""
    written = str(at).strip()
    try:
        return datetime.combine(times.day(written), time()) if times.is_day(written) else times.moment(written)
    except ValueError:
        raise ValueError(f"{at!r} is no time stamp") from None


FUNCTIONS: dict[str, Function] = {
    "hour": Function(hour, "number", ("time",), ("started_at",)),
    "local_hour": Function(local_hour, "number", ("time", "zone"), ("started_at", "debtor_tz")),
    "local_weekday": Function(local_weekday, "number", ("time", "zone"), ("started_at", "debtor_tz")),
    "days_between": Function(days_between, "number", ("time", "time")),
    "contains": Function(contains, "switch", ("", "")),
    "in_quiet_hours": Function(
        in_quiet_hours, "switch", ("time", "", "number", "number", "number"), ("started_at", ZONES)
    ),
}
