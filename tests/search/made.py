"""Call documents made by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from qa_service.records import CallEntry, CallFacts, CallState, FindingState, Inspection, Role, Severity
from qa_service.search.document import CallDocument, FindingMark, TurnDocument
from qa_service.search.protocol import EVERYTHING, Access, SearchIndex, SearchQuery
from tests.factories import DAY, NOW, facts

CORPUS = (
    "您好，我是催收一组的周敏，您的信用卡逾期41天了",
    "再不还我就打电话给你单位，还有你的通讯录",
    "你敢，我要投诉你们",
    "律师函已经寄到你家了，准备起诉",
    "起訴就起訴，我沒有錢",
    "We will send a lawyer if the payments stop",
    "I already made a payment, don't call my office",
    "通知你 讯息 录音",
    "请加微信wechat号",
)


def turn(text: str, index: int = 0, **changes: object) -> TurnDocument:
    """Four seconds after the turn before, three seconds long; the agent and the customer speak by turns."""
    base = TurnDocument(
        index=index,
        start_s=index * 4.0,
        end_s=index * 4.0 + 3,
        role=(Role.AGENT, Role.CUSTOMER)[index % 2],
        text=text,
    )
    return base.model_copy(update=changes)


def document(*turns: TurnDocument, call_id: str = "C-1", **changes: object) -> CallDocument:
    """A call; its findings are those that its turns prove, where no others are given."""
    base = CallDocument(
        call_id=call_id,
        day=DAY,
        happened_at=NOW,
        agent_id="A-201",
        agent_name="周敏",
        team="一组",
        grade="A",
        score=95.0,
        findings=tuple(dict.fromkeys(mark for each in turns for mark in each.findings)),
        turns=turns,
    )
    return base.model_copy(update=changes)


def call(*texts: str, call_id: str = "C-1", **changes: object) -> CallDocument:
    """A call of these turns, none of which proves anything."""
    return document(*(turn(text, i) for i, text in enumerate(texts)), call_id=call_id, **changes)


def dated(days: int) -> dict[str, object]:
    """Day and time, so many days after the first."""
    return {"day": DAY + timedelta(days=days), "happened_at": NOW + timedelta(days=days)}


def mark(
    rule: str,
    severity: Severity = Severity.CRITICAL,
    state: FindingState = FindingState.CONFIRMED,
    *requirements: str,
) -> FindingMark:
    return FindingMark(rule_id=rule, severity=severity, state=state, requirements=requirements)


def proof(*marks: FindingMark) -> dict[str, object]:
    """What a turn has that proves these findings; what a call has that they are of."""
    return {"findings": marks}


def entry(inspection: Inspection | None, *, call_facts: CallFacts | None = None, day: date = DAY) -> CallEntry:
    return CallEntry(
        call_id=inspection.call_id if inspection else "C-1",
        facts=call_facts or facts(),
        state=CallState.INSPECTED,
        day=day,
        source="m.jsonl",
        received_at=datetime(2026, 11, 18, tzinfo=UTC),
        inspection=inspection,
    )


def found(index: SearchIndex, text: str = "", access: Access = EVERYTHING, **filters: object) -> list[str]:
    """Calls and turns in the order of the results, as "C-1:0"."""
    query = SearchQuery.model_validate({"text": text, "limit": 500, "turns": 50, **filters})
    return [f"{hit.call_id}:{said.turn_index}" for hit in index.search(query, access).calls for said in hit.turns]
