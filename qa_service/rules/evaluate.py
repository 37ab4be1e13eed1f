"""Judge a transcript by packs of rules. Pure: the same call, facts and packs give the same evaluation.

For each rule: is it about this call (language, direction, facts), can it be judged (speaker known, facts
given), is it heard, and can the words be trusted. "Could not tell" is ``not_assessed``, never clean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pydantic import JsonValue

from qa_service.records import (
    CallFacts,
    Evaluation,
    Finding,
    FindingState,
    Measures,
    NotAssessed,
    Polarity,
    Role,
    Severity,
    Signal,
    Transcript,
)
from qa_service.rules import evidence
from qa_service.rules.compiled import Pack, Parameters, Rule
from qa_service.rules.condition import Condition, mentioned
from qa_service.rules.evidence import Evidence
from qa_service.rules.facts import Expression, FactsContext, Unknown, truth
from qa_service.rules.listen import Dropped, Listener, speaks
from qa_service.rules.obligations import Heard, absent, every_turn, flow, may_hold
from qa_service.rules.operators.base import Hit, Scene, UnavailableError
from qa_service.rules.operators.lines import Line
from qa_service.rules.operators.words import PatternTimeoutError
from qa_service.rules.windows import complete, holding

RUNNING = ("test", "stable")


@dataclass(frozen=True)
class Suppressed:
    """A term that was heard and held back: by a gate, an exclusion (``not``) or a filter. ``turn`` is an index."""

    rule_id: str
    selection: str
    turn: int
    text: str
    gate: str
    cue: str

    def __str__(self) -> str:
        return f"{self.rule_id} turn {self.turn} “{self.text}” by {self.gate}: “{self.cue}”"


@dataclass
class Case:
    """One call as the rules see it. ``excerpt``: a few turns of a call, in which a silent side means nothing."""

    transcript: Transcript
    facts: CallFacts
    measures: Measures | None
    word_probability_floor: float
    role_floor: float
    excerpt: bool = False
    sound_alike: bool = True
    signals: tuple[Signal, ...] | None = None

    @cached_property
    def joined(self) -> dict[str, str]:
        """The words of each side, filled as they are asked for."""
        return {}

    @cached_property
    def turns(self) -> tuple[tuple[int, ...], Sequence[Line]]:
        """Positions of the turns that have words, and their lines."""
        at = tuple(i for i, t in enumerate(self.transcript.turns) if t.text.strip())
        return at, [Line(self.transcript.turns[i].text) for i in at]

    def look_up(self, name: str) -> JsonValue | None:
        """A fact by dotted name; ``call.…`` and ``measures.…`` are known from the recording."""
        if name.startswith("call."):
            return self._of_call[name.removeprefix("call.")]
        if name.startswith("measures."):
            return self._measured(name.split(".")[1:])
        # Facts the records do not know are kept under `extra`, and asked for there.
        return self.facts.get(name.removeprefix("extra."))

    @cached_property
    def _of_call(self) -> dict[str, JsonValue]:
        roles = [t.role for t in self.transcript.turns]
        return {
            "duration_s": self.transcript.duration_s,
            "language": self.transcript.language,
            "turns": len(roles),
            "agent_turns": roles.count(Role.AGENT),
            "customer_turns": roles.count(Role.CUSTOMER),
        }

    def _measured(self, path: Sequence[str]) -> JsonValue | None:
        here: JsonValue = self.measures.model_dump(mode="json") if self.measures else None
        for part in path:
            here = here.get(part) if isinstance(here, dict) else None
        return here


def evaluate(
    packs: Sequence[Pack],
    transcript: Transcript,
    facts: CallFacts,
    measures: Measures | None,
    *,
    signals: Sequence[Signal] | None = None,
    parameters: Parameters | None = None,
    word_probability_floor: float = 0.35,
    role_floor: float = 0.6,
    sound_alike: bool = True,
    explain: list[Suppressed] | None = None,
) -> Evaluation:
    """All findings and all that could not be judged.

    Args:
        signals: what a classifier made of the turns; None where none ran.
        packs: as loaded; draft and retired rules are not run, rules in ``test`` ask for review.
        parameters: override those of the packs (the plan's).
        word_probability_floor: findings on words less sure than this on average are ``unverified``.
        role_floor: below this confidence of roles, rules about one speaker are not assessed.
        sound_alike: whether rules may find words by their sound, as far as they want to.
        explain: receives what gates and exclusions held back.
    """
    said_by_model = None if signals is None else tuple(signals)
    case = Case(
        transcript, facts, measures, word_probability_floor, role_floor, sound_alike=sound_alike, signals=said_by_model
    )
    findings: list[Finding] = []
    missing: list[NotAssessed] = []
    for pack in packs:
        own = {**pack.parameters, **{k: v for k, v in (parameters or {}).items() if k in pack.parameters}}
        for rule in pack.rules:
            if rule.spec.status in RUNNING and (transcript.language or "") in rule.languages:
                listener = listener_of(case, pack, own, rule)
                found, reason = judge(rule, case, listener)
                findings += _findings(rule, found, case)
                missing += [_not_assessed(rule, reason)] if reason else []
                if explain is not None:
                    explain += [_suppressed(rule, d, case, listener) for d in listener.dropped]
    findings.sort(key=lambda f: (f.start_s or 0.0, f.rule_id))
    return Evaluation(findings=tuple(findings), not_assessed=tuple(missing))


def listener_of(case: Case, pack: Pack, parameters: Parameters, rule: Rule) -> Listener:
    at, lines = case.turns
    turns = [case.transcript.turns[i] for i in at]
    scene = Scene(turns, lines, parameters, case.transcript.duration_s, case.measures, case.signals, case.sound_alike)
    selections = {s.name: s for s in rule.selections}
    return Listener(scene, pack.cues[case.transcript.language or ""], selections, case.joined)


def judge(rule: Rule, case: Case, listener: Listener) -> tuple[list[Heard], str]:
    """Where the rule holds, or why it could not be judged."""
    context = FactsContext(case.look_up, listener.scene.parameters)
    open_facts = [truth(e, context) for e in _expressions(rule)]
    open_facts += [_direction(rule, case.facts)] if rule.spec.applies_to.direction else []
    if any(value is False for value in open_facts):
        return [], ""
    try:
        found, reason = _heard(rule, case, listener)
    except PatternTimeoutError:
        return [], "pattern_timeout: a pattern took too long on this call"
    unknown = next((value for value in open_facts if isinstance(value, Unknown)), None)
    if unknown and (found or reason):
        # Without the words the rule would be clean whatever the fact is; with them it hangs on the fact.
        return [], unknown.reason()
    return found, reason


def _expressions(rule: Rule) -> Iterator[Expression]:
    yield from (e for e in (rule.applies, rule.facts) if e is not None)


def _direction(rule: Rule, facts: CallFacts) -> bool | Unknown:
    wanted = rule.spec.applies_to.direction or ()
    return Unknown(("direction",)) if facts.direction is None else facts.direction in wanted


def _heard(rule: Rule, case: Case, listener: Listener) -> tuple[list[Heard], str]:
    if rule.condition is None:
        return [Heard(_whole_call(case))], ""
    if reason := _speakers(rule, case, listener):
        return [], reason
    hits, unknown = _hits(rule, listener)
    if obliged := _obliged(rule, rule.condition, case, listener, hits):
        return ([], next(iter(unknown.values()))) if unknown and obliged[0] else obliged
    windows = holding(rule, rule.condition, hits, listener)
    if not windows and unknown and may_hold(rule.condition, hits, unknown, rule.selections):
        return [], next(iter(unknown.values()))
    _, unwanted = mentioned(rule.condition)
    doubt = next((why for name, why in unknown.items() if name in unwanted), "")
    doubt = doubt or (_leans_on_silence(rule, rule.condition, listener) if windows else "")
    return [_proof(rule, rule.condition, window, case, listener, doubt) for window in windows], ""


def _hits(rule: Rule, listener: Listener) -> tuple[dict[str, list[Hit]], dict[str, str]]:
    """Hits by selection, and of which selections nothing can be known, with the reason."""
    hits: dict[str, list[Hit]] = {}
    unknown: dict[str, str] = {}
    for selection in rule.selections:
        try:
            hits[selection.name] = listener.hits(selection)
        except UnavailableError as why:
            hits[selection.name], unknown[selection.name] = [], str(why)
    return hits, unknown


def _obliged(
    rule: Rule, condition: Condition, case: Case, listener: Listener, hits: dict[str, list[Hit]]
) -> tuple[list[Heard], str] | None:
    """Of a rule about what should have been said: its findings and what is open. None for every other rule."""
    coverage = case.transcript.coverage.ratio
    if rule.flow:
        return flow(rule, hits, listener, coverage, FactsContext(case.look_up, listener.scene.parameters))
    if rule.spec.match.absent:
        return absent(rule, condition, hits, listener, coverage), ""
    if rule.spec.match.every_turn:
        return every_turn(rule, condition, hits, listener), ""
    return None


def _proof(
    rule: Rule, condition: Condition, window: Sequence[Hit], case: Case, listener: Listener, doubt: str
) -> Heard:
    proof = evidence.of_hits(window, listener.turns, listener.lines, case.word_probability_floor)
    return Heard(replace(proof, doubt=proof.doubt or doubt, soft=_soft(rule, condition, window)))


def _soft(rule: Rule, condition: Condition, window: Sequence[Hit]) -> str:
    """Why a person must decide: without the soft hits the rule would not hold."""
    soft = next((h.soft for h in window if h.soft), "")
    if not soft:
        return ""
    hard = {s.name: [h for h in window if h.selection == s.name and not h.soft] for s in rule.selections}
    by_name = {s.name: s for s in rule.selections}
    holds = condition.holds(lambda name, negated: not negated and complete(by_name[name], hard[name]))
    return "" if holds else soft


def _leans_on_silence(rule: Rule, condition: Condition, listener: Listener) -> str:
    """Doubt of a rule that holds because something was not said in the whole call, where the call was heard badly."""
    _, unwanted = mentioned(condition)
    if not (unwanted and rule.within and rule.within.call):
        return ""
    sides = {s.speaker for s in rule.selections if s.name in unwanted}
    return evidence.unheard([t for t in listener.turns if any(speaks(t, side) for side in sides)])


def _whole_call(case: Case) -> Evidence:
    return Evidence((), 0.0, case.transcript.duration_s, "")


def _speakers(rule: Rule, case: Case, listener: Listener) -> str:
    """Why a rule about one speaker cannot be judged on this call, or an empty text."""
    sides = {s.speaker for s in rule.selections} - {"any"}
    if not sides:
        return ""
    known = {t.role.value for t in listener.turns}
    if case.transcript.roles.confidence < case.role_floor or known == {"unknown"}:
        return f"unknown_speaker: who speaks is not known on this call{_words_anyway(rule, listener)}"
    if not case.excerpt and rule.spec.applies_to.speaker not in {*known, "any"}:
        return f"no_{rule.spec.applies_to.speaker}_speech: no words of the {rule.spec.applies_to.speaker} were heard"
    return ""


def _words_anyway(rule: Rule, listener: Listener) -> str:
    """Where the rule's words were heard from somebody: a reason to listen."""
    match = rule.spec.match
    if match.absent or match.every_turn or match.flow or rule.condition is None:
        return ""
    try:
        hits = {s.name: listener.hits(s, anyone=True) for s in rule.selections}
    except UnavailableError:
        return ""
    windows = holding(rule, rule.condition, hits, listener)
    if not windows:
        return ""
    seconds = windows[0][0].time_s
    return f"; such words were heard at {int(seconds // 60)}:{int(seconds % 60):02d}, listen there"


def _findings(rule: Rule, found: Sequence[Heard], case: Case) -> Iterator[Finding]:
    """One finding for each place; points come off once, or for each up to the rule's cap. Praise has negative points.

    A finding that a person must still confirm shows what it would cost, but uses nothing up.
    """
    score = rule.spec.score
    each = score.deduct or score.add
    left = each if score.once and not rule.flow else (score.cap or float("inf"))
    for heard in found:
        points = min(each if heard.deduct is None else heard.deduct, left)
        finding = _finding(rule, heard, case, points if score.deduct else -points)
        left -= points if finding.state is FindingState.CONFIRMED else 0.0
        yield finding


def _finding(rule: Rule, heard: Heard, case: Case, deduct: float) -> Finding:
    spec, proof = rule.spec, heard.evidence
    at, _ = case.turns
    state, reason = _state(rule, heard)
    english = (case.transcript.language or "") == "en"
    gates = dict.fromkeys(g for s in rule.selections if not spec.match.absent for g in s.gates.names)
    return Finding(
        rule_id=spec.id,
        rule_version=spec.version,
        pack=rule.pack,
        title=(spec.title_en if english else "") or spec.title,
        requirements=spec.requirements,
        severity=spec.severity,
        polarity=Polarity.PRAISE if spec.severity is Severity.PRAISE else Polarity.VIOLATION,
        state=state,
        turns=tuple(case.transcript.turns[at[i]].index for i in proof.turns),
        start_s=_rounded(proof.start_s),
        end_s=_rounded(proof.end_s),
        quote=proof.quote,
        message=(spec.message_en if english else "") or spec.message,
        deduct=deduct + 0.0,
        dimension=spec.score.dimension,
        veto=spec.score.veto,
        gates=tuple(gates),
        reason=reason,
    )


def _state(rule: Rule, heard: Heard) -> tuple[FindingState, str]:
    missing = f"missing: {', '.join(heard.missing)}" if heard.missing else heard.why or heard.evidence.note
    if heard.evidence.doubt:
        return FindingState.UNVERIFIED, heard.evidence.doubt
    if heard.evidence.soft:
        return FindingState.NEEDS_REVIEW, heard.evidence.soft
    if rule.spec.status == "test":
        return FindingState.NEEDS_REVIEW, "rule_on_trial: this rule is being tried out"
    if rule.spec.outcome == "needs_review":
        return FindingState.NEEDS_REVIEW, missing or "person_decides: this rule always asks a person"
    return FindingState.CONFIRMED, missing


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def _not_assessed(rule: Rule, reason: str) -> NotAssessed:
    return NotAssessed(rule_id=rule.id, requirements=rule.spec.requirements, reason=reason)


def _suppressed(rule: Rule, dropped: Dropped, case: Case, listener: Listener) -> Suppressed:
    at, _ = case.turns
    hit = dropped.hit
    start, end = listener.lines[hit.at].stream.original(hit.span.start, hit.span.end)
    turn = listener.turns[hit.at]
    return Suppressed(
        rule.id, hit.selection, case.transcript.turns[at[hit.at]].index, turn.text[start:end],
        dropped.why.gate, dropped.why.cue,
    )  # fmt: skip
