"""Turn documents and calls made by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from qa_service.records import CallEntry, CallFacts, CallState, Inspection, Role, Severity
from qa_service.search.document import TurnDocument
from qa_service.search.protocol import SearchIndex, SearchQuery
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


def document(text: str, index: int = 0, call_id: str = "C-1", **changes: object) -> TurnDocument:
    base = TurnDocument(
        call_id=call_id,
        turn_index=index,
        start_s=index * 4.0,
        end_s=index * 4.0 + 3,
        role=(Role.AGENT, Role.CUSTOMER)[index % 2],
        text=text,
        day=DAY,
        happened_at=NOW,
        agent_id="A-201",
        agent_name="周敏",
        team="一组",
        grade="A",
    )
    return base.model_copy(update=changes)


def call(*texts: str, call_id: str = "C-1", **changes: object) -> tuple[TurnDocument, ...]:
    return tuple(document(text, i, call_id, **changes) for i, text in enumerate(texts))


def dated(days: int) -> dict[str, object]:
    """Day and time, so many days after the first."""
    return {"day": DAY + timedelta(days=days), "happened_at": NOW + timedelta(days=days)}


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


def found(index: SearchIndex, text: str = "", **filters: object) -> list[str]:
    """Calls and turns, as "C-1:0"."""
    query = SearchQuery.model_validate({"text": text, "limit": 500, **filters})
    return [f"{hit.call_id}:{hit.turn_index}" for hit in index.search(query).hits]


def proof(rule: str, severity: Severity = Severity.CRITICAL) -> dict[str, object]:
    return {"findings": ((rule, severity),), "call_findings": ((rule, severity),)}
