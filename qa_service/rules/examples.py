"""A rule's own examples: small calls written into the rule file, and what the rule makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from qa_service.records import (
    CallFacts,
    CallStatus,
    Contact,
    Coverage,
    EngineInfo,
    HeardCall,
    History,
    Mark,
    Role,
    Roles,
    RoleSource,
    Transcript,
    Turn,
)
from qa_service.rules.compiled import RUNNING, Pack, Rule
from qa_service.rules.evaluate import Case, judge, listener_of
from qa_service.rules.obligations import Heard
from qa_service.rules.operators.words import is_chinese
from qa_service.rules.schema import ExampleCall, ExampleSpec, ExampleTurn

#: How long example turns last that give no time: seconds a Chinese character, seconds another word.
_PER_CHARACTER_S, _PER_WORD_S = 0.22, 0.35
#: When an example with earlier calls took place, unless its facts say so; what a conversation is in it.
_MOMENT = datetime(2026, 11, 18, 12, tzinfo=UTC)
_TALKED = HeardCall(status=CallStatus.INSPECTED, customer_turns=2, role_confidence=1.0, duration_s=60.0)
_DAYS = 92


@dataclass(frozen=True)
class Outcome:
    """What the rule said of an example. ``said``: hit, clean or not_assessed."""

    said: str
    quotes: tuple[str, ...] = ()
    reason: str = ""
    turns: frozenset[int] = field(default_factory=frozenset)
    touched: frozenset[tuple[str, str]] = field(default_factory=frozenset)


def run(rule: Rule, pack: Pack, example: ExampleSpec) -> Outcome:
    """Judge the example by its rule alone, whatever the rule's status."""
    facts = CallFacts.model_validate(example.facts)
    transcript = _transcript(rule, example)
    if transcript.language not in rule.languages:
        return Outcome("clean")
    case = Case(
        transcript, facts, example.measures, word_probability_floor=0.0, role_floor=0.6, excerpt=True,
        signals=example.signals, history=_history(example, facts), fact_names=pack.fact_names,
    )  # fmt: skip
    listener = listener_of(case, pack, pack.parameters, rule)
    found, reason = judge(rule, case, listener)
    return Outcome(
        said="not_assessed" if reason else "hit" if found else "clean",
        quotes=tuple(h.quote for h in found),
        reason=reason,
        turns=_turns(found),
        touched=frozenset(listener.touched),
    )


def problem(rule: Rule, example: ExampleSpec, outcome: Outcome) -> str:
    """What is wrong with this outcome, or an empty text. A ``…_todo`` is a gap that must still be open."""
    expected = example.expect.removesuffix("_todo")
    if example.expect.endswith("_todo"):
        closed = outcome.said == expected
        return f"the gap is closed: the rule now says {expected}; write `expect: {expected}`" if closed else ""
    if outcome.said != expected:
        why = f" ({outcome.reason})" if outcome.reason else f" (“{outcome.quotes[0]}”)" if outcome.quotes else ""
        return f"should be {expected}, is {outcome.said}{why}"
    if example.evidence and not any(example.evidence in quote for quote in outcome.quotes):
        return f"the evidence should hold “{example.evidence}”, is “{'”, “'.join(outcome.quotes)}”"
    if example.reason and not outcome.reason.startswith(example.reason):
        return f"the reason should start with {example.reason!r}, is {outcome.reason!r}"
    return "" if rule.spec.status in (*RUNNING, "draft") else "a retired rule has no examples"


def _turns(found: Sequence[Heard]) -> frozenset[int]:
    return frozenset(i for heard in found for i in heard.evidence.turns)


def _history(example: ExampleSpec, facts: CallFacts) -> History | None:
    """The example's earlier calls as a database would hold them; None where the example has none."""
    if example.earlier is None:
        return None
    this = Contact(
        call_id="this", debtor="debtor", number="number", at=facts.started_at or _MOMENT, direction=facts.direction,
        callee_role=facts.callee_role, disposition=facts.disposition, place=_place(facts), heard=_TALKED,
    )  # fmt: skip
    earlier = (_contact(number, call, this) for number, call in enumerate(example.earlier, 1))
    return History(this=this, days=_DAYS, earlier=tuple(sorted(earlier, key=lambda c: c.at)))


def _contact(number: int, call: ExampleCall, this: Contact) -> Contact:
    marks = tuple(Mark(kind=kind, rule_id="EXAMPLE-1", rule_version=1, sure=True) for kind in call.marks)
    told = {"voicemail": "voicemail", "unanswered": "no answer", "not_connected": "busy"}
    return Contact(
        call_id=f"E-{number}", debtor="debtor", number="number" if call.same_number else "another",
        at=this.at - timedelta(hours=call.hours_ago), direction=call.direction, callee_role=call.callee_role,
        disposition=told.get(call.outcome), place=call.place, agreed=call.agreed,
        heard=None if call.outcome == "waiting" else _TALKED.model_copy(update={"marks": marks}),
    )  # fmt: skip


def _place(facts: CallFacts) -> str | None:
    place = facts.extra.get("called_place")
    return place.lower() if isinstance(place, str) else None


def spoken_turns(written: Sequence[ExampleTurn]) -> tuple[Turn, ...]:
    """Turns one after another, each as long as its words take, unless ``at`` says when it starts."""
    turns: list[Turn] = []
    at = 0.0
    for index, spec in enumerate(written):
        role, text = _spoken(spec)
        start = at if spec.at is None else spec.at
        at = start + _seconds(text)
        turns.append(Turn(index=index, role=role, start_s=start, end_s=at, text=text))
    return tuple(turns)


def _transcript(rule: Rule, example: ExampleSpec) -> Transcript:
    turns = spoken_turns(example.turns)
    language = example.language or rule.languages[0]
    anonymous = bool(turns) and all(t.role is Role.UNKNOWN for t in turns)
    return Transcript(
        language=language,
        duration_s=example.duration_s or (turns[-1].end_s if turns else 0.0),
        turns=turns,
        coverage=Coverage(ratio=example.coverage),
        roles=Roles(source=RoleSource.METADATA, confidence=0.0 if anonymous else 1.0),
        engine=EngineInfo(name="none"),
    )


def _spoken(spec: ExampleTurn) -> tuple[Role, str]:
    for role in Role:
        text: str | None = getattr(spec, role.value)
        if text is not None:
            return role, text
    raise AssertionError("the schema asks for one of the roles")


def _seconds(text: str) -> float:
    if is_chinese(text):
        return max(0.5, len(text) * _PER_CHARACTER_S)
    return max(0.5, len(text.split()) * _PER_WORD_S)
