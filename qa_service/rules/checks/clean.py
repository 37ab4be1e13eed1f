"""The corpus of clean calls: lawful calls that no rule may accuse, but for a listed set of known hits.

``rules/clean/NAME.yaml`` holds one call each, in words of its own. What is listed under ``known_hits`` is a false
alarm that is known and not yet mended: like a ``clean_todo`` it must still happen, or be deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import Field, JsonValue, model_validator

from qa_service.errors import RuleError
from qa_service.records import CallFacts, Coverage, EngineInfo, Finding, Polarity, Roles, RoleSource, Transcript
from qa_service.rules.checks.names import misspelt_facts
from qa_service.rules.checks.problem import Places, Problem, of_error
from qa_service.rules.compiled import Pack, fact_names_of
from qa_service.rules.evaluate import evaluate
from qa_service.rules.examples import spoken_turns
from qa_service.rules.plans import PlanSpec, choose
from qa_service.rules.schema import ExampleTurn
from qa_service.rules.source import read_source, validate
from qa_service.rules.spec import Language, NonEmpty, Spec

FOLDER = "clean"
#: A call of fewer turns shows little.
LEAST_TURNS = 15


class KnownHit(Spec):
    """A false alarm that is known: the rule, a part of what it quotes (empty: whatever it quotes), and why it errs."""

    rule: NonEmpty
    quote: str = ""
    why: NonEmpty


class CleanCall(Spec):
    """One call as it might be heard. ``facts`` should be whole, so that the rules about facts are judged too."""

    title: NonEmpty
    language: Language
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    turns: tuple[ExampleTurn, ...] = Field(min_length=LEAST_TURNS)
    known_hits: tuple[KnownHit, ...] = ()

    @model_validator(mode="after")
    def _facts_fit(self) -> CleanCall:
        if not CallFacts.model_validate(self.facts).jurisdiction:
            raise ValueError("facts need a jurisdiction, by which the plan is chosen")
        return self

    def transcript(self) -> Transcript:
        turns = spoken_turns(self.turns)
        return Transcript(
            language=self.language,
            duration_s=turns[-1].end_s,
            turns=turns,
            coverage=Coverage(),
            roles=Roles(source=RoleSource.METADATA, confidence=1.0),
            engine=EngineInfo(name="none"),
        )


def check_clean_calls(
    root: Path, packs: Mapping[str, Pack], plans: Sequence[PlanSpec], places: Places
) -> Iterator[Problem]:
    """False alarms on clean calls that are not listed, and listed ones that happen no more."""
    for path in sorted((root / FOLDER).glob("*.yaml")):
        file = f"{FOLDER}/{path.name}"
        try:
            source = read_source(path, file)
            call = validate(source, CleanCall)
        except RuleError as wrong:
            yield of_error(wrong)
            continue
        yield from _check_call(call, packs, plans, places, file)


def accused(call: CleanCall, packs: Mapping[str, Pack], plans: Sequence[PlanSpec]) -> tuple[Finding, ...]:
    """Violations of any state that the packs of the call's plan find in it."""
    facts = CallFacts.model_validate(call.facts)
    plan = choose(plans, facts, call.language, facts.jurisdiction)
    chosen = [packs[name] for name in plan.packs if name in packs]
    result = evaluate(chosen, call.transcript(), facts, None, parameters=plan.parameters)
    return tuple(f for f in result.findings if f.polarity is Polarity.VIOLATION)


def _check_call(
    call: CleanCall, packs: Mapping[str, Pack], plans: Sequence[PlanSpec], places: Places, file: str
) -> Iterator[Problem]:
    facts = CallFacts.model_validate(call.facts)
    if not choose(plans, facts, call.language, facts.jurisdiction).packs:
        message = f"no plan covers jurisdiction {facts.jurisdiction}, language {call.language}"
        yield places.value(file, ("facts", "jurisdiction"), message, "Correct it, or add a plan.")
        return
    yield from misspelt_facts(fact_names_of(packs.values()), call.facts, file, ("facts",), places)
    happened: set[int] = set()
    for finding in accused(call, packs, plans):
        known = {i for i, hit in enumerate(call.known_hits) if _is(hit, finding)}
        happened |= known
        if not known:
            turn = finding.turns[0] if finding.turns else 0
            why = ": ".join(filter(None, (finding.state, finding.reason)))
            message = f"{finding.rule_id} accuses a clean call: “{finding.quote}” ({why})"
            hint = "Mend the rule and give it this as a near miss, or list it under `known_hits` with the reason."
            yield places.value(file, ("turns", turn), message, hint)
    for i, hit in enumerate(call.known_hits):
        if i not in happened:
            message = f"the known hit of {hit.rule} happens no more"
            yield places.value(file, ("known_hits", i, "rule"), message, "Delete it.")


def _is(hit: KnownHit, finding: Finding) -> bool:
    return hit.rule == finding.rule_id and hit.quote in finding.quote
