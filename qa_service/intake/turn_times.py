"""When turns were said, as other systems write it: seconds, milliseconds, a clock, moments of the day or the epoch.

Whether bare numbers are seconds or milliseconds shows in how long the words last: the two are a thousand times apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any

from qa_service.intake.turn_fields import PlainTurn, TurnsError, first_of, words_of
from qa_service.records import CallFacts
from qa_service.records.times import EPOCH_MS, EPOCH_S, moment, seconds, zone_of

#: Seconds a character is taken to last where a turn has no times: a Han character is a syllable, a letter is not.
SECONDS_A_CHARACTER = {"zh": 0.22, "en": 0.065}
SHORTEST_TURN_S = 0.5
#: Of bare numbers, how many times longer than its words a turn may seem: below they are seconds, above milliseconds.
SURELY_S, SURELY_MS = 40, 150
#: Nobody speaks for the first time so long after a call began, nor does a file so long after that.
LATE_S, LATE_CALL_S = 600.0, 3600.0

_Names = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
_START: _Names = (
    ("start_s", "start_sec", "start_seconds", "begin_s"),
    ("start_ms", "begin_ms", "start_time_ms", "begin_time_ms", "begin_offset_millis", "start_offset_millis",
     "start_millis", "offset_ms", "offset_millis", "start_offset_ms"),
    ("start", "begin", "start_time", "begin_time", "start_offset", "begin_offset", "offset", "bg", "timestamp", "time",
     "开始时间", "起始时间", "开始", "时间"),
)  # fmt: skip
_END: _Names = (
    ("end_s", "end_sec", "end_seconds"),
    ("end_ms", "end_time_ms", "end_offset_millis", "end_millis", "end_offset_ms"),
    ("end", "end_time", "end_offset", "stop", "ed", "结束时间", "结束"),
)
_LASTS: _Names = (
    ("duration_s", "duration_seconds"),
    ("duration_ms", "duration_millis"),
    ("duration", "时长"),
)
_MILLIS = re.compile(r"(\d+(?:\.\d+)?) ?ms", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SHORT_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_OF_DAY, _BARE, _CLOCK = "moment", "bare", "clock"


@dataclass(frozen=True)
class _Time:
    """``value`` in seconds, of a bare number as written; ``kind``: what it is counted from, or whether it is bare."""

    value: float
    kind: str = ""
    short: bool = False


@dataclass(frozen=True)
class _Row:
    words: str
    start: _Time | None
    end: _Time | None
    lasts: _Time | None


def times_of(turns: Sequence[PlainTurn], facts: CallFacts) -> list[tuple[float | None, float | None]]:
    """Start and end of each turn in seconds of the call; None where a turn has none.

    Raises:
        TurnsError: of one of them nobody can tell.
    """
    rows = [_row(number, turn, facts) for number, turn in enumerate(turns, 1)]
    starts = [row.start for row in rows if row.start]
    factor = _factor(rows)
    zero = _zero([start.value for start in starts if start.kind == _OF_DAY], facts)
    shift = _shift([start for start in starts if start.kind == _CLOCK])

    def placed(time: _Time | None) -> float | None:
        if time is None:
            return None
        value = time.value * (factor if time.kind == _BARE else 1)
        return round(value - {_OF_DAY: zero, _CLOCK: shift}.get(time.kind, 0.0), 3)

    found = []
    for number, row in enumerate(rows, 1):
        start, end, lasts = placed(row.start), placed(row.end), placed(row.lasts)
        if end is None and start is not None and lasts is not None:
            end = round(start + lasts, 3)
        if any(time is not None and time < 0 for time in (start, end)):
            raise TurnsError(f"turn {number} lies before the call began")
        found.append((start, end))
    return found


def estimated_s(words: str, language: str) -> float:
    """How long words last that have no times."""
    return max(SHORTEST_TURN_S, len(words) * SECONDS_A_CHARACTER[language])


def _row(number: int, turn: PlainTurn, facts: CallFacts) -> _Row:
    return _Row(words_of(turn) or "", *(_time(number, turn, names, facts) for names in (_START, _END, _LASTS)))


def _time(number: int, turn: PlainTurn, names: _Names, facts: CallFacts) -> _Time | None:
    """The first that was sent; a place in the call before a moment, as that leans on another clock."""
    of_day = None
    for kind, name in ((kind, name) for kind, group in enumerate(names) for name in group):
        if sent := first_of(turn, (name,)):
            try:
                found = _exact(sent[1], (1, 1000)[kind]) if kind < 2 else _loose(sent[1], facts)
            except ValueError as wrong:
                if of_day:
                    break
                raise TurnsError(f"turn {number}, field {name}: {wrong}") from None
            if found.kind != _OF_DAY:
                return found
            of_day = of_day or found
    return of_day


def _exact(value: Any, unit: int) -> _Time:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if _is_epoch(value):
        return _Time(moment(value).timestamp(), _OF_DAY)
    return _Time(seconds(value) / unit)


def _loose(value: Any, facts: CallFacts) -> _Time:
    if isinstance(value, Mapping):
        return _of_parts(value)
    if isinstance(value, str):
        text = value.strip()
        if millis := _MILLIS.fullmatch(text):
            return _Time(float(millis[1]) / 1000)
        if not _NUMBER.fullmatch(text):
            return _of_text(text, facts)
        value = float(text)
    if _is_epoch(value):
        return _Time(moment(value).timestamp(), _OF_DAY)
    return _Time(seconds(value), _BARE)


def _of_parts(value: Mapping[str, Any]) -> _Time:
    """``{"milliseconds": 1230}``, ``{"seconds": 1, "nanos": 230000000}``."""
    units = {"milliseconds": 1e3, "millis": 1e3, "ms": 1e3, "seconds": 1, "nanos": 1e9}
    if not value or not set(value) <= set(units):
        raise ValueError("an object is no time")
    return _Time(sum(seconds(part) / units[unit] for unit, part in value.items()))


def _of_text(text: str, facts: CallFacts) -> _Time:
    try:
        value = seconds(text)
    except ValueError:
        own = facts.started_at.tzinfo if facts.started_at else None
        return _Time(moment(text, zone_of(facts.clock_tz) if facts.clock_tz else own or UTC).timestamp(), _OF_DAY)
    return _Time(value, _CLOCK if ":" in text else "", short=bool(_SHORT_CLOCK.fullmatch(text)))


def _is_epoch(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and any(low <= value < high for low, high in (EPOCH_S, EPOCH_MS))


def _factor(rows: Sequence[_Row]) -> float:
    """By what bare numbers are to be multiplied to be seconds."""
    bare = [row for row in rows if row.start and row.start.kind == _BARE]
    if not bare:
        bare = [row for row in rows if (row.end and row.end.kind == _BARE) or (row.lasts and row.lasts.kind == _BARE)]
        if not bare:
            return 1
    lengths = [(row, _length(row)) for row in bare]
    ordered = sorted(bare, key=lambda row: row.start.value if row.start else 0)
    if not any(length for _, length in lengths):
        lengths = [(a, b.start.value - a.start.value) for a, b in pairwise(ordered)
                   if a.start and b.start]  # fmt: skip
    ratios = [length / estimated_s(row.words, _script(row.words)) for row, length in lengths if length > 0]
    longer = median(ratios) if ratios else 0 if not any(row.start and row.start.value for row in bare) else SURELY_S
    if longer < SURELY_S:
        return 1
    if longer >= SURELY_MS:
        return 0.001
    raise TurnsError("its times may be seconds or milliseconds: send start_s and end_s, or start_ms and end_ms")


def _length(row: _Row) -> float:
    if row.end and row.start and row.end.kind == _BARE:
        return row.end.value - row.start.value
    return row.lasts.value if row.lasts and row.lasts.kind == _BARE else 0.0


def _script(words: str) -> str:
    return "zh" if sum("\u4e00" <= letter <= "\u9fff" for letter in words) * 2 > len(words) else "en"


def _zero(moments: Sequence[float], facts: CallFacts) -> float:
    """The moment at which the call began: by its facts, unless these are of another clock; else its first turn's."""
    if not moments:
        return 0.0
    first = min(moments)
    began = facts.started_at.timestamp() if isinstance(facts.started_at, datetime) else first
    return began if 0 <= first - began < LATE_S else first


def _shift(clocks: Sequence[_Time]) -> float:
    """A clock that shows more than an hour at the first turn is that of the day."""
    if not clocks:
        return 0.0
    first = min(clocks, key=lambda clock: clock.value)
    if first.value >= LATE_CALL_S:
        return first.value
    if first.short and first.value >= LATE_S:
        raise TurnsError("its times may be of the day, or minutes and seconds: write 00:14:03, or start_s")
    return 0.0
