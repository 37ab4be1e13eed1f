"""What should have been said: absence over a call, steps of a flow, something in every turn."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa_service.records import EarlierCall
from qa_service.rules import evidence
from qa_service.rules.compiled import Rule, Step
from qa_service.rules.condition import Condition, mentioned
from qa_service.rules.evidence import Evidence
from qa_service.rules.facts import FactsContext, Unknown, truth
from qa_service.rules.history_once import SAME_CALL
from qa_service.rules.listen import Listener
from qa_service.rules.operators.base import Hit, speaks
from qa_service.rules.operators.turns import places_of
from qa_service.rules.windows import Hits, in_order, said, unsaid

#: Share of speech with words below which "it was not said" cannot be trusted.
ABSENCE_COVERAGE = 0.9


@dataclass(frozen=True)
class Heard:
    """One place where a rule holds.

    ``missing``: selections or steps that were not heard; ``why`` says more; ``deduct``: points in place of the rule's;
    ``earlier``: the calls before this one that it rests on; ``selections``: those whose hits are the evidence.
    """

    evidence: Evidence
    missing: tuple[str, ...] = ()
    why: str = ""
    deduct: float | None = None
    earlier: tuple[EarlierCall, ...] = ()
    selections: frozenset[str] = frozenset()

    @property
    def quote(self) -> str:
        """The words as heard; the earlier calls where the rule needs no words."""
        return self.evidence.quote or "; ".join(f"{_ids(c)} {_moment(c)}" for c in self.earlier)


def _ids(call: EarlierCall) -> str:
    """All ids of the call; of the finding's own the others."""
    return f"{'= ' if call.what == SAME_CALL else ''}{' = '.join((call.call_id, *call.also))}"


def _moment(call: EarlierCall) -> str:
    """Its time where the debtor is; where that may be in several zones, that of no zone, by name."""
    return f"{call.at:%Y-%m-%d %H:%M}{' UTC' if call.at.tzname() == 'UTC' else ''}"


def absent(rule: Rule, condition: Condition, hits: Hits, listener: Listener, coverage: float | None) -> list[Heard]:
    """One finding where the condition does not hold in the call."""
    if said(condition, hits, rule.selections):
        return []
    missing = unsaid(condition, hits, rule.selections)
    return [Heard(_silence(rule, listener, coverage, missing), missing)]


def flow(
    rule: Rule, hits: Hits, listener: Listener, coverage: float | None, context: FactsContext
) -> tuple[list[Heard], str]:
    """A finding for each step that is missing, or that comes before one which should stand in front of it.

    Also the not-assessed reason, which names the steps of which nobody knows whether this call needs them.
    """
    assert rule.spec.match.flow
    found: list[Heard] = []
    done: list[Step] = []
    unsure: dict[str, Unknown] = {}
    for step in rule.flow:
        asked = truth(step.required_if, context) if step.required_if else True
        heard = said(step.says, hits, rule.selections)
        if heard and asked is True:
            done.append(step)
        if heard or asked is False or (step.skip_if and said(step.skip_if, hits, rule.selections)):
            continue
        if isinstance(asked, Unknown):
            unsure[step.name] = asked
        else:
            missing = unsaid(step.says, hits, rule.selections)
            found.append(Heard(_silence(rule, listener, coverage, missing), (step.name,), deduct=step.deduct))
    found += _too_early(rule, done, hits, listener, coverage) if rule.spec.match.flow.in_order else ()
    return found, _unsure(unsure)


def _unsure(steps: Mapping[str, Unknown]) -> str:
    if not steps:
        return ""
    reasons = dict.fromkeys(why.reason() for why in steps.values())
    return f"{'; '.join(reasons)}; not asked for: {', '.join(steps)}"


def _too_early(
    rule: Rule, done: Sequence[Step], hits: Hits, listener: Listener, coverage: float | None
) -> Iterator[Heard]:
    """Steps that stand before one of an earlier place in the list. A step that is done without a word has no place."""
    placed = [(step, hit) for step in done if (hit := _completing(rule, step.says, hits)) is not None]
    for i, (step, hit) in enumerate(placed):
        late = next((pair for pair in placed[:i] if hit.key < pair[1].key), None)
        if late is not None:
            before, other = late
            proof = evidence.of_hits([hit], listener.turns, listener.lines, listener.floor)
            doubt = proof.doubt or _perhaps_before(before, hit, listener, coverage)
            proof = replace(proof, doubt=doubt, soft=hit.soft or other.soft)
            why = f"out_of_order: {step.name} came before {before.name}"
            yield Heard(proof, why=why, deduct=step.deduct, selections=frozenset({hit.selection}))


def _perhaps_before(step: Step, hit: Hit, listener: Listener, coverage: float | None) -> str:
    """Why a step that was heard late may have been done before ``hit`` all the same."""
    if coverage is not None and coverage < ABSENCE_COVERAGE:
        return _low_coverage(coverage)
    names, _ = mentioned(step.says)
    sides = {listener.selections[name].speaker for name in names}
    said_before = [t for t in listener.turns[: hit.at] if any(speaks(t, side) for side in sides)]
    return evidence.unheard(said_before) or listener.by_unknown(sorted(names), until=hit.at)


def _low_coverage(coverage: float) -> str:
    return f"low_coverage: only {coverage:.0%} of the speech has words; it may have been said"


def every_turn(rule: Rule, condition: Condition, hits: Hits, listener: Listener) -> list[Heard]:
    """A finding for each turn of the rule's side in which the condition does not hold."""
    by_turn: dict[int, dict[str, list[Hit]]] = {}
    for name, found in hits.items():
        for hit in found:
            by_turn.setdefault(hit.at, {}).setdefault(name, []).append(hit)
    out = []
    for at, _ in listener.scene.of_side(rule.spec.applies_to.speaker):
        here = {name: by_turn.get(at, {}).get(name, []) for name in hits}
        if not said(condition, here, rule.selections):
            proof = evidence.of_silence((at,), listener.turns)
            out.append(Heard(proof, unsaid(condition, here, rule.selections)))
    return out


def _silence(rule: Rule, listener: Listener, coverage: float | None, missing: Sequence[str]) -> Evidence:
    """What was said where the ``missing`` selections should have been, by the rule's side if it spoke there."""
    there = listener.places_of(missing)
    spoken = there & listener.scene.side(rule.spec.applies_to.speaker)
    found = evidence.of_silence(tuple(places_of(spoken or there)), listener.turns)
    if coverage is not None and coverage < ABSENCE_COVERAGE:
        found = replace(found, doubt=_low_coverage(coverage))
    return found if found.doubt else replace(found, doubt=listener.by_unknown(missing))


def _completing(rule: Rule, condition: Condition, hits: Hits) -> Hit | None:
    """The hit with which a condition that holds over the call first holds; None where it holds without any.

    What must not be said counts over the whole call, so that more hits never undo what fewer have made true.
    """
    wanted, _ = mentioned(condition)
    ordered = in_order(hits, rule.selections, wanted)
    by_name = {s.name: s for s in rule.selections}

    def holds(count: int) -> bool:
        heard: dict[str, list[Hit]] = {}
        for hit in ordered[:count]:
            heard.setdefault(hit.selection, []).append(hit)

        def present(name: str, negated: bool) -> bool:
            return by_name[name].complete(hits[name] if negated else heard.get(name, ()))

        return condition.holds(present)

    count = bisect_left(range(len(ordered)), True, key=holds)
    return ordered[count - 1] if count else None
