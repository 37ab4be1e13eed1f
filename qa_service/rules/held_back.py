"""What a rule would have found but for the facts of the call, or for words that clear it: told to who asks why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from qa_service.rules import evidence
from qa_service.rules.case import Case
from qa_service.rules.compiled import Rule
from qa_service.rules.condition import Condition, mentioned
from qa_service.rules.facts import FactsContext, truth
from qa_service.rules.findings import FACTS, FILTER, Suppressed
from qa_service.rules.listen import Listener
from qa_service.rules.obligations import Heard
from qa_service.rules.operators.base import Hit, UnavailableError
from qa_service.rules.operators.words import PatternTimeoutError
from qa_service.rules.windows import Hits, holding


def held_back(rule: Rule, case: Case, listener: Listener, found: Sequence[Heard]) -> Iterator[Suppressed]:
    """Places where the words of a rule are and it finds nothing. ``found``: the places where it does.

    A rule about what should have been said holds nothing back.
    """
    match = rule.spec.match
    if rule.condition is None or match.absent or match.every_turn or match.flow:
        return
    try:
        hits = {s.name: listener.hits(s) for s in rule.selections}
    except (UnavailableError, PatternTimeoutError):
        return
    if said_no := _against(rule, case, listener):
        for window in holding(rule, rule.condition, hits, listener):
            yield _told(rule, window, FACTS, said_no, case, listener)
        return
    yield from _cleared(rule, rule.condition, hits, case, listener, found)


def _against(rule: Rule, case: Case, listener: Listener) -> str:
    """The condition over facts, as written, that does not hold; empty where none says no."""
    applies = rule.spec.applies_to
    wanted, here = applies.direction, case.facts.direction
    if wanted and here is not None and here not in wanted:
        return f"direction: {', '.join(wanted)}"
    memory = case.remember(rule.country)
    context = FactsContext(partial(case.look_up, country=rule.country), listener.scene.parameters, memory)
    asked = ((rule.applies, applies.facts), (rule.facts, rule.spec.match.facts))
    return next((written or "" for e, written in asked if e is not None and truth(e, context) is False), "")


def _cleared(
    rule: Rule, condition: Condition, hits: Hits, case: Case, listener: Listener, found: Sequence[Heard]
) -> Iterator[Suppressed]:
    """What would hold, were nothing said of what must not be there."""
    wanted, unwanted = mentioned(condition)
    silent = {name: () if name in unwanted - wanted else of for name, of in hits.items()}
    clearing = [hit for name in unwanted - wanted for hit in hits[name]]
    if not clearing:
        return
    told = {at for heard in found for at in heard.evidence.turns}
    for window in holding(rule, condition, silent, listener):
        if not told & {hit.at for hit in window}:
            nearest = min(clearing, key=lambda hit: (abs(hit.at - window[0].at), hit.key))
            cue = f"{nearest.selection}: {_words([nearest], case, listener)}"
            yield _told(rule, window, FILTER, cue, case, listener)


def _told(rule: Rule, window: Sequence[Hit], gate: str, cue: str, case: Case, listener: Listener) -> Suppressed:
    at, _ = case.turns
    turn = case.transcript.turns[at[window[0].at]].index
    names = ", ".join(dict.fromkeys(hit.selection for hit in window))
    return Suppressed(rule.id, names, turn, _words(window, case, listener), gate, " ".join(cue.split()))


def _words(hits: Sequence[Hit], case: Case, listener: Listener) -> str:
    return evidence.of_hits(hits, listener.turns, listener.lines, case.word_probability_floor).quote
