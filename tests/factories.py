"""Records made by hand, for tests that need some."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from qa_service.records import (
    CallFacts,
    CallStatus,
    Coverage,
    EngineInfo,
    ErrorInfo,
    Finding,
    FindingState,
    Inspection,
    MadeBy,
    NotAssessed,
    Polarity,
    Recording,
    Role,
    Roles,
    RoleSource,
    Score,
    Severity,
    Transcript,
    Turn,
)

NOW = datetime(2026, 11, 17, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 17)


def facts(**changes: object) -> CallFacts:
    base: dict[str, object] = {
        "started_at": "2026-11-17T09:30:00+08:00",
        "agent_id": "A-201",
        "agent_name": "周敏",
        "team": "一组",
        "product": "信用卡",
        "overdue_days": 41,
        "jurisdiction": "CN",
        "language": "zh",
    }
    return CallFacts.model_validate({**base, **changes})


def recording(n: int = 1) -> Recording:
    return Recording(sha256=f"{n:064x}", path=f"{n:02x}/{n}.mp3", original_name=f"{n}.mp3", size_bytes=1000)


def turns(*texts: str) -> tuple[Turn, ...]:
    roles = (Role.AGENT, Role.CUSTOMER)
    return tuple(
        Turn(index=i, role=roles[i % 2], channel=i % 2, start_s=i * 4.0, end_s=i * 4.0 + 3, text=t, confidence=0.9)
        for i, t in enumerate(texts)
    )


def transcript(*texts: str) -> Transcript:
    return Transcript(
        language="zh",
        duration_s=len(texts) * 4.0,
        turns=turns(*texts),
        coverage=Coverage(),
        roles=Roles(source=RoleSource.METADATA, confidence=1.0),
        engine=EngineInfo(name="none"),
    )


def finding(**changes: object) -> Finding:
    base = Finding(
        rule_id="CN-COLL-003",
        rule_version=1,
        pack="cn-collections",
        title="威胁告知亲属或单位",
        requirements=("CN-THIRD-03",),
        severity=Severity.CRITICAL,
        polarity=Polarity.VIOLATION,
        state=FindingState.CONFIRMED,
        turns=(0,),
        start_s=1.0,
        end_s=2.5,
        quote="打电话给你单位",
        message="不得以告知单位施压",
        deduct=30.0,
    )
    return base.model_copy(update=changes)


def inspection(call_id: str = "C-1", *, findings: tuple[Finding, ...] = (), **changes: object) -> Inspection:
    base = Inspection(
        call_id=call_id,
        status=CallStatus.INSPECTED,
        language="zh",
        duration_s=12.0,
        coverage=Coverage(speech_s=10.0, transcribed_s=9.9, ratio=0.99),
        roles=Roles(source=RoleSource.CHANNEL, confidence=1.0),
        turns=turns("您好，再不还我就打电话给你单位", "你敢", "你等着"),
        findings=findings,
        not_assessed=(NotAssessed(rule_id="CN-COLL-020", requirements=("CN-FREQ-01",), reason="missing_fact: x"),),
        score=Score(points=100 - sum(f.deduct for f in findings), max=100, grade="A", veto=False, by_dimension={}),
        made_by=MadeBy(service_version="0", engine=EngineInfo(name="none"), plan="cn"),
    )
    return base.model_copy(update=changes)


def unassessable(call_id: str) -> Inspection:
    return Inspection(
        call_id=call_id, status=CallStatus.NOT_ASSESSABLE, error=ErrorInfo(code="no_speech", message="No speech.")
    )


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)
