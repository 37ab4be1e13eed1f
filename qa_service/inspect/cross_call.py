"""Judge the rules over several calls on an inspection that exists already. Pure: no clock, no disk, no sound.

Only these rules are judged, and on a call without words those over facts alone; what the others found stays as it is,
in its place. The result hangs on the inspection, the
facts, the packs and the history alone, so that judging twice changes nothing, and the order in which calls came does
not either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from qa_service.inspect.readable import too_long
from qa_service.inspect.score import score_of
from qa_service.records import (
    CallFacts,
    CallStatus,
    EngineInfo,
    Finding,
    History,
    Inspection,
    MadeBy,
    NotAssessed,
    Plan,
    Roles,
    RoleSource,
    Transcript,
)
from qa_service.rules.compiled import Pack, Rule
from qa_service.rules.evaluate import evaluate
from qa_service.settings import Settings

Said = TypeVar("Said", Finding, NotAssessed)


def judged_again(
    inspection: Inspection,
    facts: CallFacts,
    history: History | None,
    plan: Plan,
    packs: Sequence[Pack],
    settings: Settings,
    *,
    language: str | None,
) -> Inspection:
    """The inspection with its rules over several calls judged by ``history``.

    A call whose words could not be judged is judged by all rules that need neither words nor sound, those of one call
    too: an attempt that nobody answered, or that was made by night, is an attempt all the same. A failed one is left as
    it is. ``language`` is that of the rules, for a call in which none was heard. ``history`` None: nothing is kept.
    """
    if inspection.status is CallStatus.FAILED or not packs:
        return inspection
    wordless = inspection.status is not CallStatus.INSPECTED
    again = _judged(wordless)
    rules = {rule.id for pack in packs for rule in pack.rules if again(rule)}
    found = evaluate(
        packs,
        _transcript(inspection, language),
        facts if facts.call_id else facts.model_copy(update={"call_id": inspection.call_id}),
        inspection.measures,
        signals=inspection.signals,
        told_by=inspection.made_by.classifier if inspection.made_by and settings.second_opinion else None,
        parameters=plan.parameters,
        word_probability_floor=settings.word_probability_floor,
        role_floor=settings.role_floor,
        sound_alike=settings.sound_alike,
        history=history,
        unread="" if inspection.signals is not None else too_long(inspection.turns, settings),
        which=again,
    )
    findings = tuple(sorted(_replaced(inspection.findings, found.findings, rules), key=_place))
    missed = _in_order(_replaced(inspection.not_assessed, found.not_assessed, rules), packs)
    return inspection.model_copy(
        update={
            "findings": findings,
            "not_assessed": missed,
            "score": None if wordless else score_of(findings, missed),
            "made_by": _made_by(inspection, packs) if history else inspection.made_by,
        }
    )


def _made_by(inspection: Inspection, packs: Sequence[Pack]) -> MadeBy | None:
    judged_by = {"history_packs": tuple(pack.info for pack in packs)}
    return inspection.made_by and inspection.made_by.model_copy(update=judged_by)


def _judged(wordless: bool) -> Callable[[Rule], bool]:
    return lambda rule: rule.of_facts if wordless else rule.over_calls and rule.spec.marks is None


def _replaced(before: Iterable[Said], after: Iterable[Said], rules: set[str]) -> list[Said]:
    """What other rules said, and what these say now."""
    kept = [said for said in before if said.rule_id not in rules]
    return kept + list(after)


def _place(finding: Finding) -> tuple[float, str]:
    return (finding.start_s or 0.0, finding.rule_id)


def _in_order(missed: Iterable[NotAssessed], packs: Sequence[Pack]) -> tuple[NotAssessed, ...]:
    """In the order of the rules, as a first judgement has them."""
    order = {rule.id: at for at, rule in enumerate(rule for pack in packs for rule in pack.rules)}
    return tuple(sorted(missed, key=lambda m: order.get(m.rule_id, len(order))))


def _transcript(inspection: Inspection, language: str | None) -> Transcript:
    return Transcript(
        language=language,
        duration_s=inspection.duration_s or 0.0,
        turns=inspection.turns,
        coverage=inspection.coverage,
        roles=inspection.roles or Roles(source=RoleSource.METADATA, confidence=0.0),
        engine=inspection.made_by.engine if inspection.made_by else EngineInfo(name="none"),
    )
