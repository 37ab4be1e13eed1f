"""Small days made by hand, whose figures can be counted on one's fingers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from qa_service.records import (
    CallEntry,
    CallState,
    Coverage,
    ErrorInfo,
    Finding,
    FindingState,
    Polarity,
    QuarantineEntry,
    Severity,
)
from qa_service.report.build import build_daily
from qa_service.report.calls import Source
from qa_service.report.records import DailyReport, RequirementLabel
from tests.factories import DAY, NOW, facts, finding, inspection, later, recording, turns, unassessable

LABELS = {
    "CN-THREAT-01": RequirementLabel(
        id="CN-THREAT-01", jurisdiction="CN", title="暴力、威胁、恐吓", citations=("信用卡办法第68条 [V2]",),
        wording={"zh": "可能违反：信用卡办法第68条 [V2]", "en": "May breach: 信用卡办法第68条 [V2]"},
    ),
    "US-1692C-A1": RequirementLabel(
        id="US-1692C-A1", jurisdiction="US", title="Inconvenient times", citations=("15 U.S.C. 1692c(a)(1) [V1]",),
        wording={"zh": "可能违反：15 U.S.C. 1692c(a)(1) [V1]", "en": "May breach: 15 U.S.C. 1692c(a)(1) [V1]"},
    ),
}  # fmt: skip

THREAT = finding(requirements=("CN-THREAT-01",))
DOUBTED = THREAT.model_copy(update={"state": FindingState.UNVERIFIED, "reason": "doubtful_words: 0.21"})
TO_REVIEW = THREAT.model_copy(update={"state": FindingState.NEEDS_REVIEW, "start_s": 7.0})
RUDE = finding(
    rule_id="CN-COLL-001", requirements=("CN-ABUSE-01",), severity=Severity.MAJOR, title="辱骂", start_s=61.0
)
BRISK = finding(rule_id="CN-COLL-009", requirements=(), severity=Severity.MINOR, title="语速过快", start_s=5.0)
KIND = finding(
    rule_id="CN-SKILL-001", requirements=(), severity=Severity.PRAISE, polarity=Polarity.PRAISE, title="主动提出方案"
)


def call(number: int, *findings: Finding, day: date = DAY, **changes: object) -> CallEntry:
    """An inspected call ``C-number``: 10 s of speech, 9.9 s of it transcribed. ``changes`` go to its facts."""
    made: dict[str, object] = {"started_at": f"{day}T09:{number % 60:02d}:00+08:00", **changes}
    return CallEntry(
        call_id=f"C-{number}", facts=facts(**made), state=CallState.INSPECTED, day=day, source=f"{number}.mp3",
        received_at=NOW, inspected_at=later(30), recording=recording(number),
        inspection=inspection(f"C-{number}", findings=findings, not_assessed=()),
    )  # fmt: skip


def inspected_with(entry: CallEntry, **changes: object) -> CallEntry:
    assert entry.inspection
    return entry.model_copy(update={"inspection": entry.inspection.model_copy(update=changes)})


def heard(entry: CallEntry, speech_s: float, transcribed_s: float) -> CallEntry:
    ratio = transcribed_s / speech_s
    return inspected_with(entry, coverage=Coverage(speech_s=speech_s, transcribed_s=transcribed_s, ratio=ratio))


def failed(number: int, code: str = "audio_damaged") -> CallEntry:
    error = ErrorInfo(code=code, message="The file is damaged after 3 s. Ask for it again.")
    return call(number).model_copy(update={"state": CallState.FAILED, "inspection": None, "error": error})


def not_assessable(number: int) -> CallEntry:
    found = unassessable(f"C-{number}")
    changes = {"state": CallState.NOT_ASSESSABLE, "inspection": found, "error": found.error}
    return call(number).model_copy(update=changes)


def waiting(number: int, *findings: Finding) -> CallEntry:
    """A call that waits for a new inspection, with the findings of its old one."""
    return call(number, *findings).model_copy(update={"state": CallState.WAITING})


def refused(source: str = "notes.docx", code: str = "not_audio") -> QuarantineEntry:
    return QuarantineEntry(source=source, error=ErrorInfo(code=code, message=f"{source} is not audio."), at=NOW)


def report_of(
    entries: Sequence[CallEntry] = (),
    earlier: Mapping[date, Sequence[CallEntry]] | None = None,
    quarantined: Sequence[QuarantineEntry] = (),
) -> DailyReport:
    return build_daily(
        DAY,
        entries,
        earlier or {},
        quarantined,
        requirement=LABELS.get,
        source=Source(
            redact=lambda text: text.replace("138", "***"), turns=lambda _: turns("您好，加我13812345678", "嗯")
        ),
    )


def mixed_day() -> tuple[CallEntry, ...]:
    """Twelve calls: 9 inspected (3 violating, 2 only doubtful, 4 with nothing), 1 of each of the others."""
    return (
        call(1, THREAT, THREAT.model_copy(update={"start_s": 9.0}), RUDE, agent_id="A-1"),
        call(2, RUDE, agent_id="A-1"),
        call(3, BRISK, KIND, agent_id="A-2"),
        call(4, DOUBTED, agent_id="A-2"),
        call(5, TO_REVIEW, agent_id="A-2"),
        call(6, KIND, agent_id="A-2"),
        call(7),
        call(8),
        call(9),
        not_assessable(10),
        failed(11),
        waiting(12, THREAT),
    )


def ids(calls: Iterable[object]) -> list[str]:
    return [c.call_id for c in calls]  # type: ignore[attr-defined]
