"""A call in one line: what lists show of it."""

from __future__ import annotations

from datetime import date, datetime

from qa_service.records import (
    CallEntry,
    CallState,
    ErrorInfo,
    Finding,
    FindingState,
    Polarity,
    Record,
    Severity,
)

#: Gravest first.
SEVERITIES = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR, Severity.PRAISE)


class CallSummary(Record):
    """A line of a list of calls. ``findings`` counts by severity, whatever their state; ``confirmed`` those alone."""

    call_id: str
    state: CallState
    day: date
    started_at: datetime | None
    agent_id: str | None
    agent_name: str | None
    team: str | None
    product: str | None
    language: str | None
    duration_s: float | None
    coverage: float | None
    points: float | None
    grade: str | None
    veto: bool | None
    findings: dict[Severity, int]
    confirmed: dict[Severity, int]
    not_assessed: int
    error: ErrorInfo | None
    received_at: datetime
    inspected_at: datetime | None
    has_audio: bool


def summarise(entry: CallEntry) -> CallSummary:
    facts, found = entry.facts, entry.inspection
    findings = found.findings if found else ()
    score = found.score if found else None
    return CallSummary(
        call_id=entry.call_id,
        state=entry.state,
        day=entry.day,
        started_at=facts.started_at,
        agent_id=facts.agent_id,
        agent_name=facts.agent_name,
        team=facts.team,
        product=facts.product,
        language=(found.language if found else None) or facts.language,
        duration_s=found.duration_s if found else None,
        coverage=found.coverage.ratio if found else None,
        points=score.points if score else None,
        grade=score.grade if score else None,
        veto=score.veto if score else None,
        findings=by_severity(findings),
        confirmed=by_severity([f for f in findings if f.state == FindingState.CONFIRMED]),
        not_assessed=len(found.not_assessed) if found else 0,
        error=entry.error or (found.error if found else None),
        received_at=entry.received_at,
        inspected_at=entry.inspected_at,
        has_audio=entry.recording is not None,
    )


def by_severity(findings: list[Finding] | tuple[Finding, ...]) -> dict[Severity, int]:
    """Counts, gravest first, without zeros."""
    counted = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    return {s: n for s, n in counted.items() if n}


def is_violation(finding: Finding) -> bool:
    return finding.polarity == Polarity.VIOLATION
