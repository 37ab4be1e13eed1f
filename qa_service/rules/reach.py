"""Turns in which words can still make a rule hold, while its selections are looked for one after another.

Most rules need several things together, and most of these are said somewhere in every call. The rarest is looked for
first; what is not near it need not be looked at. This decides what is looked at only, never what is found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce
from operator import and_
from typing import NamedTuple

from qa_service.rules.compiled import Rule, Selection
from qa_service.rules.condition import And, AtLeast, Condition, Not, mentioned
from qa_service.rules.listen import Listener
from qa_service.rules.operators.turns import NONE, Turns, in_at_least, places_of, turns_at, union, widened
from qa_service.rules.windows import Hits, within_of

Places = Mapping[str, Turns]


class Step(NamedTuple):
    """A selection, the turns in which it has to be looked for, and whether it is enough that it is said at all."""

    selection: Selection
    turns: Turns
    enough: bool


class Reach:
    """Where the parts of one rule are or may be in one call."""

    def __init__(self, rule: Rule, condition: Condition, listener: Listener) -> None:
        self._condition = condition
        self._wanted, self._unwanted = mentioned(condition)
        self._everywhere = listener.scene.side("any")
        within = within_of(rule, listener)
        #: Turns that two hits of one window can be apart; None: no limit that is counted in turns.
        self._apart = {"turn": 0, "near": 0, "turns": int(min(within.amount, len(listener.turns)))}.get(within.kind)
        self._whole_call = within.kind == "call"
        #: A window that turns do not measure: whether a filter stands in it is not told from its turn.
        self._vague = within.kind in ("seconds", "near")
        self._said: set[str] = set()
        self._places: dict[str, Turns] = {
            s.name: self._everywhere if s.operator else listener.may_be(s)
            for s in rule.selections
            if s.name in self._wanted
        }
        self._selections = {s.name: s for s in rule.selections}
        self._left = {s.name: s for s in rule.selections if s.name in self._wanted}
        self._filters = [s for s in rule.selections if s.name in self._unwanted - self._wanted]

    def live(self) -> Turns:
        """Turns that hold a part of a window in which the condition may be true, by what is known so far.

        What must not be said may be missing everywhere, so only what must be said counts (and what must not be in the
        whole call, once it is heard).
        """
        near = {name: self._around(places) for name, places in self._places.items()}
        found = self._where(self._condition, near)
        return found & union(self._places.values())

    def next(self) -> Step | None:
        """What to look for next; None when all is known, or nothing can come of it any more."""
        live = self.live()
        if not live:
            return None
        # Where the whole call is one window, a filter ends it as soon as it is heard once.
        if self._left and not (self._whole_call and self._filters and len(self._left) < len(self._places)):
            name = min(
                self._left, key=lambda n: (self._left[n].operator is not None, (self._places[n] & live).bit_count())
            )
            turns = self._around(live) if name in self._unwanted else live
            return Step(self._left.pop(name), turns, enough=False)
        return Step(self._filters.pop(), self._around(live), self._whole_call) if self._filters else None

    def heard(self, selection: Selection, hits: Hits) -> None:
        """What was found of a selection."""
        found = hits[selection.name]
        complete = selection.complete(found)
        if selection.name in self._places:
            self._places[selection.name] = turns_at(h.at for h in found) if complete else NONE
        elif complete and self._whole_call:
            self._said.add(selection.name)

    def may_hold_at(self, at: int, hits: Hits, unknown: Collection[str]) -> bool:
        """Whether the condition may be true in a window about a turn, once all hits are known but the ``unknown``."""

        def present(name: str, negated: bool) -> bool:
            if name in unknown:
                return not negated
            if negated and self._vague:
                return False
            near = [h for h in hits[name] if self._apart is None or abs(h.at - at) <= self._apart]
            return self._selections[name].complete(near)

        return self._condition.holds(present)

    def _where(self, condition: Condition, places: Places, negated: bool = False) -> Turns:
        """Turns in which the condition holds, where what must not be said is taken for unsaid unless it was heard."""
        if isinstance(condition, AtLeast):
            if negated:
                said = sum(name in self._said for name in condition.names)
                return self._everywhere if said >= condition.need else NONE
            return in_at_least([places[name] for name in condition.names], condition.need)
        if isinstance(condition, Not):
            return self._everywhere & ~self._where(condition.part, places, not negated)
        parts = [self._where(part, places, negated) for part in condition.parts]
        if isinstance(condition, And):
            return reduce(and_, parts)
        return union(parts)

    def _around(self, places: Turns) -> Turns:
        """Turns that are in one window with one of these."""
        if self._apart is None:
            return self._everywhere if places else NONE
        return widened(places, self._apart) & self._everywhere


def may_hold(rule: Rule, condition: Condition, listener: Listener, hits: Hits, unknown: Collection[str]) -> bool:
    """Whether the rule could hold if what is unknown were there (or, where it must be absent, were not)."""
    reach = Reach(rule, condition, listener)
    for selection in rule.selections:
        if selection.name not in unknown:
            reach.heard(selection, hits)
    return any(reach.may_hold_at(at, hits, unknown) for at in places_of(reach.live()))
