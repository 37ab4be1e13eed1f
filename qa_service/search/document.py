"""What the index holds of a call: one document for each turn, without personal numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from qa_service.records import CallEntry, Finding, Inspection, Record, Role, Severity, Turn
from qa_service.text.redact import redact


class TurnDocument(Record):
    """A turn with the facts of its call.

    ``text`` is redacted. ``findings`` are (rule id, severity) of those that this turn proves, ``call_findings`` of
    all of the call. ``happened_at`` orders by time: when the call began or, where that is unknown, was received.
    """

    call_id: str
    turn_index: int
    start_s: float
    end_s: float
    role: Role
    text: str
    day: date
    happened_at: datetime
    started_at: datetime | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    team: str | None = None
    grade: str | None = None
    findings: tuple[tuple[str, Severity], ...] = ()
    call_findings: tuple[tuple[str, Severity], ...] = ()

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """Rules that this turn proves, each once."""
        return tuple(dict.fromkeys(rule for rule, _ in self.findings))

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Severities of what this turn proves, the gravest first, each once."""
        here = {severity for _, severity in self.findings}
        return tuple(s for s in Severity if s in here)


def documents(entry: CallEntry) -> tuple[TurnDocument, ...]:
    """The documents of a call; none as long as it has no transcript."""
    inspection = entry.inspection
    if inspection is None:
        return ()
    facts = entry.facts
    proofs = _proofs(inspection)
    everything = _named(inspection.findings)
    return tuple(
        TurnDocument(
            call_id=entry.call_id,
            turn_index=turn.index,
            start_s=turn.start_s,
            end_s=turn.end_s,
            role=turn.role,
            text=redact(turn.text, before).text,
            day=entry.day,
            happened_at=facts.started_at or entry.received_at,
            started_at=facts.started_at,
            agent_id=facts.agent_id,
            agent_name=facts.agent_name,
            team=facts.team,
            grade=inspection.score.grade if inspection.score else None,
            findings=_named(proofs.get(turn.index, ())),
            call_findings=everything,
        )
        for turn, before in zip(inspection.turns, ("", *(t.text for t in inspection.turns)), strict=False)
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


def _named(findings: Iterable[Finding]) -> tuple[tuple[str, Severity], ...]:
    return tuple(dict.fromkeys((finding.rule_id, finding.severity) for finding in findings))
