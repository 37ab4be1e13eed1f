"""Earlier calls that the caller's system sent one by one: a list under ``history``, or under another name of it.

Systems that count nothing send their log of contacts: ``[{"at": …, "direction": …, "to": …, "outcome": …}]``. Each
entry becomes what the database would hold of that call (:class:`Contact`). A log may leave calls out, so it shows the
least that there was: docs/history.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, get_args

from pydantic import JsonValue

from qa_service.records import CalleeRole, CallFacts, CallStatus, Contact, HeardCall, History, Transcript, contacts
from qa_service.records.contact_keys import number_key
from qa_service.records.contacts import contact_of
from qa_service.records.fact_words import first_known, meant, plain, plain_name, plain_names
from qa_service.records.times import day, is_day, moment, seconds, zone_of
from qa_service.rules.zones import zone, zones_of

LOG_NAMES = (
    "calls", "call_log", "call_history", "earlier_calls", "previous_calls", "prior_calls", "contact_log",
    "contact_history", "contacts", "earlier_contacts", "previous_contacts", "contact_attempts", "attempts", "history",
    "通话记录", "历史通话", "联系记录", "外呼记录", "催收记录",
)  # fmt: skip
"""Under these a list of calls may stand; a list under ``history`` itself stands under the first."""
MOST = 500
"""Of a longer log the last ones count."""
DAYS = 3_660
SAME = timedelta(minutes=2)
"""An entry that began so shortly before this call may be this call: dialled then, or told by the minute."""
_OURS = "sent"
"""All calls of a log are about the debtor of the call that it came with, whatever that one's reference is."""
_AT = (
    "started_at", "at", "datetime", "date_time", "timestamp", "call_time", "called_at", "start_time", "start", "when",
    "通话时间", "呼叫时间", "拨打时间", "开始时间",
)  # fmt: skip
_DAY, _TIME = ("date", "day", "call_date", "日期"), ("time", "时间", "时刻")
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?Z?$")
"""Exports write a day as its first moment, beside its hour."""
_DIRECTION = ("direction", "call_direction", "方向", "呼叫方向")
_WHOM = ("callee_role", "to", "whom", "party", "called", "recipient", "spoke_to", "对象", "被叫", "联系对象", "接听人")
_NUMBER = ("phone", "number", "phone_number", "dialled", "dialed", "号码", "被叫号码")
_RESULT = ("disposition", "outcome", "result", "status", "结果", "通话结果", "呼叫结果", "处置")
_TALK = ("talk_s", "duration_s", "talk_time", "talk_seconds", "talk_time_s", "duration", "通话时长", "时长")
_TALK_MS = ("talk_ms", "duration_ms", "talk_time_ms", "duration_millis")
_ID = ("call_id", "id", "通话编号")
_PLACE = (*contacts.PLACE, "place")
_AGREED = (*contacts.AGREED, "agreed")
#: What became of a call, by its words, the first that fit; as dispositions are known (:mod:`outcome`). Empty: open.
_RESULTS = (
    ("voicemail", re.compile(
        r"voice ?mail|answer(ing)? ?(phone|machine)|\bmachine\b|\bamd\b|left (a )?message|语音信箱|留言"
    )),
    ("busy", re.compile(
        r"\bbusy|engaged|disconnected|invalid|out of service|"
        r"占线|忙线|用户忙|空号|停机|关机|正在通话|通话中(?!断|途|挂)"
    )),
    ("no answer", re.compile(
        r"no ?(answer|reply)|un ?(answered|connected)|not? ?(answered|reached|connect(ed)?)\b|"
        r"ring(s|ing)? ?out|rang ?out|missed|declined|"
        r"未接|未能?接通|没有?接|无人接|无应答|不接|拒接|无法接通|失联|接通前|[振响]铃"
    )),
    ("", re.compile(
        r"\b(no|non|not)\b.*\b(rpc|right ?party|conversation|contact|spoken?)\b|abandon|dropped|failed|"
        r"失败|未通话|没有?通话"
    )),
    ("conversation", re.compile(
        r"spoke|answered|connected|conversation|talked|right ?party|\brpc\b|\bptp\b|promise|pick(ed)? ?up|hung ?up|"
        r"接通|接听|已接|通话|承诺|答应|挂断"
    )),
)  # fmt: skip


@dataclass(frozen=True)
class SentLog:
    """``calls``: what could be read, oldest first; ``wrong``: of the other entries, which and why."""

    name: str
    calls: tuple[Contact, ...]
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        told = f"{len(self.calls)} earlier {'call' if len(self.calls) == 1 else 'calls'}"
        return "; ".join((told, *self.wrong))


def is_log(name: str, value: JsonValue) -> bool:
    """Whether a fact by this name is a list of calls."""
    return plain_name(name) in _LOGS and isinstance(value, list) and all(isinstance(one, dict) for one in value)


def sent_logs(facts: CallFacts) -> tuple[SentLog, ...]:
    """The logs that came with a call. Entries that began after it are left out."""
    own = contact_of(facts, facts.call_id or "this", facts.started_at) if facts.started_at else None
    found = []
    for place in ("history", "account", "extra"):
        for name, value in getattr(facts, place).items():
            if is_log(name, value):
                clock = _clock(facts, own.at) if own else None
                found.append(_log(f"{place}.{name}", value, own, clock))
    return tuple(found)


def sent_history(facts: CallFacts, transcript: Transcript) -> History | None:
    """The calls of the first log, before this call; None where none was sent, or nobody knows when this call began."""
    logs = sent_logs(facts)
    if not logs or not logs[0].calls or facts.started_at is None:
        return None
    customer = sum(turn.role.value == "customer" and bool(turn.text.strip()) for turn in transcript.turns)
    heard = HeardCall(
        status=CallStatus.INSPECTED, customer_turns=customer, role_confidence=transcript.roles.confidence,
        duration_s=transcript.duration_s,
    )  # fmt: skip
    this = contact_of(facts, facts.call_id or "this", facts.started_at)
    return History(
        this=this.model_copy(update={"debtor": _OURS, "heard": heard}), days=DAYS, earlier=logs[0].calls, kept=False
    )


def _log(name: str, entries: Iterable[Any], own: Contact | None, clock: tzinfo | None) -> SentLog:
    if own is None:
        return SentLog(name, (), ("nobody knows when this call began: started_at",))
    plain_entries = list(map(plain_names, entries))
    to_all = own.callee_role if not any(first_known(_WHOM, entry) for entry in plain_entries) else None
    calls: dict[tuple[object, ...], Contact] = {}
    wrong = []
    for number, entry in enumerate(plain_entries, 1):
        try:
            call = _contact(f"{name.partition('.')[2]}[{number}]", entry, own, to_all, clock)
        except ValueError as why:
            wrong.append(f"{name}[{number}]: {why}")
            continue
        if call.call_id == own.call_id:
            continue
        if call.timed and timedelta(0) < own.at - call.at < SAME:
            call = call.model_copy(update={"timed": False})
        if call.at < own.at or not call.timed:  # what was exported twice is one call
            calls.setdefault((call.at, call.timed or number, call.direction, call.callee_role, call.number), call)
    return SentLog(name, tuple(sorted(calls.values(), key=lambda call: call.at)[-MOST:]), tuple(wrong))


def _contact(
    nameless: str, entry: Mapping[str, JsonValue], own: Contact, to_all: str | None, clock: tzinfo | None
) -> Contact:
    """``nameless``: what a call is called that has no id. ``to_all``: to whom all calls went, where the log says so of
    none. ``clock``: of times without a zone.

    Raises:
        ValueError: it does not say when it was.
    """
    at, timed = _moment(entry, own.at, clock)
    whom, number = _whom(first_known(_WHOM, entry))
    result, talk_s = _result(first_known(_RESULT, entry)), _talk(entry)
    agreed, debt, place = first_known(_AGREED, entry), first_known(contacts.DEBT, entry), first_known(_PLACE, entry)
    direction = meant("direction", first_known(_DIRECTION, entry))
    call_id = first_known(_ID, entry)
    return Contact(
        call_id=str(call_id) if isinstance(call_id, str | int) and not isinstance(call_id, bool) else nameless,
        debtor=_OURS, number=number_key(_text(first_known(_NUMBER, entry))) or number, at=at, timed=timed,
        direction=direction if direction in ("inbound", "outbound") else None,
        callee_role=whom or to_all, disposition=None if result == "conversation" else result,
        talked=result == "conversation" or None, talk_s=talk_s, debt=_text(debt) or own.debt, product=own.product,
        place=(_text(place) or "").lower() or None, agreed=agreed if isinstance(agreed, bool) else False,
        collector=own.collector,
    )  # fmt: skip


def _moment(entry: Mapping[str, JsonValue], own: datetime, clock: tzinfo | None) -> tuple[datetime, bool]:
    """When it began, and whether that is known to the minute or at least to another day than this call's. A time
    without its zone is one of ``clock``, if that is known.

    Raises:
        ValueError: nobody can tell.
    """
    at, on, hour = (_text(first_known(names, entry)) for names in (_AT, _DAY, _TIME))
    on = on and _MIDNIGHT.sub("", on)
    written = at or (f"{on} {hour}" if on and hour else on or hour)
    if not written:
        raise ValueError("says no time")
    if is_day(written):
        date = day(written)
        near = abs((date - own.date()).days) <= (0 if clock else 1)
        noon = datetime.combine(date, time(12), clock or own.tzinfo)  # that day nearly everywhere
        return (own, False) if near else (noon, True)
    found = moment(written, clock)
    if found.tzinfo is None:
        raise ValueError(f"{written!r} says no zone, and this call's time is one of UTC: send clock_tz")
    return found, True


def _clock(facts: CallFacts, own: datetime) -> tzinfo | None:
    """The zone of times that are sent without one: this call's, unless that is UTC and may be made of a local one."""
    if facts.clock_tz:
        return zone_of(facts.clock_tz)
    if own.utcoffset():
        return own.tzinfo
    try:
        local = {own.astimezone(zone(name)).utcoffset() for name in zones_of(facts, None)}
    except (ValueError, OverflowError):
        local = set()
    return own.tzinfo if local == {own.utcoffset()} else None


def _whom(value: JsonValue) -> tuple[str | None, str | None]:
    """The role on the line, and the number where one stands in its place."""
    role = meant("callee_role", value)
    if role in get_args(CalleeRole):
        return str(role), None
    text = _text(value) or ""
    return None, None if any(letter.isalpha() for letter in text) else number_key(text)


def _result(value: JsonValue) -> str | None:
    said = plain(_text(value) or "")
    return next((result for result, cues in _RESULTS if cues.search(said)), None) or None


def _talk(entry: Mapping[str, JsonValue]) -> float | None:
    """How long was spoken; None where nobody can tell."""
    try:
        if (given := first_known(_TALK, entry)) is not None:
            return seconds(given)
        given = first_known(_TALK_MS, entry)
        return None if given is None else seconds(given) / 1000
    except ValueError:
        return None


def _text(value: JsonValue) -> str | None:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


_LOGS = frozenset(map(plain_name, LOG_NAMES))
