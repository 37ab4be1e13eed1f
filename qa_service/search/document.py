"""What the index holds of a call: its facts, its findings, and its turns without personal numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cached_property

from qa_service.records import CallEntry, Finding, FindingState, Inspection, Record, Role, Severity, Turn
from qa_service.text.redact import LOOKED_BACK, redact

#: Length of a turn's vector: one signed byte for each dimension of the encoder, only its direction counts.
DIMENSIONS = 384


class FindingMark(Record):
    """What one can ask of a finding."""

    rule_id: str
    severity: Severity
    state: FindingState
    requirements: tuple[str, ...] = ()


class TurnDocument(Record):
    """A turn. ``text`` is redacted; ``findings`` are those that it proves.

    ``vector`` is the meaning of the text as ``DIMENSIONS`` signed bytes (empty: none was made).
    """

    index: int
    start_s: float
    end_s: float
    role: Role
    text: str
    findings: tuple[FindingMark, ...] = ()
    vector: bytes = b""


class CallDocument(Record):
    """A call as it can be searched: its current inspection, written and replaced as a whole.

    ``day`` is in the call's own offset; ``happened_at`` orders by time: when the call began or, where that is
    unknown, was received. ``score`` is in points. ``findings`` are all of the call, also those that no turn proves.
    """

    call_id: str
    day: date
    happened_at: datetime
    started_at: datetime | None = None
    duration_s: float | None = None
    language: str | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    agent_type: str | None = None
    team: str | None = None
    product: str | None = None
    stage: str | None = None
    segment: str | None = None
    jurisdiction: str | None = None
    status: str | None = None
    grade: str | None = None
    score: float | None = None
    findings: tuple[FindingMark, ...] = ()
    turns: tuple[TurnDocument, ...] = ()

    @cached_property
    def rule_ids(self) -> tuple[str, ...]:
        """Rules that the call broke or honoured, each once."""
        return tuple(dict.fromkeys(mark.rule_id for mark in self.findings))

    @cached_property
    def severities(self) -> tuple[Severity, ...]:
        """Severities of what was found in the call, the gravest first, each once."""
        return severities(self.findings)


def severities(findings: Iterable[FindingMark]) -> tuple[Severity, ...]:
    """Each once, the gravest first."""
    here = {mark.severity for mark in findings}
    return tuple(s for s in Severity if s in here)


def document(entry: CallEntry, stage: str | None = None) -> CallDocument | None:
    """The document of a call, without vectors; None as long as it has no inspection. ``stage``: of delinquency."""
    inspection = entry.inspection
    if inspection is None:
        return None
    facts = entry.facts
    return CallDocument(
        call_id=entry.call_id,
        day=entry.day,
        happened_at=facts.started_at or entry.received_at,
        started_at=facts.started_at,
        duration_s=inspection.duration_s,
        language=inspection.language,
        agent_id=facts.agent_id,
        agent_name=facts.agent_name,
        agent_type=facts.agent_type,
        team=facts.team,
        product=facts.product,
        stage=stage,
        segment=facts.debtor_segment,
        jurisdiction=facts.jurisdiction,
        status=inspection.status.value,
        grade=inspection.score.grade if inspection.score else None,
        score=inspection.score.points if inspection.score else None,
        findings=_marks(inspection.findings),
        turns=_turns(inspection),
    )


def redacted(inspection: Inspection) -> tuple[str, ...]:
    """What each turn says, without personal numbers; one that goes on over turns is told by the last ones before."""
    out, before = [], ""
    for turn in inspection.turns:
        out.append(redact(turn.text, before).text)
        # a number is often told over several turns with "yes" between
        before = f"{before}\n{turn.text}"[-LOOKED_BACK:]
    return tuple(out)


def _turns(inspection: Inspection) -> tuple[TurnDocument, ...]:
    proofs = _proofs(inspection)
    return tuple(
        TurnDocument(
            index=turn.index,
            start_s=turn.start_s,
            end_s=turn.end_s,
            role=turn.role,
            text=text,
            findings=_marks(proofs.get(turn.index, ())),
        )
        for turn, text in zip(inspection.turns, redacted(inspection), strict=True)
    )


def _proofs(inspection: Inspection) -> dict[int, list[Finding]]:
    """Findings by turn. One that names no turn (something was never said) goes to where a listener would start."""
    found: dict[int, list[Finding]] = {}
    for finding in inspection.findings:
        for index in finding.turns or _nearest(finding, inspection.turns):
            found.setdefault(index, []).append(finding)
    return found


def _nearest(finding: Finding, turns: tuple[Turn, ...]) -> tuple[int, ...]:
    """The last turn that had begun when the finding starts, else the first turn."""
    if not turns:
        return ()
    at = finding.start_s or 0.0
    begun = [turn.index for turn in turns if turn.start_s <= at]
    return (begun[-1] if begun else turns[0].index,)


def _marks(findings: Iterable[Finding]) -> tuple[FindingMark, ...]:
    marks = (
        FindingMark(rule_id=f.rule_id, severity=f.severity, state=f.state, requirements=tuple(f.requirements))
        for f in findings
    )
    return tuple(dict.fromkeys(marks))
