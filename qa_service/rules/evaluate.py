"""Judge a transcript by packs of rules. Pure: the same call, facts and packs give the same evaluation.

For each rule: is it about this call (language, direction, facts), can it be judged (speaker known, facts
given), is it heard, and can the words be trusted. "Could not tell" is ``not_assessed``, never clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from qa_service.records import (
    CallFacts,
    ClassifierInfo,
    Evaluation,
    History,
    Mark,
    Measures,
    NotAssessed,
    Signal,
    Transcript,
)
from qa_service.rules import evidence
from qa_service.rules.case import Case
from qa_service.rules.compiled import Pack, Parameters, Rule, Selection, fact_names_of
from qa_service.rules.condition import Condition, mentioned
from qa_service.rules.evidence import Evidence
from qa_service.rules.facts import Expression, FactsContext, Unknown, truth
from qa_service.rules.findings import (
    Suppressed,
    doubted,
    findings_of,
    marks_of,
    not_assessed,
    suppressed,
    without_doubles,
)
from qa_service.rules.held_back import held_back
from qa_service.rules.listen import Listener, heard_at
from qa_service.rules.obligations import Heard, absent, every_turn, flow
from qa_service.rules.operators.base import Hit, Likeness, UnavailableError, speaks
from qa_service.rules.operators.turns import NONE, holds
from qa_service.rules.operators.words import Budget, PatternTimeoutError
from qa_service.rules.reach import Reach, may_hold
from qa_service.rules.second_opinion import SecondOpinion
from qa_service.rules.windows import holding

__all__ = ["Case", "Suppressed", "evaluate", "judge", "listener_of"]


def evaluate(
    packs: Sequence[Pack],
    transcript: Transcript,
    facts: CallFacts,
    measures: Measures | None,
    *,
    signals: Sequence[Signal] | None = None,
    told_by: ClassifierInfo | None = None,
    parameters: Parameters | None = None,
    word_probability_floor: float = 0.35,
    role_floor: float = 0.6,
    sound_alike: bool = True,
    explain: list[Suppressed] | None = None,
    doubts: list[Suppressed] | None = None,
    unread: str = "",
    history: History | None = None,
    likeness: Likeness | None = None,
    which: Callable[[Rule], bool] = lambda _rule: True,
) -> Evaluation:
    """All findings and all that could not be judged.

    Args:
        signals: what a classifier made of the turns; None where none ran.
        told_by: the classifier that made them; where it is known, it may doubt what words say.
        packs: as loaded; draft and retired rules are not run, rules in ``test`` ask for review.
        parameters: override those of the packs (the plan's).
        word_probability_floor: findings on words less sure than this on average are ``unverified``.
        role_floor: below this confidence of roles, rules about one speaker are not assessed.
        sound_alike: whether rules may find words by their sound, as far as they want to.
        explain: receives what gates, exclusions, filters and facts held back, and words of another side or outside
            their place; what it costs is many times what the judging does.
        doubts: receives what the classifier held back, in place of ``explain``.
        unread: why no classifier ran, where one is at hand: the reason of rules that hang on it.
        history: the calls before this one, as the database holds them.
        likeness: compares texts by meaning; None where no encoder is at hand.
        which: of the rules, those to judge.
    """
    case = Case(
        transcript, facts, measures, word_probability_floor, role_floor, sound_alike=sound_alike,
        narrow=explain is None, signals=None if signals is None else tuple(signals),
        told_by=None if signals is None else told_by, history=history, likeness=likeness,
        fact_names=fact_names_of(packs), unread=unread,
    )  # fmt: skip
    found: list[tuple[Rule, list[Heard]]] = []
    missing: list[NotAssessed] = []
    marks: list[Mark] = []
    for pack in packs:
        own = {**pack.parameters, **{k: v for k, v in (parameters or {}).items() if k in pack.parameters}}
        for rule in filter(which, pack.running.get(transcript.language or "", ())):
            heard, reason = _judged(rule, pack, own, case, explain)
            found += [(rule, heard)] if rule.spec.marks is None else []
            marks += marks_of(rule, heard, case)
            missing += [not_assessed(rule, reason)] if reason else []
    told, opinion = explain if doubts is None else doubts, _opinion(case, packs)
    findings = [
        f for rule, heard in found for f in findings_of(rule, _not_doubted(rule, heard, case, opinion, told), case)
    ]
    findings = sorted(without_doubles(findings), key=lambda f: (f.start_s or 0.0, f.rule_id))
    return Evaluation(findings=tuple(findings), not_assessed=tuple(missing), marks=tuple(marks))


def _judged(
    rule: Rule, pack: Pack, parameters: Parameters, case: Case, explain: list[Suppressed] | None
) -> tuple[list[Heard], str]:
    listener = listener_of(case, pack, parameters, rule)
    listener.explain = explain is not None
    heard, reason = judge(rule, case, listener)
    if explain is not None:
        explain += [suppressed(rule, d, case, listener) for d in dict.fromkeys(listener.dropped)]
        if not reason:
            explain += held_back(rule, case, listener_of(case, pack, parameters, rule), heard)
    return heard, reason


def _opinion(case: Case, packs: Sequence[Pack]) -> SecondOpinion:
    said = case.transcript.language or ""
    return SecondOpinion(case, next((pack.cues[said] for pack in packs if said in pack.cues), None))


def _not_doubted(
    rule: Rule, found: Sequence[Heard], case: Case, opinion: SecondOpinion, explain: list[Suppressed] | None
) -> list[Heard]:
    """Without what the classifier thinks nothing of."""
    kept: list[Heard] = []
    for heard in found:
        left = opinion.left(rule, heard)
        kept += [left] if left else []
        if explain is not None and left is None:
            explain.append(doubted(rule, heard, opinion.doubt(heard), case))
    return kept


def listener_of(case: Case, pack: Pack, parameters: Parameters, rule: Rule) -> Listener:
    selections = {s.name: s for s in rule.selections}
    cues = pack.cues[case.transcript.language or ""]
    budget = Budget(case.characters)
    floor = case.word_probability_floor
    return Listener(case.scene(pack, parameters), cues, selections, case.candidates(pack), budget, floor)


def judge(rule: Rule, case: Case, listener: Listener) -> tuple[list[Heard], str]:
    """Where the rule holds, or why it could not be judged."""
    memory = case.remember(rule.country)
    context = FactsContext(partial(case.look_up, country=rule.country), listener.scene.parameters, memory)
    open_facts = [truth(e, context) for e in _expressions(rule)]
    open_facts += [_direction(rule, case.facts)] if rule.spec.applies_to.direction else []
    if any(value is False for value in open_facts):
        return [], ""
    unknown = next((value for value in open_facts if isinstance(value, Unknown)), None)
    try:
        # Where a fact is not known, all that counts is whether the words are there.
        found, reason = _heard(rule, case, listener, context, most=None if unknown is None else 1)
    except PatternTimeoutError:
        return [], "pattern_timeout: a pattern took too long on this call"
    if unknown and (found or reason):
        # Without the words the rule would be clean whatever the fact is; with them it hangs on the fact.
        return [], unknown.reason()
    earlier = memory.earlier_calls if memory else ()
    return [replace(heard, earlier=earlier) for heard in found] if earlier else found, reason


def _expressions(rule: Rule) -> Iterator[Expression]:
    yield from (e for e in (rule.applies, rule.facts) if e is not None)


def _direction(rule: Rule, facts: CallFacts) -> bool | Unknown:
    wanted = rule.spec.applies_to.direction or ()
    return Unknown(("direction",)) if facts.direction is None else facts.direction in wanted


def _heard(
    rule: Rule, case: Case, listener: Listener, context: FactsContext, most: int | None
) -> tuple[list[Heard], str]:
    if rule.condition is None:
        return [Heard(_whole_call(case))], ""
    if reason := _speakers(rule, case, listener):
        return [], reason
    match = rule.spec.match
    narrow = case.narrow and not (match.absent or match.every_turn or match.flow)
    # Whether it was said at all is all that such a rule asks.
    listener.enough = case.narrow and (match.absent or bool(match.flow and not match.flow.in_order))
    hits, unknown = _needed_hits(rule, rule.condition, listener) if narrow else _hits(rule, listener)
    if obliged := _obliged(rule, rule.condition, case, listener, hits, context):
        return ([], next(iter(unknown.values()))) if unknown and obliged[0] else obliged
    windows = holding(rule, rule.condition, hits, listener, most)
    if not windows and unknown and may_hold(rule, rule.condition, listener, hits, unknown):
        return [], next(iter(unknown.values()))
    if not windows and (perhaps := _by_somebody(rule, rule.condition, case, listener)):
        return [], perhaps
    _, unwanted = mentioned(rule.condition)
    doubt = next((why for name, why in unknown.items() if name in unwanted), "")
    doubt = doubt or (_leans_on_silence(rule, rule.condition, listener) if windows else "")
    return [_proof(rule, rule.condition, window, case, listener, doubt) for window in windows], ""


def _hits(rule: Rule, listener: Listener) -> tuple[dict[str, list[Hit]], dict[str, str]]:
    """Hits by selection, and of which selections nothing can be known, with the reason."""
    hits: dict[str, list[Hit]] = {}
    unknown: dict[str, str] = {}
    for selection in rule.selections:
        _hear(selection, listener, hits, unknown)
    return hits, unknown


def _needed_hits(rule: Rule, condition: Condition, listener: Listener) -> tuple[dict[str, list[Hit]], dict[str, str]]:
    """The same, of the turns alone in which they can lead to a finding."""
    hits: dict[str, list[Hit]] = {s.name: [] for s in rule.selections}
    unknown: dict[str, str] = {}
    reach = Reach(rule, condition, listener)
    while (step := reach.next()) is not None:
        listener.only, listener.enough = step.turns, step.enough
        if _hear(step.selection, listener, hits, unknown):
            reach.heard(step.selection, hits)
    listener.only, listener.enough = None, False
    return hits, {s.name: unknown[s.name] for s in rule.selections if s.name in unknown}


def _hear(selection: Selection, listener: Listener, hits: dict[str, list[Hit]], unknown: dict[str, str]) -> bool:
    """Whether it can be known."""
    try:
        hits[selection.name] = listener.hits(selection)
    except UnavailableError as why:
        hits[selection.name], unknown[selection.name] = [], str(why)
    return selection.name not in unknown


def _obliged(
    rule: Rule,
    condition: Condition,
    case: Case,
    listener: Listener,
    hits: dict[str, list[Hit]],
    context: FactsContext,
) -> tuple[list[Heard], str] | None:
    """Of a rule about what should have been said: its findings and what is open. None for every other rule."""
    coverage = case.transcript.coverage.ratio
    if rule.flow:
        return flow(rule, hits, listener, coverage, context)
    if rule.spec.match.absent:
        return absent(rule, condition, hits, listener, coverage), ""
    if rule.spec.match.every_turn:
        return every_turn(rule, condition, hits, listener), ""
    return None


def _proof(
    rule: Rule, condition: Condition, window: Sequence[Hit], case: Case, listener: Listener, doubt: str
) -> Heard:
    proof = evidence.of_hits(window, listener.turns, listener.lines, case.word_probability_floor)
    proof = replace(proof, doubt=proof.doubt or doubt, soft=_soft(rule, condition, window))
    return Heard(proof, selections=frozenset(hit.selection for hit in window))


def _soft(rule: Rule, condition: Condition, window: Sequence[Hit]) -> str:
    """Why a person must decide: without the soft hits the rule would not hold."""
    soft = next((h.soft for h in window if h.soft), "")
    if not soft:
        return ""
    hard = {s.name: [h for h in window if h.selection == s.name and not h.soft] for s in rule.selections}
    by_name = {s.name: s for s in rule.selections}
    holds = condition.holds(lambda name, negated: not negated and by_name[name].complete(hard[name]))
    return "" if holds else soft


def _leans_on_silence(rule: Rule, condition: Condition, listener: Listener) -> str:
    """Doubt of a rule that holds because something was not said in the whole call, where the call was heard badly."""
    _, unwanted = mentioned(condition)
    if not (unwanted and rule.within and rule.within.call):
        return ""
    sides = {s.speaker for s in rule.selections if s.name in unwanted}
    unheard = evidence.unheard([t for t in listener.turns if any(speaks(t, side) for side in sides)])
    return unheard or listener.by_unknown(s.name for s in rule.selections if s.name in unwanted)


def _whole_call(case: Case) -> Evidence:
    return Evidence((), 0.0, case.transcript.duration_s, "")


def _speakers(rule: Rule, case: Case, listener: Listener) -> str:
    """Why a rule about one speaker cannot be judged on this call, or an empty text."""
    sides = {s.speaker for s in rule.selections} - {"any"}
    if not sides:
        return ""
    known = case.sides
    if case.transcript.roles.confidence < case.role_floor or known == {"unknown"}:
        return f"unknown_speaker: who speaks is not known on this call{_words_anyway(rule, listener)}"
    if not case.excerpt and rule.spec.applies_to.speaker not in {*known, "any"}:
        return f"no_{rule.spec.applies_to.speaker}_speech: no words of the {rule.spec.applies_to.speaker} were heard"
    return ""


def _by_somebody(rule: Rule, condition: Condition, case: Case, listener: Listener) -> str:
    """Where the rule would hold if a turn of which nobody knows whose it is were of its side; else an empty text."""
    turns = listener.scene.side("unknown") if "unknown" in case.sides else NONE
    wanted, _ = mentioned(condition)
    about = (s for s in rule.selections if turns and s.name in wanted and s.speaker != "any")
    if not any(listener.may_be(replace(s, speaker="any")) & turns for s in about):
        return ""
    hits = _hits_of_anyone(rule, listener)
    windows = holding(rule, condition, hits, listener) if hits else []
    heard = next((hit for window in windows for hit in window if holds(turns, hit.at)), None)
    return f"unknown_speaker: nobody knows who spoke there; {heard_at(heard.time_s)}" if heard else ""


def _hits_of_anyone(rule: Rule, listener: Listener) -> dict[str, list[Hit]] | None:
    """Hits of turns whose speaker is unknown too; None where something cannot be known."""
    try:
        return {s.name: listener.hits(s, anyone=True) for s in rule.selections}
    except UnavailableError:
        return None


def _words_anyway(rule: Rule, listener: Listener) -> str:
    """Where the rule's words were heard from somebody: a reason to listen."""
    match = rule.spec.match
    if match.absent or match.every_turn or match.flow or rule.condition is None:
        return ""
    hits = _hits_of_anyone(rule, listener)
    windows = holding(rule, rule.condition, hits, listener, 1) if hits else []
    if not windows:
        return ""
    return f"; {heard_at(windows[0][0].time_s)}"
