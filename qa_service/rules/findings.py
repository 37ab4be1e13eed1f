"""From a place where a rule holds to the records that are kept: findings, marks, what could not be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa_service.records import (
    Finding,
    FindingState,
    Mark,
    NotAssessed,
    Polarity,
    Severity,
)
from qa_service.rules.case import Case
from qa_service.rules.compiled import Rule
from qa_service.rules.listen import Dropped, Listener
from qa_service.rules.obligations import Heard
from qa_service.rules.operators.base import Worded
from qa_service.rules.operators.signal import MODEL_ONLY, chance_told

#: Gates of findings and of :class:`Suppressed`, beside those of cues.
SPEAKER, FACTS, FILTER, SECOND_OPINION = "speaker", "facts", "filter", "second_opinion"
SURE = 0.7
"""A person is led to a turn by what words have confirmed there; a model must be so sure to ask about more."""


@dataclass(frozen=True)
class Suppressed:
    """A term, or all that a rule asks for, that was heard and held back. ``turn`` is an index.

    ``gate``: that of a cue, ``not`` for an exclusion, ``speaker`` for words of another side, ``place`` for words
    outside the place of the selection, ``second_opinion`` where a classifier sees nothing of it, ``facts`` where a
    condition over the call's facts does not hold, ``filter`` for what a condition asks not to be there.
    """

    rule_id: str
    selection: str
    turn: int
    text: str
    gate: str
    cue: str

    def __str__(self) -> str:
        return f"{self.rule_id} turn {self.turn} “{self.text}” by {self.gate}: “{self.cue}”"


def findings_of(rule: Rule, found: Sequence[Heard], case: Case) -> Iterator[Finding]:
    """One finding for each place; points come off once, or for each up to the rule's cap. Praise has negative points.

    A finding that a person must still confirm shows what it would cost, but uses nothing up.
    """
    score = rule.spec.score
    each = score.deduct or score.add
    left = each if score.once and not rule.flow else (score.cap or float("inf"))
    for heard in found:
        points = min(each if heard.deduct is None else heard.deduct, left)
        finding = _finding(rule, heard, case, points if score.deduct else -points)
        left = round(left - points, 6) if finding.state is FindingState.CONFIRMED else left
        yield finding


def without_doubles(found: Sequence[Finding]) -> list[Finding]:
    """Without what asks a person about something that is confirmed already: the same requirements on the same turns.
    What a model says alone is left out, too, where words already ask about one of its requirements there, or other
    signals about all of them; and, unless it is ``SURE``, where words of the same pack have confirmed anything."""
    told_of = (FindingState.CONFIRMED, FindingState.NEEDS_REVIEW)
    sure: dict[int, list[Finding]] = {}
    for one in found:
        if one.state in told_of and one.polarity is Polarity.VIOLATION and not _by_model(one):
            for turn in one.turns:
                sure.setdefault(turn, []).append(one)

    def told(finding: Finding) -> bool:
        return any(
            set(finding.turns) <= set(other.turns)
            and (
                _needless(finding, other)
                if _by_model(finding)
                else other.state is FindingState.CONFIRMED and _asks_less(finding, other)
            )
            for other in sure.get(finding.turns[0], ())
        )

    kept = [
        f
        for f in found
        if f.state is FindingState.CONFIRMED or f.polarity is Polarity.PRAISE or not f.turns or not told(f)
    ]
    doubles = _doubled_by_models(kept)
    return [f for f in kept if id(f) not in doubles]


def _asks_less(finding: Finding, other: Finding) -> bool:
    """A rule of no requirement, such as a draft that is tried, asks about something of its own."""
    return bool(finding.requirements) and set(finding.requirements) <= set(other.requirements)


def _needless(by_model: Finding, other: Finding) -> bool:
    if set(by_model.requirements) & set(other.requirements):
        return True
    confirmed = other.state is FindingState.CONFIRMED and other.pack == by_model.pack
    return confirmed and chance_told(by_model.reason) < SURE


def _doubled_by_models(found: Sequence[Finding]) -> set[int]:
    """Findings by a model whose every requirement another one, that cites as many or more, asks about there."""
    asked: set[tuple[str, tuple[int, ...]]] = set()
    doubles: set[int] = set()
    models = (f for f in found if _by_model(f) and f.polarity is Polarity.VIOLATION)
    for finding in sorted(models, key=lambda f: (-len(f.requirements), f.rule_id)):
        own = {(requirement, finding.turns) for requirement in finding.requirements}
        if own <= asked:
            doubles.add(id(finding))
        asked |= own
    return doubles


def _by_model(finding: Finding) -> bool:
    return finding.reason.startswith(MODEL_ONLY)


def _finding(rule: Rule, heard: Heard, case: Case, deduct: float) -> Finding:
    spec, proof = rule.spec, heard.evidence
    at, _ = case.turns
    state, reason = state_of(rule, heard)
    english = (case.transcript.language or "") == "en"
    return Finding(
        rule_id=spec.id,
        rule_version=spec.version,
        pack=rule.pack,
        title=(spec.title_en if english else "") or spec.title,
        requirements=spec.requirements,
        severity=spec.severity,
        polarity=polarity_of(rule),
        state=state,
        turns=tuple(case.transcript.turns[at[i]].index for i in proof.turns),
        start_s=_rounded(proof.start_s),
        end_s=_rounded(proof.end_s),
        quote=heard.quote,
        message=(spec.message_en if english else "") or spec.message,
        deduct=deduct + 0.0,
        dimension=spec.score.dimension,
        veto=spec.score.veto,
        gates=_passed(rule, heard),
        reason=reason,
        earlier=heard.earlier,
    )


def _passed(rule: Rule, heard: Heard) -> tuple[str, ...]:
    """Gates that could have held it back: whose words they are, cues beside them, and the facts of the call."""
    found = [s for s in rule.selections if s.name in heard.selections]
    worded = [s for s in found if s.operator is None or isinstance(s.operator, Worded)]
    said = [SPEAKER] if any(s.speaker != "any" for s in found) else []
    cues = [gate for selection in worded for gate in selection.gates.names]
    asked = rule.applies or rule.facts or rule.spec.applies_to.direction
    return tuple(dict.fromkeys((*said, *cues, *([FACTS] if asked else []))))


def polarity_of(rule: Rule) -> Polarity:
    return Polarity.PRAISE if rule.spec.severity is Severity.PRAISE else Polarity.VIOLATION


def marks_of(rule: Rule, found: Sequence[Heard], case: Case) -> Iterator[Mark]:
    """The first place where a rule notes something for later calls."""
    if rule.spec.marks is None or not found:
        return
    best = next((heard for heard in found if not heard.evidence.doubt), found[0])
    proof, (at, _) = best.evidence, case.turns
    yield Mark(
        kind=rule.spec.marks,
        rule_id=rule.id,
        rule_version=rule.spec.version,
        sure=not proof.doubt and rule.spec.status == "stable",
        turns=tuple(case.transcript.turns[at[i]].index for i in proof.turns),
        start_s=_rounded(proof.start_s),
        quote=proof.quote,
        reason=proof.doubt,
    )


def state_of(rule: Rule, heard: Heard) -> tuple[FindingState, str]:
    """How far it can be believed, and why no further."""
    missing = f"missing: {', '.join(heard.missing)}" if heard.missing else heard.why
    # Whoever has to decide must see which step it is about: five of one script quote the same words.
    what = f"; {missing}" if missing else ""
    if heard.evidence.doubt:
        return FindingState.UNVERIFIED, heard.evidence.doubt + what
    if heard.evidence.soft:
        return FindingState.NEEDS_REVIEW, heard.evidence.soft + what
    if rule.spec.status == "test":
        return FindingState.NEEDS_REVIEW, "rule_on_trial: this rule is being tried out" + what
    told = missing or heard.evidence.note
    if rule.spec.outcome == "needs_review":
        return FindingState.NEEDS_REVIEW, told or "person_decides: this rule always asks a person"
    return FindingState.CONFIRMED, told


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def not_assessed(rule: Rule, reason: str) -> NotAssessed:
    return NotAssessed(rule_id=rule.id, requirements=rule.spec.requirements, reason=reason)


def doubted(rule: Rule, heard: Heard, doubt: str, case: Case) -> Suppressed:
    """A finding that a classifier held back."""
    at, _ = case.turns
    turn = case.transcript.turns[at[heard.evidence.turns[-1]]].index
    return Suppressed(rule.id, ", ".join(sorted(heard.selections)), turn, heard.quote, SECOND_OPINION, doubt)


def suppressed(rule: Rule, dropped: Dropped, case: Case, listener: Listener) -> Suppressed:
    at, _ = case.turns
    hit = dropped.hit
    start, end = listener.lines[hit.at].stream.original(hit.span.start, hit.span.end)
    turn = listener.turns[hit.at]
    return Suppressed(
        rule.id, hit.selection, case.transcript.turns[at[hit.at]].index, turn.text[start:end],
        dropped.why.gate, dropped.why.cue,
    )  # fmt: skip
