"""One call that is kept under two ids, by the dialler's and by the recorder's, counts once. Pure.

A number cannot be called twice in the same second. Where starts are told by the minute, two calls may have the same:
they are one if they are as long, two if not, and open where that is not known. Open too is a call that began while
another on its number was going on: the dialler tells when it rang, the recorder when it was answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from qa_service.records import Contact, History
from qa_service.rules.outcome import Answer

#: What a call under another id shows of itself (:class:`EarlierCall`).
SAME_CALL = "same_call"
#: Two recordings of one call differ by less, in seconds.
AS_LONG_S = 1.0
#: Of one call they are the same, as far as both say something.
_ALIKE = ("debtor", "callee_role", "debt", "collector")


@dataclass(frozen=True)
class Once:
    """``history`` with each call once. ``also``: by id, the other ids of the same call, those of ``this`` too.
    ``perhaps``: by id of a call that may be another one of the history, the id of that."""

    history: History
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    perhaps: Mapping[str, str] = field(default_factory=dict)


def once(history: History) -> Once:
    """The history with each call once: of several ids that which says most."""
    together: defaultdict[tuple[str, str, datetime], list[Contact]] = defaultdict(list)
    for call in history.earlier:
        if call.timed and call.number and call.direction:
            together[call.number, call.direction, call.at.replace(microsecond=0)].append(call)
    own = (history.this.number or "", history.this.direction or "", history.this.at.replace(microsecond=0))
    also: dict[str, tuple[str, ...]] = {}
    perhaps: dict[str, str] = {}
    for key, calls in together.items():
        first = [history.this] if key == own and history.this.timed else []
        if len(first) + len(calls) > 1:
            _sort_out((*first, *sorted(calls, key=_most_told)), also, perhaps)
    doubles = {call_id for ids in also.values() for call_id in ids}
    _meanwhile(
        [call for call in (*history.earlier, history.this) if call.call_id not in doubles], history.this, perhaps
    )
    earlier = tuple(call for call in history.earlier if call.call_id not in doubles)
    return Once(history.model_copy(update={"earlier": earlier}) if doubles else history, also, perhaps)


def _sort_out(calls: Iterable[Contact], also: dict[str, tuple[str, ...]], perhaps: dict[str, str]) -> None:
    """Tell which of these, that began together, are one call."""
    kept: list[Contact] = []
    for call in calls:
        answers = [(other.call_id, _same(other, call)) for other in kept]
        if same := next((other for other, answer in answers if answer), None):
            also[same] = (*also.get(same, ()), call.call_id)
            continue
        kept.append(call)
        if maybe := next((other for other, answer in answers if answer is None), None):
            perhaps[call.call_id] = maybe


def _same(one: Contact, other: Contact) -> Answer:
    """Whether two calls that began in the same second on the same number are one."""
    if _told_apart(one, other):
        return False
    if one.at.second or one.at.microsecond:
        return True
    lengths = [call.heard.duration_s if call.heard else None for call in (one, other)]
    if lengths[0] is None or lengths[1] is None:
        return None
    return abs(lengths[0] - lengths[1]) <= AS_LONG_S


def _told_apart(one: Contact, other: Contact) -> bool:
    said = ((getattr(one, name), getattr(other, name)) for name in _ALIKE)
    return any(a is not None and b is not None and a != b for a, b in said)


def _meanwhile(calls: Iterable[Contact], this: Contact, perhaps: dict[str, str]) -> None:
    """Tell which calls surely began before another on their number was over: one that may be ``this`` is the other."""
    going: defaultdict[tuple[str, str], list[Contact]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: (call.at, call is this)):
        if not (call.timed and call.number and call.direction):
            continue
        line = going[call.number, call.direction]
        line[:] = [other for other in line if _goes_on(other, call.at)]
        for other in line:
            if other.at.replace(microsecond=0) != call.at.replace(microsecond=0) and not _told_apart(other, call):
                one, same = (other, call) if call is this else (call, other)
                perhaps.setdefault(one.call_id, same.call_id)
        line.append(call)


def _goes_on(call: Contact, at: datetime) -> bool:
    """Whether a call was surely not over at a later start. Told by the minute, both may be a minute later."""
    length_s = call.heard.duration_s if call.heard else call.talk_s
    by_minute = not any((call.at.second, call.at.microsecond, at.second, at.microsecond))
    slack = timedelta(seconds=60.0 if by_minute else AS_LONG_S)
    return length_s is not None and at + slack < call.at + timedelta(seconds=length_s)


def _most_told(call: Contact) -> tuple[bool, int, int, str]:
    """Before all others what was heard, with the most said and sent."""
    heard = call.heard
    sent = sum(getattr(call, name) is not None for name in (*_ALIKE, "disposition"))
    return heard is None, -len(heard.marks) if heard else 0, -sent, call.call_id
