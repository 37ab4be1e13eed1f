"""Hits of several selections put together: where the condition holds, and which hits are the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from qa_service.rules.compiled import Rule, Selection
from qa_service.rules.condition import Condition, mentioned
from qa_service.rules.listen import Listener
from qa_service.rules.operators.base import Hit
from qa_service.rules.operators.place import Within

Hits = Mapping[str, Sequence[Hit]]


def holding(rule: Rule, condition: Condition, hits: Hits, listener: Listener) -> list[tuple[Hit, ...]]:
    """The evidence of each window in which the condition holds, at most one to a turn, in the order of the call."""
    wanted, _ = mentioned(condition)
    within = _within(rule, listener)
    selections = {s.name: s for s in rule.selections}
    found: list[tuple[Hit, ...]] = []
    taken: set[int] = set()
    for anchor in sorted((h for name in wanted for h in hits[name]), key=lambda h: h.key):
        if anchor.at in taken:
            continue
        evidence = _window(rule, condition, hits, listener, within, anchor, selections, wanted)
        if evidence:
            found.append(evidence)
            taken |= {h.at for h in evidence}
    return found


def said(condition: Condition, hits: Hits, selections: Sequence[Selection]) -> bool:
    """Whether the condition holds over the whole call (each selection within its own place)."""
    by_name = {s.name: s for s in selections}
    return condition.holds(lambda name, _negated: complete(by_name[name], hits[name]))


def unsaid(condition: Condition, hits: Hits, selections: Sequence[Selection]) -> tuple[str, ...]:
    """Selections that should have been heard and were not."""
    wanted, _ = mentioned(condition)
    return tuple(s.name for s in selections if s.name in wanted and not complete(s, hits[s.name]))


def complete(selection: Selection, hits: Sequence[Hit]) -> bool:
    """Enough different terms, all the needed ones, and enough hits in total."""
    terms = {h.term for h in hits}
    enough = len(terms - selection.needed) >= selection.at_least
    return enough and selection.needed <= terms and len(hits) >= selection.count


def _window(
    rule: Rule,
    condition: Condition,
    hits: Hits,
    listener: Listener,
    within: Within,
    anchor: Hit,
    selections: Mapping[str, Selection],
    wanted: frozenset[str],
) -> tuple[Hit, ...]:
    def near(name: str, both_ways: bool) -> list[Hit]:
        return [h for h in hits[name] if within.reaches(anchor, h, listener.lines, both_ways=both_ways)]

    def present(name: str, negated: bool) -> bool:
        return complete(selections[name], near(name, both_ways=negated))

    def alone(name: str, negated: bool) -> bool:
        return present(name, negated) if negated or name == anchor.selection else False

    if not condition.holds(present):
        return ()
    window = {name: near(name, both_ways=False) for name in wanted}
    if rule.spec.match.order and (ordered := _ordered(rule.spec.match.order, window)) is not None:
        return ordered
    if not anchor.soft and condition.holds(alone):
        return tuple(_closest(selections[anchor.selection], window[anchor.selection], anchor))
    return tuple(h for name in sorted(wanted) for h in _closest(selections[name], window[name], anchor))


def _closest(selection: Selection, hits: Sequence[Hit], anchor: Hit) -> list[Hit]:
    """As few hits as make the selection complete, nearest to the anchor first; none if it is not complete."""
    if not complete(selection, hits):
        return []
    ordered = sorted(hits, key=lambda h: (abs(h.at - anchor.at), abs(h.span.start - anchor.span.start)))
    for size in range(1, len(ordered) + 1):
        if complete(selection, ordered[:size]):
            return ordered[:size]
    return list(ordered)


def _ordered(order: Sequence[str], window: Hits) -> tuple[Hit, ...] | None:
    """The first hit of each, if they stand in this order; empty if not; None where one of them is not in the window.

    The first hit counts: who verified first and asked again later did not verify late.
    """
    if any(not window.get(name) for name in order):
        return None
    firsts = tuple(window[name][0] for name in order)
    return firsts if all(a.key < b.key for a, b in pairwise(firsts)) else ()


def _within(rule: Rule, listener: Listener) -> Within:
    spec = rule.within
    if spec is None or spec.same:
        return Within("turn")
    if spec.call:
        return Within("call")
    kind = next(k for k in ("turns", "seconds", "near") if getattr(spec, k) is not None)
    return Within(kind, listener.scene.amount(getattr(spec, kind)))
