"""Try rules on words typed in: a line of an agent, or a file of turns."""

from __future__ import annotations

from pathlib import Path

from qa_service.errors import ErrorCode, RuleError
from qa_service.inspect.pipeline import Inspector
from qa_service.intake.transcript import read_transcript
from qa_service.records import (
    CallFacts,
    Coverage,
    EngineInfo,
    Finding,
    NotAssessed,
    Role,
    Roles,
    RoleSource,
    Transcript,
    Turn,
)
from qa_service.rules.evaluate import Suppressed, evaluate
from qa_service.rules.plans import choose
from qa_service.settings import Settings


def trial(
    settings: Settings, text: str, *, jurisdiction: str | None = None
) -> tuple[tuple[Finding, ...], list[Suppressed], tuple[NotAssessed, ...]]:
    """Findings, suppressed hits and what could not be judged, of ``text`` said by the agent (or a file of turns)."""
    path = Path(text) if len(text) < 500 and "\n" not in text else None
    facts, transcript = read_transcript(path) if path and path.is_file() else (CallFacts(), _said(text))
    inspector = Inspector(settings)
    where = jurisdiction or facts.jurisdiction or inspector.jurisdiction(facts, transcript.language)
    plan = choose(inspector.plans, facts, transcript.language, where)
    if not plan.packs:
        raise RuleError(
            f"No rule pack covers jurisdiction {where or 'unknown'}, language {transcript.language or 'unknown'}.",
            hint="Name another with --jurisdiction, or add a pack and a plan.",
            code=ErrorCode.PACK_NOT_FOUND,
        )
    suppressed: list[Suppressed] = []
    packs = [inspector.pack(name) for name in plan.packs]
    result = evaluate(packs, transcript, facts, None, parameters=plan.parameters, explain=suppressed)
    return result.findings, suppressed, result.not_assessed


def _said(text: str) -> Transcript:
    language = "zh" if any("\u4e00" <= c <= "\u9fff" for c in text) else "en"
    turn = Turn(index=0, role=Role.AGENT, start_s=0.0, end_s=max(1.0, len(text) * 0.2), text=text)
    return Transcript(
        language=language,
        duration_s=turn.end_s,
        turns=(turn,),
        coverage=Coverage(),
        roles=Roles(source=RoleSource.METADATA, confidence=1.0),
        engine=EngineInfo(name="none"),
    )
