"""Names of the facts over several calls, as rules write them: ``history.calls_last_days($window_days)``.

Each has names under which the caller's own system may send it. Such a name may also stand in a rule by itself
(``history.calls_last_7_days``): it means the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

from qa_service.records import MarkKind
from qa_service.records.fact_words import plain_name

ROOT = "history."
MARK_KINDS: tuple[str, ...] = get_args(MarkKind)
#: Seconds from which a conversation counts as effective where a rule does not say (product default).
EFFECTIVE_S = 10.0

Keys = Callable[..., tuple[str, ...]]


@dataclass(frozen=True)
class HistoryName:
    """``takes``: what stands in the brackets, "number", "mark" or nothing. ``keys``: what the caller may call it."""

    takes: str
    keys: Keys


def _keys(*names: str) -> Keys:
    return lambda *_values: names


def _days(*patterns: str) -> Keys:
    return lambda days: tuple(p.format(f"{days:g}") for p in patterns) if _is_number(days) else ()


def _customer(days: Any) -> tuple[str, ...]:
    if days == 1:
        return ("calls_today", "calls_placed_today", "attempts_today", "effective_calls_today")
    return _days(
        "calls_{}d", "calls_last_{}_days", "calls_placed_{}d", "calls_placed_last_{}_days", "attempts_{}d",
        "attempts_last_{}_days",
    )(days)  # fmt: skip


def _number(days: Any) -> tuple[str, ...]:
    return ("number_calls_today",) if days == 1 else _days("number_calls_{}d", "number_calls_last_{}_days")(days)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


NAMES: dict[str, HistoryName] = {
    "effective_calls_today": HistoryName("number", _keys("effective_calls_today")),
    "unanswered_attempts_today": HistoryName("", _keys("unanswered_attempts_today")),
    "calls_last_days": HistoryName("number", _days("calls_last_{}_days")),
    "attempts_last_days": HistoryName("number", _days("attempts_last_{}_days")),
    "personal_calls_last_days": HistoryName("number", _days("personal_calls_last_{}_days")),
    "other_calls_last_days": HistoryName("number", _days("other_calls_last_{}_days")),
    "customer_calls_last_days": HistoryName("number", _customer),
    "number_calls_last_days": HistoryName("number", _number),
    "days_since_conversation": HistoryName("", _keys("days_since_conversation")),
    "redials": HistoryName("number", lambda minutes: (f"redials_{minutes:g}min",) if _is_number(minutes) else ()),
    "third_party_calls": HistoryName("", _keys()),
    "unreached_since": HistoryName("", _keys()),
    "marked": HistoryName("mark", _keys()),
    "days_since_mark": HistoryName("mark", _keys()),
    "days_since_last_mark": HistoryName("mark", _keys()),
}
#: Names that stand alone, with what they mean.
_ALONE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"calls_last_(\d+)_days"), "calls_last_days"),
    (re.compile(r"calls_(\d+)d"), "customer_calls_last_days"),
    (re.compile(r"redials_(\d+)min"), "redials"),
)


@lru_cache(maxsize=1000)
def may_send(name: str) -> bool:
    """Whether the caller's own system may send a fact over several calls under this name."""
    count = next(iter(re.findall(r"\d+", name)), "1")[:9]
    values: dict[str, tuple[object, ...]] = {"": (), "number": (float(count),), "mark": ("",)}
    keys = (key for known in NAMES.values() for key in known.keys(*values[known.takes]))
    return plain_name(name) in map(plain_name, keys)


def alone(name: str) -> tuple[str, tuple[float, ...]] | None:
    """A fact written without brackets (``calls_last_7_days``): its name and values; None for a fact of the caller's
    alone."""
    if name == "calls_today":
        return "customer_calls_last_days", (1.0,)
    if name == "effective_calls_today":
        return name, (EFFECTIVE_S,)
    if name in NAMES and not NAMES[name].takes:
        return name, ()
    for pattern, meant in _ALONE:
        if found := pattern.fullmatch(name):
            return meant, (float(found[1]),)
    return None
