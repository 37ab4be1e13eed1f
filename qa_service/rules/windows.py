"""Hits of several selections put together: where the condition holds, and which hits are the evidence."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from qa_service.rules.compiled import Rule, Selection
from qa_service.rules.condition import Condition, Present, mentioned, supporting
from qa_service.rules.evidence import unsure
from qa_service.rules.listen import Listener
from qa_service.rules.operators.base import Hit
from qa_service.rules.operators.ordered import Ordered
from qa_service.rules.operators.place import Within

Hits = Mapping[str, Sequence[Hit]]
#: Whether a hit is only possible.
Weak = Callable[[Hit], bool]


def holding(
    rule: Rule, condition: Condition, hits: Hits, listener: Listener, most: int | None = None
) -> list[tuple[Hit, ...]]:
    """The evidence of each window in which the condition holds, at most one to a turn, in the order of the call.

    What was surely said goes first: something doubtful in front of it must not make it doubtful. Not so where the first
    hit of each selection counts (``order``), which a doubtful one may be; windows that begin elsewhere have the same
    evidence there: once.

    ``most``: how many windows are wanted; None: all.
    """
    wanted, _ = mentioned(condition)
    within = within_of(rule, listener)
    selections = {s.name: s for s in rule.selections}
    rows = {name: Ordered(of) for name, of in hits.items()}
    found: list[tuple[Hit, ...]] = []
    told: set[tuple[Hit, ...]] = set()
    taken: set[int] = set()
    begun: set[int] = set()  # turns in which what was surely said begins
    for some in _sure_first(rule, hits, listener):
        ahead = rows if some is hits else {name: Ordered(of) for name, of in some.items()}
        empty: set[int] = set()  # turns in which it does not hold, where one turn is one window
        for anchor in in_order(some, rule.selections, wanted):
            if len(found) == most:
                break
            if anchor.at in taken or anchor.at in empty:
                continue
            evidence = _window(rule, condition, _Rows(ahead, rows), listener, within, anchor, selections, wanted)
            here = {h.at for h in evidence}
            if evidence and evidence not in told and not (some is hits and here & begun):
                told.add(evidence)
                found.append(evidence)
                taken |= here
                begun |= {anchor.at} if some is not hits else set()
            elif within.kind == "turn":
                empty.add(anchor.at)
    return sorted(found, key=lambda evidence: min(h.key for h in evidence)) if begun else found


def _sure_first(rule: Rule, hits: Hits, listener: Listener) -> Iterator[Hits]:
    """Hits that can be trusted, where some cannot, and then all."""
    if not rule.spec.match.order:
        sure = {name: [h for h in of if not unsure(h, listener.turns)] for name, of in hits.items()}
        if any(len(sure[name]) < len(of) for name, of in hits.items()):
            yield sure
    yield hits


class _Rows(NamedTuple):
    """Hits of each selection: those that may be what is looked for, and all, of which some must not be there."""

    wanted: Mapping[str, Ordered]
    unwanted: Mapping[str, Ordered]


def in_order(hits: Hits, selections: Sequence[Selection], names: Collection[str]) -> list[Hit]:
    """Hits of the named selections in the order of the call; of those that begin at one place the longest first.

    Not in the rule's order of selections, of which its behaviour hash knows nothing.
    """
    found = (h for s in selections if s.name in names for h in hits[s.name])
    return sorted(found, key=lambda h: (h.key, -h.span.end, h.selection))


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
    rows: _Rows,
    listener: Listener,
    within: Within,
    anchor: Hit,
    selections: Mapping[str, Selection],
    wanted: frozenset[str],
) -> tuple[Hit, ...]:
    def near(name: str, both_ways: bool) -> Sequence[Hit]:
        row = (rows.unwanted if both_ways else rows.wanted)[name]
        return _near(row, anchor, within, listener, both_ways=both_ways)

    def present(name: str, negated: bool) -> bool:
        return selections[name].complete(near(name, both_ways=negated))

    def alone(name: str, negated: bool) -> bool:
        return present(name, negated) if negated or name == anchor.selection else False

    if not condition.holds(present):
        return ()
    window = {name: near(name, both_ways=False) for name in wanted}

    def weak(hit: Hit) -> bool:
        return unsure(hit, listener.turns)

    def closest(name: str) -> Sequence[Hit]:
        return _closest(selections[name], window[name], anchor, listener.scene.paces, weak)

    if (order := rule.spec.match.order) and (firsts := _ordered(order, window, listener)) is not None:
        beside = _needed(condition, present, order, sorted(wanted - set(order))) if firsts else ()
        return (*firsts, *(hit for name in beside for hit in closest(name)))
    own = tuple(closest(anchor.selection)) if condition.holds(alone) else ()
    if own and not any(map(weak, own)):
        return own
    evidence = _trusted(condition, present, {name: closest(name) for name in sorted(wanted)}, weak)
    return own if own and not anchor.soft and any(map(weak, evidence)) else evidence


def _trusted(condition: Condition, present: Present, found: Hits, weak: Weak) -> tuple[Hit, ...]:
    """``found`` without what is in no part of the condition that holds, nor what is only possible and not needed."""
    part = supporting(condition, present)
    possible = [name for name in found if name in part and any(weak(h) and not h.soft for h in found[name])]
    sure = [name for name in found if name in part and name not in possible]
    kept = {*sure, *(_needed(condition, present, sure, possible) if possible else ())}
    return tuple(hit for name in found if name in kept for hit in found[name])


def _needed(condition: Condition, present: Present, given: Collection[str], spare: Sequence[str]) -> list[str]:
    """Those of the spare selections without which, beside the given ones, the condition does not hold."""
    left = set(given)

    def there(name: str, negated: bool) -> bool:
        return present(name, negated) and (negated or name in left)

    if condition.holds(there):
        return []
    left.update(spare)
    for name in spare:
        left.discard(name)
        if not condition.holds(there):
            left.add(name)
    return [name for name in spare if name in left]


def _near(row: Ordered, anchor: Hit, within: Within, listener: Listener, *, both_ways: bool) -> Sequence[Hit]:
    """Those of a selection within reach. Most of them need not be looked at: they stand in the order of the call."""
    if within.kind == "call":
        return row.hits
    if within.kind in ("turn", "turns"):
        near = row.turns(anchor.at - within.amount, anchor.at + within.amount)
        start = near.start if both_ways or within.kind == "turn" else max(near.start, row.before(anchor.key))
        return row.hits[start : near.stop]
    ahead = row.before(anchor.key)
    first, last = (_timed if within.kind == "seconds" else _close)(row, anchor, within, listener, ahead)
    some = row.hits[first if both_ways else max(first, ahead) : last]
    return [h for h in some if within.reaches(anchor, h, listener.lines, both_ways=both_ways)]


def _timed(row: Ordered, anchor: Hit, within: Within, _listener: Listener, _ahead: int) -> tuple[int, int]:
    """Before and behind which every hit is too early or too late."""

    def apart(time_s: float) -> float:
        return time_s - anchor.time_s

    first = bisect_left(row.latest, -within.amount, key=apart)
    return first, bisect_right(row.earliest, within.amount, lo=first, key=apart)


def _close(row: Ordered, anchor: Hit, within: Within, listener: Listener, ahead: int) -> tuple[int, int]:
    """Before and behind which every hit of the turn is too far from the anchor's words. ``ahead``: the first behind."""
    here = row.turns(anchor.at, anchor.at)
    stream, span = listener.lines[anchor.at].stream, anchor.span

    def too_far_back(end: tuple[int, int]) -> int:
        return -stream.units(end[1], span.start)

    def ahead_by(hit: Hit) -> int:
        return stream.units(span.end, hit.span.start)

    first = bisect_left(row.ends, -within.amount, lo=here.start, hi=min(ahead, here.stop), key=too_far_back)
    return first, bisect_right(row.hits, within.amount, lo=ahead, hi=max(ahead, here.stop), key=ahead_by)


def _closest(
    selection: Selection, hits: Sequence[Hit], anchor: Hit, paces: Sequence[int], weak: Weak = lambda _: False
) -> Sequence[Hit]:
    """As few hits as make the selection complete, nearest to the anchor first; none if it is not complete.

    ``paces``: see :attr:`Scene.paces`, by which nearness is counted, so that a word of the customer in between makes
    nothing nearer or farther. Of those in one turn, or of many that are needed, what can be trusted goes before what is
    only possible.
    """
    if not hits:
        return []
    here = paces[anchor.at]

    def pace(hit: Hit) -> int:
        return paces[hit.at]

    def away(hit: Hit) -> tuple[int, bool, bool, bool, int, int]:
        turns = abs(hit.at - anchor.at)
        return (
            abs(pace(hit) - here),
            turns > 0,
            weak(hit),
            hit.at > anchor.at,
            turns,
            abs(hit.span.start - anchor.span.start),
        )

    def within(steps: int) -> Sequence[Hit]:
        return hits[bisect_left(hits, here - steps, key=pace) : bisect_right(hits, here + steps, key=pace)]

    start = bisect_left(hits, here, key=pace)
    least = min(abs(pace(h) - here) for h in hits[max(0, start - 1) : start + 1])
    if selection.complete(nearest := [min(within(least), key=away)]):
        return nearest
    reach = 0
    while not selection.complete(near := within(reach)):
        if len(near) == len(hits):
            return []
        reach = 2 * reach + 1
    ordered = sorted(near, key=away)
    return ordered[: bisect_left(range(len(ordered)), True, key=lambda size: selection.complete(ordered[:size]))]


def _ordered(order: Sequence[str], window: Hits, listener: Listener) -> tuple[Hit, ...] | None:
    """The first hit of each, if they stand in this order; empty if not; None where one of them is not in the window.

    The first hit counts: who verified first and asked again later did not verify late. Where it is only possible that
    this was one, and the first that can be trusted stands in the order, so is what follows from it.
    """
    if any(not window.get(name) for name in order):
        return None
    firsts = tuple(window[name][0] for name in order)
    if all(a.key < b.key for a, b in pairwise(firsts)):
        return firsts
    trusted = tuple(next((h for h in window[name] if not (h.soft or listener.doubt(h))), None) for name in order)
    sure = tuple(h for h in trusted if h is not None)
    if len(sure) < len(order) or not all(a.key < b.key for a, b in pairwise(sure)):
        return ()
    hidden = (a for a, b in zip(firsts, sure, strict=True) if a is not b)
    doubtful = next(hidden)
    return tuple(replace(h, soft=h.soft or doubtful.soft, leans=h.leans or listener.doubt(doubtful)) for h in sure)


def within_of(rule: Rule, listener: Listener) -> Within:
    """How far apart hits of one window may lie."""
    spec = rule.within
    if spec is None or spec.same:
        return Within("turn")
    if spec.call:
        return Within("call")
    kind = next(k for k in ("turns", "seconds", "near") if getattr(spec, k) is not None)
    return Within(kind, listener.scene.amount(getattr(spec, kind)))
