"""Hits of several selections put together: where the condition holds, and which hits are the evidence."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise

from qa_service.rules.compiled import Rule, Selection
from qa_service.rules.condition import Condition, mentioned
from qa_service.rules.listen import Listener
from qa_service.rules.operators.base import Hit
from qa_service.rules.operators.place import Within

Hits = Mapping[str, Sequence[Hit]]


def holding(
    rule: Rule, condition: Condition, hits: Hits, listener: Listener, most: int | None = None
) -> list[tuple[Hit, ...]]:
    """The evidence of each window in which the condition holds, at most one to a turn, in the order of the call.

    ``most``: how many windows are wanted; None: all.
    """
    wanted, _ = mentioned(condition)
    within = within_of(rule, listener)
    selections = {s.name: s for s in rule.selections}
    found: list[tuple[Hit, ...]] = []
    taken: set[int] = set()
    empty: set[int] = set()  # turns in which it does not hold, where one turn is one window
    for anchor in sorted((h for name in wanted for h in hits[name]), key=lambda h: h.key):
        if len(found) == most:
            break
        if anchor.at in taken or anchor.at in empty:
            continue
        evidence = _window(rule, condition, hits, listener, within, anchor, selections, wanted)
        if evidence:
            found.append(evidence)
            taken |= {h.at for h in evidence}
        elif within.kind == "turn":
            empty.add(anchor.at)
    return found


def said(condition: Condition, hits: Hits, selections: Sequence[Selection]) -> bool:
    """Whether the condition holds over the whole call (each selection within its own place)."""
    by_name = {s.name: s for s in selections}
    return condition.holds(lambda name, _negated: by_name[name].complete(hits[name]))


def unsaid(condition: Condition, hits: Hits, selections: Sequence[Selection]) -> tuple[str, ...]:
    """Selections that should have been heard and were not."""
    wanted, _ = mentioned(condition)
    return tuple(s.name for s in selections if s.name in wanted and not s.complete(hits[s.name]))


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
    def near(name: str, both_ways: bool) -> Sequence[Hit]:
        return _near(hits[name], anchor, within, listener, both_ways=both_ways)

    def present(name: str, negated: bool) -> bool:
        return selections[name].complete(near(name, both_ways=negated))

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


def _near(hits: Sequence[Hit], anchor: Hit, within: Within, listener: Listener, *, both_ways: bool) -> Sequence[Hit]:
    """Those of a selection within reach. They stand in the order of turns: most of them need not be looked at."""
    if within.kind == "call":
        return hits
    if within.kind != "seconds":
        apart = within.amount if within.kind == "turns" else 0.0
        first = bisect_left(hits, anchor.at - apart, key=_turn_of)
        hits = hits[first : bisect_right(hits, anchor.at + apart, lo=first, key=_turn_of)]
    if within.kind == "turn":
        return hits
    return [h for h in hits if within.reaches(anchor, h, listener.lines, both_ways=both_ways)]


def _turn_of(hit: Hit) -> int:
    return hit.at


def _closest(selection: Selection, hits: Sequence[Hit], anchor: Hit) -> list[Hit]:
    """As few hits as make the selection complete, nearest to the anchor first; none if it is not complete."""
    if not selection.complete(hits):
        return []

    def away(hit: Hit) -> tuple[int, int]:
        return abs(hit.at - anchor.at), abs(hit.span.start - anchor.span.start)

    if selection.complete(nearest := [min(hits, key=away)]):
        return nearest
    ordered = sorted(hits, key=away)
    for size in range(1, len(ordered) + 1):
        if selection.complete(ordered[:size]):
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


def within_of(rule: Rule, listener: Listener) -> Within:
    """How far apart hits of one window may lie."""
    spec = rule.within
    if spec is None or spec.same:
        return Within("turn")
    if spec.call:
        return Within("call")
    kind = next(k for k in ("turns", "seconds", "near") if getattr(spec, k) is not None)
    return Within(kind, listener.scene.amount(getattr(spec, kind)))
